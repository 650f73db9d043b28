"""A resource in words: what a reader looks for first, every shape of value, and nothing broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import EhrFormatError
from ccm_fhir.fhir.bundles import Resource, read_resource
from ccm_fhir.fhir.readable import indented, readable


def resource(**elements: Any) -> Resource:  # noqa: ANN401  # any FHIR
    raw = json.dumps({"resourceType": "Condition", "id": "c1", **elements}).encode()
    return read_resource(raw, "Condition")


def told(**elements: Any) -> dict[str, str]:  # noqa: ANN401  # any FHIR
    return dict(readable(resource(**elements)))


def test_what_matters_most_comes_first() -> None:
    names = list(told(note=[{"text": "n"}], subject={"reference": "Patient/1"}, code={"text": "x"}))

    assert names == ["Code", "Subject", "Note"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"text": "Sugar"}, "Sugar"),
        (
            {"text": "Sugar", "coding": [{"system": "http://x/icd-10-cm", "code": "E11.9"}]},
            "Sugar (icd-10-cm E11.9)",
        ),
        (
            {"coding": [{"system": "http://x/sct", "code": "44", "display": "Diabetes"}]},
            "Diabetes [sct 44]",
        ),
        (
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/a", "code": "active"}]},
            "active",
        ),
        ({"reference": "Patient/1", "display": "A patient"}, "A patient Patient/1"),
        ({"start": "2026-01-01"}, "2026-01-01 to …"),
        ({"value": 6.50, "unit": "%"}, "6.5 %"),
        ({"value": 95, "currency": "USD"}, "95 USD"),
        ([{"text": "a"}, {"text": "b"}, {"text": "a"}], "a; b"),
        (True, "yes"),
        (False, "no"),
        ("plain", "plain"),
        ({"low": {"value": 1, "unit": "mg"}, "other": "o"}, "low: 1 mg, other: o"),
    ],
)
def test_each_shape_of_value_is_said(value: object, words: str) -> None:
    assert told(something=value) == {"Something": words}


def test_names_are_told_as_words() -> None:
    assert list(told(onsetDateTime="2026")) == ["Onset date time"]


def test_narrative_and_housekeeping_are_left_out() -> None:
    html = {"status": "generated", "div": "<div>n</div>"}

    assert told(text=html, meta={"versionId": "1"}, contained=[{"id": "x"}], empty=None) == {}


def test_a_long_value_is_cut_and_a_deep_one_ends() -> None:
    deep: Any = "bottom"
    for _ in range(40):
        deep = {"extension": [deep]}

    found = told(note="n" * 1000, extension=deep)

    assert found["Note"].endswith(" …")
    assert len(found["Note"]) < 700
    assert found["Extension"].endswith("…")


def test_the_whole_is_kept_as_it_was_written() -> None:
    raw = b'{"resourceType":"Condition","id":"c1","value":1.50,"name":"Jos\xc3\xa9"}'

    text = indented(read_resource(raw, "Condition"))

    assert '"value": 1.50' in text
    assert "José" in text
    assert text.count("\n") == 5


def test_what_is_no_resource_is_refused() -> None:
    broken = read_resource(b"[1, 2]", "Condition")

    for act in (readable, indented):
        with pytest.raises(EhrFormatError):
            act(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "text", "code", "system", "value", "reference", "start"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["code", "note", "text", "subject"]), JSON))
def test_no_shape_breaks_it(elements: dict[str, Any]) -> None:
    found = readable(resource(**elements))

    assert all(label and value for label, value in found)
