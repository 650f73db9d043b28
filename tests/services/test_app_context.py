"""What a card's link carries to the launch: a view of our own list, and nothing else."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.app_context import AppContext, View, read_app_context, spell
from ccm_fhir.services.launch import SignedIn
from smart_app.launch import first_page

MONTHS = st.builds(ServiceMonth, st.integers(2000, 2100), st.integers(1, 12))


@given(context=st.builds(AppContext, view=st.sampled_from(View), month=MONTHS))
def test_what_was_spelt_is_read_back(context: AppContext) -> None:
    assert read_app_context(spell(context)) == context


NOT_OURS = {
    "nothing": "",
    "an address": "https://evil.test/",
    "a path": '{"view":"/admin","month":"2026-11"}',
    "a view of no list": '{"view":"settings","month":"2026-11"}',
    "a view that leaves": '{"view":"../../evil","month":"2026-11"}',
    "no month": '{"view":"time"}',
    "a month that is none": '{"view":"time","month":"2026-13"}',
    "a month of no rules": '{"view":"time","month":"0001-01"}',
    "a month with more": '{"view":"time","month":"2026-11\\r\\nSet-Cookie: a=b"}',
    "more members": '{"view":"time","month":"2026-11","url":"https://evil.test"}',
    "a list": '["time","2026-11"]',
    "another service's": "eyJzZXNzaW9uIjozNDU2MzU2fQ==",
    "half a character": '{"view":"time","month":"\ud800"}',
    "endless": json.dumps({"view": "time", "month": "2026-11" + " " * 300}),
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_anything_else_asks_for_nothing(text: str) -> None:
    assert read_app_context(text) is None


@given(text=st.text(max_size=250))
def test_any_text_is_ours_or_nothing(text: str) -> None:
    read = read_app_context(text)

    assert read is None or read_app_context(spell(read)) == read


@given(context=st.none() | st.builds(AppContext, view=st.sampled_from(View), month=MONTHS))
def test_every_view_is_a_page_of_the_launch(context: AppContext | None) -> None:
    page = first_page(SignedIn(session_token="s", launch_id="abc", opens=context))

    parts = urlsplit(page)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert parts.path in {"/l/abc", "/l/abc/month"}
