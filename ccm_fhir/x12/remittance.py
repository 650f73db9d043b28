"""Reads 835 files (005010X221A1): payments, their claims and lines, and why not all was paid.

A file is read whole or not at all. A payment that does not add up (BPR against its claims and
PLB) refuses the file, with the figures; a claim that does not is kept and says so itself.
Names and numbers of patients are not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from ccm_fhir.domain.remittance import (
    Adjustment,
    AnsweredClaim,
    AnsweredLine,
    AnswerStatus,
    ProviderAdjustment,
    Remittance,
)
from ccm_fhir.errors import X12FileError
from ccm_fhir.x12.segments import read_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from ccm_fhir.x12.segments import Segment, TransactionSet

_PROCESSED = ("1", "2", "3", "19", "20", "21")  # the last three: and passed on to a further payer
_STATUSES: Mapping[str, AnswerStatus] = {
    **dict.fromkeys(_PROCESSED, AnswerStatus.PROCESSED),
    "4": AnswerStatus.DENIED,
    "22": AnswerStatus.REVERSED,
    "23": AnswerStatus.FORWARDED,  # passed on without being decided
    "25": AnswerStatus.PENDING,  # predetermination: nothing is paid
}
_MOST_TRIPLETS = 6


def read_remittances(text: str) -> tuple[Remittance, ...]:
    """Return every payment of a file.

    Raises:
        X12FileError: it is cut off or no 835, a figure is none, or a payment does not add up.
    """
    sets = read_sets(text)
    if any(each.kind != "835" for each in sets) or not sets:
        raise X12FileError("it is no remittance (835), or not only that")
    return tuple(_remittance(each) for each in sets)


def _remittance(transaction: TransactionSet) -> Remittance:
    reading = _Reading()
    for segment in transaction.segments:
        read = _READERS.get(segment.name)
        if read is not None:
            read(reading, segment)
    made = reading.finish()
    if not made.is_balanced:
        raise X12FileError(
            f"payment {transaction.control} does not add up: BPR says {made.total_usd}, its "
            f"claims come to {made.claims_usd} and the provider adjustments (PLB) take "
            f"{made.adjusted_usd}, which leaves {made.claims_usd - made.adjusted_usd}"
        )
    return made


@dataclass(slots=True)
class _Line:
    code: str
    charge: Decimal
    paid: Decimal
    units: Decimal
    allowed: Decimal | None = None
    number: str = ""
    day: date | None = None
    adjustments: list[Adjustment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def finish(self) -> AnsweredLine:
        return AnsweredLine(
            code=self.code,
            charge_usd=self.charge,
            paid_usd=self.paid,
            units_paid=self.units,
            allowed_usd=self.allowed,
            line_number=self.number,
            serviced_on=self.day,
            adjustments=tuple(self.adjustments),
            remarks=tuple(dict.fromkeys(self.remarks)),
        )


@dataclass(slots=True)
class _Claim:
    opened_by: Segment
    adjustments: list[Adjustment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)

    def finish(self) -> AnsweredClaim:
        clp = self.opened_by
        return AnsweredClaim(
            claim_number=clp.get(1),
            status=_STATUSES.get(clp.get(2), AnswerStatus.UNKNOWN),
            status_code=clp.get(2),
            charge_usd=clp.amount(3),
            paid_usd=clp.amount(4),
            patient_usd=clp.amount(5),
            payer_control_number=clp.get(7),
            adjustments=tuple(self.adjustments),
            remarks=tuple(dict.fromkeys(self.remarks)),
            lines=tuple(line.finish() for line in self.lines),
            place=clp.number,
        )


@dataclass(slots=True)
class _Reading:
    """What has been read of one payment so far."""

    total: Decimal | None = None
    paid_on: date | None = None
    trace: str = ""
    payer: str = ""
    payee_npi: str = ""
    claims: list[_Claim] = field(default_factory=list)
    taken: list[ProviderAdjustment] = field(default_factory=list)

    def claim(self, segment: Segment) -> _Claim:
        if not self.claims:
            raise segment.broken("it belongs to a claim (CLP), and none came before it")
        return self.claims[-1]

    def finish(self) -> Remittance:
        if self.total is None:
            raise X12FileError("a payment has no BPR segment")
        return Remittance(
            payer=self.payer,
            trace=self.trace,
            payee_npi=self.payee_npi,
            paid_on=self.paid_on,
            total_usd=self.total,
            claims=tuple(claim.finish() for claim in self.claims),
            provider_adjustments=tuple(self.taken),
        )


def _bpr(reading: _Reading, segment: Segment) -> None:
    amount = segment.amount(2)
    reading.total = -amount if segment.get(3) == "D" else amount
    reading.paid_on = segment.day(16) if segment.get(16) else None


def _trn(reading: _Reading, segment: Segment) -> None:
    reading.trace = segment.get(2)
    reading.payer = reading.payer or segment.get(3)


def _n1(reading: _Reading, segment: Segment) -> None:
    if segment.get(1) == "PE" and segment.get(3) == "XX":
        reading.payee_npi = segment.get(4)


def _clp(reading: _Reading, segment: Segment) -> None:
    if not segment.get(2):
        raise segment.broken("element 2 tells no status")
    reading.claims.append(_Claim(segment))


def _cas(reading: _Reading, segment: Segment) -> None:
    claim = reading.claim(segment)
    into = claim.lines[-1].adjustments if claim.lines else claim.adjustments
    for place in range(2, 2 + 3 * _MOST_TRIPLETS, 3):
        if segment.get(place):
            into.append(
                Adjustment(
                    group=segment.get(1),
                    reason=segment.get(place),
                    amount_usd=segment.amount(place + 1),
                )
            )


def _svc(reading: _Reading, segment: Segment) -> None:
    submitted = segment.parts(6) or segment.parts(1)  # 6 is there where the payer changed the code
    if len(submitted) < 2:  # noqa: PLR2004  # a qualifier and a code
        raise segment.broken("element 1 names no code")
    reading.claim(segment).lines.append(
        _Line(
            code=submitted[1],
            charge=segment.amount(2),
            paid=segment.amount(3),
            units=segment.amount(5) if segment.get(5) else Decimal(1),
        )
    )


def _line_of(reading: _Reading) -> _Line | None:
    lines = reading.claims[-1].lines if reading.claims else []
    return lines[-1] if lines else None


def _dtm(reading: _Reading, segment: Segment) -> None:
    line = _line_of(reading)
    if line is not None and segment.get(1) in {"472", "150"}:
        line.day = segment.day(2)


def _amt(reading: _Reading, segment: Segment) -> None:
    line = _line_of(reading)
    if line is not None and segment.get(1) == "B6":
        line.allowed = segment.amount(2)


def _ref(reading: _Reading, segment: Segment) -> None:
    line = _line_of(reading)
    if line is not None and segment.get(1) == "6R":
        line.number = segment.get(2)


def _lq(reading: _Reading, segment: Segment) -> None:
    line = _line_of(reading)
    if line is not None and segment.get(1) == "HE" and segment.get(2):
        line.remarks.append(segment.get(2))


def _moa(reading: _Reading, segment: Segment) -> None:
    claim = reading.claim(segment)
    claim.remarks += [segment.get(place) for place in range(3, 8) if segment.get(place)]


def _plb(reading: _Reading, segment: Segment) -> None:
    for place in range(3, 15, 2):
        parts = segment.parts(place)
        if parts:
            reading.taken.append(
                ProviderAdjustment(
                    reason=parts[0],
                    reference=parts[1] if len(parts) > 1 else "",
                    amount_usd=segment.amount(place + 1),
                )
            )


_READERS: Mapping[str, Callable[[_Reading, Segment], None]] = {
    "BPR": _bpr,
    "TRN": _trn,
    "N1": _n1,
    "CLP": _clp,
    "CAS": _cas,
    "SVC": _svc,
    "DTM": _dtm,
    "AMT": _amt,
    "REF": _ref,
    "LQ": _lq,
    "MOA": _moa,
    "PLB": _plb,
}
