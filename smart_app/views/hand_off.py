"""The hand-off sheet as it is printed: who the patient is, what to key, why by hand, who did."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.services.hand_off import HandOffSheet, SheetLine
from smart_app.views.formats import count, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLineView:
    """One thing to key in, or that was."""

    delivery_id: str
    title: str
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    reason: str
    reference: str
    keyed: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffView:
    """Everything the page prints."""

    patient: str = field(repr=False)
    born: str = field(repr=False)
    mrn: str = field(repr=False)
    practice: str
    said: str
    problem: str
    waiting: tuple[SheetLineView, ...] = field(repr=False)
    keyed: tuple[SheetLineView, ...] = field(repr=False)


def hand_off_page(sheet: HandOffSheet, problem: str = "") -> HandOffView:
    """Return the sheet; what is keyed stands below what waits."""
    waiting = sheet.open_lines
    return HandOffView(
        patient=sheet.patient_name,
        born=sheet.birth_date,
        mrn=sheet.mrn,
        practice=sheet.practice_name,
        said=_said(len(waiting)),
        problem=problem,
        waiting=tuple(_line(line) for line in waiting),
        keyed=tuple(_line(line) for line in sheet.lines if line.keyed is not None),
    )


def _said(waiting: int) -> str:
    if not waiting:
        return "Nothing of this patient waits to be keyed into the EHR by hand."
    return (
        f"{count(waiting, 'record has', 'records have')} to be keyed into the EHR by hand. Each "
        "counts as handed over once the person who keyed it marks it here."
    )


def _line(line: SheetLine) -> SheetLineView:
    told = ""
    if line.keyed is not None:
        number = f", the EHR’s number {line.keyed.ehr_number}" if line.keyed.ehr_number else ""
        told = f"Keyed by {line.keyed.person} on {moment(line.keyed.at)}{number}."
    return SheetLineView(
        delivery_id=line.delivery_id,
        title=line.title,
        facts=line.facts,
        reason=line.reason,
        reference=line.reference,
        keyed=told,
    )
