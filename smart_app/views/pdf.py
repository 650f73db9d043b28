"""A printed page as an accessible PDF, where the extra ``pdf`` is installed."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, NoReturn


def can_make_pdf() -> bool:
    """Whether this installation can; else the page is printed by the browser."""
    return _weasyprint() is not None


def to_pdf(html: str, css: str) -> bytes:
    """Return a page as PDF/UA-1; nothing outside the page is fetched."""
    weasyprint = _weasyprint()
    document = weasyprint.HTML(string=html, url_fetcher=_fetch_nothing)
    sheet = weasyprint.CSS(string=css, url_fetcher=_fetch_nothing)
    made: bytes = document.write_pdf(stylesheets=[sheet], pdf_variant="pdf/ua-1")
    return made


@cache
def _weasyprint() -> Any:  # noqa: ANN401  # it has no types
    """Return WeasyPrint, loaded when a page is first printed: it brings XML parsers along."""
    try:
        return importlib.import_module("weasyprint")
    except (ImportError, OSError):  # the wheel, or the Pango libraries that it loads
        return None


def _fetch_nothing(_: str, **__: object) -> NoReturn:
    raise ValueError("a copy of a plan fetches nothing")
