"""What a person should look at, although or because the decision is as it is."""

from __future__ import annotations

from collections.abc import Iterator

from ccm_fhir.domain.codes import NotCounted, PerformerKind, RhcCoding
from ccm_fhir.domain.coding import CodedUnits, units_reached
from ccm_fhir.domain.decision.families import Family
from ccm_fhir.domain.decision.inputs import Choice, PatientMonth
from ccm_fhir.domain.decision.outcome import COMPLEX_FAMILY, PRACTITIONER_FAMILY, STAFF_FAMILY
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules import CLINIC_FAMILY, CodeRule, MonthRules, Rulebook


def of_time(chosen: Family, month: PatientMonth, rules: MonthRules) -> Iterator[Caution]:
    """Yield what follows from time that was left out of, or let into, the count."""
    left = {part.reason for part in chosen.tally.left_out} if chosen.tally.left_out else set()
    for reason in left:
        rule = rules.counting.get(reason)
        if rule is None or rule.caution is None:
            continue
        if reason is not NotCounted.OUTSIDE_MONTH or _is_split(chosen):
            yield rule.caution
    if left and _unconfirmed_rule_mattered(chosen, rules):
        yield Caution.SOURCE_UNCONFIRMED
    if chosen.name == PRACTITIONER_FAMILY:
        if chosen.outcome.lines and NotCounted.OTHER_PERFORMER in left:
            yield Caution.STAFF_TIME_UNBILLED
    elif _has_practitioner_time(chosen, month):
        yield Caution.PRACTITIONER_TIME_AS_STAFF


def of_families(
    chosen: Family, families: dict[str, Family], month: PatientMonth
) -> Iterator[Caution]:
    """Yield what follows from the families standing side by side."""
    if STAFF_FAMILY not in families:
        return
    staff, complex_care = families[STAFF_FAMILY], families[COMPLEX_FAMILY]
    reported = bool(chosen.outcome.lines)
    if chosen.name == PRACTITIONER_FAMILY and not reported and staff.outcome.lines:
        yield Caution.STAFF_FAMILY_WOULD_SUPPORT
    if complex_care.coded and month.mdm_level is None and not month.is_complex_declined:
        yield Caution.COMPLEX_TIME_WITHOUT_MDM
    if chosen is not complex_care and reported and complex_care.outcome.lines:
        yield Caution.COMPLEX_MET_NONCOMPLEX_REPORTED
    if chosen is complex_care and _pays_more(staff, complex_care):
        yield Caution.NONCOMPLEX_PAYS_MORE


def of_codes(chosen: Family) -> Iterator[Caution]:
    """Yield what follows from caps that cut units which the time had earned."""
    for coded in chosen.coded:
        if coded.earned > coded.units:
            yield Caution.ADDON_CAP_REACHED if _is_own_maximum(coded) else Caution.MUE_CAP_APPLIED
            cited = coded.rule.statement("max_units" if _is_own_maximum(coded) else "mue_units")
            if cited is not None and cited.is_unconfirmed:
                yield Caution.SOURCE_UNCONFIRMED


def of_setting(
    chosen: Family, month: PatientMonth, rules: MonthRules, rulebook: Rulebook, choice: Choice
) -> Iterator[Caution]:
    """Yield what follows from where the practitioner practises."""
    if rules.claim is not None and month.setting in rules.claim.institutional_settings:
        if chosen.outcome.lines:
            yield Caution.INSTITUTIONAL_CLAIM
        if choice.rhc_coding is RhcCoding.G0511 and rulebook.has_ended(
            CLINIC_FAMILY, month.month.first_day
        ):
            yield Caution.G0511_RETIRED


def _is_split(chosen: Family) -> bool:
    outside = {
        part.entry_id for part in chosen.tally.left_out if part.reason is NotCounted.OUTSIDE_MONTH
    }
    inside = {interval.entry_id for interval in chosen.tally.counted}
    inside |= {
        part.entry_id
        for part in chosen.tally.left_out
        if part.reason is not NotCounted.OUTSIDE_MONTH
    }
    return not outside.isdisjoint(inside)


def _unconfirmed_rule_mattered(chosen: Family, rules: MonthRules) -> bool:
    """Whether the units would differ if time left out on an unread rule counted."""
    doubtful = 0
    for part in chosen.tally.left_out:
        rule = rules.counting.get(part.reason)
        if rule is not None and rule.cited.is_unconfirmed:
            doubtful += part.seconds
    seconds = chosen.counted_seconds
    return doubtful > 0 and _units(chosen.rules, seconds) != _units(
        chosen.rules, seconds + doubtful
    )


def _units(rules: tuple[CodeRule, ...], seconds: int) -> list[int]:
    return [units_reached(rule, seconds) for rule in rules]


def _has_practitioner_time(chosen: Family, month: PatientMonth) -> bool:
    own = {e.id for e in month.entries if e.performer is PerformerKind.BILLING_PRACTITIONER}
    return bool(own) and any(interval.entry_id in own for interval in chosen.tally.counted)


def _pays_more(staff: Family, complex_care: Family) -> bool:
    with_staff, with_complex = staff.outcome.allowed_usd, complex_care.outcome.allowed_usd
    return with_staff is not None and with_complex is not None and with_staff > with_complex


def _is_own_maximum(coded: CodedUnits) -> bool:
    return coded.rule.max_units is not None and coded.rule.max_units == coded.rule.cap
