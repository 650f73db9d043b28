"""Handing out the open patient's audit packet."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.services.audit_packet import exporter, make_packet
from smart_app.deps import GuardedWrite
from smart_app.pages.answers import patient_id_of

router = APIRouter(prefix="/l/{launch_id}")


@router.post("/packet")
def export(write: GuardedWrite) -> Response:
    """Return the packet as a file to be saved; a form, since an export is written to the trail."""
    opened = write.opened
    hand = exporter(opened.visit.actor)
    made = make_packet(opened.world, hand, patient_id_of(opened.visit), write.month(), opened.now)
    return Response(
        made.content,
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{made.name}"'},
    )
