"""Asking a site's terminology server: what is sent, what is taken, what is not."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.translate import Placed, TerminologyServer, place
from tests.fhir.far_side import FarSide

BASE = "https://terminology.example/fhir"
CODE = "368581000119106"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
Json = dict[str, Any]


def match(
    code: str = "E11.40",
    relation: str = "equivalent",
    *,
    system: str = ICD10CM,
    named: str = "equivalence",
) -> Json:
    return {
        "name": "match",
        "part": [
            {"name": named, "valueCode": relation},
            {"name": "concept", "valueCoding": {"system": system, "code": code}},
            {"name": "source", "valueUri": "http://example.org/ConceptMap/site|7"},
        ],
    }


def parameters(*given: Json) -> httpx2.Response:
    return httpx2.Response(200, json={"resourceType": "Parameters", "parameter": list(given)})


def translation(*matches: Json) -> httpx2.Response:
    return parameters({"name": "result", "valueBoolean": bool(matches)}, *matches)


def far_side(answer: httpx2.Response) -> FarSide:
    return FarSide(lambda _: httpx2.Response(answer.status_code, content=answer.content))


def asked(
    far: FarSide, *, roots: dict[str, str] | None = None, seconds: float = 5, token: str = ""
) -> Placed:
    server = TerminologyServer(
        gate=far.gate(BASE), base_url=f"{BASE}/", token=token, roots=roots or {}
    )
    return place(server, CODE, lambda: seconds)


def test_the_code_is_asked_for_in_the_body_and_not_in_the_address() -> None:
    far = far_side(translation(match()))

    asked(far, token="canary-token")

    (request,) = far.requests
    assert str(request.url) == f"{BASE}/ConceptMap/$translate"
    assert request.headers["authorization"] == "Bearer canary-token"
    assert json.loads(request.content) == {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "system", "valueUri": "http://snomed.info/sct"},
            {"name": "code", "valueCode": CODE},
            {"name": "targetsystem", "valueUri": ICD10CM},
        ],
    }


def test_without_a_token_none_is_sent() -> None:
    far = far_side(translation(match()))

    asked(far)

    assert "authorization" not in far.requests[0].headers


@pytest.mark.parametrize("relation", ["equivalent", "equal", "wider", "subsumes"])
def test_a_match_that_keeps_the_meaning_is_taken(relation: str) -> None:
    assert asked(far_side(translation(match(relation=relation)))) == Placed(
        icd10cm="E11.40", version="http://example.org/ConceptMap/site|7"
    )


def test_r5s_relationship_is_read_too() -> None:
    found = match(relation="source-is-narrower-than-target", named="relationship")

    assert asked(far_side(translation(found))).icd10cm == "E11.40"


@pytest.mark.parametrize(
    "relation",
    ["relatedto", "narrower", "specializes", "inexact", "unmatched", "disjoint", "related-to", ""],
)
def test_a_match_that_loses_or_adds_meaning_is_not_taken(relation: str) -> None:
    assert asked(far_side(translation(match(relation=relation)))) == Placed()


@pytest.mark.parametrize(
    "answer",
    [
        translation(),
        translation(match(system="http://hl7.org/fhir/sid/icd-10")),
        translation(match("E11.40"), match("N18.30")),
        translation({"name": "match"}),
        translation({"name": "match", "part": [{"name": "equivalence", "valueCode": "equal"}]}),
        parameters(),
        httpx2.Response(404, json={"resourceType": "OperationOutcome"}),
        httpx2.Response(422, json={"resourceType": "OperationOutcome"}),
    ],
)
def test_no_match_another_system_or_several_codes_place_it_nowhere(answer: httpx2.Response) -> None:
    assert asked(far_side(answer)) == Placed()


def test_one_code_told_by_two_maps_is_one_code() -> None:
    assert asked(far_side(translation(match("e11.40"), match("E11.40")))).icd10cm == "E11.40"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(401), EhrHttpError),
        (httpx2.Response(503), EhrHttpError),
        (httpx2.Response(302, headers={"location": "https://elsewhere.example"}), EhrHttpError),
        (httpx2.Response(200, text="<html>"), EhrFormatError),
        (httpx2.Response(200, json={"resourceType": "Bundle"}), EhrFormatError),
        (httpx2.Response(200, json={"resourceType": "Parameters", "parameter": 7}), EhrFormatError),
    ],
)
def test_a_server_that_fails_is_told_from_one_that_does_not_know(
    answer: httpx2.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(far_side(answer))


def test_with_no_time_left_nothing_is_sent() -> None:
    far = far_side(translation(match()))

    with pytest.raises(EhrUnreachableError):
        asked(far, seconds=0)

    assert far.requests == []


def subsuming(under: set[str]) -> FarSide:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("$translate"):
            return httpx2.Response(404)
        sent = {p["name"]: p for p in json.loads(request.content)["parameter"]}
        outcome = "subsumes" if sent["codeA"]["valueCode"] in under else "not-subsumed"
        return parameters({"name": "outcome", "valueCode": outcome})

    return FarSide(answer)


ROOTS = {"73211009": "diabetes", "38341003": "hypertension"}


def test_a_concept_under_one_of_the_sites_roots_has_its_family() -> None:
    assert asked(subsuming({"73211009"}), roots=ROOTS) == Placed(family="diabetes")


@pytest.mark.parametrize("under", [set(), set(ROOTS)])
def test_a_concept_under_none_or_under_two_families_is_placed_nowhere(under: set[str]) -> None:
    assert asked(subsuming(under), roots=ROOTS) == Placed()


def test_a_concept_that_was_translated_is_not_asked_about_again() -> None:
    far = far_side(translation(match()))

    asked(far, roots=ROOTS)

    assert len(far.requests) == 1
