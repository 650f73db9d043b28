"""The files of a build, all of them or none; the same tables give the same bytes."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import own
from ccm_fhir.terminology.build.equivalents import Icd9Row
from ccm_fhir.terminology.build.merge import BILLABLE, Row
from ccm_fhir.terminology.codebook import Answer, packed
from ccm_fhir.terminology.provenance import Provenance

_ROW = ("code", "status", "ccir", "chronic", "source", "family", "ccw30")
_ICD9_ROW = ("code", "chronic", "family")


def files_of(
    rows: dict[str, Row],
    icd9: dict[str, Icd9Row],
    labels: dict[str, str],
    provenance: Provenance,
) -> dict[str, bytes]:
    """Return the files of a build by name."""
    return {
        own.ICD10CM: _zipped(_table(_ROW, rows.values())),
        own.ICD9CM: _zipped(_table(_ICD9_ROW, icd9.values())),
        own.ICD10CM_CODES: packed({code: answer_of(row) for code, row in rows.items()}),
        own.ICD9CM_CODES: packed(
            {code: Answer(row.chronic, row.family) for code, row in icd9.items()}
        ),
        own.FALLBACK_FAMILIES: "".join(
            f"{family}\t{label}\n" for family, label in [("family", "label"), *labels.items()]
        ).encode(),
        own.PROVENANCE: msgspec.json.format(msgspec.json.encode(provenance), indent=2) + b"\n",
    }


def answer_of(row: Row) -> Answer:
    """Return what a row says, as the file of codes holds it."""
    ccw30 = row.ccw30 if row.chronic != "0" else ""
    return Answer(
        chronic=row.chronic,
        family=row.family,
        ccw30=ccw30,
        is_billable=row.status == BILLABLE,
    )


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder; each is whole or as it was before.

    Raises:
        TerminologyFileError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            for name, content in files.items():
                Path(scratch, name).write_bytes(content)
            for name in files:
                Path(scratch, name).replace(folder / name)
    except OSError as problem:
        raise TerminologyFileError(
            folder.name, problem.strerror or "cannot be written to"
        ) from None


def read_rows(folder: Path) -> dict[str, Row]:
    """Return the merged table that a build wrote."""
    return {
        row[0]: Row(**dict(zip(_ROW, (*row, "", ""), strict=False)))
        for row in own.rows(folder / own.ICD10CM)
    }


def read_icd9_rows(folder: Path) -> dict[str, Icd9Row]:
    """Return the ICD-9-CM table that a build wrote."""
    return {
        row[0]: Icd9Row(**dict(zip(_ICD9_ROW, (*row, ""), strict=False)))
        for row in own.rows(folder / own.ICD9CM)
    }


def _table(captions: tuple[str, ...], rows: Iterable[Row | Icd9Row]) -> str:
    lines = ["\t".join(captions)]
    lines += ["\t".join(getattr(row, caption) for caption in captions) for row in rows]
    return "\n".join(lines) + "\n"


def _zipped(text: str) -> bytes:
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)
