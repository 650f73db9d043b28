from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.references import local_reference, normalise_reference

BASE = "https://ehr.example/fhir"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Patient/1", "Patient/1"),
        (" Patient/1 ", "Patient/1"),
        ("Patient/1/_history/2", "Patient/1"),
        (f"{BASE}/Patient/1", "Patient/1"),
        (f"{BASE}/Patient/1/_history/2", "Patient/1"),
        ("https://other.example/fhir/Patient/1", "https://other.example/fhir/Patient/1"),
        (f"{BASE}x/Patient/1", f"{BASE}x/Patient/1"),
        ("HTTPS://EHR.example/fhir/Patient/1", "Patient/1"),
        (f"{BASE}/Patient/1/", "Patient/1"),
        ("Patient/1//", "Patient/1"),
        ("https://ehr.example/FHIR/Patient/1", "https://ehr.example/FHIR/Patient/1"),
        ("http://ehr.example/fhir/Patient/1", "http://ehr.example/fhir/Patient/1"),
        (f"{BASE}/Patient?identifier=x|1", f"{BASE}/Patient?identifier=x|1"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("#1", "#1"),
        ("", ""),
        (None, ""),
    ],
)
@pytest.mark.parametrize("base", [BASE, BASE + "/"])
def test_a_reference_has_one_spelling(text: str | None, spelled: str, base: str) -> None:
    assert normalise_reference(text, base) == spelled


@pytest.mark.parametrize(
    "text", ["Patient/../1", "patient/1", "Patient/", "Patient/1?x", "/Patient/1"]
)
def test_what_is_no_local_reference_is_none(text: str) -> None:
    assert local_reference(text, BASE) == ""


@given(st.text(max_size=30))
def test_a_local_reference_is_its_own_spelling(text: str) -> None:
    local = local_reference(text, BASE)

    assert local_reference(local, BASE) == local
