"""What was not sent is asked for, with the lent token, of the registered server, and in time."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.services.cds_desk import CdsDesk
from tests.cds import (
    LENT,
    Hooks,
    Json,
    bundle,
    call_of,
    lent,
    open_hooks,
    prefetch_of,
    record_of,
)
from tests.smart_app.cds.test_cards import STRANGER, without
from tests.smart_app.front import EHR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTEXT = {"userId": "Practitioner/nurse-1", "patientId": STRANGER}
SEARCHED = {"Condition", "Coverage", "Consent", "Encounter", "CarePlan"}


@pytest.fixture
def record() -> list[Json]:
    return record_of("pt-noconsent", STRANGER)


def call(prefetch: object = None, **changes: object) -> Json:
    return call_of(prefetch, context=CONTEXT, **changes)


def test_a_call_without_prefetch_is_answered_from_the_ehr(hooks: Hooks, record: list[Json]) -> None:
    hooks.far.record = record

    card = hooks.card(call(fhirAuthorization=lent()))

    assert card["summary"].startswith("Eligible for CCM")
    assert set(hooks.far.asked) == {f"Patient/{STRANGER}", *SEARCHED}
    for request in hooks.far.requests:
        if request.url.path != "/keys":
            assert request.headers["authorization"] == f"Bearer {LENT}"
            assert f"{request.url.scheme}://{request.url.host}" == EHR
            assert request.url.params.get("patient", STRANGER) == STRANGER


def test_the_same_patient_gets_the_same_card_sent_or_fetched(
    hooks: Hooks, record: list[Json]
) -> None:
    hooks.far.record = record

    cards = [
        hooks.card(call(prefetch_of(record))),
        hooks.card(call(fhirAuthorization=lent())),
        hooks.card(call({"patient": record[0]}, fhirAuthorization=lent())),
    ]

    assert len({(card["summary"], card["detail"]) for card in cards}) == 1


def test_what_came_whole_is_not_asked_for_again(hooks: Hooks, record: list[Json]) -> None:
    hooks.card(call(prefetch_of(record), fhirAuthorization=lent()))

    assert hooks.far.asked == []


def stray(record: list[Json]) -> Json:
    """Return conditions with one of another patient's among them."""
    foreign = record_of("pt-ready", "somebody-else")
    conditions = [r for r in (*record, *foreign) if r["resourceType"] == "Condition"]
    return bundle(conditions)


def with_outcome(record: list[Json]) -> Json:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}
    return bundle([*(r for r in record if r["resourceType"] == "Condition"), outcome])


UNUSABLE: dict[str, Callable[[list[Json]], Any]] = {
    "an outcome": lambda _: {"resourceType": "OperationOutcome", "issue": []},
    "a first page": lambda _: bundle([], link=[{"relation": "next", "url": f"{EHR}/fhir?p=2"}]),
    "fewer than there are": lambda _: bundle([], total=3),
    "another patient's": stray,
    "a search that failed half way": with_outcome,
    "one resource": lambda record: next(r for r in record if r["resourceType"] == "Condition"),
    "a number": lambda _: 7,
    "a list": lambda _: [],
    "an entry without its resource": lambda _: {"resourceType": "Bundle", "entry": [{}]},
}


@pytest.mark.proves("CDS5")
@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_prefetch_that_is_not_whole_is_fetched_instead(
    hooks: Hooks, record: list[Json], spoil: Callable[[list[Json]], Any]
) -> None:
    hooks.far.record = record
    sent = prefetch_of(record) | {"conditions": spoil(record)}

    card = hooks.card(call(sent, fhirAuthorization=lent()))

    assert hooks.far.asked == ["Condition"]
    assert card["summary"].startswith("Eligible for CCM")


@pytest.mark.proves("CDS5")
@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_prefetch_that_is_not_whole_and_cannot_be_fetched_is_a_precondition_that_failed(
    hooks: Hooks, record: list[Json], spoil: Callable[[list[Json]], Any]
) -> None:
    answer = hooks.post(call(prefetch_of(record) | {"conditions": spoil(record)}))

    assert (answer.status_code, answer.json()["error"]) == (412, "data_missing")
    assert STRANGER not in answer.text


