"""What speaks against a consent: refusals and revocations, and which of two days came later."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.domain.dates import PartialDate
    from ccm_fhir.domain.eligibility.question import Question
    from ccm_fhir.domain.facts import ConsentFact

_DEAD = frozenset({"rejected", "entered-in-error", "proposed", "draft"})
_SAYS_NOTHING = frozenset({"entered-in-error", "proposed", "draft", "inactive"})


class Order(Enum):
    """Which of two days came later; the same day is not later."""

    FIRST_IS_LATER = 1
    FIRST_IS_NOT_LATER = 2
    UNCLEAR = 3


def is_dead(consent: ConsentFact) -> bool:
    """Whether a Consent permits nothing, whatever its dates."""
    return consent.is_refused or consent.status in _DEAD


def is_refusal(consent: ConsentFact) -> bool:
    """Whether the patient said no; a draft, an error and what has ended say nothing."""
    if consent.status == "rejected":
        return True
    return consent.is_refused and consent.status not in _SAYS_NOTHING


def is_of_another_practice(question: Question, consent: ConsentFact) -> bool:
    """Whether a Consent names a practice that is not ours."""
    ours = question.practice.organization
    return bool(ours and consent.organization and consent.organization != ours)


def refusals(question: Question) -> tuple[ConsentFact, ...]:
    """Return the refusals of our care management up to the month's end, latest first."""
    last = question.month.last_day
    return _latest_first(
        c
        for c in question.chart.consents
        if c.is_for_ccm
        and is_refusal(c)
        and not is_of_another_practice(question, c)
        and (c.given_on is None or c.given_on.earliest <= last)
    )


def revocations(question: Question) -> tuple[ConsentFact, ...]:
    """Return the revocations recorded here, latest first: each ends what was given until then."""
    return _latest_first(
        c for c in question.chart.consents if c.recorded_here and c.status == "inactive"
    )


def ended_elsewhere(question: Question) -> tuple[ConsentFact, ...]:
    """Return the EHR's consents to our care management that say that they have ended."""
    return _latest_first(
        c
        for c in question.chart.consents
        if c.is_for_ccm
        and not c.recorded_here
        and not is_dead(c)
        and not is_of_another_practice(question, c)
        and (c.ends_on is not None or c.status == "inactive")
    )


def ordered(first: PartialDate | None, second: PartialDate | None) -> Order:
    """Say whether one day came after another, as far as both are told."""
    if first is None or second is None:
        return Order.UNCLEAR
    if first.earliest > second.latest:
        return Order.FIRST_IS_LATER
    return Order.FIRST_IS_NOT_LATER if second.earliest >= first.latest else Order.UNCLEAR


def _latest_first(consents: Iterable[ConsentFact]) -> tuple[ConsentFact, ...]:
    return tuple(sorted(consents, key=lambda c: (str(c.given_on or ""), c.ref), reverse=True))
