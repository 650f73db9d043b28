"""An EHR's style (``smart_style_url``): asked for without a token, at its own origins, in small.

SMART App Launch 2.2, "Styling": the URL changes when the style does, so it is its version.
"""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.gate import OutgoingGate

_READING = "reading its style"
_MOST_BYTES = 64 * 1024
_MOST_SECONDS = 3.0
_OK = 200
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_SHORT_COLOR = re.compile(r"#[0-9a-fA-F]{3}\Z")
_LENGTH = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3})?)(?P<unit>px|rem|em)\Z")
_FONT = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,60}\Z")
_PIXELS = {"px": 1.0, "rem": 16.0, "em": 16.0}
_MOST_FONTS = 12


class SmartStyle(msgspec.Struct, frozen=True, kw_only=True):
    """What of a style was fit to be read; colours as ``#rrggbb``, lengths in pixels."""

    color_background: str = ""
    color_text: str = ""
    color_highlight: str = ""
    color_success: str = ""
    color_error: str = ""
    dim_border_radius: float | None = None
    dim_font_size: float | None = None
    dim_spacing_size: float | None = None
    font_family_body: tuple[str, ...] = ()


def read_style(gate: OutgoingGate, url: str) -> SmartStyle:
    """Fetch a style; members that are unknown or in no shape we know are left out.

    Raises:
        ForbiddenOriginError: the address is outside the EHR's pinned origins; nothing was sent.
        EhrUnreachableError, EhrHttpError, EhrFormatError: it is not there, or is no style.
    """
    small = replace(gate, max_bytes=_MOST_BYTES, timeout_seconds=_MOST_SECONDS)
    answer = small.get(url, what=_READING, headers={"Accept": "application/json"})
    if answer.status_code != _OK:
        raise EhrHttpError(_READING, answer.status_code)
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise EhrFormatError(_READING, "it is not JSON") from None
    if not isinstance(document, dict):
        raise EhrFormatError(_READING, "it is not an object")
    said = {name: value.strip() for name, value in document.items() if isinstance(value, str)}
    return SmartStyle(
        color_background=_color(said.get("color_background", "")),
        color_text=_color(said.get("color_text", "")),
        color_highlight=_color(said.get("color_highlight", "")),
        color_success=_color(said.get("color_success", "")),
        color_error=_color(said.get("color_error", "")),
        dim_border_radius=_pixels(said.get("dim_border_radius", "")),
        dim_font_size=_pixels(said.get("dim_font_size", "")),
        dim_spacing_size=_pixels(said.get("dim_spacing_size", "")),
        font_family_body=_fonts(said.get("font_family_body", "")),
    )


def _color(text: str) -> str:
    if _COLOR.match(text):
        return text.lower()
    if _SHORT_COLOR.match(text):
        return "#" + "".join(digit * 2 for digit in text[1:].lower())
    return ""  # transparency has no contrast of its own, and words are not worth a table


def _pixels(text: str) -> float | None:
    found = _LENGTH.match(text)
    return float(found["number"]) * _PIXELS[found["unit"]] if found else None


def _fonts(text: str) -> tuple[str, ...]:
    names = [name.strip().strip("'\"").strip() for name in text.split(",")]
    if len(names) > _MOST_FONTS or not all(_FONT.match(name) for name in names):
        return ()
    return tuple(names)
