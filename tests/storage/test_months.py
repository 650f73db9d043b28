"""A practice's month: all its patients, each with what a decision needs, in a few queries."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import event

from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.storage import charts, claims, deliveries, ledger, months, patients, sign_offs
from ccm_fhir.storage.ledger import Voiding
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.storage.makers import KEY, NOVEMBER, chart, claim, delivery, entry, sign_off

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.months import MonthRow
    from tests.storage.conftest import Tenant

NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


def november(database: Database, tenant: Tenant) -> tuple[MonthRow, ...]:
    with database.read() as session:
        return months.month_rows(session, tenant.practice_id, NOVEMBER, NEW_YORK)


@contextmanager
def counted_queries(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(database.reader_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.reader_engine, "before_cursor_execute", note)


def test_a_patient_without_anything_is_in_the_month_too(
    database: Database, ours: Tenant, theirs: Tenant
) -> None:
    assert theirs.patient_id != ours.patient_id

    (row,) = november(database, ours)

    assert row.patient.id == ours.patient_id
    assert (row.chart, row.entries, row.sign_off, row.claim) == (None, (), None, None)
    assert (row.delivery_states, row.entered_seconds) == ((), 0)


def test_a_patient_has_the_newest_of_everything_and_live_time_only(
    database: Database, ours: Tenant, now: datetime
) -> None:
    practice_id = ours.practice_id
    with database.write() as session:
        live = ledger.record(session, KEY, practice_id, entry(ours), now)
        gone = ledger.record(session, KEY, practice_id, entry(ours, "form-2"), now)
        void = Voiding(entry_id=gone.id, user_id=ours.nurse_id, reason="no", form_key="form-3")
        ledger.void(session, KEY, practice_id, void, now)
        charts.record(session, practice_id, chart(ours, now), now)
        newest = charts.record(session, practice_id, chart(ours, now + HOUR), now)
        first = sign_offs.record(session, practice_id, sign_off(ours), now)
        second = sign_offs.record(session, practice_id, sign_off(ours, "s-2", revision=2), now)
        made = claims.record(session, practice_id, claim(ours, first.id), now)
        of_entry = deliveries.plan(session, practice_id, delivery(ours, artefact_id=live.id), now)
        of_claim = deliveries.plan(
            session,
            practice_id,
            delivery(
                ours,
                identifier=made.identifier,
                artefact_id=made.id,
                artefact_kind=ArtefactKind.CLAIM,
                resource_type=ResourceKind.CLAIM,
            ),
            now + HOUR,
        )
        deliveries.plan(session, practice_id, delivery(ours, identifier="of another month"), now)

    (row,) = november(database, ours)

    assert (row.entries, row.entered_seconds) == ((live,), 22 * 60)
    assert (row.chart, row.sign_off, row.claim) == (newest, second, made)
    assert row.delivery_states == (DeliveryState.PLANNED, DeliveryState.PLANNED)
    with database.read() as session:
        of_month = deliveries.of_patient_month(
            session, practice_id, ours.patient_id, NOVEMBER, NEW_YORK
        )
        assert of_month == (of_entry, of_claim)
        found = deliveries.of_artefact(session, practice_id, ArtefactKind.CLAIM, made.id)
        assert found == (of_claim,)


def test_other_months_stay_out(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write() as session:
        starts_at = NOVEMBER.ends_at(NEW_YORK)
        late = entry(ours, started_at=starts_at, ended_at=starts_at + HOUR)
        ledger.record(session, KEY, ours.practice_id, late, now)
        december = sign_off(ours, month=NOVEMBER.next())
        sign_offs.record(session, ours.practice_id, december, now)

    (row,) = november(database, ours)

    assert (row.entries, row.sign_off) == ((), None)


def test_the_number_of_queries_does_not_grow_with_the_patients(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with counted_queries(database) as for_one:
        november(database, ours)
    with database.write() as session:
        for number in range(20):
            fact = PatientFact(ref=EvidenceRef("Patient", f"p-{number}"), name=f"{number:02}")
            patient = patients.upsert(session, ours.practice_id, ours.ehr_id, fact, now)
            new = entry(ours, f"form-{number}", patient_id=patient.id)
            ledger.record(session, KEY, ours.practice_id, new, now)

    with counted_queries(database) as for_many:
        rows = november(database, ours)

    assert len(rows) == 21
    assert [row.patient.name for row in rows][:2] == ["00", "01"]
    assert len(for_many) == len(for_one) <= 12
