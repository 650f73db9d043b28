"""The tables that are this project's own judgement, and the rows of any shipped table."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccm_fhir.domain.conditions import Chronic, CodeMeaning, FamilyName, Tier
from ccm_fhir.terminology.codebook import Answer

DATA = Path(__file__).parent / "data"
FAMILIES, OVERRIDES, SNOMED = "families.tsv", "overrides.tsv", "snomed_gps_family.tsv"
IMPLIED, CCW_NAMES, FALLBACK_CMS = "implied.tsv", "ccw_names.tsv", "fallback_cms.tsv"
FALLBACK_FAMILIES = "fallback_families.tsv"
ICD10CM, ICD9CM = "icd10cm_chronic.tsv.gz", "icd9cm_chronic.tsv.gz"
ICD10CM_CODES, ICD9CM_CODES = "icd10cm.codes", "icd9cm.codes"
PROVENANCE = "provenance.json"
_CHRONIC = {"1": Chronic.CHRONIC, "0": Chronic.NOT_CHRONIC, "review": Chronic.REVIEW}


def rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a table below its captions; plain or packed with gzip."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return (line.split("\t") for line in text.splitlines()[1:] if line.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class CcwName:
    """One algorithm of CMS's Chronic Conditions Warehouse.

    ``kind``: ``disease``; ``event``, whose listing alone makes no code doubtful (infarction,
    stroke, pneumonia, hip fracture); or ``left_out`` (exclusion lists, and a list superseded).
    """

    name: str
    kind: str


def ccw_names(folder: Path = DATA) -> dict[str, CcwName]:
    """Return CMS's warehouse's algorithms by the short name that its lists use."""
    return {row[0]: CcwName(name=row[1], kind=row[2]) for row in rows(folder / CCW_NAMES)}


def families(folder: Path = DATA, *, own: Path = DATA) -> dict[str, FamilyName]:
    """Return our families and the fallbacks, which CCSR or an ICD-10-CM category name.

    Args:
        folder: holds the fallbacks' names, which are built.
        own: holds what is our judgement.
    """
    ours = {
        row[0]: FamilyName(label=row[1], cms=row[2], ccw=row[3]) for row in rows(own / FAMILIES)
    }
    cms = {row[0]: row[1] for row in rows(own / FALLBACK_CMS)}
    return ours | {
        family: FamilyName(label=label, cms=longest_prefix(family, cms) or "")
        for family, label in rows(folder / FALLBACK_FAMILIES)
    }


def meaning_of(
    names: Mapping[str, FamilyName], ccw: Mapping[str, CcwName]
) -> Callable[[Answer], CodeMeaning]:
    """Return the function that turns a row's answer into a meaning with its tier."""

    def meaning(answer: Answer) -> CodeMeaning:
        chronic = _CHRONIC[answer.chronic]
        if chronic is Chronic.NOT_CHRONIC:
            return CodeMeaning(chronic, "", is_billable=answer.is_billable)
        named = names.get(answer.family, FamilyName(label=""))
        listed = (ccw[key].name for key in answer.ccw30.split("|") if key in ccw)
        ccw_name = named.ccw or next(filter(None, listed), "")
        tier = Tier.CMS_NAMED if named.cms else Tier.CCW if ccw_name else Tier.CCIR
        return CodeMeaning(chronic, answer.family, tier, ccw_name, answer.is_billable)

    return meaning


def longest_prefix(text: str, table: Mapping[str, str]) -> str | None:
    """Return the entry of the longest prefix of a text; None where there is none."""
    for length in range(len(text), 0, -1):
        found = table.get(text[:length])
        if found is not None:
            return found
    return None
