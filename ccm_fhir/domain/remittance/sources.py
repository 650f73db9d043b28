"""Two sources that tell of one payment: what a claim's answers are, each dollar counted once.

A payer's remittance (835) and the EHR's own resources tell the same decision. They are never
added up: the remittance is the payer's own word, an ExplanationOfBenefit the EHR's of the whole,
a ClaimResponse the least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ccm_fhir.domain.remittance.answers import AnsweredClaim

_BEST_FIRST = ("ExplanationOfBenefit", "ClaimResponse")


def answers_that_count(
    in_remittances: Iterable[AnsweredClaim], in_ehr: Mapping[str, AnsweredClaim]
) -> tuple[AnsweredClaim, ...]:
    """Return the answers to one claim that are settled.

    Args:
        in_remittances: as the payer told them.
        in_ehr: as resources of the EHR tell them, by reference (``ExplanationOfBenefit/9``).
            Two resources of a kind that tell the same count once.
    """
    if told := tuple(in_remittances):
        return told
    for kind in _BEST_FIRST:
        of_kind = [in_ehr[ref] for ref in sorted(in_ehr) if ref.startswith(f"{kind}/")]
        if of_kind:
            return tuple({repr(_said(one)): one for one in of_kind}.values())
    return ()


def _said(answer: AnsweredClaim) -> tuple[object, ...]:
    """Return what an answer says of the money, without where it stands."""
    figures = (answer.status, answer.charge_usd, answer.paid_usd, answer.patient_usd)
    return (*figures, answer.adjustments, answer.remarks, answer.lines)
