"""AHRQ's and CMS's lists as published, or as tables of the same columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.terminology.build.editions import CODE
from ccm_fhir.terminology.build.files import Given
from ccm_fhir.terminology.build.sheet import sheet_rows
from ccm_fhir.terminology.own import CcwName

_ICD9 = re.compile(r"(?:E\d{3}|[V\d]\d{2})\d{0,2}\Z")
_CATEGORY_NAME = re.compile(r"[A-Z]{3}\d{3}\Z")
_VERSION = re.compile(r"v(?P<version>20\d\d[.-]\d)", re.IGNORECASE)
_GEM_LINE = re.compile(r"(?P<from>\w{3,5}) +(?P<to>\w{3,7}) +[01]{4}\d\Z")
_NO_MAP = "NODX"
_CAPTION_ROWS = 10  # AHRQ puts a title and a legend above the captions


@dataclass(frozen=True, slots=True)
class Ccsr:
    """CCSR's categories of a code, in its order, and what each is called."""

    categories: dict[str, tuple[str, ...]]
    labels: dict[str, str]


def version_in(given: Given) -> str:
    """Return the version that a file names in its first rows or its name; empty for none."""
    for text in (*given.lines()[:2], given.name):
        found = _VERSION.search(text)
        if found:
            return f"v{found['version'].replace('-', '.')}"
    return ""


def read_ccir(given: Given) -> dict[str, str]:
    """Return each code's chronic condition indicator: ``0``, ``1``, or ``9`` for undetermined.

    Raises:
        TerminologyFileError: a row is not a code and an indicator; names it.
    """
    return _indicators(given, ("icd-10-cm code", "code"), ("chronic indicator", "ccir"), "019")


def read_cci9(given: Given) -> dict[str, str]:
    """Return each ICD-9-CM code's chronic condition indicator, ``0`` or ``1``.

    Raises:
        TerminologyFileError: as for ``read_ccir``.
    """
    return _indicators(
        given,
        ("icd-9-cm code", "code"),
        ("category description", "cci2015"),
        "01",
        shape=_ICD9,
    )


def _indicators(
    given: Given,
    code_captions: tuple[str, ...],
    value_captions: tuple[str, ...],
    allowed: str,
    shape: re.Pattern[str] = CODE,
) -> dict[str, str]:
    cells = given.cells()
    head, at = _captions(given, cells, code_captions, value_captions)
    found: dict[str, str] = {}
    for row, cell in enumerate(cells[head + 1 :], start=head + 2):
        if not any(cell):
            continue
        if len(cell) <= max(at) or not shape.match(cell[at[0]]):
            raise given.error("does not begin with a code without its dot", row=row)
        if len(cell[at[1]]) != 1 or cell[at[1]] not in allowed:
            raise given.error(f"has an indicator other than {', '.join(allowed)}", row=row)
        if found.setdefault(cell[at[0]], cell[at[1]]) != cell[at[1]]:
            raise given.error("gives a code a second indicator", row=row)
    if not found:
        raise given.error("holds no code")
    return found


def read_ccsr(given: Given, labels: Given | None) -> Ccsr:
    """Return CCSR's categories from AHRQ's file, or from a table with its labels beside it.

    Raises:
        TerminologyFileError: a row has no category, or a label is missing.
    """
    cells = given.cells()
    if "categories" in [cell.lower() for cell in cells[0]]:
        return _ccsr_table(given, cells, labels)
    head, (code_at, *_) = _captions(given, cells, ("icd-10-cm code",), ("ccsr category 1",))
    captions = [caption.lower() for caption in cells[head]]
    places = [
        (captions.index(f"ccsr category {n}"), captions.index(f"ccsr category {n} description"))
        for n in range(1, 7)
        if f"ccsr category {n}" in captions and f"ccsr category {n} description" in captions
    ]
    categories: dict[str, tuple[str, ...]] = {}
    named: dict[str, str] = {}
    for row, cell in enumerate(cells[head + 1 :], start=head + 2):
        if not any(cell):
            continue
        if len(cell) < len(captions) or not CODE.match(cell[code_at]):
            raise given.error("does not begin with a code without its dot", row=row)
        named |= {cell[at]: cell[label_at] for at, label_at in places if cell[at]}
        categories[cell[code_at]] = _checked(given, row, [cell[at] for at, _ in places])
    return Ccsr(categories, named)


