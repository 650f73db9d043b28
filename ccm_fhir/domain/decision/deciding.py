"""The one decision, for the patient page, the month page, the sweep and the command alike."""

from __future__ import annotations

from datetime import date

from ccm_fhir.domain.codes import DosPolicy, NotCounted
from ccm_fhir.domain.decision import cautioning
from ccm_fhir.domain.decision.choosing import choose
from ccm_fhir.domain.decision.families import Family, evaluate, thresholds_of
from ccm_fhir.domain.decision.inputs import Choice, PatientMonth
from ccm_fhir.domain.decision.outcome import DecidedLine, Decision
from ccm_fhir.domain.findings import Answer, overall
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import MonthRules, Rulebook

_UNKNOWN = Answer.UNKNOWN


def decide(month: PatientMonth, rulebook: Rulebook, choice: Choice) -> Decision:
    """Decide one patient-month under the rules in force in it and the practice's choice.

    Raises:
        RuleTableMissingError: the month lies past the loaded rule tables.
        PriceTableMissingError: amounts decide and the year's prices are not loaded.
    """
    rules = rulebook.of_month(month.month)
    eligible = overall(month.findings)
    families = evaluate(month, rulebook, rules, choice)
    chosen = choose(families, choice, month, eligible)
    reached = chosen.outcome.lines
    reported_on = _reported_on(reached, month, choice)
    is_late = reported_on is not None and _is_late(reported_on, month, rules)
    reasons = _reasons(chosen, month, eligible, is_late=is_late)
    in_doubt = [f for f in month.findings if f.answer is _UNKNOWN]
    thresholds = thresholds_of(chosen.rules)
    counted = chosen.counted_seconds
    return Decision(
        month=month.month,
        eligible=eligible,
        lines=() if reasons else reached,
        reached=reached,
        reasons=reasons,
        unknown=tuple([f.criterion for f in in_doubt]),
        tally=chosen.tally,
        next_threshold_seconds=next((t.seconds for t in thresholds if t.seconds > counted), None),
        thresholds=thresholds,
        findings=month.findings,
        rule_versions=tuple(rule.version for rule in chosen.rules),
        family=chosen.name,
        alternatives=tuple(family.outcome for family in families.values()),
        cautions=_cautions(chosen, families, month, (rules, rulebook, choice)),
        missing=tuple([name for f in in_doubt for name in f.missing]),
        reported_on=None if reasons else reported_on,
        choice=choice,
        mdm_level=month.mdm_level,
    )


def _reasons(
    chosen: Family, month: PatientMonth, eligible: Answer, *, is_late: bool
) -> tuple[str, ...]:
    if eligible is Answer.MET and not is_late and not chosen.outcome.reasons:
        return ()
    reasons = {str(f.code) for f in month.findings if f.answer is Answer.NOT_MET}
    if any(f.answer is Answer.UNKNOWN for f in month.findings):
        reasons.add(Reason.CANNOT_DETERMINE)
    if is_late:
        reasons.add(Reason.TIMELY_FILING_EXPIRED)
    if chosen.outcome.reasons == (Reason.BELOW_TIME_THRESHOLD,) and _only_before_consent(chosen):
        reasons.add(Reason.CONSENT_AFTER_SERVICE)
    else:
        reasons.update(chosen.outcome.reasons)
    return tuple(sorted(str(reason) for reason in reasons))


def _only_before_consent(chosen: Family) -> bool:
    return chosen.counted_seconds == 0 and any(
        part.reason is NotCounted.BEFORE_CONSENT for part in chosen.tally.left_out
    )


def _cautions(
    chosen: Family,
    families: dict[str, Family],
    month: PatientMonth,
    law: tuple[MonthRules, Rulebook, Choice],
) -> tuple[Caution, ...]:
    rules, rulebook, choice = law
    found = {
        *month.cautions,
        *[caution for f in month.findings if f.cautions for caution in f.cautions],
        *cautioning.of_time(chosen, month, rules),
        *cautioning.of_families(chosen, families, month),
        *cautioning.of_codes(chosen),
        *cautioning.of_setting(chosen, month, rules, rulebook, choice),
    }
    return tuple(sorted(found))


def _reported_on(
    reached: tuple[DecidedLine, ...], month: PatientMonth, choice: Choice
) -> date | None:
    """Return the claim's date of service; a month's end never passes death, coverage, consent."""
    met_on = max((line.reached_on for line in reached), default=None)
    if met_on is None or choice.dos_policy is DosPolicy.THRESHOLD_DATE:
        return met_on
    last = month.month.last_day
    return max(met_on, last if month.ends_on is None else min(last, month.ends_on))


def _is_late(serviced_on: date, month: PatientMonth, rules: MonthRules) -> bool:
    if month.sent_on is None or rules.claim is None:
        return False
    return month.sent_on > _years_after(serviced_on, rules.claim.timely_filing_years)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=day.day - 1)
