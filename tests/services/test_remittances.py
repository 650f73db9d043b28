"""Remittances: matched to the claims that were filed, nothing twice, and the rest told."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ccm_fhir.domain.claims import claim_number, line_number
from ccm_fhir.domain.remittance import Outcome, WhyNot
from ccm_fhir.errors import X12FileError
from ccm_fhir.services.billing_setup import PartnerChange, change_partner
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.remittances import load_remittance, payments_of_month
from tests.builders import NOVEMBER
from tests.services.filing import ON_EACH, hand, run, set_up_for_files, signed
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.services.test_claim_answers import statuses
from tests.smart_app.front import NOW, Front, open_front_at, with_practice
from tests.world import migrate
from tests.x12.answers import Paid, interchange, payment, remittance_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.services.remittances import RemittanceRead
    from ccm_fhir.storage.claims import ClaimRecord

LINES = (
    "SVC*HC:99490*95*51.84**1",
    "DTM*472*20261120",
    "CAS*CO*45*28.88**253*1.06",
    "CAS*PR*2*13.22",
    "AMT*B6*66.12",
)


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    set_up_for_files(opened)
    yield opened
    opened.world.db.close()


@pytest.fixture
def filed(front: Front) -> ClaimRecord:
    """Return a claim of 95 dollars that is in a production file."""
    claim = signed(front)
    run(front)
    return claim


def paid(number: str, **changes: object) -> Paid:
    return Paid(number=number, **{"charge": "95", "lines": LINES, **changes})  # type: ignore[arg-type]


def load(front: Front, told: str) -> RemittanceRead:
    return load_remittance(front.world, hand(front), told.encode(), NOW)


def outcome(front: Front) -> Outcome:
    (found,) = payments_of_month(front.world, hand(front), NOVEMBER)
    return found.settlement.outcome


def kept(front: Front) -> int:
    with front.world.db.read(front.practice_id) as session:
        return int(session.execute(text("SELECT count(*) FROM paid_answer")).scalar_one())


@ON_EACH
def test_a_filed_claim_awaits_its_payment_and_is_paid(front: Front, filed: ClaimRecord) -> None:
    assert outcome(front) is Outcome.AWAITED

    found = load(front, remittance_text(paid(claim_number(filed.identifier))))

    assert (found.matched, found.matched_usd, found.unmatched) == (1, Decimal("51.84"), ())
    (came,) = payments_of_month(front.world, hand(front), NOVEMBER)
    assert came.settlement.outcome is Outcome.PAID
    assert came.settlement.coinsurance_usd == Decimal("13.22")
    assert came.settlement.reasons == ("CO-45", "CO-253", "PR-2")


@ON_EACH
def test_nothing_is_matched_twice_in_whatever_file_it_comes(
    front: Front, filed: ClaimRecord
) -> None:
    mine = paid(claim_number(filed.identifier))
    load(front, remittance_text(mine))

    same = load(front, remittance_text(mine))
    other_file = load(front, interchange("835", payment(mine), control=902))

    assert (same.matched, same.repeated) == (0, 1)
    assert (other_file.matched, other_file.repeated) == (0, 1)
    assert kept(front) == 1
    assert outcome(front) is Outcome.PAID


def test_what_this_app_did_not_file_is_told_and_not_kept(front: Front, filed: ClaimRecord) -> None:
    told = remittance_text(
        paid("CANARY-ACCOUNT-7", payer_number="X1"), paid(claim_number(filed.identifier))
    )

    found = load(front, told)

    assert [one.why for one in found.unmatched] == [WhyNot.UNKNOWN_NUMBER]
    assert (found.matched, kept(front)) == (1, 1)
    assert "CANARY" not in repr(found)
    with front.world.db.read(front.practice_id) as session:
        rows = [
            str(session.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
            for table in ("paid_answer", "remittance_file")
        ]
    assert "CANARY" not in "".join(rows)


def test_a_claim_that_was_only_in_a_test_file_is_not_paid(front: Front) -> None:
    change_partner(front.world, hand(front), PartnerChange(is_production=False), NOW)
    claim = signed(front)
    run(front)

    found = load(front, remittance_text(paid(claim_number(claim.identifier))))

    assert [one.why for one in found.unmatched] == [WhyNot.UNKNOWN_NUMBER]
    assert payments_of_month(front.world, hand(front), NOVEMBER) == ()


def test_other_figures_under_our_number_are_not_believed(front: Front, filed: ClaimRecord) -> None:
    wrong = (LINES[0].replace("99490", "99491"), *LINES[1:])

    found = load(front, remittance_text(paid(claim_number(filed.identifier), lines=wrong)))

    assert [one.why for one in found.unmatched] == [WhyNot.OTHER_FIGURES]
    assert kept(front) == 0


def test_an_answer_without_our_number_is_matched_by_its_lines(
    front: Front, filed: ClaimRecord
) -> None:
    lines = (*LINES[:4], f"REF*6R*{line_number(filed.identifier, 1)}", LINES[4])

    assert load(front, remittance_text(paid("0", lines=lines))).matched == 1


@ON_EACH
def test_an_answer_without_our_number_is_matched_by_the_payers_own(
    front: Front, filed: ClaimRecord
) -> None:
    taken = statuses((claim_number(filed.identifier), "A2:20:PR"))
    read_answer(front.world, hand(front), taken.encode(), NOW)

    assert load(front, remittance_text(paid("0"))).matched == 1


def test_a_denial_and_its_reversal_are_settled(front: Front, filed: ClaimRecord) -> None:
    number = claim_number(filed.identifier)
    denied = paid(
        number,
        status="4",
        paid="0",
        patient="0",
        lines=("SVC*HC:99490*95*0**1", "DTM*472*20261120", "CAS*CO*97*95"),
    )
    load(front, interchange("835", payment(denied, trace="1")))
    assert outcome(front) is Outcome.DENIED

    back = paid(
        number,
        status="22",
        charge="-95",
        paid="0",
        patient="0",
        lines=("SVC*HC:99490*-95*0**1", "DTM*472*20261120", "CAS*CO*97*-95"),
    )
    load(front, interchange("835", payment(back, paid(number), trace="2")))

    assert outcome(front) is Outcome.PAID


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda told: told[:-40], "cut off"),
        (lambda told: told.replace("BPR*I*51.84", "BPR*I*51.85"), "51.85"),
        (lambda told: told.replace("*0*P*:", "*0*T*:"), "test file"),
        (lambda told: "", "empty"),  # noqa: ARG005
    ],
)
def test_a_file_that_cannot_be_believed_is_refused_and_nothing_is_kept(
    front: Front, filed: ClaimRecord, change: object, problem: str
) -> None:
    told = change(remittance_text(paid(claim_number(filed.identifier))))  # type: ignore[operator]

    with pytest.raises(X12FileError, match=problem):
        load(front, told)

    assert kept(front) == 0
    assert outcome(front) is Outcome.AWAITED


@ON_EACH
def test_another_practice_matches_nothing_of_ours(front: Front, filed: ClaimRecord) -> None:
    theirs = with_practice(front, ehr="https://other.example", patient="Somebody Else")
    set_up_for_files(theirs)
    told = remittance_text(paid(claim_number(filed.identifier)))

    assert load(theirs, told).matched == 0
    assert load(front, told).matched == 1
