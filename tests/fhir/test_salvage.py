"""What a broken line still says: its type, its own id, its one patient; never more."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.salvage import Salvaged, salvage

CONDITION = {
    "resourceType": "Condition",
    "contact": [{"id": "inner"}],
    "note": 'he said "id":"no" \\',
    "id": "c1",
    "asserter": {"reference": "Practitioner/d"},
    "subject": {"reference": "Patient/p1"},
}


def test_a_cut_line_says_what_stands_before_the_cut() -> None:
    line = json.dumps(CONDITION).encode()
    assert salvage(line[:-1]) == Salvaged(
        resource_type="Condition", resource_id="c1", reference="Patient/p1"
    )
    assert salvage(line[: line.index(b"p1")]).reference == ""
    assert salvage(line[: line.index(b'"c1"')]).resource_id == ""


def test_an_id_within_an_element_is_not_the_resource_s_own() -> None:
    assert salvage(b'{"name":[{"id":"x"}],"resourceType":"Patient","bir').resource_id == ""


def test_two_patients_are_none() -> None:
    line = b'{"subject":{"reference":"Patient/a"},"asserter":{"reference":"Patient/b"},'
    assert salvage(line).reference == ""
    assert salvage(line.replace(b"/b", b"/a")).reference == "Patient/a"


def test_a_contained_resource_hides_which_type_is_the_line_s() -> None:
    line = b'{"resourceType":"Claim","contained":[{"resourceType":"Coverage"}],'
    assert salvage(line).resource_type == ""


@given(st.binary(max_size=300))
def test_any_bytes_can_be_asked(line: bytes) -> None:
    found = salvage(line)
    assert repr(found) == "<Salvaged>"


@given(st.integers(1, len(json.dumps(CONDITION))))
def test_wherever_a_line_is_cut_nothing_false_is_said(where: int) -> None:
    found = salvage(json.dumps(CONDITION).encode()[:where])
    assert found.resource_type in {"", "Condition"}
    assert found.resource_id in {"", "c1"}
    assert found.reference in {"", "Patient/p1"}
