"""The lines of one range of a file, each bounded in memory however long it is.

A line belongs to the range in which it begins.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader, FileIO, RawIOBase
from typing import Protocol

from ccm_fhir.population.plan import Range

LONGEST_LINE_BYTES = 4 * 1024 * 1024
_CHUNK = 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class _Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


class BrokenFileError(Exception):
    """A compressed file breaks off or is none; what was read before it stands."""


def lines_of(stretch: Range) -> Iterator[bytes]:
    """Yield the lines that begin in a range, blank ones too.

    Of a line longer than ``LONGEST_LINE_BYTES`` that many bytes and one more are given; the rest
    is passed over.

    Raises:
        BrokenFileError: a compressed file cannot be read to its end.
        OSError: the file cannot be read.
    """
    with BufferedReader(FileIO(stretch.path), _CHUNK) as file:
        if stretch.is_compressed:
            yield from _unpacked(file)
            return
        position = _begin(file, stretch.start)
        if position == 0 and file.peek(3)[:3] == _MARK:
            position = file.seek(3)
        yield from _lines(file, position, stretch.end)


def lines_within(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a text that arrives in pieces, as ``lines_of`` does those of a file.

    Raises:
        whatever the pieces raise.
    """
    with BufferedReader(_Arriving(pieces), _CHUNK) as file:
        if file.peek(3)[:3] == _MARK:
            file.read(3)
        yield from _lines(file, 0, None)


class _Arriving(RawIOBase):
    """Pieces of bytes, as a file that is read once."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]  # any buffer there
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        length = min(len(into), len(self._left))
        into[:length] = self._left[:length]
        self._left = self._left[length:]
        return length


def _unpacked(file: BufferedReader[FileIO]) -> Iterator[bytes]:
    try:
        with gzip.open(file) as unpacked:
            yield from _lines(unpacked, 0, None)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BrokenFileError from None


def _begin(file: BufferedReader[FileIO], start: int) -> int:
    """Go to the first line that begins at or after an offset; return where that is."""
    if start == 0:
        return 0
    position = file.seek(start - 1)
    while chunk := file.readline(_CHUNK):
        position += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return position


def _lines(file: _Lines, position: int, end: int | None) -> Iterator[bytes]:
    readline, limit = file.readline, LONGEST_LINE_BYTES + 1
    while end is None or position < end:
        line = readline(limit)
        if not line:
            return
        position += len(line)
        yield line
        if len(line) == limit and not line.endswith(b"\n"):
            position += _pass_over(file)


def _pass_over(file: _Lines) -> int:
    passed = 0
    while chunk := file.readline(_CHUNK):
        passed += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return passed
