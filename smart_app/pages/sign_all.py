"""Signing clean months from a list."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.findings import Criterion
from ccm_fhir.services.sign_all import RowToSign, SignAll, clean_months, sign_all
from smart_app.deps import AskedMonth, GuardedWrite, OpenLaunch, Write
from smart_app.pages.answers import frame_of
from smart_app.session.refusals import BrokenFormError
from smart_app.views import page as frames
from smart_app.views.formats import month_name
from smart_app.views.forms import key_of
from smart_app.views.rendering import render
from smart_app.views.sign_list import ROW, SEPARATOR, TICK, outcomes, sign_list

router = APIRouter(prefix="/l/{launch_id}")


@router.get("/sign-all")
def show(opened: OpenLaunch, month: AskedMonth, page: int = 1) -> Response:
    """Show exactly what would be signed."""
    actor = opened.visit.actor
    clean = clean_months(opened.world, actor, month.value, page, opened.now)
    view = sign_list(clean, key_of(opened.page_key, "sign-all"), actor.name)
    around = frame_of(opened, month.value, frames.SIGN_ALL)
    return HTMLResponse(render("sign_list.html", page=around, view=view))


@router.post("/sign-all")
def sign(write: GuardedWrite) -> Response:
    """Sign what was listed and ticked, and say of each row what became of it."""
    opened, month = write.opened, write.month()
    request = SignAll(month=month, form_key=write.form_key(), rows=_rows(write))
    done = sign_all(opened.world, opened.visit.actor, request, opened.now)
    around = frame_of(opened, month, frames.SIGN_ALL)
    view = outcomes(month_name(month), str(month), done)
    return HTMLResponse(render("sign_outcomes.html", page=around, view=view))


def _rows(write: Write) -> tuple[RowToSign, ...]:
    """Return the rows in the order of their ids; what was ticked goes with its own row."""
    ticks = [_pair(TICK, text) for text in write.texts(TICK)]
    return tuple(
        RowToSign(
            patient_id=patient_id,
            decision_hash=decision_hash,
            attested=frozenset(
                Criterion(word) for owner, word in ticks if owner == patient_id and word in _WORDS
            ),
        )
        for patient_id, decision_hash in sorted(_pair(ROW, text) for text in write.texts(ROW))
    )


def _pair(field: str, text: str) -> tuple[str, str]:
    first, separator, second = text.partition(SEPARATOR)
    if not separator:
        raise BrokenFormError(field)
    return first, second


_WORDS = frozenset(criterion.value for criterion in Criterion)
