"""What every rule has: the days it is in force, and where each of its numbers was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Confidence(StrEnum):
    """How a source was read."""

    CONFIRMED_TWICE = "confirmed_twice"
    CONFIRMED = "confirmed"
    DERIVED = "derived"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a rule was read."""

    id: str
    title: str
    where: str
    confidence: Confidence
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One statement of a rule and its sources; ``blocking`` bills nothing until confirmed."""

    what: str
    citations: tuple[Citation, ...]
    confidence: Confidence
    blocking: bool = False

    @property
    def is_unconfirmed(self) -> bool:
        """Whether no primary text of this statement has been read."""
        return self.confidence is Confidence.UNCONFIRMED


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Something with a first and, unless open, a last day."""

    in_force_from: date
    in_force_until: date | None

    def is_in_force(self, on: date) -> bool:
        """Whether a day lies between the first and the last day, both included."""
        return self.in_force_from <= on and (
            self.in_force_until is None or on <= self.in_force_until
        )
