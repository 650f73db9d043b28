"""What the codings of one Condition amount to; statuses are not looked at here.

An ICD-10-CM coding decides before one of ICD-9-CM, and that before SNOMED CT. What cannot be
read is for review with a suggestion where there is one: never dropped, never counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import ICD10, ICD10CM, SNOMED
from ccm_fhir.domain.conditions.doubts import suggested, why_unknown, why_unread
from ccm_fhir.domain.conditions.readings import PRECEDENCE, SYSTEM_NAMES, Reading, read
from ccm_fhir.domain.conditions.tables import Chronic, ChronicTable, Tier, normalise
from ccm_fhir.domain.facts import Coding

_MOST_KEPT = 20_000  # decisions
_LONGEST_KEPT = 100  # characters of text; what is longer is somebody's own words
_NAMED_BY: dict[Tier | None, str] = {
    Tier.CMS_NAMED: "which CMS names among its examples",
    Tier.CCW: "one of the Chronic Conditions Warehouse's 30",
    Tier.CCIR: "which neither CMS's examples nor the Chronic Conditions Warehouse's 30 name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDecision:
    """What the codings say; ``possible`` are the families that a review may end in."""

    chronic: Chronic
    why: str
    family: str = ""
    tier: Tier | None = None
    ccw: str = ""
    icd10cm: str = ""
    is_billable: bool = False
    possible: tuple[str, ...] = ()


def decide_by_codings(codings: tuple[Coding, ...], text: str, table: ChronicTable) -> CodeDecision:
    """Return what the codings say; nothing is raised, whatever they are."""
    if len(text) > _LONGEST_KEPT:
        return _decide(codings, text, table)
    asked = (codings, text)
    known = table.decided.get(asked)
    if isinstance(known, CodeDecision):
        return known
    if len(table.decided) >= _MOST_KEPT:
        table.decided.clear()
    decided = _decide(codings, text, table)
    table.decided[asked] = decided
    return decided


def _decide(codings: tuple[Coding, ...], text: str, table: ChronicTable) -> CodeDecision:
    readings: list[Reading] = []
    for coding in codings:
        reading = read(coding, table)
        if reading is not None:
            readings.append(reading)
        elif _is_icd10cm(coding, table) and coding.code.strip():
            return _in_doubt(why_unknown(coding, table), codings, text, table)
    if not readings:
        return _in_doubt(why_unread(codings, text), codings, text, table)
    if len(readings) == 1:
        return _decided(readings[0], text, table)
    return _among(readings, text, table)


def _among(readings: list[Reading], text: str, table: ChronicTable) -> CodeDecision:
    answers = {reading.meaning.chronic for reading in readings}
    families = _families(readings)
    if len(families) > 1 or {Chronic.CHRONIC, Chronic.NOT_CHRONIC} <= answers:
        named = ", ".join(f"{SYSTEM_NAMES[each.system]} {each.code}" for each in readings)
        return CodeDecision(
            chronic=Chronic.REVIEW,
            why=f"Its codes disagree ({named}): a clinician says which disease is meant.",
            family=families[0] if len(families) == 1 else "",
            possible=families,
        )
    return _decided(min(readings, key=_rank), text, table)


def _rank(reading: Reading) -> tuple[int, bool, int, str]:
    meaning = reading.meaning
    return PRECEDENCE[reading.system], not meaning.is_billable, -len(reading.code), reading.code


def _decided(reading: Reading, text: str, table: ChronicTable) -> CodeDecision:
    meaning = reading.meaning
    is_icd10cm = reading.system == ICD10CM
    named = f"{SYSTEM_NAMES[reading.system]} {reading.code}"
    chronic = meaning.chronic
    if chronic is Chronic.CHRONIC and not meaning.family:
        chronic = Chronic.REVIEW
        why = f"{named} is chronic; which disease it is the tables do not say: a clinician decides."
    elif chronic is Chronic.CHRONIC:
        why = f"{named} is chronic: {table.label(meaning.family)}, {_NAMED_BY[meaning.tier]}."
    elif chronic is Chronic.NOT_CHRONIC:
        why = f"{named} is not a chronic condition."
    else:
        why = _why_review(reading, named)
    if reading.note:
        why = f"{why} {reading.note}"
    if meaning.chronic is not Chronic.NOT_CHRONIC:
        why += _hints(reading, text, table)
    return CodeDecision(
        chronic=chronic,
        why=why,
        family=meaning.family,
        tier=meaning.tier if meaning.family else None,
        ccw=meaning.ccw,
        icd10cm=reading.code if is_icd10cm else "",
        is_billable=is_icd10cm and meaning.is_billable,
        possible=(meaning.family,) if meaning.family else (),
    )


def _why_review(reading: Reading, named: str) -> str:
    if reading.system == SNOMED:
        return f"The shipped map leaves {named} to a clinician."
    if not reading.meaning.is_billable:
        return f"{named} covers codes that are chronic and codes that are not: a clinician decides."
    return f"The sources disagree whether {named} is chronic: a clinician decides."


def _hints(reading: Reading, text: str, table: ChronicTable) -> str:
    hints = ""
    if reading.system == ICD10CM:
        implied = table.implied_by(normalise(reading.code))
        if implied:
            named = ", ".join(table.label(family) for family in implied)
            hints = f" It also speaks of {named}, which counts by a code of its own."
        if not reading.meaning.is_billable:
            hints += " The code is not billable as it stands: a claim needs a more specific one."
    suggested = table.names.get(text.strip().casefold()) if text else None
    if suggested is not None and suggested != reading.meaning.family:
        hints += f" Its text names {table.label(suggested)}; the code is taken."
    return hints


def _is_icd10cm(coding: Coding, table: ChronicTable) -> bool:
    return coding.system == ICD10CM or (coding.system == ICD10 and table.assume_icd10_is_cm)


def _in_doubt(
    why: str, codings: tuple[Coding, ...], text: str, table: ChronicTable
) -> CodeDecision:
    possible = suggested(codings, text, table)
    if possible:
        names = ", ".join(table.label(family) for family in possible)
        why = f"{why} It may be {names}."
    return CodeDecision(
        chronic=Chronic.REVIEW,
        why=why,
        family=possible[0] if len(possible) == 1 else "",
        possible=possible,
    )


def _families(readings: list[Reading]) -> tuple[str, ...]:
    stated = (reading.meaning.family for reading in readings)
    return tuple(dict.fromkeys(family for family in stated if family))
