"""Corrections of claims: how far a claim came by all that is known, and what a person may do next.

What a payer decided outweighs everything else: a claim that was decided has arrived, whatever a
delivery or a person says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ccm_fhir.domain.claims import Chain, Correction, Frequency, NextRevision, Obstacle, Standing
from ccm_fhir.domain.remittance import Outcome
from ccm_fhir.domain.writeback import DeliveryState


class ClaimSaid(StrEnum):
    """What a person said of a month's newest claim, with a reason.

    REPLACE and NEW open the month, so that a practitioner can sign what follows; KEPT closes it
    again with nothing sent. VOID takes the claim back. REFUSED: the payer, or the EHR's clearing
    house, refused it undecided. VOID_TAKEN: the payer has answered the void.
    """

    REPLACE = "replace"
    NEW = "new"
    KEPT = "kept"
    VOID = "void"
    REFUSED = "refused"
    VOID_TAKEN = "void_taken"


OPENS_THE_MONTH = frozenset({ClaimSaid.REPLACE, ClaimSaid.NEW})
CORRECTION_OF: Mapping[ClaimSaid, Correction | None] = MappingProxyType(
    {
        ClaimSaid.REPLACE: Correction.REPLACE,
        ClaimSaid.VOID: Correction.VOID,
        ClaimSaid.NEW: None,
    }
)
_ON_ITS_WAY = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING})
_NOT_SENT = Obstacle(
    code="claim_not_awaiting_an_answer",
    owner="biller",
    fix="Only a claim that was sent and that no payer has answered can be said to be refused.",
)
_NO_VOID = Obstacle(
    code="no_void_awaiting_an_answer",
    owner="biller",
    fix="No void of this month waits for the payer's answer.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKnown:
    """What is known of one revision.

    ``delivery`` is None where none was planned; ``waits_outside``: a person or a claim file has
    yet to take it; ``is_keyed``: somebody entered it in the EHR by hand. ``is_refused_in_file``:
    the newest file that it is in was refused, or it in that file. ``prior_outcome`` is what the
    claim before it came to, which is where payers tell of a void.
    """

    delivery: DeliveryState | None
    frequency: Frequency = Frequency.ORIGINAL
    waits_outside: bool = False
    is_keyed: bool = False
    is_refused_in_file: bool = False
    outcome: Outcome = Outcome.AWAITED
    prior_outcome: Outcome = Outcome.AWAITED
    said: frozenset[ClaimSaid] = frozenset()


def standing_of(known: ClaimKnown) -> Standing:
    """Return how far a claim came."""
    if known.outcome is Outcome.UNPROCESSABLE:
        return Standing.REJECTED
    if known.outcome is not Outcome.AWAITED or _is_void_answered(known):
        return Standing.ADJUDICATED
    if known.delivery is DeliveryState.SENT or known.is_keyed:
        refused = known.is_refused_in_file or ClaimSaid.REFUSED in known.said
        return Standing.REJECTED if refused else Standing.SENT
    if known.delivery in _ON_ITS_WAY or known.waits_outside:
        return Standing.PLANNED
    return Standing.REJECTED if known.delivery is DeliveryState.REJECTED else Standing.UNCERTAIN


def what_follows(chain: Chain) -> Mapping[ClaimSaid, NextRevision | tuple[Obstacle, ...] | None]:
    """Return for each thing a person may say what comes of it: a claim, nothing, or why not.

    None is for what is only said: no claim follows from it. KEPT is no part, since it depends on
    what was said before.
    """
    return {
        ClaimSaid.REPLACE: chain.next(Correction.REPLACE),
        ClaimSaid.VOID: chain.next(Correction.VOID),
        ClaimSaid.NEW: chain.next(),
        ClaimSaid.REFUSED: None if _may_be_refused(chain) else (_NOT_SENT,),
        ClaimSaid.VOID_TAKEN: None if _awaits_void(chain) else (_NO_VOID,),
    }


def _is_void_answered(known: ClaimKnown) -> bool:
    is_void = known.frequency is Frequency.VOID
    was_told = known.prior_outcome is Outcome.REVERSED or ClaimSaid.VOID_TAKEN in known.said
    return is_void and was_told


def _may_be_refused(chain: Chain) -> bool:
    return bool(chain.revisions) and chain.revisions[-1].standing is Standing.SENT


def _awaits_void(chain: Chain) -> bool:
    return _may_be_refused(chain) and chain.revisions[-1].frequency is Frequency.VOID
