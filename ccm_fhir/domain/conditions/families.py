"""Conditions grouped by disease, and whether a patient has two of them.

Two or more families that CMS or its Chronic Conditions Warehouse names are enough to be a
candidate. Families that share one name there, or that AHRQ's indicator alone calls chronic, are
for a clinician: an indicator proves duration, not the significant risk that the law asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.domain.conditions.judging import ConditionVerdict
from ccm_fhir.domain.conditions.tables import Chronic, ChronicTable, Tier
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Answer

_METASTASIS = "cancer_metastatic"
_CANCER = "Cancer"
_TIERS = tuple(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicFamily:
    """One disease, with every Condition that shows it and one code to report it by.

    ``tier`` is the best of its Conditions'. ``ccw`` is what CMS's Chronic Conditions Warehouse
    calls it. ``is_weak``: one old encounter diagnosis is all that shows it.
    """

    family: str
    label: str
    icd10cm: str
    evidence: tuple[EvidenceRef, ...]
    tier: Tier | None = None
    ccw: str = ""
    is_weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctFamilies:
    """Whether a patient has enough distinct chronic diseases.

    ``families`` are the distinct ones (a metastasis beside its primary cancer is left out);
    ``in_doubt`` the Conditions that could still add one; ``why`` is whole sentences.
    """

    answer: Answer
    families: tuple[ChronicFamily, ...]
    in_doubt: tuple[ConditionVerdict, ...]
    why: str


def distinct_families(
    verdicts: Iterable[ConditionVerdict], table: ChronicTable
) -> tuple[ChronicFamily, ...]:
    """Group chronic Conditions by disease, in the order in which the diseases first appear."""
    grouped: dict[str, list[ConditionVerdict]] = {}
    for verdict in verdicts:
        if verdict.chronic is Chronic.CHRONIC:
            grouped.setdefault(verdict.family, []).append(verdict)
    return tuple(_family(family, members, table) for family, members in grouped.items())


def two_distinct_families(
    verdicts: tuple[ConditionVerdict, ...],
    families: tuple[ChronicFamily, ...],
    table: ChronicTable,
    *,
    needed: int = 2,
    unreadable: int = 0,
) -> DistinctFamilies:
    """Answer whether a patient has enough distinct chronic diseases; the order does not matter.

    Args:
        verdicts: of every Condition.
        families: what ``distinct_families`` makes of them.
        table: the tables by which both were made.
        needed: how many the rule in force asks for.
        unreadable: Conditions of the chart that could not be read at all; each may be a disease.
    """
    distinct = _without_absorbed(families, table)
    named = tuple(each for each in distinct if each.tier in {Tier.CMS_NAMED, Tier.CCW})
    apart = len({each.ccw or each.family for each in named})
    in_doubt = _could_add(verdicts, distinct)
    if apart >= needed:
        answer = Answer.MET
        why = f"{_counted(distinct)}: {_listed(distinct)}."
    elif len(distinct) >= needed:
        answer = Answer.UNKNOWN
        why = _why_not_enough(distinct, named, apart, needed)
    elif len(distinct) + _addable(in_doubt, distinct) + unreadable >= needed:
        answer = Answer.UNKNOWN
        why = _why_in_doubt(distinct, len(in_doubt) + unreadable)
    else:
        answer = Answer.NOT_MET
        why = (
            f"{_counted(distinct)}{f': {_listed(distinct)}' if distinct else ''}; {needed} are "
            "needed. A diagnosis missing from the chart would change it."
        )
    absorbed = len(families) - len(distinct)
    if absorbed:
        why += " A metastasis is one disease with its primary cancer."
    return DistinctFamilies(
        answer=answer, families=distinct, in_doubt=in_doubt, why=why + _weakness(distinct)
    )


def _family(family: str, members: list[ConditionVerdict], table: ChronicTable) -> ChronicFamily:
    coded = [member for member in members if member.icd10cm]
    tiers = [member.tier for member in members if member.tier is not None]
    named = table.families.get(family)
    return ChronicFamily(
        family=family,
        label=table.label(family),
        icd10cm=min(coded, key=_most_specific).icd10cm if coded else "",
        evidence=tuple(sorted({member.ref for member in members})),
        tier=min(tiers, key=_TIERS.index, default=None),
        ccw=(named.ccw if named else "") or max((member.ccw for member in members), default=""),
        is_weak=len(members) == 1 and members[0].is_stale,
    )


def _most_specific(verdict: ConditionVerdict) -> tuple[bool, int, str]:
    return not verdict.is_billable, -len(verdict.icd10cm), verdict.icd10cm


def _without_absorbed(
    families: tuple[ChronicFamily, ...], table: ChronicTable
) -> tuple[ChronicFamily, ...]:
    has_primary = any(_is_primary_cancer(each.family, table) for each in families)
    return tuple(each for each in families if not (has_primary and each.family == _METASTASIS))


def _is_primary_cancer(family: str, table: ChronicTable) -> bool:
    named = table.families.get(family)
    return named is not None and named.cms == _CANCER and family != _METASTASIS


def _could_add(
    verdicts: tuple[ConditionVerdict, ...], distinct: tuple[ChronicFamily, ...]
) -> tuple[ConditionVerdict, ...]:
    counted = {each.family for each in distinct}
    return tuple(
        verdict
        for verdict in verdicts
        if verdict.chronic is Chronic.REVIEW
        and (not verdict.possible or not counted.issuperset(verdict.possible))
    )


def _addable(in_doubt: tuple[ConditionVerdict, ...], distinct: tuple[ChronicFamily, ...]) -> int:
    """Return how many diseases the doubtful could add: a family once, what names none each."""
    named = {family for verdict in in_doubt for family in verdict.possible}
    unnamed = sum(1 for verdict in in_doubt if not verdict.possible)
    return len(named - {each.family for each in distinct}) + unnamed


def _why_not_enough(
    distinct: tuple[ChronicFamily, ...],
    named: tuple[ChronicFamily, ...],
    apart: int,
    needed: int,
) -> str:
    if len(named) >= needed:
        shared = sorted({each.ccw for each in named if each.ccw})
        return (
            f"{_listed(named)} are one condition to CMS's Chronic Conditions Warehouse "
            f"({'; '.join(shared)}): a clinician says whether they are distinct."
        )
    others = tuple(each for each in distinct if each not in named)
    said = f"{_listed(named)} is named by CMS or its warehouse. " if apart else ""
    return (
        f"{said}Reaching {needed} needs {_listed(others)}, which neither CMS's examples nor the "
        "Chronic Conditions Warehouse's 30 name: AHRQ's indicator proves duration, not "
        "significant risk, so a clinician decides."
    )


def _why_in_doubt(distinct: tuple[ChronicFamily, ...], doubts: int) -> str:
    listed = f": {_listed(distinct)}" if distinct else ""
    more = "1 Condition" if doubts == 1 else f"{doubts} Conditions"
    return f"{_counted(distinct)}{listed}; {more} in doubt could add to it: a clinician decides."


def _weakness(distinct: tuple[ChronicFamily, ...]) -> str:
    weak = tuple(each for each in distinct if each.is_weak)
    return f" One old encounter diagnosis is all that shows {_listed(weak)}." if weak else ""


def _counted(families: tuple[ChronicFamily, ...]) -> str:
    count = len(families)
    return f"{count} distinct chronic condition{'' if count == 1 else 's'}"


def _listed(families: tuple[ChronicFamily, ...]) -> str:
    return ", ".join(sorted(each.label for each in families))
