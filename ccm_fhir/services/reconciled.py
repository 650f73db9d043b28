"""What a reconciliation says: one disposition for each row of the ledger, and every difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ccm_fhir.domain.writeback import Disposition


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
