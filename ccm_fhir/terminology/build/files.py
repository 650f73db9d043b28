"""A file given to a build as rows of text: csv, tsv, fixed columns or xlsx, plain or packed.

What a file may unpack to is bounded; a row is named as an editor numbers it, never quoted.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import zipfile
import zlib
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path

from ccm_fhir.errors import TerminologyFileError

# The largest official file, CDC's tabular list, is below 20 MB.
LARGEST_BYTES = 128 * 1024 * 1024
_DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # encrypted
    NotImplementedError,  # a compression that Python does not know
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One file as it was given; ``content`` is unpacked where it was a zip or gzip."""

    name: str
    content: bytes = field(repr=False)
    sha256: str = ""

    def error(self, problem: str, *, row: int | None = None) -> TerminologyFileError:
        """Return an error that names the file and, where it is known, the row."""
        return TerminologyFileError(self.name, problem, row=row)

    def lines(self) -> list[str]:
        """Return the lines of text; a byte order mark and Windows' line ends are taken off."""
        try:
            text = self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self.content.decode("latin-1")
        return text.splitlines()

    def cells(self) -> list[list[str]]:
        """Return the rows of a csv or tsv, each cell without the quotes that AHRQ adds.

        Raises:
            TerminologyFileError: a row is not separated text.
        """
        lines = self.lines()
        separator = "\t" if lines and "\t" in lines[0] else ","
        reader = csv.reader(StringIO("\n".join(lines)), delimiter=separator, strict=True)
        found: list[list[str]] = []
        try:
            found.extend([_bare(cell) for cell in row] for row in reader)
        except csv.Error:
            raise self.error("is not separated text", row=len(found) + 1) from None
        return found


def read(path: Path, *endings: str) -> Given:
    """Read a file, or the one member of a zip whose name has one of the endings.

    Raises:
        TerminologyFileError: missing, damaged, too large, or no such member, or several.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise TerminologyFileError(path.name, "is larger than any such file")
        content = path.read_bytes()
    except OSError as problem:
        raise TerminologyFileError(path.name, problem.strerror or "cannot be read") from None
    digest = hashlib.sha256(content).hexdigest()
    try:
        name, unpacked = _unpacked(path.name, content, endings)
    except _DAMAGED:
        raise TerminologyFileError(path.name, "is damaged, encrypted or unknown") from None
    if not unpacked.strip():
        raise TerminologyFileError(name, "is empty")
    return Given(name=name, content=unpacked, sha256=digest)


def _unpacked(name: str, content: bytes, endings: tuple[str, ...]) -> tuple[str, bytes]:
    if content[:2] == b"\x1f\x8b":
        with gzip.open(BytesIO(content)) as packed:
            return name, _bounded(name, packed.read(LARGEST_BYTES + 1))
    if content[:4] != b"PK\x03\x04" or name.lower().endswith(".xlsx"):
        return name, content
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = [m for m in archive.infolist() if m.filename.lower().endswith(endings)]
        if len(members) != 1:
            found = "several" if members else "none"
            raise TerminologyFileError(
                name, f"should hold one file ending in {', '.join(endings)}; it holds {found}"
            )
        with archive.open(members[0]) as packed:
            return f"{name}:{members[0].filename}", _bounded(name, packed.read(LARGEST_BYTES + 1))


def _bounded(name: str, content: bytes) -> bytes:
    if len(content) > LARGEST_BYTES:
        raise TerminologyFileError(name, "unpacks to more than any such file")
    return content


def _bare(cell: str) -> str:
    return cell.strip().strip("'").strip()
