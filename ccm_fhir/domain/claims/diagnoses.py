"""The diagnoses of a claim: one code a disease, the best supported first, each once.

How many a claim and a line hold is a limit of the form (CMS-1500 item 21 and 24E; 837P, HI and
SV107), not of the law.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.conditions import Tier

if TYPE_CHECKING:
    from ccm_fhir.domain.conditions import ChronicFamily

MAX_DIAGNOSES = 12
MAX_POINTERS = 4
_TIERS = tuple(Tier)
_ICD10CM = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")


def diagnoses_of(families: tuple[ChronicFamily, ...]) -> tuple[str, ...]:
    """Return one ICD-10-CM code a disease, at most twelve, in the order of a claim.

    A disease that one old encounter alone shows comes last; before it those that CMS names,
    then its data warehouse, then others; among equals the chart's order.
    """
    ordered = sorted(families, key=_support)
    return tuple(dict.fromkeys(f.icd10cm for f in ordered if f.icd10cm))[:MAX_DIAGNOSES]


def pointers_to(diagnoses: tuple[str, ...]) -> tuple[int, ...]:
    """Return the pointers of a line: the first diagnoses, counted from one, at most four."""
    return tuple(range(1, min(len(diagnoses), MAX_POINTERS) + 1))


def diagnosis_obstacles(
    diagnoses: tuple[str, ...], needed: int, pointers: tuple[tuple[int, ...], ...]
) -> tuple[Obstacle, ...]:
    """Return what is wrong with a claim's diagnoses and its lines' pointers.

    Args:
        diagnoses: in the order of the claim.
        needed: how many distinct diseases the rule in force asks for.
        pointers: of each line.
    """
    found = []
    if len(set(diagnoses)) < needed:
        found.append(_too_few(needed))
    if len(diagnoses) > MAX_DIAGNOSES or len(set(diagnoses)) < len(diagnoses):
        found.append(
            _mend(
                "diagnoses_beyond_form",
                f"A claim holds {MAX_DIAGNOSES} diagnoses, each once; draft it again.",
            )
        )
    if not all(_ICD10CM.fullmatch(code) for code in diagnoses):
        found.append(
            _mend("diagnosis_malformed", "A diagnosis is no ICD-10-CM code; correct it in the EHR.")
        )
    if not all(_leads_somewhere(one, len(diagnoses)) for one in pointers):
        found.append(
            _mend(
                "pointer_leads_nowhere",
                f"A line points at 1 to {MAX_POINTERS} of the claim's diagnoses, each once; draft "
                "it again.",
            )
        )
    return tuple(found)


def _support(family: ChronicFamily) -> tuple[bool, int]:
    tier = len(_TIERS) if family.tier is None else _TIERS.index(family.tier)
    return (family.is_weak, tier)


def _leads_somewhere(pointers: tuple[int, ...], diagnoses: int) -> bool:
    return (
        1 <= len(pointers) <= MAX_POINTERS
        and len(set(pointers)) == len(pointers)
        and all(1 <= pointer <= diagnoses for pointer in pointers)
    )


def _too_few(needed: int) -> Obstacle:
    return Obstacle(
        code="too_few_diagnoses",
        owner="practitioner",
        fix=f"A claim for care management shows at least {needed} distinct chronic conditions; "
        "code them in the EHR with ICD-10-CM.",
    )


def _mend(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="biller", fix=fix)
