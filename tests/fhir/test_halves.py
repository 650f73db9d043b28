from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.bundles import read_page
from ccm_fhir.fhir.halves import decoded
from tests.fhir.charts import resource
from tests.fhir.far_side import bundle

decode = msgspec.json.Decoder(str).decode


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"a\uDC00b\ud83d"', "a\ufffdb\ufffd"),
        (rb'"\ud83d\ude00\ud800"', "😀\ufffd"),
        (rb'"\\ud800\ud800"', "\\ud800\ufffd"),
        (rb'"\ud800\n\u00e9"', "\ufffd\né"),
    ],
)
def test_half_a_character_is_read_as_one_that_is_missing(written: bytes, read: str) -> None:
    assert decoded(decode, written) == read


def test_what_is_wrong_otherwise_stays_wrong() -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(decode, rb'"\ud800')


@given(st.text())
def test_whole_text_is_read_as_it_is(text: str) -> None:
    assert decoded(decode, json.dumps(text).encode()) == text


def test_one_resource_with_half_a_character_leaves_the_others_of_its_page() -> None:
    page = bundle(resource("Goal", id="a", note="\ud800"), resource("Goal", id="b"))

    found = read_page(json.dumps(page).encode(), "Goal")

    assert [each.id for each in found.resources] == ["a", "b"]
