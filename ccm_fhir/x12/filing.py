"""What a claim file is made from: who sends it to whom, for which payer, and which claims.

Control numbers are arguments: whoever keeps them sees to it that none is used twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from ccm_fhir.domain.claims import ClaimDraft, Obstacle


class Assignment(StrEnum):
    """Whether the practice takes Medicare's amount as full payment (CLM07)."""

    ACCEPTED = "A"
    ON_LABORATORY_ONLY = "B"
    NOT_ACCEPTED = "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPartner:
    """One end of an interchange: its id and qualifier (ISA05 to ISA08), and its group's code."""

    qualifier: str
    id: str
    group_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The outer segments of a file; ``first_set_control`` numbers the first ST, others follow.

    ``created_at`` is aware and written in its own zone. A test file is never paid.
    """

    sender: TradingPartner
    receiver: TradingPartner
    interchange_control: int
    group_control: int
    first_set_control: int
    created_at: datetime
    is_production: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Who sends the file, and whom to call about it (1000A); ``phone`` is ten digits."""

    name: str
    id: str
    contact_name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A receiver (1000B) or payer (2010BB): its name, and its id with the clearing house."""

    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingStatements:
    """What the practice states of its claims (CLM06 to CLM09); a person has said each of them."""

    has_provider_signature: bool
    assignment: Assignment
    are_benefits_assigned: bool
    may_release_information: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledClaim:
    """One claim of a file, by the identifier under which it is kept."""

    identifier: str
    draft: ClaimDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """Everything that goes into one file."""

    envelope: Envelope
    submitter: Submitter
    receiver: Payer
    payer: Payer
    statements: FilingStatements
    claims: tuple[FiledClaim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why one claim cannot go into a file; an empty identifier stands for the file itself."""

    identifier: str
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFile:
    """A file as bytes, how many claims it holds and what they come to."""

    content: bytes = field(repr=False)
    claims: int
    total_usd: Decimal
    last_set_control: int
