"""The true answer for one patient, reasoned out from what a reader can learn of them."""

from __future__ import annotations

from typing import Any

from fhir_fixtures.practice.population.diseases import CHRONIC, METASTASIS, PRIMARY_CANCER, SPREAD
from fhir_fixtures.practice.population.told import (
    AwayAllMonth,
    Counts,
    Doubtful,
    Elsewhere,
    Life,
    Payer,
    Pays,
    Readable,
    Revoked,
)

NEEDED = 2
_BY_FAMILY = {disease.family: disease for disease in (*CHRONIC, SPREAD)}


def true_answer(told: Readable) -> dict[str, Any]:
    """Return the patient's line of the manifest: outcome, families and why."""
    families = sorted({e.family for e in told.effects if isinstance(e, Counts)})
    if PRIMARY_CANCER in families and METASTASIS in families:
        families.remove(METASTASIS)
    outcome, why = _outcome(told, families)
    return {
        "patient": f"Patient/{told.patient_id}",
        "outcome": outcome,
        "families": families if outcome not in {"absent", "failed"} else [],
        "why": why,
    }


def _outcome(told: Readable, families: list[str]) -> tuple[str, list[str]]:
    if told.is_absent:
        return "absent", ["patient_line_lost"]
    if told.is_unread:
        return "failed", ["patient_line_broken"]
    bars = _bars(told)
    if bars:
        return "excluded", bars
    answers = {"conditions": _two(told, families), "medicare": _medicare(told), "life": _life(told)}
    for answer, outcome in (("no", "not_eligible"), ("unknown", "review")):
        found = [name for name, given in answers.items() if given == answer]
        if found:
            return outcome, found
    return "candidate", []


def _bars(told: Readable) -> list[str]:
    found = []
    if Life.DEAD_BEFORE in told.effects:
        found.append("deceased")
    found += [
        name
        for kind, name in (
            (Elsewhere, "billed_elsewhere"),
            (AwayAllMonth, "away_all_month"),
            (Revoked, "consent_revoked"),
        )
        if any(isinstance(effect, kind) for effect in told.effects)
    ]
    return found


def _life(told: Readable) -> str:
    return "unknown" if Life.DEAD_UNDATED in told.effects else "yes"


def _two(told: Readable, families: list[str]) -> str:
    named = [f for f in families if _BY_FAMILY[f].named]
    if len({_BY_FAMILY[f].group or f for f in named}) >= NEEDED:
        return "yes"
    doubts = [e.family for e in told.effects if isinstance(e, Doubtful)]
    more = len({f for f in doubts if f} - set(families)) + sum(1 for f in doubts if not f)
    unread = sum(1 for kind in told.unread if kind == "Condition")
    return "unknown" if len(families) + more + unread >= NEEDED else "no"


def _medicare(told: Readable) -> str:
    payers = [e.payer for e in told.effects if isinstance(e, Pays)]
    if Payer.PART_B in payers or Payer.ADVANTAGE in payers:
        return "yes"
    is_doubtful = (
        not payers
        or Payer.UNSPECIFIED in payers
        or Payer.PART_B_ENDING in payers
        or "Coverage" in told.unread
    )
    return "unknown" if is_doubtful else "no"
