"""Duplicates: another claim of the same patient and month, in our ledger or in the EHR.

The Inspector General found tens of thousands of care management payments for a period that had
been paid already; a claim whose date is too coarse to tell is a person's to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.rules import CLINIC_FAMILY, PROGRAMME_FAMILIES

if TYPE_CHECKING:
    from ccm_fhir.domain.claims.draft import ClaimDraft
    from ccm_fhir.domain.dates import PartialDate, ServiceMonth
    from ccm_fhir.domain.decision import Programme
    from ccm_fhir.domain.facts import ClaimFact
    from ccm_fhir.domain.rules import MonthRules

_DEAD = frozenset({"cancelled", "draft", "entered-in-error"})
_NO_CLAIM = frozenset({"preauthorization", "predetermination"})
_PROGRAMME = frozenset({*PROGRAMME_FAMILIES, CLINIC_FAMILY})


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingClaim:
    """A live claim of our ledger, as far as it could be a duplicate."""

    identifier: str
    patient_ref: str = field(repr=False)
    month: ServiceMonth
    programme: Programme


def duplicates_in_ledger(
    draft: ClaimDraft, standing: tuple[StandingClaim, ...]
) -> tuple[Obstacle, ...]:
    """Return an obstacle where a live claim, other than the one it corrects, is on file."""
    corrected = draft.related.identifier if draft.related else ""
    mine = (draft.parties.patient_ref, draft.month, draft.programme)
    same = [
        one
        for one in standing
        if (one.patient_ref, one.month, one.programme) == mine and one.identifier != corrected
    ]
    if not same:
        return ()
    return (
        Obstacle(
            code="duplicate_in_ledger",
            owner="biller",
            fix="The month has a live claim already; correct that one instead of sending a second.",
        ),
    )


def duplicates_in_ehr(
    draft: ClaimDraft,
    claims: tuple[ClaimFact, ...],
    own_identifiers: frozenset[str],
    rules: MonthRules,
) -> tuple[Obstacle, ...]:
    """Return what the EHR's claims and explanations of benefit show of the same month.

    Args:
        draft: the claim to be.
        claims: of the chart, one for each day they report.
        own_identifiers: names of this chain's claims, which are no duplicates.
        rules: of the month, which say what code belongs to the programme.
    """
    same = [
        claim
        for claim in claims
        if _is_live(claim)
        and not own_identifiers.intersection(claim.names)
        and any(rules.code_families.get(code) in _PROGRAMME for code in claim.codes)
    ]
    sure = [c for c in same if _lies_in(c.serviced_on, draft.month) is True]
    unsure = [c for c in same if _lies_in(c.serviced_on, draft.month) is None]
    found = (
        _obstacle(
            "duplicate_in_ehr",
            "The EHR shows a claim for care management in this month; one only is paid. Void it "
            "there, or do not send this one.",
            sure,
        ),
        _obstacle(
            "possible_duplicate_in_ehr",
            "The EHR shows a claim for care management without an exact date, which may be of "
            "this month; look at it, and date or void it in the EHR.",
            unsure,
        ),
    )
    return tuple(one for one in found if one is not None)


def _is_live(claim: ClaimFact) -> bool:
    return claim.status not in _DEAD and claim.use not in _NO_CLAIM


def _lies_in(day: PartialDate | None, month: ServiceMonth) -> bool | None:
    if day is None:
        return None
    if day.latest < month.first_day or day.earliest > month.last_day:
        return False
    inside = month.first_day <= day.earliest and day.latest <= month.last_day
    return True if inside else None


def _obstacle(code: str, fix: str, claims: list[ClaimFact]) -> Obstacle | None:
    if not claims:
        return None
    evidence = tuple(sorted({claim.ref for claim in claims}))
    return Obstacle(code=code, owner="biller", fix=fix, evidence=evidence)
