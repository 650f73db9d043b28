"""ClaimResponse and ExplanationOfBenefit, read into what an 835 would have said."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.remittance import (
    AnsweredClaim,
    AnswerStatus,
    BilledClaim,
    BilledLine,
    Incoming,
    MatchedBy,
    Outcome,
    key_of,
    match,
    settle,
)
from ccm_fhir.fhir.extract_adjudication import answered_claim, decode_answer
from ccm_fhir.fhir.source import Source
from tests.fhir.far_side import BASE

HL7 = "http://terminology.hl7.org/CodeSystem/adjudication"
C4BB = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication"
CARC = "https://x12.org/codes/claim-adjustment-reason-codes"
RARC = "https://x12.org/codes/remittance-advice-remark-codes"
OURS = BilledClaim(
    identifier="ours",
    claim_number="N",
    claim_ref="Claim/9",
    lines=(BilledLine(code="99490", units=1, charge_usd=Decimal(90)),),
)


def told(code: str, amount: str | None = None, reason: str = "", **extra: str) -> dict[str, Any]:
    system = C4BB if code in {"paidtoprovider", "coinsurance", "denialreason"} else HL7
    made: dict[str, Any] = {"category": {"coding": [{"system": system, "code": code}]}}
    if amount is not None:
        currency = extra.get("currency", "USD")
        made["amount"] = {"value": float(amount), "currency": currency}
    if reason:
        made["reason"] = {"coding": [{"system": extra.get("system", CARC), "code": reason}]}
    return made


PAID = (told("submitted", "90"), told("benefit", "52.92"), told("coinsurance", "13.22"))


def answer(*adjudication: dict[str, Any], **members: Any) -> AnsweredClaim | None:  # noqa: ANN401
    """Return what an ExplanationOfBenefit with one item says."""
    resource = {
        "resourceType": "ExplanationOfBenefit",
        "id": "e1",
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "claim": {"reference": f"{BASE}/Claim/9"},
        "item": [
            {
                "sequence": 1,
                "productOrService": {"coding": [{"code": "99490"}]},
                "servicedDate": "2026-11-10",
                "quantity": {"value": 1},
                "adjudication": list(adjudication or PAID),
            }
        ],
        **members,
    }
    source = Source(EvidenceRef("ExplanationOfBenefit", "e1"), BASE)
    return answered_claim(decode_answer(json.dumps(resource)), source)


def outcome(*adjudication: dict[str, Any], **members: Any) -> Outcome:  # noqa: ANN401
    made = answer(*adjudication, **members)
    assert made is not None
    incoming = Incoming(key=key_of(made, "ExplanationOfBenefit/e1"), answer=made)
    (found,) = match([incoming], [OURS], seen=frozenset(), our_npis=frozenset()).matched
    assert found.by is MatchedBy.RESOURCE
    return settle(OURS, [made]).outcome


def test_a_payment_is_read_line_by_line() -> None:
    made = answer()

    assert made is not None
    assert made.claim_ref == "Claim/9"
    assert (made.charge_usd, made.paid_usd) == (Decimal(90), Decimal("52.92"))
    (line,) = made.lines
    assert [(a.group, a.reason, a.amount_usd) for a in line.adjustments] == [
        ("PR", "2", Decimal("13.22")),
        ("", "", Decimal("23.86")),
    ]
    assert made.is_balanced
    assert outcome() is Outcome.PAID


def test_reasons_with_amounts_are_kept_and_what_is_allowed_is_told() -> None:
    made = answer(
        *PAID,
        told("eligible", "66.14"),
        told("other", "22.78", "45"),
        told("other", "1.08", "253"),
        told("other", "0", "97"),
        told("other", "5"),
    )

    assert made is not None
    (line,) = made.lines
    assert line.allowed_usd == Decimal("66.14")
    assert [(a.group, a.reason, a.amount_usd) for a in line.adjustments] == [
        ("PR", "2", Decimal("13.22")),
        ("", "45", Decimal("22.78")),
        ("", "253", Decimal("1.08")),
    ]
    assert made.is_balanced


def test_a_denial_tells_its_reason_without_an_amount() -> None:
    denied = (
        told("submitted", "90"),
        told("paidtoprovider", "0"),
        told("denialreason", None, "B20"),
    )
    made = answer(*denied)

    assert made is not None
    assert settle(OURS, [made]).reasons == ("B20",)
    assert outcome(*denied) is Outcome.DENIED


def test_a_claim_returned_as_unprocessable_says_so() -> None:
    returned = (
        told("submitted", "90"),
        told("benefit", "0"),
        told("denialreason", None, "MA130", system=RARC),
    )

    assert outcome(*returned) is Outcome.UNPROCESSABLE


@pytest.mark.parametrize(
    "figures",
    [
        (told("submitted", "90"),),
        (told("submitted", "90"), told("benefit", "80"), told("coinsurance", "20")),
        (told("submitted", "90"), told("benefit", "52.92", currency="EUR")),
    ],
)
def test_figures_that_do_not_add_up_are_unclear(figures: tuple[dict[str, Any], ...]) -> None:
    assert outcome(*figures) is Outcome.UNCLEAR


def test_a_claim_response_without_codes_is_read_as_a_whole() -> None:
    made = answer(
        claim=None,
        request={"identifier": {"system": "https://ours", "value": "ours"}},
        item=[{"itemSequence": 1, "adjudication": list(PAID)}],
        identifier=[{"value": "ICN1"}],
    )

    assert made is not None
    assert made.lines == ()
    assert made.identifiers == ("https://ours|ours",)
    assert made.payer_control_number == "ICN1"
    assert (made.charge_usd, made.is_balanced) == (Decimal(90), True)
    assert settle(OURS, [made]).coinsurance_usd == Decimal("13.22")


@pytest.mark.parametrize(
    "members", [{"total": list(PAID)}, {"adjudication": list(PAID)}], ids=["total", "own"]
)
def test_the_whole_may_be_told_in_totals(members: dict[str, Any]) -> None:
    made = answer(item=[], **members)

    assert made is not None
    assert (made.charge_usd, made.paid_usd, made.is_balanced) == (
        Decimal(90),
        Decimal("52.92"),
        True,
    )


@pytest.mark.parametrize(
    "members", [{"status": "cancelled"}, {"status": "draft"}, {"use": "preauthorization"}]
)
def test_what_no_longer_stands_or_is_no_claim_is_left_out(members: dict[str, Any]) -> None:
    assert answer(**members) is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("complete", AnswerStatus.PROCESSED),
        ("queued", AnswerStatus.PENDING),
        ("error", AnswerStatus.UNKNOWN),
        ("partial", AnswerStatus.UNKNOWN),
        (None, AnswerStatus.UNKNOWN),
    ],
)
def test_an_outcome_is_known_or_unknown(word: str | None, status: AnswerStatus) -> None:
    made = answer(outcome=word)

    assert made is not None
    assert made.status is status
