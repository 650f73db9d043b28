"""The time ledger: once per form, corrected by further rows, each change exactly one."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.storage import ledger
from ccm_fhir.storage.ledger import Correction, NewEntry, Voiding
from ccm_fhir.storage.values import value_of
from ccm_fhir.storage.vocabulary import EntryChange
from tests.storage.makers import KEY, NOVEMBER, TEN_O_CLOCK, entry

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.ledger import TimeEntryRecord
    from tests.storage.conftest import Tenant

NEW_YORK = ZoneInfo("America/New_York")
STARTS_AT, ENDS_AT = NOVEMBER.starts_at(NEW_YORK), NOVEMBER.ends_at(NEW_YORK)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def record(database: Database, ours: Tenant, now: datetime) -> Record:
    return Record(database, ours, now)


class Record:
    """Shorthand for the one practice a test is about."""

    def __init__(self, database: Database, ours: Tenant, now: datetime) -> None:
        self.database = database
        self.ours = ours
        self._moments = (now + n * MINUTE for n in count())

    @property
    def now(self) -> datetime:
        return next(self._moments)

    def __call__(self, new: NewEntry | None = None) -> TimeEntryRecord:
        with self.database.write() as session:
            return ledger.record(
                session, KEY, self.ours.practice_id, new or entry(self.ours), self.now
            )

    def correct(self, entry_id: str, new: NewEntry) -> TimeEntryRecord:
        change = Correction(entry_id=entry_id, entry=new, reason="typing mistake")
        with self.database.write() as session:
            return ledger.correct(session, KEY, self.ours.practice_id, change, self.now)

    def void(self, entry_id: str, form_key: str = "void-1") -> TimeEntryRecord:
        change = Voiding(
            entry_id=entry_id,
            user_id=self.ours.doctor_id,
            reason="wrong patient",
            form_key=form_key,
        )
        with self.database.write() as session:
            return ledger.void(session, KEY, self.ours.practice_id, change, self.now)

    def live(self) -> tuple[TimeEntryRecord, ...]:
        with self.database.read() as session:
            return ledger.entries_of_month(
                session, self.ours.practice_id, self.ours.patient_id, STARTS_AT, ENDS_AT
            )

    def history(self) -> tuple[TimeEntryRecord, ...]:
        with self.database.read() as session:
            return ledger.history(
                session, self.ours.practice_id, self.ours.patient_id, STARTS_AT, ENDS_AT
            )


def test_an_entry_is_read_as_it_was_recorded(record: Record, ours: Tenant) -> None:
    new = entry(ours, is_contact=True, contact_mode=ContactMode.TELEPHONE)

    stored = record(new)

    assert record.live() == (stored,)
    assert replace(new, recorded_by=ours.nurse_id) == value_of(NewEntry, stored)
    assert stored.change is EntryChange.ENTRY
    assert stored.as_time_entry.performer_id == ours.nurse_id


def test_the_same_form_sent_twice_is_recorded_once(record: Record) -> None:
    assert record() == record()
    assert len(record.history()) == 1


def test_the_same_form_with_other_content_is_refused(record: Record, ours: Tenant) -> None:
    record()

    with pytest.raises(ConflictError):
        record(entry(ours, activity=Activity.EDUCATION))

    assert len(record.history()) == 1


def test_the_same_form_sent_at_once_from_many_sides_is_recorded_once(record: Record) -> None:
    ids: set[str] = set()

    def send(moment: datetime) -> None:
        with record.database.write() as session:
            sent = ledger.record(session, KEY, record.ours.practice_id, entry(record.ours), moment)
        ids.add(sent.id)

    threads = [threading.Thread(target=send, args=(record.now,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 1
    assert len(record.history()) == 1


def test_a_correction_takes_the_place_of_the_entry(record: Record, ours: Tenant) -> None:
    old = record()

    corrected = record.correct(
        old.id,
        entry(ours, "form-2", ended_at=TEN_O_CLOCK + 20 * MINUTE, recorded_by=ours.doctor_id),
    )

    assert record.live() == (corrected,)
    assert record.history() == (old, corrected)
    assert corrected.supersedes_id == old.id
    assert corrected.user_id == ours.nurse_id
    assert corrected.recorded_by == ours.doctor_id


def test_a_correction_of_a_correction_leaves_the_last_one(record: Record, ours: Tenant) -> None:
    first = record.correct(record().id, entry(ours, "form-2", note="second"))

    last = record.correct(first.id, entry(ours, "form-3", note="third"))

    assert record.live() == (last,)


def test_a_voided_entry_counts_no_more_but_can_be_read(record: Record, ours: Tenant) -> None:
    old = record()

    void = record.void(old.id)

    assert record.live() == ()
    assert {row.id for row in record.history()} == {old.id, void.id}
    assert (void.recorded_by, void.user_id) == (ours.doctor_id, ours.nurse_id)


def test_voiding_by_the_same_form_twice_voids_once(record: Record) -> None:
    old = record()

    assert record.void(old.id) == record.void(old.id)


def test_an_entry_is_changed_once_only(record: Record, ours: Tenant) -> None:
    old = record()
    record.correct(old.id, entry(ours, "form-2"))

    with pytest.raises(ConflictError, match="already"):
        record.correct(old.id, entry(ours, "form-3"))
    with pytest.raises(ConflictError, match="already"):
        record.void(old.id)


def test_a_void_cannot_be_corrected_back_into_the_count(record: Record, ours: Tenant) -> None:
    void = record.void(record().id)

    with pytest.raises(ConflictError):
        record.correct(void.id, entry(ours, "form-2"))

    assert record.live() == ()


def test_a_form_used_for_an_entry_cannot_void_one(record: Record, ours: Tenant) -> None:
    old = record()
    record(entry(ours, "form-2", note="another"))

    with pytest.raises(ConflictError):
        record.void(old.id, form_key="form-2")


def test_a_correction_may_not_move_time_to_another_patient(
    record: Record, ours: Tenant, theirs: Tenant
) -> None:
    old = record()

    with pytest.raises(InputError):
        record.correct(old.id, entry(ours, "form-2", patient_id=theirs.patient_id))


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "is_in_november"),
    [
        (STARTS_AT - 30 * MINUTE, STARTS_AT, False),
        (STARTS_AT - 30 * MINUTE, STARTS_AT + MINUTE, True),
        (STARTS_AT, STARTS_AT + MINUTE, True),
        (ENDS_AT - MINUTE, ENDS_AT, True),
        (ENDS_AT - MINUTE, ENDS_AT + MINUTE, True),
        (ENDS_AT, ENDS_AT + MINUTE, False),
    ],
)
def test_a_month_has_the_entries_that_touch_it(
    record: Record, ours: Tenant, starts_at: datetime, ends_at: datetime, *, is_in_november: bool
) -> None:
    record(entry(ours, started_at=starts_at, ended_at=ends_at))

    assert bool(record.live()) is is_in_november


def test_the_time_of_a_person_is_found_across_patients(
    record: Record, database: Database, ours: Tenant
) -> None:
    stored = record()

    with database.read() as session:
        of_nurse = ledger.of_user_between(
            session, ours.practice_id, ours.nurse_id, STARTS_AT, ENDS_AT
        )
        of_doctor = ledger.of_user_between(
            session, ours.practice_id, ours.doctor_id, STARTS_AT, ENDS_AT
        )

    assert (of_nurse, of_doctor) == ((stored,), ())


def test_work_that_ends_before_it_starts_is_refused(record: Record, ours: Tenant) -> None:
    with pytest.raises(InputError):
        record(entry(ours, ended_at=TEN_O_CLOCK))


def test_only_a_contact_has_a_mode(record: Record, ours: Tenant) -> None:
    with pytest.raises(InputError):
        record(entry(ours, is_contact=False, contact_mode=ContactMode.VIDEO))


@pytest.mark.proves("S14")
def test_time_cannot_be_recorded_for_someone_of_another_practice(
    record: Record, ours: Tenant, theirs: Tenant
) -> None:
    for foreign in (
        entry(ours, patient_id=theirs.patient_id),
        entry(ours, user_id=theirs.nurse_id),
        entry(ours, recorded_by=theirs.nurse_id),
    ):
        with pytest.raises(NotFoundError):
            record(foreign)


@pytest.mark.proves("S14")
def test_an_entry_of_another_practice_is_as_absent(
    record: Record, database: Database, theirs: Tenant
) -> None:
    stored = record()

    with database.read() as session, pytest.raises(NotFoundError, match="no such time entry"):
        ledger.get(session, theirs.practice_id, stored.id)


def test_an_entry_prints_no_note(record: Record, ours: Tenant) -> None:
    assert "called" not in repr(record(entry(ours, note="called about Ada")))
