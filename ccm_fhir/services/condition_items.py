"""A patient's Conditions with their verdicts, what was said of each, and what may be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.conditions import Chronic, ConditionVerdict, classify
from ccm_fhir.domain.facts import ConditionFact
from ccm_fhir.domain.reviews import ReviewAnswer, fingerprint_of
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.evidence_paths import evidence_key
from ccm_fhir.services.gather import Gathered
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement

_OF_DOUBT = (ReviewAnswer.CHRONIC, ReviewAnswer.NOT_CHRONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfCondition:
    """One answer, as it stands in the history; ``disease`` is empty unless it is chronic.

    ``holds``: it is the latest, and the Condition has not changed since.
    """

    answer: ReviewAnswer
    disease: str = field(repr=False)
    reason: str = field(repr=False)
    person: str = field(repr=False)
    said_at: datetime
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionItem:
    """One Condition; ``may_say`` is empty for whoever may not answer.

    ``asks_family``: the codes name no disease, so that one must be chosen.
    """

    key: str
    verdict: ConditionVerdict
    fingerprint: str
    revision: int
    said: tuple[SaidOfCondition, ...]
    may_say: tuple[ReviewAnswer, ...]
    asks_family: bool


def condition_items(
    world: Installation, actor: Actor, gathered: Gathered, judgement: Judgement | None
) -> tuple[ConditionItem, ...]:
    """Return every Condition of the chart, in its order; none where nothing was decided."""
    if gathered.chart is None or judgement is None:
        return ()
    verdicts = {str(v.ref): v for v in judgement.eligibility.verdicts}
    asked = _Asked(world, gathered, actor.may(Role.PRACTITIONER))
    return tuple(
        _item(asked, condition, verdicts[str(condition.ref)])
        for condition in gathered.chart.facts.conditions
        if str(condition.ref) in verdicts
    )


def family_choices(world: Installation) -> tuple[tuple[str, str], ...]:
    """Return the diseases that may be chosen, code and name, by name."""
    named = ((family, name.label) for family, name in world.table.families.items())
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))


@dataclass(frozen=True, slots=True)
class _Asked:
    world: Installation
    gathered: Gathered
    may_answer: bool

    @property
    def day(self) -> date:
        return self.gathered.month.last_day


def _item(asked: _Asked, condition: ConditionFact, verdict: ConditionVerdict) -> ConditionItem:
    fingerprint = fingerprint_of(condition)
    said = _said(asked, condition, fingerprint)
    by_tables = classify(condition, asked.world.table, asked.day) if said else verdict
    return ConditionItem(
        key=evidence_key(asked.gathered.practice, asked.gathered.patient.id, condition.ref),
        verdict=verdict,
        fingerprint=fingerprint,
        revision=len(said),
        said=said,
        may_say=_may_say(by_tables, said) if asked.may_answer else (),
        asks_family=by_tables.family not in asked.world.table.families,
    )


def _said(asked: _Asked, condition: ConditionFact, fingerprint: str) -> tuple[SaidOfCondition, ...]:
    """Return the answers, latest first."""
    records = [
        record
        for record in asked.gathered.reviews
        if record.condition_id == condition.ref.resource_id
    ]
    zone, table = asked.gathered.practice.zone, asked.world.table
    return tuple(
        SaidOfCondition(
            answer=record.answer,
            disease=table.label(record.family) if record.family else "",
            reason=record.reason,
            person=record.person,
            said_at=record.reviewed_at.astimezone(zone),
            holds=record is records[-1] and record.fingerprint == fingerprint,
        )
        for record in reversed(records)
    )


def _may_say(
    by_tables: ConditionVerdict, said: tuple[SaidOfCondition, ...]
) -> tuple[ReviewAnswer, ...]:
    if by_tables.chronic is Chronic.NOT_CHRONIC:
        return ()
    if said and said[0].holds and said[0].answer is not ReviewAnswer.UNDONE:
        return (ReviewAnswer.UNDONE,)
    return _OF_DOUBT if by_tables.chronic is Chronic.REVIEW else (ReviewAnswer.NOT_CHRONIC,)
