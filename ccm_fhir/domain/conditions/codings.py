"""What the codings of one Condition amount to; statuses are not looked at here.

An ICD-10-CM coding decides before one of ICD-9-CM, and that before SNOMED CT. What cannot be
read is for review with a suggestion where there is one: never dropped, never counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccm_fhir.domain.codes import ICD9CM, ICD10, ICD10CA, ICD10CM, ICD10GM, SNOMED
from ccm_fhir.domain.conditions.tables import (
    Chronic,
    ChronicTable,
    CodeMeaning,
    Tier,
    dotted,
    normalise,
)
from ccm_fhir.domain.facts import Coding

_CODE_SHAPE = re.compile(r"[A-Z][0-9A-Z]{1,7}\Z")
_TWO_CODES = re.compile(r"\S\s+[A-Za-z]\d\w")
_SHOWN = 20  # of a code that may be anything
_FIRST = {ICD10CM: 0, ICD9CM: 1, SNOMED: 2}
_NAMES = {ICD10CM: "ICD-10-CM", ICD9CM: "ICD-9-CM", SNOMED: "SNOMED CT"}
_FOREIGN = {ICD10: "WHO's ICD-10", ICD10CA: "Canada's ICD-10-CA", ICD10GM: "Germany's ICD-10-GM"}
_NAMED_BY: dict[Tier | None, str] = {
    Tier.CMS_NAMED: "CMS names it among its examples",
    Tier.CCW: "it is one of the Chronic Conditions Warehouse's 30",
    Tier.CCIR: "by AHRQ's indicator; CMS's examples and the Warehouse's 30 do not name it",
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """One coding that the tables know; ``code`` as it is written, ``note`` what was odd of it."""

    system: str
    code: str
    meaning: CodeMeaning
    note: str = ""


def decide_by_codings(codings: tuple[Coding, ...], text: str, table: ChronicTable) -> CodeDecision:
    """Return what the codings say; nothing is raised, whatever they are."""
    readings: list[_Reading] = []
    for coding in codings:
        reading = _read(coding, table)
        if reading is not None:
            readings.append(reading)
        elif _is_icd10cm(coding, table) and coding.code.strip():
            return _in_doubt(_unknown(coding, table), codings, text, table)
    if not readings:
        return _in_doubt(_why_unread(codings, text), codings, text, table)
    if len(readings) == 1:
        return _decided(readings[0], text, table)
    return _among(readings, text, table)


def _among(readings: list[_Reading], text: str, table: ChronicTable) -> CodeDecision:
    answers = {reading.meaning.chronic for reading in readings}
    families = _families(readings)
    if len(families) > 1 or {Chronic.CHRONIC, Chronic.NOT_CHRONIC} <= answers:
        named = ", ".join(f"{_NAMES[each.system]} {each.code}" for each in readings)
        return CodeDecision(
            chronic=Chronic.REVIEW,
            why=f"Its codes disagree ({named}): a clinician says which disease is meant.",
            family=families[0] if len(families) == 1 else "",
            possible=families,
        )
    return _decided(min(readings, key=_rank), text, table)


def _rank(reading: _Reading) -> tuple[int, bool, int, str]:
    meaning = reading.meaning
    return _FIRST[reading.system], not meaning.is_billable, -len(reading.code), reading.code


def _decided(reading: _Reading, text: str, table: ChronicTable) -> CodeDecision:
    meaning = reading.meaning
    is_icd10cm = reading.system == ICD10CM
    named = f"{_NAMES[reading.system]} {reading.code}"
    chronic = meaning.chronic
    if chronic is Chronic.CHRONIC and not meaning.family:
        chronic = Chronic.REVIEW
        why = f"{named} is chronic; which disease it is the tables do not say: a clinician decides."
    elif chronic is Chronic.CHRONIC:
        why = f"{named} is chronic: {table.label(meaning.family)}, {_NAMED_BY[meaning.tier]}."
    elif chronic is Chronic.NOT_CHRONIC:
        why = f"{named} is not a chronic condition."
    else:
        why = f"The sources disagree whether {named} is chronic: a clinician decides."
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


def _hints(reading: _Reading, text: str, table: ChronicTable) -> str:
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


def _read(coding: Coding, table: ChronicTable) -> _Reading | None:
    system = coding.system
    if system == ICD10CM:
        return _read_icd10cm(coding.code, table, "")
    if system == SNOMED:
        return _read_snomed(coding.code.strip(), table)
    if system == ICD9CM:
        meaning = table.icd9cm.get(normalise(coding.code))
        return None if meaning is None else _Reading(ICD9CM, coding.code.strip(), meaning)
    if system == ICD10 and table.assume_icd10_is_cm:
        return _read_icd10cm(
            coding.code, table, "ICD-10 is taken as ICD-10-CM by this site's setting."
        )
    return None


def _read_icd10cm(code: str, table: ChronicTable, note: str) -> _Reading | None:
    normalised = _one_code(code)
    found = table.find_icd10cm(normalised) if normalised else None
    if found is None:
        return None
    as_found, meaning = found
    if as_found != normalised:
        note = f"{note} The filler X at its end is not part of the code.".strip()
    return _Reading(ICD10CM, dotted(as_found), meaning, note)


def _one_code(code: str) -> str:
    """Return an ICD-10-CM code normalised; empty where it is none, or two in one string."""
    normalised = normalise(code)
    is_one = _CODE_SHAPE.match(normalised) and not _TWO_CODES.search(code)
    return normalised if is_one else ""


def _read_snomed(code: str, table: ChronicTable) -> _Reading | None:
    meaning = table.snomed.get(code)
    if meaning is not None:
        return _Reading(SNOMED, code, meaning)
    answer = table.site_answers.get(code)
    if answer is None:
        return None
    if answer.icd10cm:
        found = table.find_icd10cm(normalise(answer.icd10cm))
        if found is None:
            return None
        note = f"The site's terminology server maps it to ICD-10-CM {dotted(found[0])}."
        return _Reading(SNOMED, code, found[1], note)
    return _by_family(code, answer.family, table)


def _by_family(code: str, family: str, table: ChronicTable) -> _Reading | None:
    named = table.families.get(family)
    if named is None:
        return None
    tier = Tier.CMS_NAMED if named.cms else Tier.CCW if named.ccw else Tier.CCIR
    return _Reading(
        SNOMED,
        code,
        CodeMeaning(Chronic.CHRONIC, family, tier, named.ccw),
        "The site's terminology server places it in this family.",
    )


def _is_icd10cm(coding: Coding, table: ChronicTable) -> bool:
    return coding.system == ICD10CM or (coding.system == ICD10 and table.assume_icd10_is_cm)


def _unknown(coding: Coding, table: ChronicTable) -> str:
    normalised = _one_code(coding.code)
    if not normalised:
        return (
            "What its ICD-10-CM coding holds is not one code: "
            "a clinician names the disease, or the EHR codes it again."
        )
    return (
        f"ICD-10-CM {dotted(normalised)} is not in the loaded tables ({table.version}): "
        "a clinician decides, or newer tables are loaded."
    )


def _why_unread(codings: tuple[Coding, ...], text: str) -> str:
    stated = [coding for coding in codings if coding.code.strip()]
    if not stated:
        return (
            "It is text alone, which may deny, suspect or tell of a relative: "
            "a clinician decides, or the EHR codes it."
            if text.strip()
            else "It carries no code: a clinician decides, or the EHR codes it."
        )
    known = [coding for coding in stated if coding.system in _FIRST]
    if known:
        coding = min(known, key=lambda each: _FIRST[each.system or ""])
        named = f"{_NAMES[coding.system or '']} {coding.code.strip()[:_SHOWN]}"
        return (
            f"{named} is not in the loaded tables: "
            "a clinician decides, or the EHR adds an ICD-10-CM code."
        )
    foreign = next((c for c in stated if c.system in _FOREIGN), None)
    if foreign is not None:
        return (
            f"It is coded in {_FOREIGN[foreign.system or '']}, whose codes may mean otherwise than "
            "ICD-10-CM's: a clinician decides, or the EHR adds an ICD-10-CM code."
        )
    return (
        "Its code is of no system that the tables know: "
        "a clinician decides, or the EHR adds an ICD-10-CM code."
    )


def _in_doubt(
    why: str, codings: tuple[Coding, ...], text: str, table: ChronicTable
) -> CodeDecision:
    possible = _suggested(codings, text, table)
    if possible:
        names = ", ".join(table.label(family) for family in possible)
        why = f"{why} It may be {names}."
    return CodeDecision(
        chronic=Chronic.REVIEW,
        why=why,
        family=possible[0] if len(possible) == 1 else "",
        possible=possible,
    )


def _suggested(codings: tuple[Coding, ...], text: str, table: ChronicTable) -> tuple[str, ...]:
    """Return the families that codings of a wrong or no system, or else the text, point to."""
    meanings: list[CodeMeaning | None] = []
    for coding in codings:
        normalised = _one_code(coding.code)
        found = table.find_icd10cm(normalised) if normalised else None
        meanings.append(found[1] if found else table.snomed.get(coding.code.strip()))
    families = [m.family for m in meanings if m is not None and m.family]
    if not families and text:
        families = [table.names.get(text.strip().casefold(), "")]
    return tuple(dict.fromkeys(family for family in families if family))


def _families(readings: list[_Reading]) -> tuple[str, ...]:
    stated = (reading.meaning.family for reading in readings)
    return tuple(dict.fromkeys(family for family in stated if family))
