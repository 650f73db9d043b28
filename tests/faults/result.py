"""What a row of the fault matrix reached, in the words of its table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultResult:
    """One row on one database: what was asked, what was reached, and whether that is enough."""

    row: str
    operation: str
    database: str
    asked: str
    reached: str
    passed: bool
    seconds: float
