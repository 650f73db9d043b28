"""What is laid beside the attestation of risk: counts from the chart, never an answer.

Significant risk is for a clinician to attest. No sign is weighed against another; the bounds are
this project's own, for display, and stand in the rule file with what they lean on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.conditions import ChronicFamily, Tier
from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.eligibility.question import number_of
from ccm_fhir.domain.eligibility.stays import kind_of_stay
from ccm_fhir.domain.facts import (
    ChartFacts,
    Coding,
    EncounterFact,
    EvidenceRef,
    Fact,
    ObservationFact,
)
from ccm_fhir.domain.rules import ChartRule, MeasureRule, MonthRules, RiskRule
from ccm_fhir.errors import NoRuleInForceError

_DONE = frozenset({"final", "amended", "corrected", ""})
_HAPPENED = frozenset({"in-progress", "onleave", "finished", "completed", "arrived", "triaged"})
_TIERS = (
    (Tier.CMS_NAMED, "named by CMS"),
    (Tier.CCW, "in CMS's Chronic Conditions Warehouse"),
    (Tier.CCIR, "chronic by AHRQ's indicator alone"),
    (None, "grouped by this project"),
)
_ORDERS = frozenset(
    {"order", "original-order", "instance-order", "filler-order", "reflex-order", ""}
)


class RiskSign(Fact, frozen=True, kw_only=True):
    """One sign: whether the chart shows it, how often, and the sentence to read.

    ``is_present`` is None where the chart does not tell; ``count`` is None for a value.
    """

    key: str
    title: str
    is_present: bool | None
    count: int | None
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()


class RiskEvidence(Fact, frozen=True, kw_only=True):
    """All signs, in the order of the rule; how many are there is a count and no score."""

    rule_version: str
    signs: tuple[RiskSign, ...]

    @property
    def present(self) -> int:
        """How many signs the chart shows."""
        return sum(1 for sign in self.signs if sign.is_present)

    @property
    def untold(self) -> int:
        """How many signs the chart tells nothing of."""
        return sum(1 for sign in self.signs if sign.is_present is None)


def risk_evidence(
    chart: ChartFacts,
    families: tuple[ChronicFamily, ...],
    month: ServiceMonth,
    rules: MonthRules,
) -> RiskEvidence:
    """Return what the chart shows until the end of a month; it answers no criterion.

    Raises:
        NoRuleInForceError: the rulebook says nothing of it for this month.
    """
    rule, reading = rules.risk, rules.chart
    if rule is None or reading is None:
        raise NoRuleInForceError("risk", month.last_day)
    since = month.plus(1 - rule.look_back_months).first_day
    recent = tuple(e for e in chart.encounters if _is_recent(e.starts_on, since, month.last_day))
    return RiskEvidence(
        rule_version=rule.version,
        signs=(
            _families(families, rule, chart),
            _admissions(recent, rule, reading, chart),
            _emergencies(recent, rule, reading, chart),
            _medications(chart, rule),
            *_measures(chart, rule, since, month),
        ),
    )


def _is_recent(on: PartialDate | None, since: date, until: date) -> bool:
    return on is not None and on.latest >= since and on.earliest <= until


def _families(families: tuple[ChronicFamily, ...], rule: RiskRule, chart: ChartFacts) -> RiskSign:
    if not chart.was_read("Condition"):
        return _unread("families", "Chronic diseases", "Condition")
    return _counted(
        "families",
        "Chronic diseases",
        (len(families), rule.families_from),
        f"{number_of(len(families), 'chronic disease', 'chronic diseases')}{_by_tier(families)}",
        tuple(sorted({ref for family in families for ref in family.evidence})),
    )


def _by_tier(families: tuple[ChronicFamily, ...]) -> str:
    """Name the diseases, those that CMS itself names first."""
    told = []
    for tier, words in _TIERS:
        labels = sorted(family.label for family in families if family.tier is tier)
        if labels:
            told.append(f"{', '.join(labels)} ({words})")
    return f": {'; '.join(told)}" if told else ""


def _admissions(
    recent: tuple[EncounterFact, ...], rule: RiskRule, reading: ChartRule, chart: ChartFacts
) -> RiskSign:
    key, title = "admissions", "Hospital admissions"
    if not chart.was_read("Encounter"):
        return _unread(key, title, "Encounter")
    found = tuple(e.ref for e in recent if kind_of_stay(e, reading) is NotCounted.INPATIENT)
    said = f"{number_of(len(found), 'admission', 'admissions')} in {rule.look_back_months} months"
    return _counted(key, title, (len(found), rule.admissions_from), said, tuple(sorted(found)))


def _emergencies(
    recent: tuple[EncounterFact, ...], rule: RiskRule, reading: ChartRule, chart: ChartFacts
) -> RiskSign:
    key, title = "emergency_visits", "Emergency visits"
    if not chart.was_read("Encounter"):
        return _unread(key, title, "Encounter")
    found = tuple(e.ref for e in recent if _is_emergency(e, reading))
    said = (
        f"{number_of(len(found), 'emergency visit', 'emergency visits')} in "
        f"{rule.look_back_months} months"
    )
    least = rule.emergency_visits_from
    return _counted(key, title, (len(found), least), said, tuple(sorted(found)))


def _is_emergency(encounter: EncounterFact, reading: ChartRule) -> bool:
    return encounter.status in _HAPPENED and (
        encounter.class_code in reading.emergency_classes
        or any(f"{t.system}|{t.code}" in reading.emergency_types for t in encounter.types)
    )


def _medications(chart: ChartFacts, rule: RiskRule) -> RiskSign:
    key, title = "medications", "Active medicines"
    if not chart.was_read("MedicationRequest"):
        return _unread(key, title, "MedicationRequest")
    found = tuple(
        sorted(m.ref for m in chart.medications if m.status == "active" and m.intent in _ORDERS)
    )
    said = number_of(len(found), "active medication order", "active medication orders")
    return _counted(key, title, (len(found), rule.medications_from), said, found)


def _counted(
    key: str, title: str, number: tuple[int, int], said: str, evidence: tuple[EvidenceRef, ...]
) -> RiskSign:
    have, least = number
    return RiskSign(
        key=key,
        title=title,
        is_present=have >= least,
        count=have,
        reason=f"{said}; shown as a sign from {least} on.",
        evidence=evidence,
    )


def _unread(key: str, title: str, resource_type: str) -> RiskSign:
    return RiskSign(
        key=key,
        title=title,
        is_present=None,
        count=None,
        reason=f"{resource_type} could not be read from the EHR.",
    )


class _Value(Fact, frozen=True, kw_only=True):
    """One measured value, of an Observation or one of its components."""

    rule: MeasureRule
    value: Decimal
    unit: str


_Taken = tuple[ObservationFact, tuple[_Value, ...]]


def _measures(
    chart: ChartFacts, rule: RiskRule, since: date, month: ServiceMonth
) -> Iterator[RiskSign]:
    """Yield one sign for each key; measures of one key are parts of one value."""
    for key in dict.fromkeys(measure.key for measure in rule.measures):
        parts = tuple(measure for measure in rule.measures if measure.key == key)
        title = parts[0].title.partition(",")[0]
        if chart.was_read("Observation"):
            yield _latest(key, title, tuple(_taken(chart, parts, since, month)), parts)
        else:
            yield _unread(key, title, "Observation")


def _taken(
    chart: ChartFacts, parts: tuple[MeasureRule, ...], since: date, month: ServiceMonth
) -> Iterator[_Taken]:
    for seen in chart.observations:
        if seen.status in _DONE and _is_recent(seen.taken_on, since, month.last_day):
            values = tuple(_values(seen, parts))
            if values:
                yield seen, values


def _values(seen: ObservationFact, parts: tuple[MeasureRule, ...]) -> Iterator[_Value]:
    for part in parts:
        for codings, value, unit in (
            (seen.codings, seen.value, seen.unit),
            *((c.codings, c.value, c.unit) for c in seen.components),
        ):
            if value is not None and _is_coded(part, codings):
                yield _Value(rule=part, value=value, unit=unit)
                break


def _is_coded(part: MeasureRule, codings: Iterable[Coding]) -> bool:
    return any(f"{coding.system}|{coding.code}" in part.codes for coding in codings)


def _part_of(measure: MeasureRule) -> str:
    """Return which part of a value a measure is: ``systolic `` of a blood pressure."""
    part = measure.title.partition(", ")[2]
    return f"{part} " if part else ""


def _latest(
    key: str, title: str, taken: tuple[_Taken, ...], parts: tuple[MeasureRule, ...]
) -> RiskSign:
    if not taken:
        return RiskSign(
            key=key,
            title=title,
            is_present=None,
            count=None,
            reason="No value is in the chart within the months looked at.",
        )
    seen, values = max(taken, key=lambda one: (str(one[0].taken_on), one[0].ref))
    verdicts = [value.rule.is_sign(value.value, value.unit) for value in values]
    is_present = True if True in verdicts else None if None in verdicts else False
    bound = " or ".join(f"{_part_of(part)}{part.bound}" for part in parts)
    shown = "/".join(str(value.value) for value in values)
    unit = values[0].rule.unit if is_present is not None else values[0].unit
    value = f"{shown} {unit} on {seen.taken_on}"
    compared = f"{value}. Shown as a sign: {bound}."
    return RiskSign(
        key=key,
        title=title,
        is_present=is_present,
        count=None,
        reason=f"{value}, a unit that is not compared." if is_present is None else compared,
        evidence=(seen.ref,),
    )
