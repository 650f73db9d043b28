"""Where a ledger entry or a consent stands with the EHR: exactly one word, whatever happened.

The sum over dispositions is the ledger, every month. What fell to a lower rung does not count;
what is on the rung that took over does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ccm_fhir.domain.writeback.kinds import DeliveryState
from ccm_fhir.domain.writeback.rungs import RungName


class Disposition(StrEnum):
    """What has become of one entry."""

    PENDING = "pending"
    SENT_UNKNOWN = "sent-unknown"
    ACCEPTED = "accepted"
    ACCEPTED_LOSSY = "accepted-lossy"
    HANDED_OFF = "handed-off"
    REJECTED = "rejected"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One delivery of an entry: its state, its rung, and what came of reading it back."""

    state: DeliveryState
    rung: RungName | None = None
    is_read_back: bool = False
    is_lossy: bool = False
    has_fallen: bool = False


# The worst part speaks for the whole; a part that may be there twice is worse than one that is
# not there.
_WORST_FIRST = (
    Disposition.REJECTED,
    Disposition.SENT_UNKNOWN,
    Disposition.PENDING,
    Disposition.ACCEPTED_LOSSY,
    Disposition.HANDED_OFF,
    Disposition.ACCEPTED,
)


def disposition_of(parts: Iterable[Part], *, is_voided: bool) -> Disposition:
    """Return where an entry stands; one that nothing was planned for is pending.

    A hand-off counts only once a person has marked it, and an acceptance only once it was read
    back and compared.
    """
    if is_voided:
        return Disposition.VOIDED
    found = {_of_part(part) for part in parts if not part.has_fallen}
    return next((word for word in _WORST_FIRST if word in found), Disposition.PENDING)


def _of_part(part: Part) -> Disposition:
    if part.rung is RungName.HAND_OFF:
        is_keyed = part.state is DeliveryState.SENT
        return Disposition.HANDED_OFF if is_keyed else Disposition.PENDING
    match part.state:
        case DeliveryState.PLANNED:
            return Disposition.PENDING
        case DeliveryState.SENDING | DeliveryState.UNCERTAIN:
            return Disposition.SENT_UNKNOWN
        case DeliveryState.REJECTED | DeliveryState.HELD | DeliveryState.QUARANTINE:
            return Disposition.REJECTED
        case DeliveryState.SENT:
            return _of_accepted(part)


def _of_accepted(part: Part) -> Disposition:
    if not part.is_read_back:
        return Disposition.PENDING
    return Disposition.ACCEPTED_LOSSY if part.is_lossy else Disposition.ACCEPTED
