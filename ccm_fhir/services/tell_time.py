"""A ledger row's way into the EHR: what its resources say, planned in the row's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import plan_time_entry
from ccm_fhir.services.told import WrittenTime, time_record
from ccm_fhir.storage import practices
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
    record = replace(time_record(session, practice, entry), performer_ref=performer_ref)
    plan_time_entry(world, session, WrittenTime(practice=practice, entry=entry, record=record), now)
