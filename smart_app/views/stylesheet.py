"""An EHR's style as our variables, where the page stays legible with it.

Contrast as WCAG 2.2 reckons it (success criterion 1.4.3): 4.5 to 1 for text of normal size. A
colour that breaks a pair it stands in is left out, and app.css has its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

LEAST_CONTRAST = 4.5
# The colours of app.css that an EHR may replace, and those that stay; a test compares them.
REPLACEABLE = {
    "background": "#f4f6f8",
    "text": "#16242d",
    "highlight": "#0f5c78",
    "success": "#17693a",
    "error": "#a3231c",
}
_CARD, _SOFT, _OPEN, _MOVING = "#ffffff", "#52636e", "#8a5300", "#1a4f9c"
_ACCENT_WASH, _GOOD_WASH, _BAD_WASH = "#e6f1f5", "#e8f4ec", "#fceeed"
_OPEN_WASH, _MOVING_WASH = "#fdf3e1", "#e9f0fa"
_ON_OUR_OWN = {
    "text": (_CARD, _ACCENT_WASH, _GOOD_WASH, _BAD_WASH, _OPEN_WASH, _MOVING_WASH),
    "highlight": (_CARD, _ACCENT_WASH),
    "success": (_CARD, _GOOD_WASH),
    "error": (_CARD, _BAD_WASH),
    "background": (_SOFT, _OPEN, _MOVING),
}
_GROUND = frozenset({"background", "text"})
_ON_THE_PAGE = ("text", "highlight", "success", "error")
_BOUNDS = {"border-radius": (0.0, 24.0), "font-size": (14.0, 22.0), "spacing-size": (8.0, 28.0)}
_GENERIC = frozenset(
    {"serif", "sans-serif", "monospace", "system-ui", "ui-sans-serif", "ui-serif", "ui-rounded"}
)
_KNEE, _DARK, _SHIFT, _STEEP = 0.04045, 12.92, 0.055, 2.4


class Style(Protocol):
    """What an EHR's style says; colours as ``#rrggbb``, lengths in pixels."""

    @property
    def color_background(self) -> str: ...  # noqa: D102
    @property
    def color_text(self) -> str: ...  # noqa: D102
    @property
    def color_highlight(self) -> str: ...  # noqa: D102
    @property
    def color_success(self) -> str: ...  # noqa: D102
    @property
    def color_error(self) -> str: ...  # noqa: D102
    @property
    def dim_border_radius(self) -> float | None: ...  # noqa: D102
    @property
    def dim_font_size(self) -> float | None: ...  # noqa: D102
    @property
    def dim_spacing_size(self) -> float | None: ...  # noqa: D102
    @property
    def font_family_body(self) -> tuple[str, ...]: ...  # noqa: D102


def stylesheet(style: Style) -> str:
    """Return the variables of a style as CSS, only those that the page stays legible with."""
    lines = [f"  --smart-color-{name}: {value};" for name, value in legible(style).items()]
    lines += _lengths(style)
    if style.font_family_body:
        names = (n if n.lower() in _GENERIC else f'"{n}"' for n in style.font_family_body)
        lines.append(f"  --smart-font-family-body: {', '.join(names)};")
    return "\n".join([":root {", *lines, "}", ""])


def legible(style: Style) -> dict[str, str]:
    """Return the style's colours by name, without those that would make something illegible.

    Text and background are taken together or not at all, then each of the others by itself.
    """
    given = {
        "background": style.color_background,
        "text": style.color_text,
        "highlight": style.color_highlight,
        "success": style.color_success,
        "error": style.color_error,
    }
    said = {name: value for name, value in given.items() if value}
    taken: dict[str, str] = {}
    wishes = [{name: color for name, color in said.items() if name in _GROUND}]
    wishes += [{name: said[name]} for name in _ON_THE_PAGE[1:] if name in said]
    for wish in wishes:
        if _holds({**REPLACEABLE, **taken, **wish}):
            taken |= wish
    return taken


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _holds(colors: Mapping[str, str]) -> bool:
    pairs = [(colors["background"], colors[name]) for name in _ON_THE_PAGE]
    pairs += [(colors[name], own) for name, owns in _ON_OUR_OWN.items() for own in owns]
    return all(contrast(one, other) >= LEAST_CONTRAST for one, other in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= _KNEE:
        return channel / _DARK
    return float(((channel + _SHIFT) / (1 + _SHIFT)) ** _STEEP)


def _lengths(style: Style) -> list[str]:
    given = {
        "border-radius": style.dim_border_radius,
        "font-size": style.dim_font_size,
        "spacing-size": style.dim_spacing_size,
    }
    return [
        f"  --smart-dim-{name}: {pixels:g}px;"
        for name, pixels in given.items()
        if pixels is not None and _BOUNDS[name][0] <= pixels <= _BOUNDS[name][1]
    ]
