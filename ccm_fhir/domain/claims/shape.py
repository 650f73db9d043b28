"""The shape of a claim, whatever is known around it: a form could not hold it otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.diagnoses import diagnosis_obstacles
from ccm_fhir.domain.claims.lines import MAX_MODIFIERS, is_charge
from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.claims.parties import party_obstacles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims.draft import ClaimDraft
    from ccm_fhir.domain.claims.lines import ClaimLine

_CODE = re.compile(r"[0-9A-Z][0-9]{4}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_MOST_LINES = 50  # service lines of a claim in an 837P (loop 2400)


def shape_obstacles(draft: ClaimDraft, families_needed: int = 1) -> tuple[Obstacle, ...]:
    """Return what of a draft no form could hold: parties, diagnoses, lines, in this order."""
    return (
        *party_obstacles(draft.parties),
        *diagnosis_obstacles(
            draft.diagnoses, families_needed, tuple(line.pointers for line in draft.lines)
        ),
        *_lines(draft),
    )


def _lines(draft: ClaimDraft) -> Iterator[Obstacle]:
    if not 1 <= len(draft.lines) <= _MOST_LINES:
        yield _biller("no_lines", f"A claim has 1 to {_MOST_LINES} lines; draft it again.")
        return
    for line in draft.lines:
        yield from _line(line)
    if len({line.code for line in draft.lines}) < len(draft.lines):
        yield _biller("code_twice", "A code stands on two lines; report its units on one.")
    if all(is_charge(line.charge_usd) for line in draft.lines) and not is_charge(draft.total_usd):
        yield _biller(
            "total_beyond_form", "The total is larger than a form holds; check the charges."
        )


def _line(line: ClaimLine) -> Iterator[Obstacle]:
    if not _CODE.fullmatch(line.code):
        yield _biller(
            "code_malformed", "A line's code is no code of five characters; draft the claim again."
        )
        return
    if not is_charge(line.unit_charge_usd) or (line.units > 0 and not is_charge(line.charge_usd)):
        yield Obstacle(
            code=f"charge_unusable_{line.code}",
            owner="admin",
            fix=f"Correct the practice's charge for {line.code}: more than nothing, in whole "
            "cents, and no larger than a form holds.",
        )
    if line.units < 1:
        yield _biller(
            f"units_missing_{line.code}", f"{line.code} has no unit; draft the claim again."
        )
    if len(line.modifiers) > MAX_MODIFIERS or not all(map(_MODIFIER.fullmatch, line.modifiers)):
        yield _biller(
            f"modifier_malformed_{line.code}",
            f"{line.code} has at most {MAX_MODIFIERS} modifiers of two capital letters or digits.",
        )


def _biller(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="biller", fix=fix)
