"""An EHR's style: what is read of it, and what is never asked for or believed."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import FhirError, ForbiddenOriginError
from ccm_fhir.fhir.style import SmartStyle, read_style
from tests.fhir.far_side import BASE, answering

URL = "https://ehr.example/styles/1.json"


def read(document: object) -> SmartStyle:
    return read_style(answering(httpx2.Response(200, json=document)).gate(), URL)


@pytest.mark.proves("R27")
def test_a_style_is_read_in_one_spelling() -> None:
    style = read(
        {
            "color_background": "#EDEAE3",
            "color_text": "#123",
            "dim_font_size": "1.125rem",
            "dim_border_radius": "6px",
            "font_family_body": "Georgia, 'Times New Roman', serif",
            "color_modal_backdrop": "rgba(0,0,0,0.5)",
        }
    )

    assert style == SmartStyle(
        color_background="#edeae3",
        color_text="#112233",
        dim_font_size=18.0,
        dim_border_radius=6.0,
        font_family_body=("Georgia", "Times New Roman", "serif"),
    )


HOSTILE: dict[str, dict[str, Any]] = {
    "a second rule": {"color_text": "red; } body { display: none"},
    "an address": {"color_text": "url(https://evil.example/x)"},
    "transparency": {"color_text": "#00000000"},
    "a comment": {"dim_font_size": "14px/*"},
    "a calculation": {"dim_spacing_size": "calc(1px * 9999)"},
    "a negative length": {"dim_spacing_size": "-4px"},
    "an import in a font": {"font_family_body": "x; @import 'https://evil.example'"},
    "an escape in a font": {"font_family_body": "a\\22 b"},
    "a line break": {"color_text": "#112233\n}"},
    "a number": {"color_text": 112233},
    "a list": {"font_family_body": ["serif"]},
}


@pytest.mark.proves("R27")
@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
def test_a_value_in_no_shape_we_know_is_left_out(document: dict[str, Any]) -> None:
    assert read(document) == SmartStyle()


@pytest.mark.proves("R27")
@pytest.mark.parametrize("url", ["https://evil.test/s.json", "http://ehr.example/s.json"])
def test_a_style_of_another_origin_is_sent_no_request(url: str) -> None:
    far_side = answering(httpx2.Response(200, json={}))

    with pytest.raises(ForbiddenOriginError):
        read_style(far_side.gate(BASE), url)

    assert far_side.requests == []


BROKEN = {
    "too large": httpx2.Response(200, content=b'{"a":"' + b"x" * 70_000 + b'"}'),
    "not there": httpx2.Response(404, json={}),
    "elsewhere": httpx2.Response(302, headers={"Location": "https://evil.test/"}),
    "HTML": httpx2.Response(200, html="<html>"),
    "a list": httpx2.Response(200, json=[]),
    "very deep": httpx2.Response(200, content=b"[" * 60_000),
    "silence": httpx2.ReadTimeout("x"),
}


@pytest.mark.proves("R27")
@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_style_that_cannot_be_had_is_an_error(answer: httpx2.Response | Exception) -> None:
    with pytest.raises(FhirError):
        read_style(answering(answer).gate(), URL)


@given(st.text(max_size=40))
def test_no_text_becomes_more_than_a_colour(text: str) -> None:
    style = read({"color_text": text, "dim_font_size": text})

    assert style.color_text == "" or set(style.color_text[1:]) <= set("0123456789abcdef")
    assert style.dim_font_size is None or style.dim_font_size >= 0
