"""One coding looked up: in the table of its system, or by what the site's own server says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccm_fhir.domain.codes import ICD9CM, ICD10, ICD10CM, SNOMED
from ccm_fhir.domain.conditions.tables import (
    Chronic,
    ChronicTable,
    CodeMeaning,
    dotted,
    normalise,
)
from ccm_fhir.domain.facts import Coding

PRECEDENCE = {ICD10CM: 0, ICD9CM: 1, SNOMED: 2}
SYSTEM_NAMES = {ICD10CM: "ICD-10-CM", ICD9CM: "ICD-9-CM", SNOMED: "SNOMED CT"}
_CODE_SHAPE = re.compile(r"[A-Z][0-9A-Z]{1,7}\Z")
_TWO_CODES = re.compile(r"\S\s+[A-Za-z]\d\w")


@dataclass(frozen=True, slots=True)
class Reading:
    """One coding that the tables know; ``code`` as it is written, ``note`` what was odd of it."""

    system: str
    code: str
    meaning: CodeMeaning
    note: str = ""


def read(coding: Coding, table: ChronicTable) -> Reading | None:
    """Return a coding with what the tables say of it; None where they say nothing."""
    system = coding.system
    if system == ICD10CM:
        return _read_icd10cm(coding.code, table, "")
    if system == SNOMED:
        return _read_snomed(coding.code.strip(), table)
    if system == ICD9CM:
        meaning = table.icd9cm.get(normalise(coding.code))
        return None if meaning is None else Reading(ICD9CM, coding.code.strip(), meaning)
    if system == ICD10 and table.assume_icd10_is_cm:
        return _read_icd10cm(
            coding.code, table, "ICD-10 is taken as ICD-10-CM by this site's setting."
        )
    return None


def _read_icd10cm(code: str, table: ChronicTable, note: str) -> Reading | None:
    normalised = one_code(code)
    found = table.find_icd10cm(normalised) if normalised else None
    if found is None:
        return None
    as_found, meaning = found
    if as_found != normalised:
        note = f"{note} The filler X at its end is not part of the code.".strip()
    return Reading(ICD10CM, dotted(as_found), meaning, note)


def one_code(code: str) -> str:
    """Return an ICD-10-CM code normalised; empty where it is none, or two in one string."""
    normalised = normalise(code)
    is_one = _CODE_SHAPE.match(normalised) and not _TWO_CODES.search(code)
    return normalised if is_one else ""


def _read_snomed(code: str, table: ChronicTable) -> Reading | None:
    meaning = table.snomed.get(code)
    if meaning is not None:
        return Reading(SNOMED, code, meaning)
    answer = table.site_answers.get(code)
    if answer is None:
        return None
    if answer.icd10cm:
        found = table.find_icd10cm(normalise(answer.icd10cm))
        if found is None:
            return None
        note = f"The site's terminology server maps it to ICD-10-CM {dotted(found[0])}."
        return Reading(SNOMED, code, found[1], note)
    return _by_family(code, answer.family, table)


def _by_family(code: str, family: str, table: ChronicTable) -> Reading | None:
    named = table.families.get(family)
    if named is None:
        return None
    return Reading(
        SNOMED,
        code,
        CodeMeaning(Chronic.CHRONIC, family, named.tier, named.ccw),
        "The site's terminology server places it in this family.",
    )
