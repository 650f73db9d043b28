"""Loads the shipped tables, or those of another build, into one ``ChronicTable``.

The merged tables derive from AHRQ's Chronic Condition Indicator Refined and CMS's Chronic
Conditions Warehouse; families, overrides and the SNOMED map are this project's own judgement
(see NOTICE for the attributions).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.conditions import ChronicTable, FamilyName, TableSource
from ccm_fhir.terminology import own
from ccm_fhir.terminology.codebook import Answer, Codebook
from ccm_fhir.terminology.provenance import Provenance

if TYPE_CHECKING:
    from pathlib import Path


@cache
def load_chronic_table(*, assume_icd10_is_cm: bool = False) -> ChronicTable:
    """Return the shipped tables; opened once in a process, their pages shared by all.

    Args:
        assume_icd10_is_cm: whether this site writes WHO's URI where it means ICD-10-CM.
    """
    return table_in(own.DATA, assume_icd10_is_cm=assume_icd10_is_cm)


def table_in(folder: Path, *, assume_icd10_is_cm: bool = False) -> ChronicTable:
    """Return the tables that a build wrote into a folder, with our own judgement as shipped."""
    families = own.families(folder)
    meaning = own.meaning_of(families, own.ccw_names())
    concepts = list(own.rows(own.DATA / own.SNOMED))
    provenance = msgspec.json.decode((folder / own.PROVENANCE).read_bytes(), type=Provenance)
    return ChronicTable(
        version=provenance.version,
        icd10cm=Codebook(folder / own.ICD10CM_CODES, meaning),
        icd9cm=Codebook(folder / own.ICD9CM_CODES, meaning),
        snomed={row[0]: meaning(Answer(row[2], row[3])) for row in concepts},
        families=families,
        implied={row[0]: tuple(row[1].split()) for row in own.rows(own.DATA / own.IMPLIED)},
        names=_names(families, concepts),
        sources=tuple(
            TableSource(name=s.name, version=s.version, terms=s.terms, used_for=s.used_for)
            for s in provenance.sources
        ),
        assume_icd10_is_cm=assume_icd10_is_cm,
    )


def _names(families: dict[str, FamilyName], concepts: list[list[str]]) -> dict[str, str]:
    """Map what a disease is called, in small letters, to its family."""
    labels = {named.label.casefold(): family for family, named in families.items()}
    titles = {row[1].rsplit(" (", 1)[0].casefold(): row[3] for row in concepts}
    return labels | {title: family for title, family in titles.items() if family}
