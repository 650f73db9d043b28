"""Patients, charts, signatures, claims, fees and practices: kept as given, found in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.storage import attestations, charts, claims, fees, patients, practices, sign_offs
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.practices import NewPractice, PracticeAttestation
from tests.builders import chart as whole_chart
from tests.storage.makers import NOVEMBER, chart, claim, sign_off

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.sign_offs import SignOffRecord
    from tests.storage.conftest import Tenant

HOUR = timedelta(hours=1)
CANARY = "Zebulon Quartermain-Okonkwo"


def test_a_patient_is_the_same_under_a_new_description(
    database: Database, ours: Tenant, now: datetime
) -> None:
    fact = PatientFact(
        ref=EvidenceRef("Patient", "fhir-1"),
        name=CANARY,
        birth_date=PartialDate.parse("1950-03"),
        mrn="MRN-9",
        is_deceased=True,
        died_on=PartialDate.parse("2026-11-02"),
    )

    with database.write() as session:
        patient = patients.upsert(session, ours.practice_id, ours.ehr_id, fact, now + HOUR)

    assert patient.id == ours.patient_id
    assert (patient.ref, patient.name, patient.mrn) == ("Patient/fhir-1", CANARY, "MRN-9")
    assert patient.birth_date == PartialDate.parse("1950-03")
    assert (patient.died_on_text, patient.is_deceased) == ("2026-11-02", True)
    assert patient.updated_at == now + HOUR
    with database.read() as session:
        assert patients.get(session, ours.practice_id, ours.patient_id) == patient
        assert patients.list_all(session, ours.practice_id) == (patient,)
    for secret in (CANARY, "MRN-9", "fhir-1", "1950"):
        assert secret not in repr(patient)


def test_the_same_fhir_id_in_two_ehrs_is_two_patients(
    database: Database, ours: Tenant, theirs: Tenant
) -> None:
    with database.read() as session:

        def find(tenant: Tenant, ehr_id: str) -> str | None:
            found = patients.find_by_fhir_id(session, tenant.practice_id, ehr_id, "fhir-1")
            return None if found is None else found.id

        assert find(ours, ours.ehr_id) == ours.patient_id
        assert find(theirs, theirs.ehr_id) == theirs.patient_id
        assert find(theirs, ours.ehr_id) is None


def test_a_chart_is_read_back_as_the_same_facts(
    database: Database, ours: Tenant, now: datetime
) -> None:
    new = chart(ours, now, facts=whole_chart())

    with database.write() as session:
        stored = charts.record(session, ours.practice_id, new, now)

    with database.read() as session:
        assert charts.latest(session, ours.practice_id, ours.patient_id) == stored
    assert stored.facts == new.facts
    assert stored.read_at == new.facts.read_at


def test_the_latest_reading_of_a_chart_wins(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        assert charts.latest(session, ours.practice_id, ours.patient_id) is None
        newer = charts.record(session, ours.practice_id, chart(ours, now + HOUR), now)
        charts.record(session, ours.practice_id, chart(ours, now), now)

        assert charts.latest(session, ours.practice_id, ours.patient_id) == newer
        assert charts.latest(session, theirs.practice_id, ours.patient_id) is None


@pytest.fixture
def signed(database: Database, ours: Tenant, now: datetime) -> SignOffRecord:
    with database.write() as session:
        return sign_offs.record(session, ours.practice_id, sign_off(ours), now)


def test_a_signature_is_kept_with_exactly_what_was_signed(
    database: Database, ours: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    assert (signed.decision_json, signed.month) == ('{"lines":["99490"]}', NOVEMBER)
    assert (len(signed.decision_hash), signed.signed_at) == (64, now)
    with database.read() as session:
        assert sign_offs.get(session, ours.practice_id, signed.id) == signed
        assert sign_offs.find_latest(session, ours.practice_id, ours.patient_id, NOVEMBER) == signed
        assert (
            sign_offs.find_latest(session, ours.practice_id, ours.patient_id, NOVEMBER.next())
            is None
        )


def test_the_same_signing_form_sent_twice_signs_once(
    database: Database, ours: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    with database.write() as session:
        assert sign_offs.record(session, ours.practice_id, sign_off(ours), now + HOUR) == signed

    with pytest.raises(ConflictError, match="form"), database.write() as session:
        sign_offs.record(session, ours.practice_id, sign_off(ours, decision_json="{}"), now)


def test_a_revision_is_signed_once(
    database: Database, ours: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    with pytest.raises(ConflictError, match="signed already"), database.write() as session:
        sign_offs.record(session, ours.practice_id, sign_off(ours, "sign-2"), now)

    with database.write() as session:
        second = sign_offs.record(
            session, ours.practice_id, sign_off(ours, "sign-2", revision=2), now
        )
        history = sign_offs.history(session, ours.practice_id, ours.patient_id, NOVEMBER)
    assert history == (signed, second)


def test_recording_a_claim_again_gives_the_same_claim(
    database: Database, ours: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    new = claim(ours, signed.id)
    with database.write() as session:
        stored = claims.record(session, ours.practice_id, new, now)
        again = claims.record(session, ours.practice_id, new, now + HOUR)

    assert stored == again
    assert stored.total_usd == Decimal("62.50")
    with database.read() as session:
        assert claims.get(session, ours.practice_id, stored.id) == stored
        assert claims.of_month(session, ours.practice_id, NOVEMBER) == (stored,)


@pytest.mark.parametrize(
    "changes",
    [{"total_usd": Decimal("62.51")}, {"draft_json": "[]"}, {"identifier": "claim-identifier-2"}],
)
def test_a_claim_of_a_revision_cannot_be_told_otherwise(
    database: Database,
    ours: Tenant,
    signed: SignOffRecord,
    now: datetime,
    changes: dict[str, object],
) -> None:
    with database.write() as session:
        claims.record(session, ours.practice_id, claim(ours, signed.id), now)

    with pytest.raises(ConflictError), database.write() as session:
        claims.record(session, ours.practice_id, claim(ours, signed.id, **changes), now)


def test_a_claim_is_replaced_once(
    database: Database, ours: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    with database.write() as session:
        first = claims.record(session, ours.practice_id, claim(ours, signed.id), now)
        revised = claim(ours, signed.id, revision=2, identifier="i-2", prior_id=first.id)
        second = claims.record(session, ours.practice_id, revised, now)
        newest = claims.find_latest(session, ours.practice_id, ours.patient_id, NOVEMBER)
    assert newest == second

    another = claim(ours, signed.id, revision=3, identifier="i-3", prior_id=first.id)
    with pytest.raises(ConflictError), database.write() as session:
        claims.record(session, ours.practice_id, another, now)


@pytest.mark.parametrize("amount", ["0.005", "-1", "NaN", "Infinity"])
def test_an_amount_that_is_not_whole_cents_is_refused(
    database: Database, ours: Tenant, amount: str
) -> None:
    with pytest.raises(InputError), database.write() as session:
        fees.set_fee(session, ours.practice_id, "99490", date(2026, 1, 1), Decimal(amount))


def test_the_fee_in_force_on_a_day_is_the_newest_that_has_begun(
    database: Database, ours: Tenant, theirs: Tenant
) -> None:
    with database.write() as session:

        def set_fee(code: str, day: date, amount: str) -> None:
            fees.set_fee(session, ours.practice_id, code, day, Decimal(amount))

        set_fee("99490", date(2026, 7, 1), "70")
        set_fee("99490", date(2026, 1, 1), "60")
        set_fee("99490", date(2026, 1, 1), "62.50")
        set_fee("99439", date(2026, 7, 1), "50")

        def on(month: int, day: int) -> dict[str, Decimal]:
            return fees.in_force(session, ours.practice_id, date(2026, month, day))

        assert on(6, 30) == {"99490": Decimal("62.50")}
        assert on(7, 1) == {"99490": Decimal(70), "99439": Decimal(50)}
        assert fees.in_force(session, theirs.practice_id, date(2026, 7, 1)) == {}


def test_statements_about_a_month_are_kept_in_order(
    database: Database, ours: Tenant, now: datetime
) -> None:
    new = NewAttestation(
        patient_id=ours.patient_id,
        month=NOVEMBER,
        kind="care_plan",
        statement="I have reviewed the plan.",
        user_id=ours.doctor_id,
    )
    with database.write() as session:
        first = attestations.record(session, ours.practice_id, new, now)
        second = attestations.record(session, ours.practice_id, new, now + HOUR)
        kept = attestations.of_month(session, ours.practice_id, ours.patient_id, NOVEMBER)

    assert kept == (first, second)


def test_a_practice_tells_decisions_what_was_attested(database: Database, ours: Tenant) -> None:
    stated = PracticeAttestation(
        access_24_7=True,
        certified_ehr=True,
        designated_team_member=False,
        attested_on=date(2026, 11, 1),
    )
    with database.write() as session:
        before = practices.get(session, ours.practice_id).fact
        after = practices.attest(session, ours.practice_id, stated).fact

    assert (before.access_24_7, before.attested_on) == (None, None)
    assert (after.access_24_7, after.designated_team_member) == (True, False)
    assert after.attested_on == date(2026, 11, 1)


def test_a_practice_keeps_its_secret_namespace_whatever_else_changes(
    database: Database, ours: Tenant
) -> None:
    new = NewPractice(
        name="renamed", time_zone="America/Chicago", identifier_namespace="other", npi="1"
    )
    with database.write() as session:
        updated = practices.update(session, ours.practice_id, new)

    assert (updated.name, updated.zone.key, updated.npi) == ("renamed", "America/Chicago", "1")
    assert updated.identifier_namespace == "secret-ours"
    assert "secret-ours" not in repr(updated)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
def test_a_practice_needs_a_zone_that_exists(
    database: Database, ours: Tenant, zone: str, now: datetime
) -> None:
    new = NewPractice(name="p", time_zone=zone, identifier_namespace="n")

    with database.write() as session:
        with pytest.raises(InputError):
            practices.add(session, new, now)
        with pytest.raises(InputError):
            practices.update(session, ours.practice_id, new)


@pytest.mark.proves("S12", "S14")
def test_what_is_of_another_practice_is_as_absent_everywhere(
    database: Database, ours: Tenant, theirs: Tenant, signed: SignOffRecord, now: datetime
) -> None:
    with database.write() as session:
        own = claims.record(session, ours.practice_id, claim(ours, signed.id), now)
        attempts = (
            lambda: patients.get(session, theirs.practice_id, ours.patient_id),
            lambda: sign_offs.get(session, theirs.practice_id, signed.id),
            lambda: claims.get(session, theirs.practice_id, own.id),
            lambda: charts.record(session, theirs.practice_id, chart(ours, now), now),
            lambda: sign_offs.record(session, theirs.practice_id, sign_off(ours, "s"), now),
            lambda: claims.record(
                session, theirs.practice_id, replace(claim(ours, signed.id), identifier="x"), now
            ),
            lambda: practices.get(session, "no-such-practice"),
        )
        for attempt in attempts:
            with pytest.raises(NotFoundError, match="no such"):
                attempt()
