"""Settling: what all answers to one claim come to, and what is left to do about it.

A reversal takes back an earlier answer; the two cancel out, and what is left is what stands.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.remittance.answers import (
    COINSURANCE,
    DEDUCTIBLE,
    UNPROCESSABLE,
    AnswerStatus,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.domain.remittance.answers import AnsweredClaim
    from ccm_fhir.domain.remittance.matching import BilledClaim

_UNDECIDED = frozenset({AnswerStatus.PENDING, AnswerStatus.FORWARDED})


class Outcome(StrEnum):
    """What a claim came to.

    PAID also where the patient's deductible takes all of it. SHORT: less than was billed or
    allowed. UNPROCESSABLE: never adjudicated. UNCLEAR: figures that do not add up, a status that
    nobody knows, or a reversal of an answer that was never read.
    """

    AWAITED = "awaited"
    PAID = "paid"
    SHORT = "short"
    DENIED = "denied"
    UNPROCESSABLE = "unprocessable"
    REVERSED = "reversed"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What all answers to one claim come to.

    ``reasons`` are group and CARC (``CO-45``), ``remarks`` RARC, of what stands; ``short_usd``
    is what is missing from the allowed amount that was expected, never below zero.
    """

    identifier: str
    outcome: Outcome
    paid_usd: Decimal
    allowed_usd: Decimal
    deductible_usd: Decimal
    coinsurance_usd: Decimal
    short_usd: Decimal
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]


def settle(claim: BilledClaim, answers: Iterable[AnsweredClaim]) -> Settlement:
    """Return what the answers that were matched to a claim come to, in whatever order."""
    every = tuple(answers)
    standing, is_whole = _standing(every)
    allowed = sum((one.allowed_usd for one in standing), Decimal(0))
    expected = claim.expected_usd
    return Settlement(
        identifier=claim.identifier,
        outcome=_outcome(claim, standing, every, is_whole=is_whole),
        paid_usd=sum((one.paid_usd for one in every), Decimal(0)),
        allowed_usd=allowed,
        deductible_usd=_borne(standing, DEDUCTIBLE),
        coinsurance_usd=_borne(standing, COINSURANCE),
        short_usd=Decimal(0) if expected is None else max(Decimal(0), expected - allowed),
        reasons=_each_once(
            f"{a.group}-{a.reason}" if a.group else a.reason
            for one in standing
            for a in one.all_adjustments
            if a.reason
        ),
        remarks=_each_once(remark for one in standing for remark in one.all_remarks),
    )


def _standing(answers: tuple[AnsweredClaim, ...]) -> tuple[tuple[AnsweredClaim, ...], bool]:
    """Return the decisions that no reversal took back, and whether every reversal found one."""
    taken_back = Counter(
        (-one.charge_usd, -one.paid_usd) for one in answers if one.status is AnswerStatus.REVERSED
    )
    decided = [
        one
        for one in answers
        if one.status is not AnswerStatus.REVERSED and one.status not in _UNDECIDED
    ]
    standing = []
    for one in sorted(decided, key=_payments_first):
        figures = (one.charge_usd, one.paid_usd)
        if taken_back[figures]:
            taken_back[figures] -= 1
        else:
            standing.append(one)
    return tuple(standing), not +taken_back


def _payments_first(answer: AnsweredClaim) -> tuple[str, str, str]:
    """Order answers by what they say alone, so that the order of files does not matter."""
    said = repr((answer.all_adjustments, answer.all_remarks, answer.lines))
    return (answer.status_code, str(answer.paid_usd), said)


def _outcome(
    claim: BilledClaim,
    standing: tuple[AnsweredClaim, ...],
    every: tuple[AnsweredClaim, ...],
    *,
    is_whole: bool,
) -> Outcome:
    if not is_whole or not all(one.is_balanced for one in standing):
        return Outcome.UNCLEAR
    if any(one.status is AnswerStatus.UNKNOWN for one in standing):
        return Outcome.UNCLEAR
    if not standing:
        was_reversed = any(one.status is AnswerStatus.REVERSED for one in every)
        return Outcome.REVERSED if was_reversed else Outcome.AWAITED
    if sum(one.allowed_usd for one in standing) == 0:
        remarks = {remark for one in standing for remark in one.all_remarks}
        return Outcome.UNPROCESSABLE if UNPROCESSABLE in remarks else Outcome.DENIED
    return Outcome.SHORT if _is_short(claim, standing) else Outcome.PAID


def _is_short(claim: BilledClaim, standing: tuple[AnsweredClaim, ...]) -> bool:
    allowed = sum((one.allowed_usd for one in standing), Decimal(0))
    if claim.expected_usd is not None and allowed < claim.expected_usd:
        return True
    paid_units: Counter[str] = Counter()
    for answer in standing:
        for line in answer.lines:
            if line.is_allowed:
                paid_units[line.code] += int(line.units_paid)
    has_lines = any(answer.lines for answer in standing)
    return has_lines and any(paid_units[line.code] < line.units for line in claim.lines)


def _borne(standing: tuple[AnsweredClaim, ...], reason: str) -> Decimal:
    return sum((one.borne_by_patient(reason) for one in standing), Decimal(0))


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
