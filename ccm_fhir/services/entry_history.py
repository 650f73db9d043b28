"""One entry of the time log with its history: who said what, when, and what of it is in the EHR."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.change_time import may_change
from ccm_fhir.services.evidence_paths import evidence_paths
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.patient_month import ApprovalShown, Delivered
from ccm_fhir.services.review import approval_shown, delivered_shown
from ccm_fhir.services.signed_months import refuse_signed_months
from ccm_fhir.storage import approvals, deliveries, ledger, practices
from ccm_fhir.storage.approvals import ApprovalRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind, EntryChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an entry said from one recording to the next, in the practice's zone.

    ``reason`` is why the version before it was corrected or taken back.
    """

    entry_id: str
    is_void: bool
    started_at: datetime
    ended_at: datetime
    seconds: int
    activity: Activity
    contact_mode: ContactMode | None
    source: str
    note: str = field(repr=False)
    recorded_at: datetime
    recorded_by: str = field(repr=False)
    reason: str = field(repr=False)
    approval: ApprovalShown | None
    deliveries: tuple[Delivered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHistory:
    """An entry's versions, oldest first.

    ``closed`` says why the person cannot change it; empty where they can.
    """

    patient_id: str
    patient_name: str = field(repr=False)
    practice_name: str
    time_zone: str
    month: ServiceMonth
    worker: str = field(repr=False)
    versions: tuple[Version, ...]
    closed: str
    ehr_links: dict[str, str]

    @property
    def newest(self) -> Version:
        """What holds now."""
        return self.versions[-1]


def entry_history(world: Installation, actor: Actor, entry_id: str) -> EntryHistory:
    """Return an entry with all that became of it; the look is audited.

    Raises:
        NotFoundError: no such entry in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        rows = ledger.versions(session, practice.id, entry_id)
        newest = rows[-1]
        audited(world, session, actor, "view_time", newest.patient_id)
        month = ServiceMonth.containing(newest.started_at.astimezone(practice.zone).date())
        found = gather(world, session, practice.id, newest.patient_id, month)
        asked = approvals.of_entries(session, practice.id, [row.id for row in rows])
        versions = tuple(
            _version(found, row, asked.get(row.id), _deliveries(session, row)) for row in rows
        )
        closed = _closed(actor, newest) or _signed(session, practice, newest)
    return EntryHistory(
        patient_id=newest.patient_id,
        patient_name=found.patient.name,
        practice_name=practice.name,
        time_zone=practice.time_zone,
        month=month,
        worker=_name(found, newest.user_id),
        versions=versions,
        closed=closed,
        ehr_links=evidence_paths(found),
    )


def _deliveries(session: Session, row: TimeEntryRecord) -> tuple[DeliveryRecord, ...]:
    found = deliveries.of_artefact(session, row.practice_id, ArtefactKind.TIME_ENTRY, row.id)
    return tuple(one for one in found if not one.has_fallen)


def _version(
    found: Gathered,
    row: TimeEntryRecord,
    asked: ApprovalRecord | None,
    told: tuple[DeliveryRecord, ...],
) -> Version:
    zone = found.practice.zone
    return Version(
        entry_id=row.id,
        is_void=row.change is EntryChange.VOID,
        started_at=row.started_at.astimezone(zone),
        ended_at=row.ended_at.astimezone(zone),
        seconds=row.as_time_entry.total_seconds,
        activity=row.activity,
        contact_mode=row.contact_mode,
        source=row.source.value,
        note=row.note,
        recorded_at=row.recorded_at.astimezone(zone),
        recorded_by=_name(found, row.recorded_by or row.user_id),
        reason=row.change_reason,
        approval=approval_shown(asked, row, found.people, zone),
        deliveries=tuple(delivered_shown(one, zone) for one in told),
    )


def _closed(actor: Actor, newest: TimeEntryRecord) -> str:
    """Say why the entry is not the person's to change; empty where it is."""
    if newest.change is EntryChange.VOID:
        return "The entry was taken back. What was really worked is entered anew."
    if not may_change(actor, newest):
        return "Whoever worked changes this entry, or a billing practitioner does."
    return ""


def _signed(session: Session, practice: Practice, entry: TimeEntryRecord) -> str:
    try:
        refuse_signed_months(session, practice, entry.patient_id, entry.started_at, entry.ended_at)
    except ConflictError as signed:
        return signed.problem
    return ""


def _name(found: Gathered, user_id: str) -> str:
    person = found.people.get(user_id)
    return person.name if person else ""
