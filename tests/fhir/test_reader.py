from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.facts import ChartFacts, PatientFact, Skipped, Unread
from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.fhir.planning import Search, plan_searches
from ccm_fhir.fhir.reader import patients, read_chart
from ccm_fhir.fhir.search_forms import FORMS
from tests.fhir.charts import CHART, resource
from tests.fhir.far_side import BASE, FarSide, bundle, told

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ALL = frozenset({"patient/*.rs"})
TYPES = tuple(FORMS)
SINGLE = ("Coverage", "Goal")  # types that are asked for in one search
BATCHES = Capability(digest="", system_interactions=frozenset({"batch"}))
Answer = httpx2.Response | Exception


def ehr(**changes: Answer) -> FarSide:
    """Return an EHR with the whole chart of p1, some of its answers replaced.

    It is asked by address, and also answers a batch of addresses.
    """
    whole: dict[str, Answer] = {
        each["resourceType"]: httpx2.Response(200, json=bundle(each)) for each in CHART
    }
    whole["Patient/p1"] = httpx2.Response(200, json=CHART[0])
    answers = whole | {name.replace("__", "/"): answer for name, answer in changes.items()}

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = answers[str(request.url.copy_with(query=None)).removeprefix(BASE + "/").rstrip("?")]
        if isinstance(found, Exception):
            raise found
        return found

    def answer_all(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return answer(request)
        asked = [entry["request"]["url"] for entry in json.loads(request.content)["entry"]]
        given = [answer(httpx2.Request("GET", f"{BASE}/{address}")) for address in asked]
        return batch_response(*given)

    return FarSide(answer_all)


def batch_response(*answers: httpx2.Response | None) -> httpx2.Response:
    """Return the answer to a batch; None is an entry that holds nothing."""
    entries: list[dict[str, Any]] = []
    for answer in answers:
        if answer is None:
            entries.append({})
        elif answer.status_code == httpx2.codes.OK:
            entries.append({"resource": answer.json(), "response": {"status": "200 OK"}})
        else:
            entries.append({"response": {"status": str(answer.status_code)}})
    return httpx2.Response(
        200, json={"resourceType": "Bundle", "type": "batch-response", "entry": entries}
    )


def chart(
    far_side: FarSide, scopes: frozenset[str] = ALL, capability: Capability | None = None
) -> ChartFacts:
    return read_chart(far_side.client(), "p1", scopes=scopes, now=NOW, capability=capability)


def of(resource_type: str, *resources: dict[str, Any]) -> FarSide:
    return ehr(**{resource_type: httpx2.Response(200, json=bundle(*resources))})


@pytest.mark.parametrize("capability", [None, BATCHES])
def test_a_whole_chart_is_read(capability: Capability | None) -> None:
    facts = chart(ehr(), capability=capability)

    assert facts.read_at == NOW
    assert facts.patient.ref.resource_id == "p1"
    assert (len(facts.conditions), len(facts.encounters), len(facts.procedures)) == (1, 1, 1)
    assert [fact.ref.resource_type for fact in facts.coverages] == [
        "Coverage",
        "Claim",
        "ExplanationOfBenefit",
    ]
    assert [fact.ref.resource_type for fact in facts.consents] == [
        "Consent",
        "QuestionnaireResponse",
        "DocumentReference",
    ]
    assert [str(fact.ref) for fact in facts.goals] == ["CarePlan/r1#g", "Goal/r1"]
    assert (len(facts.care_plans), len(facts.care_teams), len(facts.observations)) == (1, 1, 1)
    assert (len(facts.medications), len(facts.service_requests)) == (1, 1)
    assert (len(facts.responses), len(facts.documents), len(facts.claims)) == (1, 1, 3)
    assert facts.skipped == ()
    assert facts.unread == ()


def test_without_batches_each_search_is_one_request() -> None:
    far_side = ehr()

    chart(far_side)

    planned = plan_searches(None, ALL, on=NOW.date())
    assert sorted(far_side.urls) == sorted(
        [
            f"{BASE}/Patient/p1",
            *(f"{BASE}/{s.query('p1')}" for s in planned if isinstance(s, Search)),
        ]
    )


def test_with_batches_a_chart_is_one_request() -> None:
    far_side = ehr()

    chart(far_side, capability=BATCHES)

    assert far_side.urls == [BASE]


@pytest.mark.proves("R15")
@pytest.mark.parametrize("capability", [None, BATCHES])
@pytest.mark.proves("R15")
@pytest.mark.parametrize("missing", TYPES)
def test_a_type_without_a_scope_is_not_asked_for_and_the_others_go_on(
    missing: str, capability: Capability | None
) -> None:
    far_side = ehr()
    scopes = frozenset(f"patient/{kind}.rs" for kind in ("Patient", *TYPES) if kind != missing)

    facts = chart(far_side, scopes, capability)

    assert facts.unread == (Unread(missing, f"needs scope patient/{missing}.rs"),)
    assert not facts.was_read(missing)
    assert not any(f"{missing}?" in f"{one.url}{one.content.decode()}" for one in far_side.requests)


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
@pytest.mark.parametrize("kind", SINGLE)
def test_a_type_that_fails_is_unread_with_the_reason(
    answer: Answer, reason: str, kind: str
) -> None:
    facts = chart(ehr(**{kind: answer}))

    (unread,) = facts.unread
    assert unread.resource_type == kind
    assert reason.replace("Coverage", kind) in unread.reason
    assert "canary" not in unread.reason
    read = {
        *(c.ref.resource_type for c in facts.coverages),
        *(g.ref.resource_type for g in facts.goals),
    }
    assert kind not in read
    assert len(facts.conditions) == 1


def test_a_type_that_is_asked_in_parts_says_which_part_failed() -> None:
    facts = chart(ehr(Observation=httpx2.Response(403)))

    assert [unread.reason for unread in facts.unread] == [
        f"{part}: the EHR refuses it; it may need scope patient/Observation.rs"
        for part in ("laboratory", "vital-signs", "survey")
    ]
    assert len(facts.conditions) == 1


# --- batches --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [
        httpx2.Response(400),
        httpx2.Response(405),
        httpx2.Response(200, json=bundle()),
        httpx2.Response(200, text="<html>"),
        httpx2.ReadTimeout("silence"),
    ],
)
def test_a_server_that_refuses_the_batch_is_asked_one_by_one(refusal: Answer) -> None:
    one_by_one = ehr()

    def refusing(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return one_by_one(request)
        if isinstance(refusal, Exception):
            raise refusal
        return refusal

    facts = chart(FarSide(refusing), capability=BATCHES)

    assert facts.unread == ()
    assert len(facts.conditions) == 1


@pytest.mark.parametrize("alone", [None, httpx2.Response(429), httpx2.Response(503)])
def test_what_a_batch_leaves_open_is_asked_once_more_alone(alone: httpx2.Response | None) -> None:
    whole = ehr()

    def partly(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return whole(request)
        return batch_response(httpx2.Response(200, json=CHART[0]), alone)

    far_side = FarSide(partly)

    facts = chart(far_side, capability=BATCHES)

    assert facts.unread == ()
    assert len(facts.conditions) == 1
    assert f"{BASE}/Patient/p1" not in far_side.urls
    assert f"{BASE}/Condition?patient=p1" in far_side.urls


def test_a_refusal_within_a_batch_is_final() -> None:
    far_side = ehr(Coverage=httpx2.Response(403))

    facts = chart(far_side, capability=BATCHES)

    assert far_side.urls == [BASE]
    assert [unread.resource_type for unread in facts.unread] == ["Coverage"]
    assert "patient/Coverage.rs" in facts.unread[0].reason


def test_the_further_pages_of_a_batched_search_are_followed() -> None:
    def paged(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=bundle(resource("Condition", id="c2")))
        first = bundle(resource("Condition", id="c1"), next_link="?page=2")
        return batch_response(httpx2.Response(200, json=CHART[0]), httpx2.Response(200, json=first))

    scopes = frozenset({"patient/Condition.rs"})
    far_side = FarSide(paged)

    facts = chart(far_side, scopes, BATCHES)

    assert [fact.ref.resource_id for fact in facts.conditions] == ["c1", "c2"]
    assert far_side.urls == [BASE, f"{BASE}/Condition?page=2"]


def test_a_batch_that_answers_with_another_patient_is_not_believed() -> None:
    whole = ehr()

    def confused(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return whole(request)
        return batch_response(httpx2.Response(200, json=CHART[0] | {"id": "p2"}))

    assert chart(FarSide(confused), capability=BATCHES).patient.ref.resource_id == "p1"


# --- gaps -----------------------------------------------------------------------------------


def capped(*codes: str) -> dict[str, Any]:
    """Return a searchset with one Condition, in which the server remarks something."""
    issues = [{"severity": "warning", "code": code} for code in codes]
    remark = {"resourceType": "OperationOutcome", "issue": issues}
    return bundle(resource("Condition"), remark)


@pytest.mark.parametrize(
    ("page", "is_whole"),
    [
        (capped("too-costly"), False),
        (capped("informational", "incomplete"), False),
        (capped("suppressed"), True),
        (capped(), True),
    ],
)
def test_a_search_that_is_cut_short_is_a_gap_with_what_it_found(
    page: dict[str, Any],
    is_whole: bool,  # noqa: FBT001
) -> None:
    facts = chart(ehr(Condition=httpx2.Response(200, json=page)))

    assert len(facts.conditions) == 1
    assert facts.was_read("Condition") is is_whole


def test_a_next_page_on_another_server_is_a_gap_and_is_not_asked() -> None:
    elsewhere = bundle(resource("Condition"), next_link="https://evil.example/fhir/Condition?p=2")
    far_side = ehr(Condition=httpx2.Response(200, json=elsewhere))

    facts = chart(far_side)

    assert facts.conditions == ()
    (unread,) = facts.unread
    assert "another server" in unread.reason
    assert not any("evil" in url for url in far_side.urls)


PLAN_ELSEWHERE = resource("CarePlan", id="plain")
EPIC_LIKE = ResourceCapability(
    search_params=frozenset({"patient", "category"}), required_params=frozenset({"category"})
)


def plans(request: httpx2.Request) -> httpx2.Response:
    if "Patient/p1" in str(request.url):
        return httpx2.Response(200, json=CHART[0])
    found = [] if "category" in str(request.url) else [PLAN_ELSEWHERE]
    return httpx2.Response(200, json=bundle(*found))


@pytest.mark.parametrize(
    ("capability", "asked"),
    [
        (None, 2),
        (Capability(digest="", resources={"CarePlan": EPIC_LIKE}), 1),
    ],
)
def test_plans_without_a_category_are_looked_for_where_the_server_lets_us(
    capability: Capability | None, asked: int
) -> None:
    far_side = FarSide(plans)

    facts = chart(far_side, frozenset({"patient/CarePlan.rs"}), capability)

    assert len(facts.care_plans) == asked - 1
    assert len(far_side.urls) == 1 + asked


def test_a_refused_second_look_for_plans_is_no_gap() -> None:
    def refusing(request: httpx2.Request) -> httpx2.Response:
        answer = plans(request)
        return answer if answer.json().get("id") or not answer.json()["entry"] else _REFUSED

    facts = chart(FarSide(refusing), frozenset({"patient/CarePlan.rs"}))

    assert facts.was_read("CarePlan")
    assert facts.care_plans == ()


_REFUSED = httpx2.Response(400)


def test_a_resource_that_two_searches_find_is_read_once_in_its_latest_version() -> None:
    def versions(request: httpx2.Request) -> httpx2.Response:
        if "Patient/p1" in str(request.url):
            return httpx2.Response(200, json=CHART[0])
        version = "2" if "laboratory" in str(request.url) else "1"
        observation = resource("Observation", meta={"versionId": version})
        return httpx2.Response(200, json=bundle(observation))

    facts = chart(FarSide(versions), frozenset({"patient/Observation.rs"}))

    assert [fact.ref.version_id for fact in facts.observations] == ["2"]


def test_a_patient_may_be_named_by_an_identifier_of_theirs() -> None:
    patient = CHART[0] | {"identifier": [{"system": "urn:mrn", "value": "7"}, {"value": "8"}]}
    by_number = resource("Condition", subject={"identifier": {"system": "urn:mrn", "value": "7"}})
    by_word = resource("Condition", id="w", subject={"identifier": {"value": "8"}})

    facts = chart(
        ehr(
            Patient__p1=httpx2.Response(200, json=patient),
            Condition=httpx2.Response(200, json=bundle(by_number, by_word)),
        )
    )

    assert [fact.ref.resource_id for fact in facts.conditions] == ["r1"]
    assert facts.skipped == (Skipped("Condition", "it belongs to another patient"),)


def test_of_many_claims_the_latest_coverage_of_each_plan_is_kept() -> None:
    claims = [
        resource(
            "Claim",
            id=f"claim{month}",
            status="active",
            use="claim",
            billablePeriod={"start": f"2026-0{month}-01", "end": f"2026-0{month}-28"},
            insurance=[{"coverage": {"display": name}}],
        )
        for month, name in ((1, "Medicare Part B"), (3, "Medicare Part B"), (2, "Aetna"))
    ]

    facts = chart(
        ehr(
            Claim=httpx2.Response(200, json=bundle(*claims)),
            ExplanationOfBenefit=httpx2.Response(200, json=bundle()),
        )
    )

    assert [fact.ref.resource_id for fact in facts.coverages] == ["r1", "claim3", "claim2"]


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
def test_without_the_patient_there_is_no_chart(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        chart(ehr(Patient__p1=answer))

    assert "canary" not in told(caught.value)


def test_a_chart_prints_no_value() -> None:
    assert "canary" not in repr(chart(ehr())).lower()


@settings(max_examples=20)
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
