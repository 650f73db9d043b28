"""The time ledger: entries are recorded once, and corrected or voided by further rows only.

Every row is sealed into the practice's chain in the transaction that writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select

from ccm_fhir.domain.timekeeping import TimeEntry
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.storage import chain, ledger_chain
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, PatientRow, TimeEntryRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require,
    require_parents,
    value_of,
)
from ccm_fhir.storage.vocabulary import EntryChange, EntrySource

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.codes import Activity, PerformerKind
    from ccm_fhir.domain.writeback import ContactMode

CHANGED_ALREADY = "The entry was corrected or taken back already; look at it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """One interval of work: ``user_id`` is whose minutes, ``recorded_by`` who typed them.

    ``form_key`` names the form that was sent, so that sending it twice records once.
    """

    patient_id: str
    user_id: str
    performer: PerformerKind
    credential: str = ""
    started_at: datetime
    ended_at: datetime
    zone: str
    activity: Activity
    is_contact: bool = False
    contact_mode: ContactMode | None = None
    source: EntrySource = EntrySource.TYPED
    note: str = field(default="", repr=False)
    form_key: str
    recorded_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntryRecord(NewEntry):
    """A row of the ledger: an entry, a correction of one, or the voiding of one."""

    id: str
    practice_id: str
    recorded_at: datetime
    supersedes_id: str | None
    change: EntryChange
    change_reason: str = field(repr=False)

    @property
    def as_time_entry(self) -> TimeEntry:
        """The entry as it is counted."""
        return TimeEntry(
            id=self.id,
            performer_id=self.user_id,
            performer=self.performer,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an entry should have said, and why it is changed."""

    entry_id: str
    entry: NewEntry
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiding:
    """That an entry should not count at all; ``user_id`` is who says so."""

    entry_id: str
    user_id: str
    reason: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    kind: EntryChange = EntryChange.ENTRY
    supersedes_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """Whose ledger is written, under which key, and when."""

    session: Session
    key: bytes = field(repr=False)
    practice_id: str
    now: datetime


def record(
    session: Session, key: bytes, practice_id: str, new: NewEntry, now: datetime
) -> TimeEntryRecord:
    """Record an entry; the same form sent again gives the same row. ``key`` seals the chain.

    Raises:
        ConflictError: the form was used before for something else.
    """
    ledger = _Ledger(session=session, key=key, practice_id=practice_id, now=now)
    return _append(ledger, new, _Change())


def correct(
    session: Session, key: bytes, practice_id: str, correction: Correction, now: datetime
) -> TimeEntryRecord:
    """Replace an entry by what it should have said; the old row stays readable.

    Raises:
        ConflictError: the entry was corrected or voided already.
        InputError: the correction is of another patient (void the entry, enter it anew).
    """
    old = _require_entry(session, practice_id, correction.entry_id)
    if old.patient_id != correction.entry.patient_id:
        raise InputError("patient", "a correction cannot move time to another patient")
    change = _Change(kind=EntryChange.CORRECTION, supersedes_id=old.id, reason=correction.reason)
    ledger = _Ledger(session=session, key=key, practice_id=practice_id, now=now)
    return _append(ledger, correction.entry, change)


def void(
    session: Session, key: bytes, practice_id: str, voiding: Voiding, now: datetime
) -> TimeEntryRecord:
    """Take an entry out of the count; raises ConflictError where it was changed already."""
    old = _require_entry(session, practice_id, voiding.entry_id)
    same_but_void = value_of(NewEntry, old, form_key=voiding.form_key, recorded_by=voiding.user_id)
    change = _Change(kind=EntryChange.VOID, supersedes_id=old.id, reason=voiding.reason)
    ledger = _Ledger(session=session, key=key, practice_id=practice_id, now=now)
    return _append(ledger, same_but_void, change)


def get(session: Session, practice_id: str, entry_id: str) -> TimeEntryRecord:
    """Return a row of the ledger, live or not; raises NotFoundError."""
    return value_of(TimeEntryRecord, require(session, TimeEntryRow, practice_id, entry_id))


def entries_of_month(
    session: Session, practice_id: str, patient_id: str, starts_at: datetime, ends_at: datetime
) -> tuple[TimeEntryRecord, ...]:
    """Return a patient's live entries that touch a span, in the order of their starts."""
    is_of_patient = col(TimeEntryRow.patient_id) == patient_id
    return _select(session, practice_id, is_of_patient, is_live(), touches(starts_at, ends_at))


def of_user_between(
    session: Session, practice_id: str, user_id: str, starts_at: datetime, ends_at: datetime
) -> tuple[TimeEntryRecord, ...]:
    """Return a person's live entries that touch a span, whoever the patient was."""
    is_of_user = col(TimeEntryRow.user_id) == user_id
    return _select(session, practice_id, is_of_user, is_live(), touches(starts_at, ends_at))


