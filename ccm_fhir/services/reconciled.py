"""What a reconciliation says: one disposition for each row of the ledger, and every difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import Purpose


class Disposition(StrEnum):
    """Where a row of the ledger stands; the worst of its deliveries, in this order."""

    UNPLANNED = "unplanned"
    QUARANTINE = "quarantine"
    REJECTED = "rejected"
    HELD = "held"
    SENT_UNKNOWN = "sent_unknown"
    PENDING = "pending"
    KEYED = "keyed"
    ACCEPTED_LOSSY = "accepted_lossy"
    ACCEPTED = "accepted"


class Difference(StrEnum):
    """What does not agree."""

    UNPLANNED = "unplanned"
    MISSING = "missing"
    DOUBLED = "doubled"
    FOREIGN = "foreign"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference; ``subject`` is an id of ours: a ledger row, a delivery or an identifier."""

    difference: Difference
    resource_type: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One practice compared with its EHRs; ``month`` is empty where every month was.

    ``compared`` deliveries were looked for in the EHR, ``not_compared`` could not be;
    ``settled`` were in doubt and were found, ``woken`` had nobody who would bring them.
    """

    practice_id: str
    at: datetime
    month: str
    ledger: int
    dispositions: dict[Disposition, int]
    ledger_cents: int
    cents: dict[Disposition, int]
    compared: int
    not_compared: int
    settled: int
    woken: int
    unreachable: tuple[str, ...]
    differences: tuple[Found, ...]

    @property
    def balances(self) -> bool:
        """Whether each row of the ledger and each cent of its claims has one disposition."""
        return (
            sum(self.dispositions.values()) == self.ledger
            and sum(self.cents.values()) == self.ledger_cents
        )

    @property
    def agrees(self) -> bool:
        """Whether nothing is to be looked at by a person."""
        return self.balances and not self.differences


_OF_STATE = {
    DeliveryState.PLANNED: Disposition.PENDING,
    DeliveryState.SENDING: Disposition.SENT_UNKNOWN,
    DeliveryState.UNCERTAIN: Disposition.SENT_UNKNOWN,
    DeliveryState.REJECTED: Disposition.REJECTED,
    DeliveryState.QUARANTINE: Disposition.QUARANTINE,
    DeliveryState.HELD: Disposition.HELD,
}
_WORST_FIRST = tuple(Disposition)


def disposition_of(records: list[DeliveryRecord], keyed: frozenset[str]) -> Disposition:
    """Return where a row of the ledger stands by what carries it now; nothing is UNPLANNED.

    What fell to a lower rung, and what only tells about another delivery, carries nothing.
    """
    carrying = [r for r in records if r.purpose is Purpose.ARTEFACT and not r.has_fallen]
    if not carrying:
        return Disposition.UNPLANNED
    return min((_of_one(record, keyed) for record in carrying), key=_WORST_FIRST.index)


def _of_one(record: DeliveryRecord, keyed: frozenset[str]) -> Disposition:
    if record.id in keyed and record.state is not DeliveryState.SENT:
        return Disposition.KEYED
    if record.is_hand_off and record.state is DeliveryState.SENT:
        return Disposition.KEYED
    if record.state is DeliveryState.SENT:
        return Disposition.ACCEPTED_LOSSY if record.lossy else Disposition.ACCEPTED
    return _OF_STATE.get(record.state, Disposition.PENDING)
