"""Other services of the month as stated, under rules of which nobody has confirmed the source."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ccm_fhir.conformance.read import read_line
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules import Confidence, MonthRules
from ccm_fhir.domain.stated.services import other_services
from ccm_fhir.rulebook import load_rulebook
from tests.conformance.months import month

MARCH = ServiceMonth(2026, 3)
RULES = load_rulebook().of_month(MARCH)


def rules(*, blocking: bool) -> MonthRules:
    """Return March's rules, every exclusion of which is unconfirmed."""
    return replace(
        RULES,
        exclusions={
            name: tuple(
                replace(
                    one,
                    cited=replace(one.cited, confidence=Confidence.UNCONFIRMED, blocking=blocking),
                )
                for one in exclusions
            )
            for name, exclusions in RULES.exclusions.items()
        },
    )


def found(asked: MonthRules) -> Finding:
    service = {"code": "99424", "by": "billing_practitioner"}
    stated = read_line(msgspec.json.encode(month(other_services=[service])))
    assert asked.eligibility is not None
    (finding,) = other_services(stated, asked.eligibility, asked).findings
    return finding


@pytest.mark.parametrize(
    ("asked", "answer", "cautions"),
    [
        (RULES, Answer.NOT_MET, ()),
        (rules(blocking=False), Answer.NOT_MET, (Caution.SOURCE_UNCONFIRMED,)),
        (rules(blocking=True), Answer.UNKNOWN, (Caution.SOURCE_UNCONFIRMED,)),
    ],
    ids=["confirmed", "unconfirmed", "unconfirmed, and blocking"],
)
def test_an_exclusion_that_nobody_confirmed_is_told_as_such(
    asked: MonthRules, answer: Answer, cautions: tuple[Caution, ...]
) -> None:
    finding = found(asked)

    assert finding.answer is answer
    assert finding.cautions == cautions
