"""A practice that files its claims: set up for files, with patients who can stand on a claim."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from ccm_fhir.domain.claims import PersonName
from ccm_fhir.domain.codes import Role, Setting
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import AddressFact, EvidenceRef, NameFact, PatientFact
from ccm_fhir.services.billing_setup import (
    Assignment,
    BillingChange,
    ClaimsLeaveBy,
    PartnerChange,
    change_billing,
    change_partner,
    name_practitioner,
)
from ccm_fhir.services.claim_filing import FileRequest, make_files, say_written
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import charts, claims, patients, users
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.users import BillingIdentity
from ccm_fhir.storage.vocabulary import ChartSource
from tests.builders import NOVEMBER, chart
from tests.databases import fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.smart_app.close import sign_alone, work
from tests.smart_app.front import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccm_fhir.domain.facts import ChartFacts
    from ccm_fhir.services.claim_filing import FilingRun
    from ccm_fhir.storage.claims import ClaimRecord
    from tests.smart_app.front import Front

CANARY_FAMILY, CANARY_STREET, CANARY_MBI = "Zzyzxqvist", "88817 Wobblethorpe Lane", "9ZZ9ZZ9ZZ99"
PARTNER = PartnerChange(
    submitter_name="Harbor Street Family Medicine",
    submitter_id="EX1",
    contact_name="Billing Office",
    contact_phone="5185550100",
    receiver_name="Example House",
    receiver_id="HOUSE",
    payer_name="Medicare Part B of Example",
    payer_id="13282",
    is_production=True,
    claims_leave_by=ClaimsLeaveBy.FILE,
    has_provider_signature=True,
    assignment=Assignment.ACCEPTED,
    are_benefits_assigned=True,
    may_release_information=True,
)
DETAILS = BillingChange(
    name="Harbor Street Family Medicine",
    tax_id="12-3456789",
    taxonomy="261QP2300X",
    setting=Setting.OFFICE,
    line="12 Example Street",
    city="Albany",
    state="NY",
    postal_code="12207-0001",
)


ON_EACH = pytest.mark.parametrize(
    "url", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))], indirect=True
)
"""Marks what has to hold on both databases; the rest is tried on SQLite alone, to save time."""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'ccm.sqlite'}"
        return
    with fresh_postgres_database(postgres_admin_url()) as server:
        yield server


def hand(front: Front) -> SetupHand:
    return SetupHand(practice_id=front.practice_id, user_id=None)


def set_up_for_files(front: Front, partner: PartnerChange = PARTNER, now: datetime = NOW) -> None:
    """Let a practice have said all that a file needs of it."""
    change_billing(front.world, hand(front), DETAILS, NOW)
    change_partner(front.world, hand(front), partner, now)
    doctor = front.people[Role.PRACTITIONER]
    name = PersonName(family="Invented", given="Ada")
    name_practitioner(front.world, hand(front), doctor.id, name, NOW)
    identity = BillingIdentity(npi=doctor.npi, taxonomy="207Q00000X", profession=doctor.profession)
    with front.world.db.write(front.practice_id) as session:
        users.set_billing(session, front.practice_id, doctor.id, identity)


def person(number: int = 1, **changes: object) -> PatientFact:
    """Return a patient of whom everything is known that a file needs."""
    fact = PatientFact(
        ref=EvidenceRef("Patient", f"filed-{number}"),
        name=f"Maria Synthetic {number}",
        birth_date=PartialDate.parse("1948-03-09"),
        gender="female",
        mrn=f"MRN-{number}",
        mbi=f"1EG4-TE5-MK{number:02}",
        legal_name=NameFact(family="Synthetic", given=("Maria", "Q")),
        address=AddressFact(
            lines=("7 Invented Road", "Apt 2"), city="Troy", state="NY", postal_code="12180"
        ),
    )
    return msgspec.structs.replace(fact, **changes)


def read_again(
    front: Front, fact: PatientFact, facts: ChartFacts | None = None, *, minutes: int = 5
) -> str:
    """Let a patient's chart have been read; return our id of them."""
    with front.world.db.write(front.practice_id) as session:
        known = patients.upsert(session, front.practice_id, front.ehr_id, fact, NOW)
        read = msgspec.structs.replace(
            facts or chart(), patient=fact, read_at=NOW + timedelta(minutes=minutes)
        )
        new = NewChart(patient_id=known.id, facts=read, source=ChartSource.PANEL)
        charts.record(session, front.practice_id, new, NOW)
    return known.id


def signed(front: Front, number: int = 1, **changes: object) -> ClaimRecord:
    """Return the claim of a month that the practitioner signed for a patient."""
    patient_id = read_again(front, person(number, **changes), minutes=0)
    # Patients one after another: nobody works for two at the same time.
    work(front, patient_id, day=1 + number // 8, hour=12 + number % 8)
    sign_alone(front, patient_id)
    with front.world.db.read(front.practice_id) as session:
        found = claims.find_latest(session, front.practice_id, patient_id, NOVEMBER)
    assert found is not None
    return found


def run(front: Front, *again: str, reason: str = "", written: bool = True) -> FilingRun:
    """Make November's files, and let them have been written unless told otherwise."""
    request = FileRequest(month=NOVEMBER, again=frozenset(again), reason=reason)
    made = make_files(front.world, hand(front), request, NOW)
    for one in made.files if written else ():
        say_written(front.world, hand(front), one.record, NOW)
    return made


def codes(run: FilingRun) -> list[str]:
    """Return what the claims that were left out lack."""
    return [obstacle.code for one in run.left_out for obstacle in one.obstacles]