def history(
    session: Session, practice_id: str, patient_id: str, starts_at: datetime, ends_at: datetime
) -> tuple[TimeEntryRecord, ...]:
    """Return every row of a patient that touches a span, in the order of recording."""
    is_of_patient = col(TimeEntryRow.patient_id) == patient_id
    rows = _select(session, practice_id, is_of_patient, touches(starts_at, ends_at))
    return tuple(sorted(rows, key=lambda row: (row.recorded_at, row.id)))


def successor_of(session: Session, practice_id: str, entry_id: str) -> TimeEntryRecord | None:
    """Return the row that corrected or voided a row, or None."""
    found = _select(session, practice_id, col(TimeEntryRow.supersedes_id) == entry_id)
    return found[0] if found else None


def versions(session: Session, practice_id: str, entry_id: str) -> tuple[TimeEntryRecord, ...]:
    """Return every row of one entry's history, oldest first; raises NotFoundError."""
    first = get(session, practice_id, entry_id)
    while first.supersedes_id is not None:
        first = get(session, practice_id, first.supersedes_id)
    found = [first]
    while (later := successor_of(session, practice_id, found[-1].id)) is not None:
        found.append(later)
    return tuple(found)


def find_by_form(session: Session, practice_id: str, form_key: str) -> TimeEntryRecord | None:
    """Return what a form recorded before, or None."""
    found = _select(session, practice_id, col(TimeEntryRow.form_key) == form_key)
    return found[0] if found else None


def is_current(session: Session, practice_id: str, entry_id: str) -> bool:
    """Whether an entry counts: it voids nothing and nothing supersedes it."""
    return bool(_select(session, practice_id, col(TimeEntryRow.id) == entry_id, is_live()))


def is_live() -> ColumnElement[bool]:
    """Return the condition that a row counts: it voids nothing and nothing supersedes it."""
    successor = aliased(TimeEntryRow)
    superseded = exists().where(col(successor.supersedes_id) == col(TimeEntryRow.id))
    return ~superseded & (col(TimeEntryRow.change) != EntryChange.VOID)


def touches(starts_at: datetime, ends_at: datetime) -> ColumnElement[bool]:
    """Return the condition that a row's interval has some moment inside a span."""
    return (col(TimeEntryRow.started_at) < ends_at) & (col(TimeEntryRow.ended_at) > starts_at)


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[TimeEntryRecord, ...]:
    rows = session.exec(
        select(TimeEntryRow)
        .where(col(TimeEntryRow.practice_id) == practice_id, *conditions)
        .order_by(col(TimeEntryRow.started_at), col(TimeEntryRow.id))
    )
    return tuple(value_of(TimeEntryRecord, row) for row in rows)


def _require_entry(session: Session, practice_id: str, entry_id: str) -> TimeEntryRow:
    row = require(session, TimeEntryRow, practice_id, entry_id)
    if row.change is EntryChange.VOID:
        raise ConflictError(CHANGED_ALREADY)
    return row


def _append(ledger: _Ledger, new: NewEntry, change: _Change) -> TimeEntryRecord:
    session, practice_id = ledger.session, ledger.practice_id
    chain.lock(session, practice_id)
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new, change)
    _refuse_impossible(new)
    row = _row(ledger, new, change)
    people = (AppUserRow, new.user_id), (AppUserRow, row.recorded_by)
    require_parents(session, practice_id, (PatientRow, new.patient_id), *people)
    if not insert_once(session, row):
        raise ConflictError(CHANGED_ALREADY)
    ledger_chain.seal(session, ledger.key, row)
    return value_of(TimeEntryRecord, row)


def _row(ledger: _Ledger, new: NewEntry, change: _Change) -> TimeEntryRow:
    return TimeEntryRow(
        **columns_of(new, without=frozenset({"recorded_by"})),
        id=new_id(ledger.now),
        practice_id=ledger.practice_id,
        recorded_at=ledger.now,
        recorded_by=new.recorded_by or new.user_id,
        supersedes_id=change.supersedes_id,
        change=change.kind,
        change_reason=change.reason,
    )


def _same_or_conflict(stored: TimeEntryRecord, new: NewEntry, change: _Change) -> TimeEntryRecord:
    same = is_same(NewEntry, stored, new, but=frozenset({"recorded_by"}))
    if same and (stored.change, stored.supersedes_id) == (change.kind, change.supersedes_id):
        return stored
    raise ConflictError("this form was sent before with other content; open a new one")


def _refuse_impossible(new: NewEntry) -> None:
    if new.started_at >= new.ended_at:
        raise InputError("ended_at", "the work must end after it starts")
    if new.contact_mode is not None and not new.is_contact:
        raise InputError("contact_mode", "only a contact has a mode")
