"""Reads the shipped tables into one ``ChronicTable``.

The merged tables derive from AHRQ's Chronic Condition Indicator Refined and CMS's Chronic
Conditions Warehouse; families, overrides and the SNOMED map are this project's own judgement
(see NOTICE for the attributions).
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ccm_fhir.domain.conditions import Chronic, ChronicTable, CodeMeaning, FamilyName, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "ICD-10-CM FY2026 (April), CCIR v2026.1; ICD-9-CM CCI 2015; SNOMED CT GPS 2020-09"
_DATA = files("ccm_fhir.terminology") / "data"
_CHRONIC = {"1": Chronic.CHRONIC, "0": Chronic.NOT_CHRONIC, "review": Chronic.REVIEW}


@cache
def load_chronic_table() -> ChronicTable:
    """Return the shipped tables; read once in a process."""
    families = _families()
    ccw_names = {row[0]: row[1] for row in _rows("ccw_names.tsv")}

    @cache
    def meaning(flag: str, family: str, ccw30: str, status: str) -> CodeMeaning:
        named = families.get(family, FamilyName(label=""))
        ccw = named.ccw or next((n for k in ccw30.split("|") if (n := ccw_names.get(k))), "")
        tier = Tier.CMS_NAMED if named.cms else Tier.CCW if ccw else Tier.CCIR
        chronic = _CHRONIC[flag]
        if chronic is Chronic.NOT_CHRONIC:
            return CodeMeaning(chronic, "", is_billable=status == "billable")
        return CodeMeaning(chronic, family, tier, ccw, status == "billable")

    icd10cm = {
        row[0]: meaning(row[3], row[5], row[6], row[1])
        for row in _packed_rows("icd10cm_chronic.tsv.gz")
    }
    icd9cm = {
        row[0]: meaning(row[1], row[2], "", "billable")
        for row in _packed_rows("icd9cm_chronic.tsv.gz")
    }
    snomed = {
        row[0]: meaning(row[2], row[3], "", "billable") for row in _rows("snomed_gps_family.tsv")
    }
    return ChronicTable(
        version=VERSION,
        icd10cm=icd10cm,
        icd9cm=icd9cm,
        snomed=snomed,
        families=families,
        implied={row[0]: tuple(row[1].split()) for row in _rows("implied.tsv")},
        names=_names(families),
    )


def _families() -> dict[str, FamilyName]:
    ours = {
        row[0]: FamilyName(label=row[1], cms=row[2], ccw=row[3]) for row in _rows("families.tsv")
    }
    cms = {row[0]: row[1] for row in _rows("fallback_cms.tsv")}
    return ours | {
        row[0]: FamilyName(label=row[1], cms=cms.get(row[0], cms.get(row[0][:8], "")))
        for row in _rows("fallback_families.tsv")
    }


def _names(families: dict[str, FamilyName]) -> dict[str, str]:
    """Map what a disease is called, in small letters, to its family."""
    labels = {named.label.casefold(): family for family, named in families.items()}
    concepts = {
        row[1].rsplit(" (", 1)[0].casefold(): row[3] for row in _rows("snomed_gps_family.tsv")
    }
    return labels | {name: family for name, family in concepts.items() if family}


def _packed_rows(name: str) -> Iterator[list[str]]:
    text = gzip.decompress((_DATA / name).read_bytes()).decode()
    return (line.split("\t") for line in text.splitlines()[1:])


def _rows(name: str) -> Iterator[list[str]]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()[1:]
    return (line.split("\t") for line in lines if line.strip())
