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

from ccm_fhir.domain.conditions import ChronicTable

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "ICD-10-CM FY2026 (April), CCIR v2026.1; ICD-9-CM CCI 2015; SNOMED CT GPS 2020-09"
_DATA = files("ccm_fhir.terminology") / "data"


@cache
def load_chronic_table() -> ChronicTable:
    """Return the shipped tables; read once in a process."""
    return ChronicTable(
        version=VERSION,
        icd10cm=_icd10cm(),
        icd9cm={row[0]: f"{row[1]}\t{row[2]}" for row in _packed_rows("icd9cm_chronic.tsv.gz")},
        snomed={row[0]: f"{row[2]}\t{row[3]}" for row in _rows("snomed_gps_family.tsv")},
        labels={row[0]: row[1] for row in _rows("families.tsv")},
    )


def _icd10cm() -> dict[str, str]:
    """Map a code to ``chronic<TAB>family``, packed so that 98,796 codes load quickly."""
    return {row[0]: f"{row[3]}\t{row[5]}" for row in _packed_rows("icd10cm_chronic.tsv.gz")}


def _packed_rows(name: str) -> Iterator[list[str]]:
    text = gzip.decompress((_DATA / name).read_bytes()).decode()
    return (line.split("\t") for line in text.splitlines()[1:])


def _rows(name: str) -> Iterator[list[str]]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()[1:]
    return (line.split("\t") for line in lines if line.strip())
