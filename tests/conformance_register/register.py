"""The register of requirements, read strictly from the TOML files beside this one."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent
FILES = ("smart", "cds_hooks", "bulk", "security")


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One requirement in our own words.

    ``page`` is appended to the table's source; ``missing`` is the part that no test proves yet;
    ``why_not`` says why none can here, and then no test may claim the row.
    """

    number: str
    requirement: str
    section: str = ""
    page: str = ""
    asvs: tuple[str, ...] = ()
    hipaa: tuple[str, ...] = ()
    missing: str = ""
    why_not: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The requirements of one source."""

    title: str
    source: str
    row: tuple[Row, ...]


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item of ASVS that applies; ``gap`` is what is not so, or what no test shows."""

    item: str
    level: int
    words: str
    gap: str = ""


class _Items(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    item: tuple[Item, ...]


@cache
def asvs_items() -> tuple[Item, ...]:
    """Return the items of ASVS that apply, in their own order."""
    text = (FOLDER / "asvs.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Items).item


@cache
def tables() -> tuple[Table, ...]:
    """Return every table, in the order of the document."""
    return tuple(_read(FOLDER / f"{name}.toml") for name in FILES)


@cache
def numbers() -> frozenset[str]:
    """Return the numbers that a test may name."""
    return frozenset(row.number for table in tables() for row in table.row)


def _read(path: Path) -> Table:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Table)
