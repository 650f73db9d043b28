"""PDF from a printed document, by WeasyPrint (the extra ``pdf``); it fetches nothing."""

from __future__ import annotations

import hashlib


def pdf_of(html: str) -> bytes | None:
    """Return a PDF of a page; None where the extra, or Pango, is not installed.

    Equal pages give equal bytes.
    """
    try:
        # An extra, slow to load, and without types; it loads the system's Pango.
        from weasyprint import HTML  # type: ignore[import-untyped]  # noqa: PLC0415
    except (ImportError, OSError):
        return None
    identifier = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
    written = HTML(string=html, base_url=None, url_fetcher=_refuse).write_pdf(
        pdf_identifier=identifier
    )
    return bytes(written)


def _refuse(url: str, *_: object, **__: object) -> dict[str, object]:
    del url
    problem = "a printed document fetches nothing"
    raise ValueError(problem)