def _ccsr_table(given: Given, cells: list[list[str]], labels: Given | None) -> Ccsr:
    if labels is None:
        raise given.error("is a table without labels; give them with --ccsr-labels")
    head, at = _captions(given, cells, ("code",), ("categories",))
    categories = {
        cell[at[0]]: _checked(given, row, cell[at[1]].split("|"))
        for row, cell in enumerate(cells[head + 1 :], start=head + 2)
        if any(cell)
    }
    named = {cell[0]: cell[1] for cell in labels.cells()[1:] if len(cell) > 1}
    return Ccsr(categories, named)


def _checked(given: Given, row: int, categories: Iterable[str]) -> tuple[str, ...]:
    stated = tuple(category for category in categories if category)
    if not stated or not all(_CATEGORY_NAME.match(category) for category in stated):
        raise given.error(
            "has no CCSR category, or one that is not three letters and a number", row=row
        )
    return stated


def read_ccw(given: Given, names: dict[str, CcwName]) -> dict[str, tuple[str, ...]]:
    """Return, for each code, the short names of the Warehouse's algorithms that list it.

    Raises:
        TerminologyFileError: a row is not an algorithm that we know, and a code.
    """
    cells = sheet_rows(given) if given.name.lower().endswith(".xlsx") else given.cells()
    head, at = _captions(given, cells, ("ccw", "condition"), ("code", "icd10", "icd_code"))
    found: dict[str, set[str]] = {}
    for row, cell in enumerate(cells[head + 1 :], start=head + 2):
        if not any(cell):
            continue
        if len(cell) <= max(at) or cell[at[0]] not in names:
            raise given.error("names a condition that ccw_names.tsv does not", row=row)
        code = cell[at[1]].replace(".", "").upper()
        if not CODE.match(code):
            raise given.error("holds what is no ICD-10-CM code", row=row)
        if names[cell[at[0]]].kind != "left_out":
            found.setdefault(code, set()).add(cell[at[0]])
    return {code: tuple(sorted(listed)) for code, listed in found.items()}


def read_gem(given: Given) -> dict[str, tuple[str, ...]]:
    """Return the ICD-10-CM codes that each ICD-9-CM code maps to, in the file's order.

    Raises:
        TerminologyFileError: a row is not laid out as CMS's file or as its csv.
    """
    lines = given.lines()
    found: dict[str, list[str]] = {}
    if _GEM_LINE.match(lines[0].strip()):
        for row, line in enumerate(lines, start=1):
            match = _GEM_LINE.match(line.strip())
            if match is None and line.strip():
                raise given.error("is not laid out as CMS's equivalence mapping", row=row)
            if match is not None:
                found.setdefault(match["from"], []).append(match["to"])
    else:
        cells = given.cells()
        head, at = _captions(given, cells, ("icd9cm", "code"), ("icd10cm", "gem_icd10cm"))
        for row, cell in enumerate(cells[head + 1 :], start=head + 2):
            if len(cell) <= max(at) or not _ICD9.match(cell[at[0]]):
                raise given.error("does not begin with an ICD-9-CM code", row=row)
            found.setdefault(cell[at[0]], []).extend(cell[at[1]].split("|"))
    return {
        code: tuple(target for target in targets if target and target.upper() != _NO_MAP)
        for code, targets in found.items()
    }


def _captions(
    given: Given, cells: list[list[str]], *wanted: tuple[str, ...]
) -> tuple[int, tuple[int, ...]]:
    """Return the row of the captions and the place of each wanted one, under any of its names."""
    for number, row in enumerate(cells[:_CAPTION_ROWS]):
        captions = [caption.lower() for caption in row]
        places = [
            next((captions.index(name) for name in names if name in captions), None)
            for names in wanted
        ]
        if None not in places:
            return number, tuple(place for place in places if place is not None)
    raise given.error(f"has no column {' and no column '.join(names[0] for names in wanted)}")
