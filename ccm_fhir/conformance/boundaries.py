"""Examples made from the rulebook, so that no threshold is forgotten.

Each one second below, at and above it, on the first and the last month that a code is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from ccm_fhir.conformance.suite import Example, Json
from ccm_fhir.domain.codes import PerformerKind
from ccm_fhir.domain.coding import units_reached
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.rules import CLINIC_FAMILY, PROGRAMME_FAMILIES, CodeRule, Rulebook

_CHOICES = dict(
    zip(PROGRAMME_FAMILIES, ("standard", "complex_if_met", "practitioner"), strict=True)
)
_HOURS_A_DAY = 8
_WORK_DAY = _HOURS_A_DAY * 3600
_FIRST_DAY, _FIRST_HOUR = 3, 9


def boundary_examples(rulebook: Rulebook) -> Iterator[Example]:
    """Yield every example, in the order of codes, months and seconds."""
    for rule in rulebook.codes:
        if rule.family not in (*PROGRAMME_FAMILIES, CLINIC_FAMILY):
            continue
        for month in _months(rule, rulebook.loaded_until):
            if not _is_reportable(rulebook, rule, month):
                continue
            for threshold in rule.thresholds:
                for seconds in (threshold - 1, threshold, threshold + 1):
                    yield _example(rulebook, rule, month, seconds)


def _months(rule: CodeRule, loaded_until: date) -> tuple[ServiceMonth, ...]:
    first = ServiceMonth.containing(rule.in_force_from)
    last = ServiceMonth.containing(rule.in_force_until or loaded_until)
    return (first,) if first == last else (first, last)


def _is_reportable(rulebook: Rulebook, rule: CodeRule, month: ServiceMonth) -> bool:
    return rule.family != CLINIC_FAMILY or rulebook.of_month(month).clinic is not None


def _example(rulebook: Rulebook, rule: CodeRule, month: ServiceMonth, seconds: int) -> Example:
    family = rulebook.of_month(month).family(rule.family)
    lines = [
        {"code": code.code, "units": units}
        for code in family
        if (units := units_reached(code, seconds))
    ]
    inputs = _inputs(rule, month, seconds)
    # Without its own minutes, complex care is what the choice calls it: staff codes instead.
    expected: Json = {"counted_seconds": seconds}
    if lines or rule.family != "ccm_complex":
        expected["lines"] = lines
        expected["not_billable_reasons"] = [] if lines else ["below_time_threshold"]
    return Example(
        id=inputs["id"],
        title=f"{rule.code} in {month} with {seconds} seconds",
        inputs=inputs,
        expected=expected,
        why="made from the rulebook",
        source=rule.citation_ids,
    )


def _inputs(rule: CodeRule, month: ServiceMonth, seconds: int) -> Json:
    before = (month.first_day - timedelta(days=45)).isoformat()
    is_clinic = rule.family == CLINIC_FAMILY
    return {
        "id": f"{rule.code}-{month}-{seconds}",
        "service_month": str(month),
        "patient": {"enrolled_part_b": True},
        "conditions": ["E11.9", "I10"],
        "conditions_meet_risk_and_12mo": True,
        "consent": {"date": before, "mode": "written", "to_billing_practitioner": True},
        "initiating_visit": {"date": before, "code": "99214", "by": "billing_practitioner"},
        "last_seen_by_billing_practitioner": before,
        "ccm_first_month": str(month),
        "care_plan": {
            "date": before,
            "copy_given": True,
            "established_or_substantially_revised_this_month": True,
        },
        "practice_attestations": {
            "access_24_7": True,
            "certified_ehr": True,
            "continuity_designated_team_member": True,
        },
        "payer": "medicare_ffs_part_b",
        "billing_practitioner": {"role": "physician"},
        "time_entries": _entries(rule, month, seconds),
        "mdm_level": "high" if rule.family == "ccm_complex" else "low",
        "setting": "rhc_fqhc" if is_clinic else "office",
        "pos": "72" if is_clinic else "11",
        "practice_choice": {
            "family": _CHOICES.get(rule.family, "standard"),
            **({"rhc_coding": "g0511"} if is_clinic else {}),
        },
    }


def _entries(rule: CodeRule, month: ServiceMonth, seconds: int) -> list[Json]:
    """Spread the seconds over days of at most eight hours."""
    own = rule.performers == frozenset({PerformerKind.BILLING_PRACTITIONER})
    entries: list[Json] = []
    day = _FIRST_DAY
    while seconds > 0:
        part = min(seconds, _WORK_DAY)
        start = datetime(month.year, month.month, day, _FIRST_HOUR)  # noqa: DTZ001  # wall clock
        entries.append(
            {
                "date": start.date().isoformat(),
                "start": start.time().isoformat(),
                "end": (start + timedelta(seconds=part)).time().isoformat(),
                "performer_role": "physician" if own else "clinical_staff",
                "personally": own,
            }
        )
        seconds -= part
        day += 1
    return entries
