"""A printed page as an accessible PDF, where the extra ``pdf`` is installed."""

from __future__ import annotations

from typing import NoReturn

try:
    import weasyprint  # type: ignore[import-untyped]  # no py.typed
except (ImportError, OSError):  # the wheel, or the Pango libraries that it loads, are not there
    weasyprint = None


def can_make_pdf() -> bool:
    """Whether this installation can; else the page is printed by the browser."""
    return weasyprint is not None


def to_pdf(html: str, css: str) -> bytes:
    """Return a page as PDF/UA-1; nothing outside the page is fetched."""
    document = weasyprint.HTML(string=html, url_fetcher=_fetch_nothing)
    sheet = weasyprint.CSS(string=css, url_fetcher=_fetch_nothing)
    made: bytes = document.write_pdf(stylesheets=[sheet], pdf_variant="pdf/ua-1")
    return made


def _fetch_nothing(_: str, **__: object) -> NoReturn:
    raise ValueError("a copy of a plan fetches nothing")
