"""Makers of payers' files: 835 and 277CA as texts, valid by pyx12 unless a test breaks them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Segments = Sequence[str]

GUIDES = {"835": ("HP", "005010X221A1"), "277": ("HN", "005010X214")}


def interchange(kind: str, *sets: Segments, control: int = 901) -> str:
    """Return a file around the inner segments of transactions, with its counts right."""
    group, guide = GUIDES[kind]
    parts = [
        (
            f"ISA*00*{' ' * 10}*00*{' ' * 10}*ZZ*{'HOUSE':<15}*ZZ*{'EXAMPLE':<15}*261220*0800*^*"
            f"00501*{control:09d}*0*P*:"
        ),
        f"GS*{group}*HOUSE*EXAMPLE*20261220*0800*1*X*{guide}",
    ]
    for number, segments in enumerate(sets, start=1):
        told = f"*{guide}" if kind != "835" else ""
        parts += [f"ST*{kind}*{number:04d}{told}", *segments]
        parts.append(f"SE*{len(segments) + 2}*{number:04d}")
    parts += [f"GE*{len(sets)}*1", f"IEA*1*{control:09d}"]
    return "".join(part + "~" for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One CLP with one or more SVC; figures are texts, as a file has them."""

    number: str
    charge: str = "90"
    paid: str = "51.84"
    patient: str = "13.22"
    status: str = "1"
    payer_number: str = "1126329000123"
    lines: Segments = (
        "SVC*HC:99490*90*51.84**1",
        "DTM*472*20261110",
        "CAS*CO*45*23.88**253*1.06",
        "CAS*PR*2*13.22",
        "REF*6R*LINE1",
        "AMT*B6*66.12",
    )
    adjustments: Segments = ()
    remarks: Segments = ("MOA***MA01",)

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of this claim."""
        return (
            (
                f"CLP*{self.number}*{self.status}*{self.charge}*{self.paid}*{self.patient}*MB*"
                f"{self.payer_number}*11*1"
            ),
            *self.adjustments,
            "NM1*QC*1*CANARYFAMILY*CANARYGIVEN****MI*1EG4TE5MK73",
            *self.remarks,
            *self.lines,
        )


def payment(
    *claims: Paid,
    total: str | None = None,
    plb: Segments = (),
    trace: str = "8800001",
    npi: str = "1999999018",
) -> tuple[str, ...]:
    """Return the inner segments of one 835; the total is what its claims come to."""
    come_to = sum((Decimal(claim.paid) for claim in claims), Decimal(0))
    return (
        f"BPR*I*{come_to if total is None else total}*C*CHK************20261220",
        f"TRN*1*{trace}*1999999999",
        "DTM*405*20261219",
        "N1*PR*MEDICARE PART B OF EXAMPLE",
        "N3*1 PAYER STREET",
        "N4*ALBANY*NY*12207",
        "PER*BL*HELP DESK*TE*5185550199",
        f"N1*PE*EXAMPLE FAMILY MEDICINE*XX*{npi}",
        *(("LX*1",) if claims else ()),
        *(segment for claim in claims for segment in claim.segments),
        *plb,
    )


def remittance_text(*claims: Paid, **changes: object) -> str:
    """Return an 835 of one payment."""
    return interchange("835", payment(*claims, **changes))  # type: ignore[arg-type]


def status_text(*answers: tuple[str, str], receiver: str = "A1:19:PR") -> str:
    """Return a 277CA for claims: pairs of our number and its STC01."""
    claims = [
        segment
        for place, (number, code) in enumerate(answers, start=4)
        for segment in (
            f"HL*{place}*3*PT",
            "NM1*QC*1*CANARYFAMILY*CANARYGIVEN****MI*1EG4TE5MK73",
            f"TRN*2*{number}",
            f"STC*{code}*20261202*{'WQ' if code[:2] in {'A1', 'A2'} else 'U'}*90",
            *(("REF*1K*1126329000123",) if code[:2] == "A2" else ()),
            "DTP*472*D8*20261110",
        )
    ]
    return interchange(
        "277",
        (
            "BHT*0085*08*1*20261202*0800*TH",
            "HL*1**20*1",
            "NM1*PR*2*MEDICARE PART B OF EXAMPLE*****PI*13282",
            "TRN*1*R1",
            "DTP*050*D8*20261201",
            "DTP*009*D8*20261202",
            "HL*2*1*21*1",
            "NM1*41*2*EXAMPLE FAMILY MEDICINE*****46*EX1",
            "TRN*2*000000001",
            f"STC*{receiver}*20261202*WQ*180",
            "HL*3*2*19*1",
            "NM1*85*2*EXAMPLE FAMILY MEDICINE*****XX*1999999018",
            "TRN*1*0",
            "STC*A1:19:PR**WQ*180",
            *claims,
        ),
    )
