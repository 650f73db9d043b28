"""ICD-9-CM codes: AHRQ's indicator decides, CMS's equivalence mapping gives the family."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ccm_fhir.terminology.build.merge import Row
from ccm_fhir.terminology.own import longest_prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Icd9Row:
    """One ICD-9-CM code, as it is written; a chronic one without a family is for review."""

    code: str
    chronic: str
    family: str


def merge_icd9(
    indicators: dict[str, str],
    equivalents: dict[str, tuple[str, ...]],
    families: dict[str, str],
    rows: dict[str, Row],
) -> dict[str, Icd9Row]:
    """Return a row for each ICD-9-CM code; ``families`` maps ICD-10-CM prefixes."""
    merged: dict[str, Icd9Row] = {}
    for code, indicator in sorted(indicators.items()):
        targets = equivalents.get(code, ()) if indicator == "1" else ()
        counted = Counter(
            family
            for target in targets
            if (family := longest_prefix(target, families) or _family_of(target, rows))
        )
        family = counted.most_common(1)[0][0] if counted else ""
        merged[code] = Icd9Row(code=code, chronic=indicator, family=family)
    return merged


def _family_of(code: str, rows: dict[str, Row]) -> str:
    row = rows.get(code)
    return "" if row is None else row.family
