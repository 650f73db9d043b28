"""What speaks against a consent: refusals and revocations, and which of two days came later."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ccm_fhir.domain.dates import PartialDate
    from ccm_fhir.domain.eligibility.question import Question
    from ccm_fhir.domain.facts import ConsentFact

_DEAD = frozenset({"rejected", "entered-in-error", "proposed", "draft"})
_PAUSED = "paused"
_HOLDS = frozenset({_PAUSED, "elsewhere"})
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


def on_hold(question: Question) -> ConsentFact | None:
    """Return the pause, or the move to another practice, that stands at the month's end.

    The patient taking it up again ends a pause; a later consent ends either.
    """
    last = question.month.last_day
    known = [c for c in question.chart.consents if _is_said_by(c, last)]
    holds = (c for c in _latest_first(known) if c.recorded_here and c.status in _HOLDS)
    return next((hold for hold in holds if not any(_ends(c, hold) for c in known)), None)


def _is_said_by(consent: ConsentFact, day: date) -> bool:
    return consent.given_on is not None and consent.given_on.earliest <= day


def _ends(later: ConsentFact, hold: ConsentFact) -> bool:
    is_again = later.recorded_here and later.status == "resumed" and hold.status == _PAUSED
    is_new = later.is_for_ccm and later.status == "active" and not later.is_refused
    return (is_again or is_new) and ordered(later.given_on, hold.given_on) is Order.FIRST_IS_LATER


def ordered(first: PartialDate | None, second: PartialDate | None) -> Order:
    """Say whether one day came after another, as far as both are told."""
    if first is None or second is None:
        return Order.UNCLEAR
    if first.earliest > second.latest:
        return Order.FIRST_IS_LATER
    return Order.FIRST_IS_NOT_LATER if second.earliest >= first.latest else Order.UNCLEAR


def _latest_first(consents: Iterable[ConsentFact]) -> tuple[ConsentFact, ...]:
    return tuple(sorted(consents, key=lambda c: (str(c.given_on or ""), c.ref), reverse=True))
