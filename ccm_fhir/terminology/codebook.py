"""One file of codes, mapped into memory: opened at once, and shared by every process.

A line that names the format, a line of JSON (the distinct answers, and where each category of
three characters begins), then one record a code, in order: its further characters, padded to
four, and the number of its answer. A test holds the file equal to the table it is made from.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from ccm_fhir.domain.conditions import CodeMeaning
from ccm_fhir.errors import TerminologyFileError

MAGIC = b"ccm-fhir codes, format 1\n"
_CATEGORY, _DETAIL, _ANSWER = 3, 4, 2
_RECORD = _DETAIL + _ANSWER
_MOST_ANSWERS = 1 << 8 * _ANSWER


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a code's row says, as the tables spell it: ``1``, ``0`` or ``review``, and whose."""

    chronic: str
    family: str
    ccw30: str = ""
    is_billable: bool = True


class _Head(msgspec.Struct, frozen=True):
    answers: list[Answer]
    categories: list[str]
    starts: list[int]
    rows: int


class Codebook(Mapping[str, CodeMeaning]):
    """Normalised codes and what they mean; what was once found is remembered."""

    def __init__(self, path: Path, meaning: Callable[[Answer], CodeMeaning]) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        end = self._bytes.find(b"\n", len(MAGIC))
        if self._bytes[: len(MAGIC)] != MAGIC or end < 0:
            raise TerminologyFileError(path.name, "is not a file of codes of this format")
        head = msgspec.json.decode(self._bytes[len(MAGIC) : end], type=_Head)
        self._first = end + 1
        if len(self._bytes) != self._first + head.rows * _RECORD:
            raise TerminologyFileError(path.name, "is cut short or has grown")
        self._rows = head.rows
        self._meanings = [meaning(answer) for answer in head.answers]
        ends = [*head.starts[1:], head.rows]
        self._ranges = dict(zip(head.categories, zip(head.starts, ends, strict=True), strict=True))
        self._found: dict[str, CodeMeaning] = {}

    def get(  # type: ignore[override]  # narrower than Mapping's: a default of this type alone
        self, code: str, default: CodeMeaning | None = None
    ) -> CodeMeaning | None:
        """Return what a code means; the default where it is not there."""
        found = self._found.get(code)
        if found is None:
            found = self._look_up(code)
            if found is None:
                return default
            self._found[code] = found
        return found

    def __getitem__(self, code: str) -> CodeMeaning:
        found = self.get(code)
        if found is None:
            raise KeyError(code)
        return found

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self.get(code) is not None

    def __iter__(self) -> Iterator[str]:
        for category, (start, end) in self._ranges.items():
            for row in range(start, end):
                yield category + self._detail(row).decode().rstrip()

    def __len__(self) -> int:
        return self._rows

    def _look_up(self, code: str) -> CodeMeaning | None:
        place = self._ranges.get(code[:_CATEGORY])
        if place is None or len(code) > _CATEGORY + _DETAIL or not code.isalnum():
            return None
        wanted = code[_CATEGORY:].encode().ljust(_DETAIL)
        start, end = place
        row = bisect_left(range(end), wanted, lo=start, hi=end, key=self._detail)
        if row >= end or self._detail(row) != wanted:
            return None
        at = self._first + row * _RECORD + _DETAIL
        return self._meanings[int.from_bytes(self._bytes[at : at + _ANSWER], "big")]

    def _detail(self, row: int) -> bytes:
        at = self._first + row * _RECORD
        return self._bytes[at : at + _DETAIL]


def packed(answers: Mapping[str, Answer]) -> bytes:
    """Return a file of codes; the same codes give the same bytes.

    Raises:
        ValueError: a code is not three to seven ASCII characters, or there are too many answers.
    """
    distinct = sorted(set(answers.values()), key=msgspec.structs.astuple)
    if len(distinct) > _MOST_ANSWERS:
        raise ValueError(len(distinct))
    number = {answer: place for place, answer in enumerate(distinct)}
    categories: list[str] = []
    starts: list[int] = []
    records = bytearray()
    for row, code in enumerate(sorted(answers)):
        if not (code.isascii() and _CATEGORY <= len(code) <= _CATEGORY + _DETAIL):
            raise ValueError(code)
        if not categories or categories[-1] != code[:_CATEGORY]:
            categories.append(code[:_CATEGORY])
            starts.append(row)
        records += code[_CATEGORY:].ljust(_DETAIL).encode()
        records += number[answers[code]].to_bytes(_ANSWER, "big")
    head = _Head(answers=distinct, categories=categories, starts=starts, rows=len(answers))
    return MAGIC + msgspec.json.encode(head) + b"\n" + bytes(records)
