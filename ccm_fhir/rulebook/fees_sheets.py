"""A file of CMS's, zip or csv, as sheets of text cells; what it may unpack to is bounded."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, BinaryIO

from ccm_fhir.errors import FeeFileError

if TYPE_CHECKING:
    from pathlib import Path

# The largest real csv is below 4 MB and its zip below 10 MB; a bomb is stopped, not measured.
LARGEST_ARCHIVE_BYTES = 64 * 1024 * 1024
LARGEST_SHEET_BYTES = 16 * 1024 * 1024
MOST_SHEETS = 8
_TABLE_NAME = re.compile(r"(?:^|/)(?:PPRRVU|GPCI)[^/]*\.csv$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table as CMS laid it out; row 1 is the first row of the file."""

    name: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def stem(self) -> str:
        """Return the file's name without its ending."""
        return self.name.rsplit(".", 1)[0]

    def error(
        self, problem: str, *, row: int | None = None, column: str | None = None
    ) -> FeeFileError:
        """Return an error that names the place; never the row's text, which may be a descriptor."""
        return FeeFileError(self.name, problem, row=row, column=column)


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Return the relative value and GPCI tables of a zip, or the one table of a csv file.

    Raises:
        FeeFileError: the file is missing, damaged, too large, or has no such table.
    """
    try:
        if path.stat().st_size > LARGEST_ARCHIVE_BYTES:
            raise FeeFileError(path.name, "is larger than any fee schedule file")
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                return _read_archive(path.name, file)
            file.seek(0)
            return (_sheet(path.name, file.read(LARGEST_SHEET_BYTES + 1)),)
    except OSError as error:
        raise FeeFileError(path.name, error.strerror or "cannot be read") from None


def _read_archive(name: str, file: BinaryIO) -> tuple[Sheet, ...]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if _TABLE_NAME.search(m.filename)]
            if not members:
                raise FeeFileError(name, "holds neither a PPRRVU….csv nor a GPCI….csv")
            if len(members) > MOST_SHEETS:
                raise FeeFileError(name, f"holds more than {MOST_SHEETS} fee tables")
            return tuple(_read_member(archive, member) for member in members)
    # RuntimeError: encrypted; NotImplementedError: a compression that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise FeeFileError(name, "is a damaged, encrypted or unknown kind of zip") from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Sheet:
    # The declared size is a claim: the bytes that really come out are what is bounded.
    with archive.open(member) as unpacked:
        return _sheet(member.filename.rsplit("/", 1)[-1], unpacked.read(LARGEST_SHEET_BYTES + 1))


def _sheet(name: str, content: bytes) -> Sheet:
    if len(content) > LARGEST_SHEET_BYTES:
        raise FeeFileError(name, "unpacks to more than any fee schedule table")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        rows.extend(tuple(" ".join(cell.split()) for cell in row) for row in reader)
    except csv.Error:
        raise FeeFileError(name, "is not comma-separated text", row=len(rows) + 1) from None
    return Sheet(name=name, rows=tuple(rows))
