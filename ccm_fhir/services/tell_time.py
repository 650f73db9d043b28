"""A ledger row's way into the EHR: what its resources say, planned in the row's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.domain.writeback import TimeRecord
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import WrittenTime, plan_time_entry
from ccm_fhir.storage import charts, patients, practices
from ccm_fhir.storage.ledger import TimeEntryRecord


def tell_ehr(
    world: Installation,
    session: Session,
    entry: TimeEntryRecord,
    performer_ref: str,
    now: datetime,
) -> None:
    """Plan an entry's resources under the name of whoever worked; planned before, it stays so.

    Raises:
        InvalidResourceError: a resource would not be valid; nothing was planned.
    """
    practice = practices.get(session, entry.practice_id)
    patient = patients.get(session, practice.id, entry.patient_id)
    chart = charts.latest(session, practice.id, patient.id)
    record = TimeRecord(
        entry_id=entry.id,
        patient_ref=patient.ref,
        performer_ref=performer_ref,
        performer=entry.performer,
        practice_ref=practice.organization_ref,
        started_at=entry.started_at.astimezone(practice.zone),
        ended_at=entry.ended_at.astimezone(practice.zone),
        activity=entry.activity,
        contact_mode=entry.contact_mode,
        note=entry.note,
        care_plan_ref=_active_plan(chart.facts if chart else None),
    )
    plan_time_entry(world, session, WrittenTime(practice=practice, entry=entry, record=record), now)


def _active_plan(chart: ChartFacts | None) -> str:
    plans = [] if chart is None else [p for p in chart.care_plans if p.status == "active"]
    return str(plans[0].ref) if plans else ""
