"""What would make a bad claim, as the practitioner's own page tells it: named, owned, not sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import text

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.storage import attestations, claims, practices, users
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.practices import NewPractice
from ccm_fhir.storage.users import BillingIdentity
from tests.builders import NOVEMBER, chart, on
from tests.smart_app.close import work
from tests.smart_app.front import NOW
from tests.smart_app.test_claim_obstacles import read_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.smart_app.front import Front

MONTH = "?month=2026-11"


def cover_ended(front: Front) -> None:
    facts = chart()
    ended = tuple(msgspec.structs.replace(one, ends_on=on("2026-11-25")) for one in facts.coverages)
    read_again(front, msgspec.structs.replace(facts, coverages=ended))


def merged(front: Front) -> None:
    patient = PatientFact(ref=EvidenceRef("Patient", "p1"), name="", replaced_by="Patient/p2")
    read_again(front, msgspec.structs.replace(chart(), patient=patient))


def another_attested(front: Front) -> None:
    new = NewAttestation(
        patient_id=front.patient_id,
        month=NOVEMBER,
        kind="not_billed_elsewhere",
        statement="As it was put.",
        user_id=front.people[Role.ADMIN].id,
    )
    with front.world.db.write(front.practice_id) as session:
        attestations.record(session, front.practice_id, new, NOW)


def practice_npi_mistyped(front: Front) -> None:
    with front.world.db.write(front.practice_id) as session:
        held = practices.get(session, front.practice_id)
        told = {name: getattr(held, name) for name in NewPractice.__dataclass_fields__}
        practices.update(session, held.id, replace(NewPractice(**told), npi="1999999019"))


def signers_npi_mistyped(front: Front) -> None:
    doctor = front.people[Role.PRACTITIONER]
    wrong = BillingIdentity(npi="1999999019", taxonomy="", profession=doctor.profession)
    with front.world.db.write(front.practice_id) as session:
        users.set_billing(session, front.practice_id, doctor.id, wrong)


def fee_missing(front: Front) -> None:
    with front.world.db.write(front.practice_id) as session:
        session.execute(text("DELETE FROM fee WHERE code = '99490'"))


TOLD: dict[str, tuple[Callable[[Front], None], str, str]] = {
    "cover ended within the month": (
        cover_ended,
        "Check eligibility with the payer",
        "For the biller.",
    ),
    "merged in the EHR": (merged, "Patient merged into another record", "For the biller."),
    "two billing practitioners": (
        another_attested,
        "Agree who does",
        "For the billing practitioner.",
    ),
    "the practice's NPI fails its check digit": (
        practice_npi_mistyped,
        "check digit must hold",
        "For the administrator.",
    ),
    "no charge for a code": (fee_missing, "Charge missing 99490", "For the administrator."),
    "the signer's NPI fails its check digit": (
        signers_npi_mistyped,
        "check digit must hold",
        "For the administrator.",
    ),
}


@pytest.mark.parametrize(("spoil", "fact", "owner"), TOLD.values(), ids=TOLD)
def test_what_would_make_a_bad_claim_is_named_and_owned_and_nothing_is_sent(
    front: Front, spoil: Callable[[Front], None], fact: str, owner: str
) -> None:
    work(front, front.patient_id)
    form = front.sign_in(Role.PRACTITIONER).fields("/sign")
    spoil(front)
    doctor = front.sign_in(Role.PRACTITIONER)

    told = doctor.get(f"{doctor.path}{MONTH}").text
    answer = doctor.post(f"{doctor.path}/sign", form | {"csrf": doctor.fields("/sign-out")["csrf"]})

    assert fact in told
    assert owner in told
    assert f"{doctor.path}/sign" not in doctor.page().forms
    assert answer.status_code in {409, 422}
    with front.world.db.read(front.practice_id) as session:
        assert claims.of_month(session, front.practice_id, NOVEMBER) == ()