def test_a_remark_of_the_server_among_the_results_does_no_harm(
    hooks: Hooks, record: list[Json]
) -> None:
    remark = {"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]}
    conditions = [r for r in record if r["resourceType"] == "Condition"]

    hooks.card(call(prefetch_of(record) | {"conditions": bundle([*conditions, remark])}))

    assert hooks.far.asked == []


def test_null_says_that_there_is_none(hooks: Hooks, record: list[Json]) -> None:
    sent = prefetch_of(record) | {"consents": None, "carePlans": None}

    card = hooks.card(call(sent, fhirAuthorization=lent()))

    assert hooks.far.asked == []
    assert card["summary"].endswith("Missing: consent and care plan.")


@pytest.mark.parametrize("patient", [None, "another", {}, {"resourceType": "Patient", "id": "p9"}])
def test_a_patient_who_is_not_the_one_of_the_call_is_not_used(
    hooks: Hooks, record: list[Json], patient: object
) -> None:
    sent = prefetch_of(record) | {"patient": patient}

    refused = hooks.post(call(sent))
    hooks.far.record = record
    hooks.card(call(sent, fhirAuthorization=lent()))

    assert refused.status_code == 412
    assert hooks.far.asked == [f"Patient/{STRANGER}"]


@pytest.mark.proves("CDS5")
def test_nothing_sent_and_no_token_is_a_precondition_that_failed(hooks: Hooks) -> None:
    for body in (call(), call({}), call(None, fhirServer="absent")):
        assert hooks.post(body).status_code == 412


def test_a_coverage_that_cannot_be_had_may_qualify(hooks: Hooks, record: list[Json]) -> None:
    sent = prefetch_of(record)
    del sent["coverages"]

    card = hooks.card(call(sent))

    assert card["summary"] == "May qualify for CCM: Medicare coverage could not be confirmed."
    assert "Coverage could not be read from the EHR" in card["detail"]


UNFIT_TOKENS = {
    "for another patient": lent(patient="somebody-else"),
    "dead": lent(expires_in=0),
    "for other types": lent(scope="patient/Observation.rs"),
    "that may not search": lent(scope="patient/*.r"),
    "of no scope": lent(scope=""),
}


@pytest.mark.proves("CDS6")
@pytest.mark.parametrize("token", UNFIT_TOKENS.values(), ids=UNFIT_TOKENS.keys())
def test_a_token_is_not_used_beyond_what_it_was_lent_for(
    hooks: Hooks, record: list[Json], token: Json
) -> None:
    hooks.far.record = record
    sent = {"patient": record[0]}

    answer = hooks.post(call(sent, fhirAuthorization=token))

    assert answer.status_code == 412
    assert hooks.far.asked == []


def test_a_token_lent_for_this_patient_is_used(hooks: Hooks, record: list[Json]) -> None:
    hooks.far.record = record

    assert hooks.card(call(fhirAuthorization=lent(patient=STRANGER)))


@pytest.mark.parametrize("status", [401, 403, 404, 500, 302])
def test_an_ehr_that_refuses_is_a_precondition_that_failed(
    hooks: Hooks, record: list[Json], status: int
) -> None:
    hooks.far.record, hooks.far.status = record, status

    assert hooks.post(call(fhirAuthorization=lent())).status_code == 412


@pytest.mark.proves("CDS6")
def test_another_patients_resource_in_an_answer_is_never_used(hooks: Hooks) -> None:
    own = without(record_of("pt-onecondition", STRANGER), "Consent")
    foreign = [
        r for r in record_of("pt-ready", "somebody-else") if r["resourceType"] == "Condition"
    ]
    hooks.far.record = [*own, *foreign]

    cards = hooks.cards(call(fhirAuthorization=lent()))

    # One condition of the patient's own; those set aside leave a doubt and make nobody eligible.
    assert [card["summary"] for card in cards] == [
        "May qualify for CCM: chronic conditions could not be confirmed."
    ]


@pytest.mark.proves("CDS6")
def test_a_lent_token_is_stored_nowhere(hooks: Hooks, record: list[Json]) -> None:
    hooks.far.record = record
    hooks.card(call(fhirAuthorization=lent()))

    file = hooks.world.db.url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert LENT not in dump
    assert STRANGER not in dump


@pytest.fixture
def hurried(tmp_path: Path) -> Hooks:
    """Return hooks that must answer within a third of a second; the EHR takes longer."""
    hooks = open_hooks(tmp_path, desk=CdsDesk(budget_seconds=0.3))
    hooks.discover()
    hooks.far.takes_seconds = 1.0
    return hooks


@pytest.mark.proves("CDS10")
def test_a_slow_ehr_gets_no_cards_and_not_a_late_one(hurried: Hooks, record: list[Json]) -> None:
    hurried.far.record = record

    began = time.monotonic()
    answer = hurried.post(call(fhirAuthorization=lent()))
    took = time.monotonic() - began

    assert (answer.status_code, answer.json()) == (200, {"cards": []})
    assert took < hurried.far.takes_seconds  # it did not wait for the EHR
    hurried.world.db.close()


def test_one_slow_type_is_enough_to_be_late(hurried: Hooks, record: list[Json]) -> None:
    hurried.far.record = record
    sent = prefetch_of(record)
    del sent["coverages"]

    assert hurried.cards(call(sent, fhirAuthorization=lent())) == []
    hurried.world.db.close()


def test_what_is_late_leaves_no_card_behind(hurried: Hooks, record: list[Json]) -> None:
    hurried.far.record = record
    hurried.post(call(fhirAuthorization=lent()))

    hurried.world.cds.hands.shutdown(wait=True)

    file = hurried.world.db.url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM cds_card").fetchone() == (0,)
    database.close()


def test_a_database_that_keeps_us_waiting_makes_no_late_card(
    tmp_path: Path, record: list[Json]
) -> None:
    hooks = open_hooks(tmp_path, desk=CdsDesk(budget_seconds=0.3))
    token_taken = hooks.discover()
    with hooks.world.db.write():  # another writer, for as long as this block
        answer = hooks.post(call(prefetch_of(record)))

    # The token cannot be recorded as used, so that nothing may be answered.
    assert (token_taken.status_code, answer.status_code) == (200, 503)


def test_keys_that_come_late_are_there_for_the_next_call(tmp_path: Path) -> None:
    hooks = open_hooks(tmp_path, desk=CdsDesk(budget_seconds=0.2))
    hooks.far.keys_take_seconds = 0.5

    first = hooks.discover()
    time.sleep(0.6)
    second = hooks.discover()

    assert (first.status_code, second.status_code) == (503, 200)
    assert hooks.far.fetched_keys == 1
    hooks.world.db.close()
