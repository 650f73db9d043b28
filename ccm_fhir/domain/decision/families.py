"""Each family of the programme on its own: its time, its further demands, its lines."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import FamilyChoice, PerformerKind, RhcCoding, Setting
from ccm_fhir.domain.coding import CodedUnits, code_time
from ccm_fhir.domain.decision.inputs import Choice, PatientMonth
from ccm_fhir.domain.decision.outcome import (
    COMPLEX_DECLINED,
    MDM_NOT_ATTESTED,
    MDM_TOO_LOW,
    PLAN_NOT_REVISED,
    PRACTITIONER_FAMILY,
    DecidedLine,
    FamilyOutcome,
    Threshold,
    total_allowed,
)
from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.rules import CLINIC_FAMILY, PROGRAMME_FAMILIES, CodeRule, MonthRules, Rulebook
from ccm_fhir.domain.timekeeping import CountingWindow, Tally, tally

_NO_TIME = Tally(counted=(), left_out=())


@dataclass(slots=True)
class Family:
    """One family under evaluation: its rules, the time that counts for it, and the outcome."""

    name: str
    rules: tuple[CodeRule, ...]
    tally: Tally
    counted_seconds: int
    coded: tuple[CodedUnits, ...]
    outcome: FamilyOutcome


def evaluate(
    month: PatientMonth, rulebook: Rulebook, rules: MonthRules, choice: Choice
) -> dict[str, Family]:
    """Return every family that the setting and the month know, by name."""
    names = route(month, rules, choice)
    has_own_time = choice.family is FamilyChoice.PRACTITIONER or any(
        entry.performer is PerformerKind.BILLING_PRACTITIONER for entry in month.entries
    )
    tallies: dict[frozenset[PerformerKind], Tally] = {}
    found: dict[str, Family] = {}
    for name in names:
        performers = rules.performers[name]
        if name == PRACTITIONER_FAMILY and not has_own_time:
            counted = _NO_TIME
        elif performers in tallies:
            counted = tallies[performers]
        else:
            counted = tallies[performers] = count(month, performers)
        found[name] = _family(name, counted, month, rulebook, rules)
    return found


def count(month: PatientMonth, performers: frozenset[PerformerKind]) -> Tally:
    """Return the month's time that counts for a set of performers."""
    return tally(
        month.entries,
        CountingWindow(
            month=month.month,
            zone=month.zone,
            performers=performers,
            consent_from=month.consent_from,
            last_day=month.last_day,
            away=month.away,
            used_elsewhere_seconds=month.used_elsewhere_seconds,
        ),
    )


def route(month: PatientMonth, rules: MonthRules, choice: Choice) -> tuple[str, ...]:
    """Return the families that a setting may report; the first stands where none is reached."""
    if month.setting is not Setting.RHC_FQHC or rules.clinic is None:
        return PROGRAMME_FAMILIES
    asked = choice.rhc_coding
    coding = asked if asked in rules.clinic.codings else rules.clinic.default_coding
    return (CLINIC_FAMILY,) if coding is RhcCoding.G0511 else PROGRAMME_FAMILIES


def _family(
    name: str, counted: Tally, month: PatientMonth, rulebook: Rulebook, rules: MonthRules
) -> Family:
    codes = _payable(rules.family(name), month, rules)
    seconds = counted.counted_seconds
    coded = (
        ()
        if not codes or seconds < codes[0].threshold_seconds
        else code_time(codes, counted, seconds, month.zone)
    )
    reasons = _reasons(name, codes, coded, month, rules)
    lines = () if reasons else tuple(_line(units, rulebook) for units in coded)
    outcome = FamilyOutcome(
        family=name,
        counted_seconds=seconds,
        lines=lines,
        reasons=reasons,
        allowed_usd=total_allowed(lines),
        threshold=first_of(codes),
    )
    return Family(name, codes, counted, seconds, coded, outcome)


def first_of(codes: tuple[CodeRule, ...]) -> Threshold | None:
    """Return where a family's first code begins; None without one that is timed."""
    if not codes or not codes[0].is_timed:
        return None
    return Threshold(seconds=codes[0].threshold_seconds, code=codes[0].code)


def thresholds_of(codes: tuple[CodeRule, ...]) -> tuple[Threshold, ...]:
    """Return every threshold of a family in order of time, with the code each one reaches."""
    found = sorted([(seconds, rule.code) for rule in codes for seconds in rule.thresholds])
    return tuple([Threshold(seconds=seconds, code=code) for seconds, code in found])


def _payable(
    codes: tuple[CodeRule, ...], month: PatientMonth, rules: MonthRules
) -> tuple[CodeRule, ...]:
    if month.setting is not Setting.RHC_FQHC:
        return codes
    if rules.clinic is None:
        return ()
    payable = rules.clinic.payable_codes
    return tuple(rule for rule in codes if not payable or rule.code in payable)


def _reasons(
    name: str,
    codes: tuple[CodeRule, ...],
    coded: tuple[CodedUnits, ...],
    month: PatientMonth,
    rules: MonthRules,
) -> tuple[str, ...]:
    if not codes:
        return (Reason.CODE_NOT_EFFECTIVE,)
    if name in rules.blocked_families or name in month.barred_families:
        return (Reason.CANNOT_DETERMINE,)
    if not coded:
        return (Reason.BELOW_TIME_THRESHOLD,)
    return _further_demands(codes[0], month)


def _further_demands(base: CodeRule, month: PatientMonth) -> tuple[str, ...]:
    """Return what a base code asks beyond time and nobody attested; it is never derived."""
    if base.mdm_levels and month.is_complex_declined:
        return (COMPLEX_DECLINED,)
    if base.mdm_levels and month.mdm_level is None:
        return (MDM_NOT_ATTESTED,)
    if base.mdm_levels and month.mdm_level not in base.mdm_levels:
        return (MDM_TOO_LOW,)
    if base.needs_plan_revision and month.is_plan_revised is not True:
        return (PLAN_NOT_REVISED,)
    return ()


def _line(units: CodedUnits, rulebook: Rulebook) -> DecidedLine:
    price = rulebook.price_rule(units.rule.code, units.reached_on)
    return DecidedLine(
        code=units.rule.code,
        units=units.units,
        reached_on=units.reached_on,
        rule_version=units.rule.version,
        citations=units.rule.citation_ids,
        allowed_usd=None if price is None else units.units * national_nonfacility_amount(price),
    )
