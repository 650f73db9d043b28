"""A foreign style may change how a page looks, never whether it can be read."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.style import SmartStyle
from smart_app.views import stylesheet as sheets
from smart_app.views.rendering import STATIC
from smart_app.views.stylesheet import LEAST_CONTRAST, contrast, legible, stylesheet

APP_CSS = (STATIC / "app.css").read_text(encoding="utf-8")
COLOR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#123456", "#123456") == 1


def test_the_colours_that_an_ehr_may_replace_are_those_of_our_own_sheet() -> None:
    ours = dict(re.findall(r"--smart-color-(\w+), (#\w+)\)", APP_CSS))

    assert ours == sheets.REPLACEABLE


def test_our_own_colours_that_stay_are_those_of_our_own_sheet() -> None:
    fixed = {
        "card": "#fff",
        "soft": sheets._SOFT,  # noqa: SLF001
        "open": sheets._OPEN,  # noqa: SLF001
        "moving": sheets._MOVING,  # noqa: SLF001
        "accent-wash": sheets._ACCENT_WASH,  # noqa: SLF001
        "good-wash": sheets._GOOD_WASH,  # noqa: SLF001
        "bad-wash": sheets._BAD_WASH,  # noqa: SLF001
        "open-wash": sheets._OPEN_WASH,  # noqa: SLF001
        "moving-wash": sheets._MOVING_WASH,  # noqa: SLF001
    }

    assert all(f"--{name}: {color};" in APP_CSS for name, color in fixed.items())


def test_our_own_colours_hold() -> None:
    ours = SmartStyle()
    for name, color in sheets.REPLACEABLE.items():
        ours = msgspec.structs.replace(ours, **{f"color_{name}": color})

    assert legible(ours) == sheets.REPLACEABLE


@pytest.mark.proves("R27")
def test_a_colour_that_nobody_could_read_is_left_out_and_the_others_are_taken() -> None:
    style = SmartStyle(color_text="#cccccc", color_highlight="#7a0b5c", color_error="#ffdddd")

    assert legible(style) == {"highlight": "#7a0b5c"}


@pytest.mark.proves("R27")
def test_a_dark_background_under_our_white_cards_is_left_out() -> None:
    assert legible(SmartStyle(color_background="#101010", color_text="#f0f0f0")) == {}


@pytest.mark.proves("R27")
@given(st.lists(COLOR | st.just(""), min_size=5, max_size=5))
def test_whatever_an_ehr_sends_text_stays_legible(colors: list[str]) -> None:
    background, text, highlight, success, error = colors
    style = SmartStyle(
        color_background=background,
        color_text=text,
        color_highlight=highlight,
        color_success=success,
        color_error=error,
    )

    shown = {**sheets.REPLACEABLE, **legible(style)}

    for name in ("text", "highlight", "success", "error"):
        assert contrast(shown[name], shown["background"]) >= LEAST_CONTRAST
        assert contrast(shown[name], "#ffffff") >= LEAST_CONTRAST


def test_lengths_stay_within_what_a_page_can_bear() -> None:
    css = stylesheet(SmartStyle(dim_font_size=2.0, dim_border_radius=4.0, dim_spacing_size=500.0))

    assert css == ":root {\n  --smart-dim-border-radius: 4px;\n}\n"


def test_fonts_are_named_in_quotes_but_for_the_generic() -> None:
    css = stylesheet(SmartStyle(font_family_body=("Times New Roman", "serif")))

    assert '--smart-font-family-body: "Times New Roman", serif;' in css
