"""Cards as they are spelt: nothing from a chart is markup, and nothing is empty or too long."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ccm_fhir.fhir.cds_hooks.cards import LONGEST_SUMMARY, plain, shortened

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])

HOSTILE = [
    "**bold** and _thin_ and `code` and ~~gone~~",
    "[click](https://evil.test)",
    "![see](https://evil.test/x.png)",
    "<script>alert(1)</script>",
    "<https://evil.test>",
    "a | b\n--|--\n1 | 2",
    "# heading",
    "&lt;b&gt;",
    "back\\slash",
    "line\r\n\r\n- item",
]


def rendered(text: str) -> str:
    """Return what a reader of a card's detail sees, which must be one plain paragraph."""
    page = MARKDOWN.render(f"See {plain(text)} end")
    inner = re.fullmatch(r"<p>(.*)</p>\n", page, re.DOTALL)
    assert inner, page
    assert "<" not in inner[1], page
    return html.unescape(inner[1]).removeprefix("See").removesuffix("end").strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_text_is_shown_as_it_stands(text: str) -> None:
    assert rendered(text) == re.sub(r"[\r\n]+", " ", text)


@given(text=st.text(alphabet=st.characters(codec="ascii"), min_size=1, max_size=60))
def test_no_text_is_markup(text: str) -> None:
    assert rendered(text).split() == re.sub(r"[\x00-\x1f\x7f]+", " ", text).split()


@given(text=st.text(max_size=400))
def test_a_summary_is_one_line_of_less_than_140(text: str) -> None:
    summary = shortened(text)

    assert len(summary) <= LONGEST_SUMMARY < 140
    assert "\n" not in summary


def test_a_long_summary_is_cut_between_words() -> None:
    assert shortened("word " * 50).endswith("word…")
    assert len(shortened("x" * 500)) <= LONGEST_SUMMARY
