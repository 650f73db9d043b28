"""Why codings could not be read, in sentences, and what they might have meant."""

from __future__ import annotations

from ccm_fhir.domain.codes import ICD10, ICD10CA, ICD10GM
from ccm_fhir.domain.conditions.readings import PRECEDENCE, SYSTEM_NAMES, one_code
from ccm_fhir.domain.conditions.tables import ChronicTable, CodeMeaning, dotted
from ccm_fhir.domain.facts import Coding

_SHOWN = 20  # of a code that may be anything
_FOREIGN = {ICD10: "WHO's ICD-10", ICD10CA: "Canada's ICD-10-CA", ICD10GM: "Germany's ICD-10-GM"}


def why_unknown(coding: Coding, table: ChronicTable) -> str:
    """Say why an ICD-10-CM coding could not be looked up."""
    normalised = one_code(coding.code)
    if not normalised:
        return (
            "What its ICD-10-CM coding holds is not one code: "
            "a clinician names the disease, or the EHR codes it again."
        )
    return (
        f"ICD-10-CM {dotted(normalised)} is not in the loaded tables ({table.version}): "
        "a clinician decides, or newer tables are loaded."
    )


def why_unread(codings: tuple[Coding, ...], text: str) -> str:
    """Say why none of the codings could be looked up."""
    stated = [coding for coding in codings if coding.code.strip()]
    if not stated:
        return (
            "It is text alone, which may deny, suspect or tell of a relative: "
            "a clinician decides, or the EHR codes it."
            if text.strip()
            else "It carries no code: a clinician decides, or the EHR codes it."
        )
    known = [coding for coding in stated if coding.system in PRECEDENCE]
    if known:
        coding = min(known, key=lambda each: PRECEDENCE[each.system or ""])
        named = f"{SYSTEM_NAMES[coding.system or '']} {coding.code.strip()[:_SHOWN]}"
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


def suggested(codings: tuple[Coding, ...], text: str, table: ChronicTable) -> tuple[str, ...]:
    """Return the families that codings of a wrong or no system, or else the text, point to."""
    meanings: list[CodeMeaning | None] = []
    for coding in codings:
        normalised = one_code(coding.code)
        found = table.find_icd10cm(normalised) if normalised else None
        meanings.append(found[1] if found else table.snomed.get(coding.code.strip()))
    families = [m.family for m in meanings if m is not None and m.family]
    if not families and text:
        families = [table.names.get(text.strip().casefold(), "")]
    return tuple(dict.fromkeys(family for family in families if family))
