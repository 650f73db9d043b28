"""Where a ledger entry, a consent or a claim stands with the EHR: exactly one word, always.

The sum over dispositions is the ledger, every month. What fell to a lower rung does not count;
what is on the rung that took over does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ccm_fhir.domain.writeback.kinds import DeliveryState
from ccm_fhir.domain.writeback.rungs import OUTSIDE_THE_EHR, RungName


class Disposition(StrEnum):
    """What has become of one entry; the worst of its parts speaks for it, in this order.

    A part that may be there twice is worse than one that is not there. The words are kept in
    reports: they are never respelt. The first three are the entry's own, whatever its parts:
    time that waits for a second person, or was refused by one, is not counted and goes nowhere.
    """

    VOIDED = "voided"
    AWAITING_APPROVAL = "awaiting_approval"
    NOT_APPROVED = "not_approved"
    UNPLANNED = "unplanned"
    QUARANTINE = "quarantine"
    REJECTED = "rejected"
    HELD = "held"
    SENT_UNKNOWN = "sent_unknown"
    PENDING = "pending"
    ACCEPTED_LOSSY = "accepted_lossy"
    KEYED = "keyed"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One delivery of an entry: its state, its rung, and what came of reading it back.

    ``is_keyed``: a person has keyed it in instead.
    """

    state: DeliveryState
    rung: RungName | None = None
    is_read_back: bool = False
    is_lossy: bool = False
    has_fallen: bool = False
    is_keyed: bool = False


_WORST_FIRST = tuple(Disposition)
_THERE = frozenset({DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
_WORST_STATE_FIRST = (
    DeliveryState.QUARANTINE,
    DeliveryState.REJECTED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.SENDING,
    DeliveryState.PLANNED,
    DeliveryState.SENT,
)
_OF_STATE = {  # of every state but SENT
    DeliveryState.PLANNED: Disposition.PENDING,
    DeliveryState.SENDING: Disposition.SENT_UNKNOWN,
    DeliveryState.UNCERTAIN: Disposition.SENT_UNKNOWN,
    DeliveryState.REJECTED: Disposition.REJECTED,
    DeliveryState.HELD: Disposition.HELD,
    DeliveryState.QUARANTINE: Disposition.QUARANTINE,
}


def disposition_of(parts: Iterable[Part], *, is_voided: bool) -> Disposition:
    """Return where an entry stands; one that nothing carries is UNPLANNED.

    A hand-off counts only once a person has marked it, a claim file once it was made, and an
    acceptance once it was read back and compared; until then they are PENDING.
    """
    if is_voided:
        return Disposition.VOIDED
    found = [_of_part(part) for part in parts if not part.has_fallen]
    return min(found, key=_WORST_FIRST.index, default=Disposition.UNPLANNED)


def badness(state: DeliveryState) -> int:
    """Return a number by which the state that speaks for several parts is the smallest."""
    return _WORST_STATE_FIRST.index(state)


def state_of_parts(states: Iterable[DeliveryState]) -> DeliveryState:
    """Return the state of a claim that is told in parts: of the part furthest from being there.

    One of which some is refused and some is, or may be, in the EHR is HELD: it is not refused as
    a whole, and whoever took it for that would bill a part of it again.

    Raises:
        ValueError: there are no parts.
    """
    every = frozenset(states)
    worst = min(every, key=badness)
    return DeliveryState.HELD if worst is DeliveryState.REJECTED and every & _THERE else worst


def _of_part(part: Part) -> Disposition:
    if part.rung in OUTSIDE_THE_EHR:
        is_keyed = part.state is DeliveryState.SENT
        return Disposition.KEYED if is_keyed else Disposition.PENDING
    if part.is_keyed and part.state is not DeliveryState.SENT:
        return Disposition.KEYED
    return _OF_STATE.get(part.state) or _of_accepted(part)


def _of_accepted(part: Part) -> Disposition:
    if not part.is_read_back:
        return Disposition.PENDING
    return Disposition.ACCEPTED_LOSSY if part.is_lossy else Disposition.ACCEPTED
