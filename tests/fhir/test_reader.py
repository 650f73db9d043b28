from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.facts import ChartFacts, PatientFact, Skipped, Unread
from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.reader import patients, read_chart
from tests.fhir.charts import CHART, resource
from tests.fhir.far_side import BASE, FarSide, bundle, told

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ALL = frozenset({"patient/*.rs"})
TYPES = ("Condition", "Coverage", "Consent", "Encounter", "CarePlan", "Procedure", "Claim")
Answers = dict[str, httpx2.Response | Exception]


def ehr(**changes: httpx2.Response | Exception) -> FarSide:
    """Return an EHR with the whole chart of p1, some of its answers replaced."""
    whole: Answers = {r["resourceType"]: httpx2.Response(200, json=bundle(r)) for r in CHART}
    whole["Patient/p1"] = httpx2.Response(200, json=CHART[0])
    answers = whole | {name.replace("__", "/"): answer for name, answer in changes.items()}

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = answers[str(request.url.copy_with(query=None)).removeprefix(BASE + "/").rstrip("?")]
        if isinstance(found, Exception):
            raise found
        return found

    return FarSide(answer)


def chart(far_side: FarSide, scopes: frozenset[str] = ALL) -> ChartFacts:
    return read_chart(far_side.client(), "p1", scopes=scopes, now=NOW)


def of(resource_type: str, *resources: dict[str, Any]) -> FarSide:
    return ehr(**{resource_type: httpx2.Response(200, json=bundle(*resources))})


def test_a_whole_chart_is_read() -> None:
    facts = chart(ehr())

    assert facts.read_at == NOW
    assert facts.patient.ref.resource_id == "p1"
    assert (len(facts.conditions), len(facts.coverages), len(facts.consents)) == (1, 1, 1)
    assert (len(facts.encounters), len(facts.care_plans)) == (1, 1)
    assert (len(facts.procedures), len(facts.claims)) == (1, 1)
    assert facts.skipped == ()
    assert facts.unread == ()


def test_only_searches_that_us_core_promises_are_used() -> None:
    far_side = ehr()

    chart(far_side)

    plan = "category=http%3A%2F%2Fhl7.org%2Ffhir%2Fus%2Fcore%2FCodeSystem%2Fcareplan-category"
    assert set(far_side.urls) == {
        f"{BASE}/Patient/p1",
        f"{BASE}/CarePlan?patient=p1&{plan}%7Cassess-plan",
        *(f"{BASE}/{kind}?patient=p1" for kind in TYPES if kind != "CarePlan"),
    }


@pytest.mark.proves("R15")
@pytest.mark.parametrize("missing", TYPES)
def test_a_type_without_a_scope_is_not_asked_for_and_the_others_go_on(missing: str) -> None:
    far_side = ehr()
    scopes = frozenset(f"patient/{kind}.rs" for kind in ("Patient", *TYPES) if kind != missing)

    facts = chart(far_side, scopes)

    assert facts.unread == (Unread(missing, f"needs scope patient/{missing}.rs"),)
    assert not facts.was_read(missing)
    assert not any(f"/{missing}?" in url for url in far_side.urls)
    assert len(far_side.requests) == len(TYPES)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx2.Response(403), "patient/Coverage.rs"),
        (httpx2.Response(401), "token"),
        (httpx2.Response(404), "does not offer"),
        (httpx2.Response(501), "does not offer"),
        (httpx2.Response(400), "answered 400"),
        (httpx2.Response(500, text="canary-body"), "answered 500"),
        (httpx2.Response(429), "answered 429"),
        (httpx2.ReadTimeout("canary"), "did not answer"),
        (httpx2.Response(200, html="<html>canary-body"), "cannot be read"),
    ],
)
def test_a_type_that_fails_is_unread_with_the_reason(
    answer: httpx2.Response | Exception, reason: str
) -> None:
    facts = chart(ehr(Coverage=answer))

    (unread,) = facts.unread
    assert unread.resource_type == "Coverage"
    assert reason in unread.reason
    assert "canary" not in unread.reason
    assert facts.coverages == ()
    assert len(facts.conditions) == 1


def test_another_patients_resource_is_never_taken() -> None:
    mine = resource("Condition", id="mine")
    other = resource("Condition", id="other", subject={"reference": "Patient/p2"})
    foreign = resource("Condition", id="f", subject={"reference": "https://x.example/Patient/p1"})
    nobody = resource("Condition", id="nobody", subject={})

    facts = chart(of("Condition", mine, other, foreign, nobody))

    assert [fact.ref.resource_id for fact in facts.conditions] == ["mine"]
    assert facts.skipped == (
        Skipped("Condition", "it belongs to another patient"),
        Skipped("Condition", "it belongs to another patient"),
        Skipped("Condition", "it names no patient"),
    )


def test_one_broken_resource_is_one_skipped_resource() -> None:
    facts = chart(
        of("Condition", resource("Condition", code="canary"), resource("Condition", id="b"))
    )

    assert len(facts.conditions) == 1
    assert facts.skipped == (
        Skipped("Condition", "its code is not of the type that FHIR gives it"),
    )


PATIENT_FAILS = {
    "403": (httpx2.Response(403), EhrHttpError),
    "500": (httpx2.Response(500), EhrHttpError),
    "silence": (httpx2.ReadTimeout("canary"), EhrUnreachableError),
    "HTML": (httpx2.Response(200, html="canary"), EhrFormatError),
    "another patient": (httpx2.Response(200, json=CHART[0] | {"id": "p2"}), EhrFormatError),
    "unreadable": (httpx2.Response(200, json=CHART[0] | {"name": "canary"}), EhrFormatError),
}


@pytest.mark.parametrize(("answer", "error"), PATIENT_FAILS.values(), ids=PATIENT_FAILS.keys())
def test_without_the_patient_there_is_no_chart(
    answer: httpx2.Response | Exception, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        chart(ehr(Patient__p1=answer))

    assert "canary" not in told(caught.value)


def test_a_chart_prints_no_value() -> None:
    assert "canary" not in repr(chart(ehr())).lower()


@given(st.permutations(CHART[1:]))
def test_the_order_of_a_bundle_is_irrelevant(resources: list[dict[str, Any]]) -> None:
    conditions = [resource("Condition", id=f"c{place}") for place, _ in enumerate(resources)]

    facts = chart(of("Condition", *conditions, *resources))

    assert len({fact.ref.resource_id for fact in facts.conditions}) == len(resources) + 1


def test_a_panel_lists_its_patients_and_counts_the_broken() -> None:
    far_side = ehr(
        Patient=httpx2.Response(
            200, json=bundle(CHART[0], CHART[0], CHART[0] | {"id": "p2", "birthDate": 7})
        )
    )

    found = list(patients(far_side.client()))

    assert [type(one) for one in found] == [PatientFact, Skipped]
