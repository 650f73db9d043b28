"""A document of numbered sections with facts and tables, as one HTML page with its own style."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """A table; every row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedSection:
    """A section: sentences, then facts (a label and a value), then tables, then quoted text."""

    title: str
    sentences: tuple[str, ...] = field(default=(), repr=False)
    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tables: tuple[PrintedTable, ...] = ()
    quoted: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printout:
    """A document; ``running`` stands at the foot of every page."""

    title: str
    subtitle: str = field(repr=False)
    running: str = field(repr=False)
    language: str = "en"
    sections: tuple[PrintedSection, ...]


def html_of(document: Printout) -> str:
    """Return a document as HTML; the same document gives the same text."""
    return _environment().get_template("packet.html").render(document=document)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
