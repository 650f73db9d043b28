"""ClaimResponse and ExplanationOfBenefit → what the payer decided, in the shape of an 835's.

R4 leaves most of it open: categories are read from HL7's code system and from CARIN Blue
Button's, reasons where they are X12's. What is not told is not guessed: a claim whose figures do
not add up says so, and a person looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from ccm_fhir.domain.codes import canonical_system
from ccm_fhir.domain.remittance import Adjustment, AnsweredClaim, AnsweredLine, AnswerStatus
from ccm_fhir.fhir.shapes import (
    Concept,
    Identifier,
    Quantity,
    Reference,
    Resource,
    Shape,
    codes,
    first_date,
    identifier_values,
    is_measurable_number,
    number,
)
from ccm_fhir.fhir.source import Source

_SUBMITTED = frozenset({"submitted"})
_PAID = frozenset({"benefit", "paidtoprovider"})
_ALLOWED = frozenset({"eligible", "allowed"})
_PATIENT: Mapping[str, str] = {"deductible": "1", "coinsurance": "2", "copay": "3"}
_REASON_SYSTEMS = ("claim-adjustment-reason-codes", "x12claimadjustmentreasoncodes")
_REMARK_SYSTEMS = ("remittance-advice-remark-codes", "x12remittanceadviceremarkcodes")
_USD = "USD"
_STATUSES: Mapping[str, AnswerStatus] = {
    "complete": AnswerStatus.PROCESSED,
    "queued": AnswerStatus.PENDING,
}


class MoneyShape(Shape, frozen=True, kw_only=True):
    """Money; its value has the digits that were written."""

    value: Decimal | None = None
    currency: str | None = None


class AdjudicationShape(Shape, frozen=True, kw_only=True):
    """Item.adjudication, and a total."""

    category: Concept | None = None
    reason: Concept | None = None
    amount: MoneyShape | None = None


class AnsweredItemShape(Shape, frozen=True, kw_only=True):
    """ExplanationOfBenefit.item, and ClaimResponse.item, which names no code."""

    product_or_service: Concept | None = None
    serviced_date: str | None = None
    quantity: Quantity | None = None
    adjudication: list[AdjudicationShape] | None = None


class AnswerShape(Resource, frozen=True, kw_only=True):
    """ClaimResponse and ExplanationOfBenefit as far as the two are alike."""

    identifier: list[Identifier] | None = None
    status: str | None = None
    use: str | None = None
    outcome: str | None = None
    request: Reference | None = None
    claim: Reference | None = None
    item: list[AnsweredItemShape] | None = None
    adjudication: list[AdjudicationShape] | None = None
    total: list[AdjudicationShape] | None = None


def answered_claim(shape: AnswerShape, source: Source) -> AnsweredClaim | None:
    """Return the payer's decision; None where the resource is none, or no longer stands."""
    if shape.status != "active" or (shape.use or "claim") != "claim":
        return None
    lines = tuple(filter(None, (_line(item) for item in shape.item or ())))
    told = _Told(_adjudications(shape, has_lines=bool(lines)))
    named = shape.request or shape.claim
    charge = sum((line.charge_usd for line in lines), Decimal(0)) if lines else told.charge
    paid = sum((line.paid_usd for line in lines), Decimal(0)) if lines else told.paid
    return AnsweredClaim(
        claim_number="",
        status=_STATUSES.get(shape.outcome or "", AnswerStatus.UNKNOWN),
        status_code=shape.outcome or "",
        charge_usd=charge or Decimal(0),
        paid_usd=paid or Decimal(0),
        payer_control_number=_payer_number(shape.identifier),
        adjustments=() if lines else told.adjustments,
        remarks=told.remarks,
        lines=lines,
        claim_ref=_claim_ref(named, source),
        identifiers=identifier_values([named.identifier] if named and named.identifier else ()),
    )


