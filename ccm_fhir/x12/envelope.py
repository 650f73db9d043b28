"""The outer segments of a claim file: ISA, GS, ST and their ends, with their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.x12.fitting import COMPONENT, ELEMENT, REPETITION, SEGMENT, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccm_fhir.x12.filing import Envelope, TradingPartner

GUIDE = "005010X222A1"
_TEN_BLANKS = " " * 10


def segment(name: str, *elements: str) -> str:
    """Return one segment; empty elements at its end are left out, as X12 asks."""
    parts = [name, *elements]
    while not parts[-1]:
        parts.pop()
    return ELEMENT.join(parts) + SEGMENT


def interchange(envelope: Envelope, sets: Sequence[Sequence[str]]) -> str:
    """Return a whole file around transactions that begin with ST and lack their SE."""
    created, control = envelope.created_at, f"{envelope.interchange_control:09d}"
    group = str(envelope.group_control)
    parts = [
        segment(
            "ISA",
            *("00", _TEN_BLANKS, "00", _TEN_BLANKS),
            *_partner(envelope.sender),
            *_partner(envelope.receiver),
            *(f"{created:%y%m%d}", f"{created:%H%M}", REPETITION, "00501", control),
            *("0", "P" if envelope.is_production else "T", COMPONENT),
        ),
        segment(
            "GS",
            "HC",
            written(envelope.sender.group_code),
            written(envelope.receiver.group_code),
            *(f"{created:%Y%m%d}", f"{created:%H%M}", group, "X", GUIDE),
        ),
    ]
    for place, segments in enumerate(sets):
        set_control = f"{envelope.first_set_control + place:09d}"
        parts += [*segments, segment("SE", str(len(segments) + 1), set_control)]
    parts += [segment("GE", str(len(sets)), group), segment("IEA", "1", control)]
    return "".join(parts)


def _partner(partner: TradingPartner) -> tuple[str, str]:
    return written(partner.qualifier), f"{written(partner.id):<15}"
