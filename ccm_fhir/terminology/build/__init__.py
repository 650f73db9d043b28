"""Rebuilds the tables from AHRQ's, CDC's and CMS's files: yearly in October, and in April.

Families, overrides and the SNOMED map are ours and are taken as shipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import own
from ccm_fhir.terminology.build.compare import Changes, compare, report
from ccm_fhir.terminology.build.editions import Edition, read_edition
from ccm_fhir.terminology.build.equivalents import Icd9Row, merge_icd9
from ccm_fhir.terminology.build.files import Given, read
from ccm_fhir.terminology.build.merge import Row, Sources, merge
from ccm_fhir.terminology.build.sources import (
    Ccsr,
    read_cci9,
    read_ccir,
    read_ccsr,
    read_ccw,
    read_gem,
    version_in,
)
from ccm_fhir.terminology.build.write import files_of, read_icd9_rows, read_rows, write
from ccm_fhir.terminology.provenance import OFFICIAL, OWN, Provenance, Source

__all__ = ["Built", "Inputs", "build", "report", "write"]

_SEPARATED = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The files given; ICD-9-CM's two are given together or stay as shipped.

    ``versions`` says what a file does not, by the keys of the sources; ``before`` holds the
    tables to compare with, whose codes are kept.
    """

    tabular: Path
    ccir: Path
    ccsr: Path
    ccw: Path
    ccsr_labels: Path | None = None
    icd9: Path | None = None
    gem: Path | None = None
    versions: dict[str, str] = field(default_factory=dict)
    before: Path = own.DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The merged tables, what they change, and the files to write."""

    rows: dict[str, Row]
    icd9: dict[str, Icd9Row]
    changes: Changes
    files: dict[str, bytes] = field(repr=False)


def build(inputs: Inputs) -> Built:
    """Merge the sources and compare them with the tables before; nothing is written.

    Raises:
        TerminologyFileError: a file cannot be read or a row of it is malformed; names both.
    """
    given = {
        "icd10cm": read(inputs.tabular, ".xml", ".txt", ".tsv"),
        "ccir": read(inputs.ccir, *_SEPARATED),
        "ccsr": read(inputs.ccsr, *_SEPARATED),
        "ccw": read(inputs.ccw, *_SEPARATED, ".xlsx"),
    }
    edition = read_edition(given["icd10cm"])
    labels = read(inputs.ccsr_labels, *_SEPARATED) if inputs.ccsr_labels else None
    ccsr = read_ccsr(given["ccsr"], labels)
    prefixes = {p: row[0] for row in own.rows(own.DATA / own.FAMILIES) for p in row[4].split()}
    ccw_names = own.ccw_names()
    before = read_rows(inputs.before)
    rows = merge(
        Sources(
            edition=edition,
            ccir=read_ccir(given["ccir"]),
            ccsr=ccsr,
            ccw=read_ccw(given["ccw"], ccw_names),
            ccw_names=ccw_names,
            families=prefixes,
            overrides={row[0]: row[1] for row in own.rows(own.DATA / own.OVERRIDES)},
            before=before,
        )
    )
    icd9 = _icd9(inputs, given, prefixes, rows)
    used = {row.family for row in rows.values()} | {row.family for row in icd9.values()}
    fallbacks = used - {*prefixes.values(), ""}
    provenance = _provenance(inputs, given)
    return Built(
        rows=rows,
        icd9=icd9,
        changes=compare(before, rows),
        files=files_of(rows, icd9, _labels(inputs, fallbacks, ccsr, edition), provenance),
    )


def _icd9(
    inputs: Inputs, given: dict[str, Given], prefixes: dict[str, str], rows: dict[str, Row]
) -> dict[str, Icd9Row]:
    if inputs.icd9 is None or inputs.gem is None:
        return read_icd9_rows(inputs.before)
    given["icd9"] = read(inputs.icd9, *_SEPARATED)
    given["gem"] = read(inputs.gem, *_SEPARATED)
    return merge_icd9(read_cci9(given["icd9"]), read_gem(given["gem"]), prefixes, rows)


def _labels(inputs: Inputs, used: Iterable[str], ccsr: Ccsr, edition: Edition) -> dict[str, str]:
    """Return the names of the fallback families; a retired category keeps the one it had."""
    earlier = {row[0]: row[1] for row in own.rows(inputs.before / own.FALLBACK_FAMILIES)}
    found: dict[str, str] = {}
    for family in sorted(used):
        kind, _, code = family.partition(":")
        named = ccsr.labels.get(code) if kind == "ccsr" else edition.titles.get(code)
        label = named or earlier.get(family)
        if not label:
            raise TerminologyFileError(inputs.ccsr.name, f"gives no name to {code}")
        found[family] = label
    return found


def _provenance(inputs: Inputs, given: dict[str, Given]) -> Provenance:
    versions = {
        key: inputs.versions.get(key) or version_in(file) or Path(file.name).name
        for key, file in given.items()
    }
    sources = [
        Source(
            key=key,
            name=OFFICIAL[key][0],
            version=versions[key],
            terms=OFFICIAL[key][1],
            used_for=OFFICIAL[key][2],
            file=file.name,
            sha256=file.sha256,
        )
        for key, file in given.items()
    ]
    return Provenance(
        version=f"ICD-10-CM {versions['icd10cm']}, CCIR {versions['ccir']}",
        sources=[*sources, *_kept(inputs, given), *OWN],
    )


def _kept(inputs: Inputs, given: dict[str, Given]) -> list[Source]:
    """Return the sources of the tables that this build leaves as they were."""
    earlier = inputs.before / own.PROVENANCE
    if "icd9" in given or not earlier.exists():
        return []
    before = msgspec.json.decode(earlier.read_bytes(), type=Provenance)
    return [source for source in before.sources if source.key in {"icd9", "gem"}]
