"""What a practitioner said of a Condition, and what that makes of its verdict.

A person settles what the tables leave in doubt, and may take a disease out of the count. Nobody
makes a disease chronic that its codes say is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.conditions import Chronic, ChronicTable, ConditionVerdict
from ccm_fhir.domain.facts import ConditionFact, Fact


class ReviewAnswer(Word):
    """What was said; ``undone`` takes the answer before it back."""

    CHRONIC = "chronic"
    NOT_CHRONIC = "not_chronic"
    UNDONE = "undone"


class ConditionReview(Fact, frozen=True, kw_only=True):
    """One answer about one Condition as it stood; ``revision`` counts up, the highest holds.

    ``fingerprint`` is that of the Condition which was answered about. ``family`` is only used
    where the codes name none.
    """

    condition_id: str
    fingerprint: str
    answer: ReviewAnswer
    family: str = ""
    reason: str = ""
    person: str = ""
    reviewed_on: date
    revision: int


def fingerprint_of(condition: ConditionFact) -> str:
    """Return a hash of what a judgement rests on: codes, words and statuses, not the version.

    An EHR may give a resource a new version without changing what it says.
    """
    said = [
        sorted([c.system or "", c.code] for c in condition.codings),
        condition.text,
        condition.clinical_status or "",
        condition.verification_status or "",
        sorted(condition.categories),
        str(condition.abatement or ""),
        condition.has_abatement,
        condition.has_modifier,
    ]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def latest_reviews(reviews: Iterable[ConditionReview]) -> dict[str, ConditionReview]:
    """Return the answer that holds for each Condition's id, one that was undone left out."""
    latest: dict[str, ConditionReview] = {}
    for review in reviews:
        known = latest.get(review.condition_id)
        if known is None or review.revision > known.revision:
            latest[review.condition_id] = review
    return {key: r for key, r in latest.items() if r.answer is not ReviewAnswer.UNDONE}


def apply_reviews(
    verdicts: tuple[ConditionVerdict, ...],
    conditions: tuple[ConditionFact, ...],
    reviews: Iterable[ConditionReview],
    table: ChronicTable,
) -> tuple[ConditionVerdict, ...]:
    """Return the verdicts with what practitioners said, in the order given.

    A Condition that has changed since is asked about again. ``why`` names who and when; the
    reason stays with the review.
    """
    latest = latest_reviews(reviews)
    if not latest:
        return verdicts
    held = {c.ref.resource_id: c for c in conditions if c.ref.resource_id in latest}
    return tuple(_reviewed(verdict, latest, held, table) for verdict in verdicts)


def _reviewed(
    verdict: ConditionVerdict,
    latest: Mapping[str, ConditionReview],
    held: Mapping[str, ConditionFact],
    table: ChronicTable,
) -> ConditionVerdict:
    review = latest.get(verdict.ref.resource_id)
    condition = held.get(verdict.ref.resource_id)
    if review is None or condition is None or verdict.chronic is Chronic.NOT_CHRONIC:
        return verdict
    if fingerprint_of(condition) != review.fingerprint:
        return _asked_again(verdict, review)
    if review.answer is ReviewAnswer.NOT_CHRONIC:
        why = f"{_who(review)} judged it not chronic for this patient"
        return msgspec.structs.replace(verdict, chronic=Chronic.NOT_CHRONIC, why=why)
    return _settled(verdict, review, table)


def _settled(
    verdict: ConditionVerdict, review: ConditionReview, table: ChronicTable
) -> ConditionVerdict:
    family = verdict.family or review.family
    named = table.families.get(family)
    if verdict.chronic is not Chronic.REVIEW or named is None:
        return verdict
    why = f"{_who(review)} judged it chronic ({named.label})"
    return msgspec.structs.replace(
        verdict,
        chronic=Chronic.CHRONIC,
        family=family,
        tier=verdict.tier or named.tier,
        ccw=verdict.ccw or named.ccw,
        why=why,
    )


def _asked_again(verdict: ConditionVerdict, review: ConditionReview) -> ConditionVerdict:
    if verdict.chronic is not Chronic.REVIEW:
        return verdict
    why = (
        f"{verdict.why}; the judgement of {review.person} of {review.reviewed_on} no longer "
        "holds, since the EHR has changed the Condition"
    )
    return msgspec.structs.replace(verdict, why=why)


def _who(review: ConditionReview) -> str:
    return f"on {review.reviewed_on} {review.person}"