class _Told:
    """What adjudications say, category by category; a category told twice is added up."""

    def __init__(self, adjudications: Iterable[AdjudicationShape]) -> None:
        self.charge: Decimal | None = None
        self.paid: Decimal | None = None
        self.allowed: Decimal | None = None
        self._adjusted: list[Adjustment] = []
        self._reason = ""
        self._remarks: list[str] = []
        for each in adjudications:
            self._take(each)

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What was told of the difference between charge and payment, and the rest of it."""
        if self.charge is None or self.paid is None:
            return tuple(self._adjusted)
        rest = self.charge - self.paid - sum((a.amount_usd for a in self._adjusted), Decimal(0))
        if rest <= 0:
            return tuple(self._adjusted)
        return (*self._adjusted, Adjustment(group="", reason=self._reason, amount_usd=rest))

    @property
    def remarks(self) -> tuple[str, ...]:
        """The remark codes, each once."""
        return tuple(dict.fromkeys(self._remarks))

    def _take(self, told: AdjudicationShape) -> None:
        amount = _usd(told.amount)
        categories = set(codes([told.category] if told.category else ()))
        self._remarks += _of_systems(told.reason, _REMARK_SYSTEMS)
        reason = next(iter(_of_systems(told.reason, _REASON_SYSTEMS)), "")
        if amount is None:
            self._reason = self._reason or reason
        elif categories & _SUBMITTED:
            self.charge = (self.charge or Decimal(0)) + amount
        elif categories & _PAID:
            self.paid = (self.paid or Decimal(0)) + amount
        elif categories & _ALLOWED:
            self.allowed = (self.allowed or Decimal(0)) + amount
        elif borne := categories & _PATIENT.keys():
            self._add("PR", _PATIENT[min(borne)], amount)
        elif reason:
            self._add("", reason, amount)

    def _add(self, group: str, reason: str, amount: Decimal) -> None:
        if amount:
            self._adjusted.append(Adjustment(group=group, reason=reason, amount_usd=amount))


def _line(item: AnsweredItemShape) -> AnsweredLine | None:
    named = codes([item.product_or_service] if item.product_or_service else ())
    if not named:
        return None
    told = _Told(item.adjudication or ())
    day = first_date(item.serviced_date)
    units = number(item.quantity)
    return AnsweredLine(
        code=named[0],
        charge_usd=told.charge or Decimal(0),
        paid_usd=told.paid or Decimal(0),
        units_paid=Decimal(1) if units is None else units,
        allowed_usd=told.allowed,
        serviced_on=day.earliest if day is not None and day.is_exact else None,
        adjustments=told.adjustments,
        remarks=told.remarks,
    )


def _adjudications(shape: AnswerShape, *, has_lines: bool) -> tuple[AdjudicationShape, ...]:
    """Return where the whole is told: its totals, else its own, else its items together."""
    if has_lines:
        return tuple(shape.adjudication or ())
    if shape.total:
        return tuple(shape.total)
    if shape.adjudication:
        return tuple(shape.adjudication)
    return tuple(each for item in shape.item or () for each in item.adjudication or ())


def _usd(money: MoneyShape | None) -> Decimal | None:
    if money is None or money.value is None or (money.currency or _USD) != _USD:
        return None
    return money.value if is_measurable_number(money.value) else None


def _of_systems(concept: Concept | None, systems: tuple[str, ...]) -> list[str]:
    found = concept.coding if concept is not None else None
    return [
        coding.code.strip()
        for coding in found or ()
        if coding.code and (canonical_system(coding.system) or "").lower().endswith(systems)
    ]


def _payer_number(identifiers: Iterable[Identifier] | None) -> str:
    return next((one.value for one in identifiers or () if one.value), "")


def _claim_ref(named: Reference | None, source: Source) -> str:
    return source.local(named) if named is not None and named.reference else ""


decode_answer = msgspec.json.Decoder(AnswerShape).decode
"""Reads the JSON of either resource; raises msgspec's errors where an element has another type."""
