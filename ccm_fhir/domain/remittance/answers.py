"""What a payer answered: one claim at a time, with every dollar that was not paid and why.

An 835 file and a ClaimResponse or ExplanationOfBenefit in the EHR are read into the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENT_RESPONSIBILITY = "PR"
DEDUCTIBLE, COINSURANCE, CO_PAYMENT = "1", "2", "3"
COST_SHARING = (DEDUCTIBLE, COINSURANCE, CO_PAYMENT)
SEQUESTRATION = "253"
UNPROCESSABLE = "MA130"  # RARC: returned without adjudication, to be sent as a new claim


class AnswerStatus(StrEnum):
    """What became of a claim (CLP02), as far as it changes what is to be done."""

    PROCESSED = "processed"
    DENIED = "denied"
    REVERSED = "reversed"
    FORWARDED = "forwarded"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A part of a charge that was not paid: who bears it (group), why (CARC), how much."""

    group: str
    reason: str
    amount_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredLine:
    """One service line as the payer decided it; ``code`` is the one that was submitted."""

    code: str
    charge_usd: Decimal
    paid_usd: Decimal
    units_paid: Decimal = Decimal(1)
    allowed_usd: Decimal | None = None
    line_number: str = ""
    serviced_on: date | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_balanced(self) -> bool:
        """Whether the charge less what was not paid is what was paid."""
        return self.charge_usd - _sum(self.adjustments) == self.paid_usd

    @property
    def is_allowed(self) -> bool:
        """Whether anything of it was allowed: paid, or the patient's share of what is."""
        return self.paid_usd > 0 or any(
            a.group == PATIENT_RESPONSIBILITY and a.reason in COST_SHARING and a.amount_usd > 0
            for a in self.adjustments
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredClaim:
    """One claim as the payer decided it; ``place`` is where in its file it stands.

    ``claim_number`` is ours, as it came back; ``status_code`` is the payer's own word for it.
    An answer in the EHR names our Claim by ``claim_ref`` (``Claim/9``) or by ``identifiers``.
    """

    claim_number: str = field(repr=False)
    status: AnswerStatus
    status_code: str
    charge_usd: Decimal
    paid_usd: Decimal
    patient_usd: Decimal = Decimal(0)
    payer_control_number: str = field(default="", repr=False)
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    lines: tuple[AnsweredLine, ...] = ()
    place: int = 0
    claim_ref: str = field(default="", repr=False)
    identifiers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def all_adjustments(self) -> tuple[Adjustment, ...]:
        """The claim's adjustments and those of its lines."""
        return (*self.adjustments, *(a for line in self.lines for a in line.adjustments))

    @property
    def all_remarks(self) -> tuple[str, ...]:
        """The claim's remarks and those of its lines, each once."""
        found = (*self.remarks, *(remark for line in self.lines for remark in line.remarks))
        return tuple(dict.fromkeys(found))

    @property
    def is_balanced(self) -> bool:
        """Whether its figures add up: by claim, by line, and of lines to the claim."""
        lines = not self.lines or (
            sum(line.charge_usd for line in self.lines) == self.charge_usd
            and sum(line.paid_usd for line in self.lines) - _sum(self.adjustments) == self.paid_usd
            and all(line.is_balanced for line in self.lines)
        )
        return lines and self.charge_usd - _sum(self.all_adjustments) == self.paid_usd

    def borne_by_patient(self, *reasons: str) -> Decimal:
        """Return what the patient is to bear for the given reasons, or for any."""
        return _sum(
            a
            for a in self.all_adjustments
            if a.group == PATIENT_RESPONSIBILITY and (not reasons or a.reason in reasons)
        )

    @property
    def allowed_usd(self) -> Decimal:
        """What the payer allowed: paid, the patient's share of it, or held by sequestration."""
        held = _sum(a for a in self.all_adjustments if a.reason == SEQUESTRATION)
        return self.paid_usd + self.borne_by_patient(*COST_SHARING) + held


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAdjustment:
    """Money added to or taken from a payment as a whole (PLB); positive is taken."""

    reason: str
    amount_usd: Decimal
    reference: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remittance:
    """One payment with all it pays for; ``trace`` is its number with the payer."""

    payer: str
    trace: str
    payee_npi: str
    paid_on: date | None
    total_usd: Decimal
    claims: tuple[AnsweredClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()

    @property
    def claims_usd(self) -> Decimal:
        """What its claims come to."""
        return sum((claim.paid_usd for claim in self.claims), Decimal(0))

    @property
    def adjusted_usd(self) -> Decimal:
        """What was taken from the payment as a whole."""
        return sum((one.amount_usd for one in self.provider_adjustments), Decimal(0))

    @property
    def is_balanced(self) -> bool:
        """Whether the payment is its claims less what was taken from it as a whole."""
        return self.total_usd == self.claims_usd - self.adjusted_usd


def _sum(adjustments: Iterable[Adjustment]) -> Decimal:
    return sum((one.amount_usd for one in adjustments), Decimal(0))
