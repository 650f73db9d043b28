"""What is asked: read strictly, answered in our own words, and never with a server error."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccm_fhir.errors import HookError
from ccm_fhir.fhir.cds_hooks.request import read_feedback, read_patient_view
from tests.cds import EC, SERVICE, Json, call_of, claims, lent, prefetch_of, record_of, signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cds import Hooks

USER = "Practitioner/nurse-1"
BROKEN = {
    "no hook": (call_of(hook="absent"), "hook"),
    "another hook": (call_of(hook="order-sign"), "hook"),
    "a hook that is no text": (call_of(hook=["patient-view"]), "hook"),
    "no instance": (call_of(hookInstance="absent"), "hookInstance"),
    "an instance that is no UUID": (call_of(hookInstance="17"), "hookInstance"),
    "a UUID in braces": (call_of(hookInstance=f"{{{uuid4()}}}"), "hookInstance"),
    "a UUID as a URN": (call_of(hookInstance=f"urn:uuid:{uuid4()}"), "hookInstance"),
    "a UUID and more": (call_of(hookInstance=f"{uuid4()}\n"), "hookInstance"),
    "no context": (call_of(context="absent"), "context"),
    "a context of null": (call_of(context=None), "context"),
    "a context that is a list": (call_of(context=[]), "context"),
    "no patient": (call_of(context={"userId": USER}), "context.patientId"),
    "a patient of null": (
        call_of(context={"userId": USER, "patientId": None}),
        "context.patientId",
    ),
    "a patient by reference": (
        call_of(context={"userId": USER, "patientId": "Patient/p1"}),
        "context.patientId",
    ),
    "a patient with a query": (
        call_of(context={"userId": USER, "patientId": "p1&_include=*"}),
        "context.patientId",
    ),
    "a patient with a path": (
        call_of(context={"userId": USER, "patientId": "../Practitioner/1"}),
        "context.patientId",
    ),
    "a patient without end": (
        call_of(context={"userId": USER, "patientId": "p" * 65}),
        "context.patientId",
    ),
    "no user": (call_of(context={"patientId": "p1"}), "context.userId"),
    "a user without a type": (
        call_of(context={"userId": "1", "patientId": "p1"}),
        "context.userId",
    ),
    "a device": (call_of(context={"userId": "Device/1", "patientId": "p1"}), "context.userId"),
    "a user elsewhere": (
        call_of(context={"userId": "https://evil.test/Practitioner/1", "patientId": "p1"}),
        "context.userId",
    ),
    "an encounter by reference": (
        call_of(context={"userId": USER, "patientId": "p1", "encounterId": "Encounter/1"}),
        "context.encounterId",
    ),
    "a lent token without a server": (
        call_of(fhirServer="absent", fhirAuthorization=lent()),
        "fhirServer",
    ),
    "a lent token without a scope": (
        call_of(fhirAuthorization=lent(scope="absent")),
        "fhirAuthorization.scope",
    ),
    "a lent token without a life": (
        call_of(fhirAuthorization=lent(expires_in="absent")),
        "fhirAuthorization.expires_in",
    ),
    "a life that is text": (
        call_of(fhirAuthorization=lent(expires_in="300")),
        "fhirAuthorization.expires_in",
    ),
    "a lent token that breaks the line": (
        call_of(fhirAuthorization=lent(access_token="a\r\nX-Evil: 1")),
        "fhirAuthorization.access_token",
    ),
    "a lent token of another kind": (
        call_of(fhirAuthorization=lent(token_type="mac")),
        "fhirAuthorization.token_type",
    ),
    "a lent token of nobody": (
        call_of(fhirAuthorization=lent(subject=" ")),
        "fhirAuthorization.subject",
    ),
    "a prefetch that is a list": (call_of([]), "prefetch"),
    "nothing": ({}, "hook"),
    "a list": ([], "body"),
    "text": ("patient-view", "body"),
}


@pytest.mark.proves("CDS2", "CDS4")
@pytest.mark.parametrize(("body", "member"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_call_is_refused_by_the_member_at_fault(
    hooks: Hooks, body: object, member: str
) -> None:
    answer = hooks.post(body)

    assert answer.status_code == 400
    assert (answer.json()["error"], answer.json()["detail"]) == ("request_invalid", member)
    assert "evil" not in answer.text
    assert hooks.far.asked == []


@pytest.mark.proves("CDS2")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"hook":"\\ud800"}', b'{"a":' * 50_000],
    ids=["empty", "half", "no UTF-8", "deep", "half a character", "deep objects"],
)
def test_what_is_no_json_is_refused(hooks: Hooks, body: bytes) -> None:
    assert hooks.send(body).status_code == 400


def test_what_is_not_said_to_be_json_is_refused(hooks: Hooks) -> None:
    headers = {"authorization": f"Bearer {signed()}", "content-type": "application/xml"}

    answer = hooks.client.post("/cds-services/ccm-patient-view", content=b"<x/>", headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (415, "not_json")


def test_a_body_too_large_is_refused_and_a_whole_chart_is_not(hooks: Hooks) -> None:
    padding = "x" * 1_500_000
    large = call_of(prefetch_of(record_of("pt-ready")), extension={"com.example": padding})
    endless = call_of(extension={"com.example": padding * 6})

    assert hooks.post(large).status_code == 200
    refused = hooks.post(endless)
    assert (refused.status_code, refused.json()["error"]) == (413, "too_large")


@pytest.mark.proves("CDS2", "CDS4")
def test_optional_members_may_be_null_and_unknown_ones_are_let_be(hooks: Hooks) -> None:
    context = {"userId": USER, "patientId": "p1", "encounterId": None, "more": [1]}
    body = call_of(
        prefetch_of(record_of("pt-ready")),
        context=context,
        fhirServer=None,
        fhirAuthorization=None,
        extension={"com.example": 1},
    )

    assert len(hooks.cards(body)) == 1


WRONG_SERVERS = [
    "https://ehr.example/fhir2",
    "https://ehr.example/",
    "https://ehr.example.evil.test/fhir",
    "https://evil.test/fhir",
    "https://ehr.example@evil.test/fhir",
    "http://ehr.example/fhir",
    "http://169.254.169.254/latest",
    "http://localhost:8700/fhir",
    "https://EHR.example/fhir",
    "https://ehr.example/fhir/../evil",
    "https://ehr.example:8443/fhir",
    "file:///etc/passwd",
    "\\\\evil.test\\fhir",
]


@pytest.mark.proves("CDS6")
@pytest.mark.parametrize("server", WRONG_SERVERS)
def test_another_fhir_server_is_refused_and_never_asked(hooks: Hooks, server: str) -> None:
    hooks.far.record = record_of("pt-ready")

    answer = hooks.post(call_of(fhirServer=server, fhirAuthorization=lent()))

    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_server")
    assert server not in answer.text
    assert hooks.far.asked == []


def test_a_slash_at_the_end_is_no_other_server(hooks: Hooks) -> None:
    body = call_of(prefetch_of(record_of("pt-ready")), fhirServer="https://ehr.example/fhir/")

    assert len(hooks.cards(body)) == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = ("hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "prefetch")


def refusal(read: Callable[[bytes], object], body: bytes) -> str:
    """Return why a body is refused; empty where it is read."""
    try:
        read(body)
    except HookError as refused:
        return refused.reason
    return ""


@given(changes=st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=3))
def test_any_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    body = json.dumps(call_of(prefetch_of(record_of("pt-ready"))) | changes).encode()

    assert refusal(read_patient_view, body) in {"", "request_invalid"}


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert refusal(read_patient_view, body) in {"", "request_invalid"}
    assert refusal(read_feedback, body) in {"", "request_invalid"}


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    prefetch=st.dictionaries(
        st.sampled_from(["patient", "conditions", "coverages", "consents", "encounters", "x"]),
        JSON
        | st.just({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": 7}}]})
        | JSON.map(lambda inner: {"resourceType": "Bundle", "entry": [{"resource": inner}]})
        | JSON.map(lambda inner: {"resourceType": "Patient", "id": "p1", "name": inner}),
        max_size=5,
    )
)
def test_no_prefetch_makes_a_server_error(hooks: Hooks, prefetch: dict[str, Any]) -> None:
    whole = prefetch_of(record_of("pt-ready"))

    for sent in (prefetch, whole | prefetch):
        assert hooks.post(call_of(sent)).status_code in {200, 400, 412}


@pytest.mark.proves("CDS6")
def test_a_lent_token_prints_nowhere() -> None:
    view = read_patient_view(json.dumps(call_of(fhirAuthorization=lent())).encode())

    assert view.authorization is not None
    for shown in (repr(view), repr(view.authorization), str(view)):
        assert "lent-token" not in shown
        assert "p1" not in shown


@pytest.mark.proves("CDS10", "S20")
def test_nothing_of_a_call_is_logged_or_repeated(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    record = json.loads(json.dumps(record_of("pt-ready")).replace("Rosa", "canary-name"))
    whole = call_of(prefetch_of(record), fhirAuthorization=lent(access_token="canary-token"))
    context = {"userId": "Practitioner/canary-user", "patientId": "canary-patient"}
    spoilt: tuple[Json, ...] = (
        {"hookInstance": "canary-instance"},
        {"context": context | {"patientId": "canary patient"}},
        {"context": context | {"encounterId": "canary/encounter"}},
        {"fhirServer": "https://canary.test/fhir"},
        {"prefetch": {"patient": ["canary-name"]}, "context": context},
        {"prefetch": ["canary-name"]},
        {"context": context},
        {},
    )

    answers = [hooks.post(whole | change) for change in spoilt]

    assert {answer.status_code for answer in answers} == {400, 403, 412, 200}
    assert "canary" not in "".join(answer.text for answer in answers)
    logged = [f"{each.getMessage()} {vars(each)}" for each in caplog.records]
    assert any("/cds-services" in line for line in logged)
    assert not [line for line in logged if "canary" in line]


def test_a_token_for_the_service_is_asked_for_before_the_body_is_read(hooks: Hooks) -> None:
    forged = signed(claims(SERVICE), EC, alg="ES384", kid="nobody")

    assert hooks.send(b"x" * 9_000_000, token=forged).status_code == 401
