"""What was drawn of one patient: the resources to write, each with what it says if it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Life(Enum):
    """What the Patient says of life and death."""

    LIVING = "living"
    DEAD_BEFORE = "dead_before"
    DEAD_WITHIN = "dead_within"
    DEAD_UNDATED = "dead_undated"


class Payer(Enum):
    """What one Coverage says of Medicare in the month."""

    PART_B = "part_b"
    PART_B_ENDED = "part_b_ended"
    PART_B_ENDING = "part_b_ending"
    ADVANTAGE = "advantage"
    PART_A = "part_a"
    QMB = "qmb"
    COMMERCIAL = "commercial"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class Counts:
    """A Condition that counts for a disease."""

    family: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A Condition that a clinician must look at; ``family`` is empty where nothing names one."""

    family: str


@dataclass(frozen=True, slots=True)
class Pays:
    """A Coverage."""

    payer: Payer


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A claim of another practice for care management in this month."""


@dataclass(frozen=True, slots=True)
class AwayAllMonth:
    """A hospital stay over the whole month."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """A consent to care management that the patient has ended."""


Effect = Counts | Doubtful | Pays | Elsewhere | AwayAllMonth | Revoked | Life | None


@dataclass(frozen=True, slots=True)
class Line:
    """One resource: its type, its JSON, and what it says."""

    kind: str
    text: str
    effect: Effect = None


@dataclass(slots=True)
class Readable:
    """What a reader can learn of one patient from the lines as they were written."""

    patient_id: str
    effects: list[Effect] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_unread: bool = False
    is_absent: bool = False
