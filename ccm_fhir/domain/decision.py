"""The decision: which codes a patient-month supports, and the argument for each.

``decide`` is pure. UNKNOWN never yields a line; what the counted time alone would reach is
told apart (``reached``), so that a care team sees progress before every question is settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.coding import CodedUnits, code_time, next_threshold
from ccm_fhir.domain.findings import Answer, Criterion, Finding, overall
from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.timekeeping import CountingWindow, Tally, TimeEntry, tally

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from ccm_fhir.domain.codes import PerformerKind
    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.eligibility import Eligibility
    from ccm_fhir.domain.facts import ChartFacts
    from ccm_fhir.domain.rules import Rulebook

STAFF_FAMILY = "ccm_staff"
BELOW_TIME_THRESHOLD = "below_time_threshold"
CANNOT_DETERMINE = "cannot_determine"
CODE_NOT_EFFECTIVE = "code_not_effective"


class Programme(StrEnum):
    """What one live claim a month is counted by: all CCM families are one programme."""

    CCM = "ccm"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedLine:
    """One code with its units, the day its last unit was reached and what Medicare allows."""

    code: str
    units: int
    reached_on: date
    rule_version: str
    citations: tuple[str, ...]
    allowed_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMonth:
    """Everything a decision rests on."""

    month: ServiceMonth
    zone: ZoneInfo
    chart: ChartFacts
    eligibility: Eligibility
    entries: tuple[TimeEntry, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What may be reported for a patient-month, why, and what stands in the way.

    ``lines`` is empty unless every finding is MET and the time is there; then ``reasons`` is
    empty. ``reached`` is what the counted time supports, whatever the findings.
    """

    month: ServiceMonth
    eligible: Answer
    lines: tuple[DecidedLine, ...]
    reached: tuple[DecidedLine, ...]
    reasons: tuple[str, ...]
    unknown: tuple[Criterion, ...]
    tally: Tally
    next_threshold_seconds: int | None
    thresholds_seconds: tuple[int, ...]
    findings: tuple[Finding, ...]
    rule_versions: tuple[str, ...]

    @property
    def counted_seconds(self) -> int:
        """Seconds that count toward the staff family."""
        return self.tally.counted_seconds

    @property
    def date_of_service(self) -> date | None:
        """The day on which the last reported unit was reached; one day for all lines."""
        return max((line.reached_on for line in self.lines), default=None)

    @property
    def allowed_total_usd(self) -> Decimal | None:
        """What Medicare allows nationally, outside a facility; None where a price is missing."""
        amounts = [line.allowed_usd for line in self.lines]
        if not amounts or any(amount is None for amount in amounts):
            return None
        return sum((amount for amount in amounts if amount is not None), Decimal(0))


def decide(patient_month: PatientMonth, rulebook: Rulebook) -> Decision:
    """Decide one patient-month under the rules in force in it.

    Raises:
        RuleTableMissingError: the month lies past the loaded rule tables.
    """
    month = patient_month.month
    rules = rulebook.codes_of_family(STAFF_FAMILY, month.last_day)
    counted = tally(
        patient_month.entries,
        _window(patient_month, frozenset().union(*(rule.performers for rule in rules))),
    )
    coded = code_time(rules, counted, patient_month.zone)
    reached = tuple(_line(units, rulebook) for units in coded)
    findings = patient_month.eligibility.findings
    eligible = overall(findings)
    return Decision(
        month=month,
        eligible=eligible,
        lines=reached if eligible is Answer.MET else (),
        reached=reached,
        reasons=_reasons(findings, has_rules=bool(rules), has_time=bool(reached)),
        unknown=tuple(f.criterion for f in findings if f.answer is Answer.UNKNOWN),
        tally=counted,
        next_threshold_seconds=next_threshold(rules, counted.counted_seconds),
        thresholds_seconds=tuple(
            sorted(
                rule.threshold_seconds + unit * rule.increment_seconds
                for rule in rules
                for unit in range(rule.max_units)
            )
        ),
        findings=findings,
        rule_versions=tuple(rule.version for rule in rules),
    )


def _window(patient_month: PatientMonth, performers: frozenset[PerformerKind]) -> CountingWindow:
    # A Consent names a day, not a moment: work on that day counts, work before it does not.
    consent = patient_month.eligibility.consent
    given = consent.given_on if consent is not None else None
    died_on = patient_month.chart.patient.died_on
    return CountingWindow(
        month=patient_month.month,
        zone=patient_month.zone,
        performers=performers,
        consent_from=given.latest if given is not None else None,
        last_day=died_on.earliest if died_on is not None else None,
    )


def _line(units: CodedUnits, rulebook: Rulebook) -> DecidedLine:
    price = rulebook.price_rule(units.rule.code, units.reached_on)
    return DecidedLine(
        code=units.rule.code,
        units=units.units,
        reached_on=units.reached_on,
        rule_version=units.rule.version,
        citations=tuple(citation.id for citation in units.rule.citations),
        allowed_usd=None if price is None else units.units * national_nonfacility_amount(price),
    )


def _reasons(findings: tuple[Finding, ...], *, has_rules: bool, has_time: bool) -> tuple[str, ...]:
    reasons = {f.code for f in findings if f.answer is Answer.NOT_MET}
    if any(f.answer is Answer.UNKNOWN for f in findings):
        reasons.add(CANNOT_DETERMINE)
    if not has_rules:
        reasons.add(CODE_NOT_EFFECTIVE)
    elif not has_time:
        reasons.add(BELOW_TIME_THRESHOLD)
    return tuple(sorted(reasons))
