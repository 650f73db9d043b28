"""What is written below Encounter and Procedure: valid R4, the same facts on every rung."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.fhir.check import check
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.fingerprint import WINDOW, bears_other_identifier, is_alike
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.telling import document_reference, questionnaire_response, sheet
from ccm_fhir.fhir.write_consent import ConsentTold, consent_resource, consent_telling
from ccm_fhir.fhir.write_lesser_time import observation_resource, time_telling
from ccm_fhir.fhir.write_time import encounter_resource, procedure_resource
from tests.fhir.test_writing import OURS, START, record
from tests.validators.harness import problems

FORM = "https://ccm.example.org/Questionnaire/care-management-time"


def consent(**changes: object) -> ConsentTold:
    told = ConsentTold(
        patient_ref="Patient/p1",
        recorder_ref="Practitioner/nurse",
        practice_ref="Organization/ours",
        decision=ConsentDecision.GIVEN,
        decided_on=date(2026, 11, 10),
        ends_on=None,
        recorded_at=datetime(2026, 11, 10, 15, 0, tzinfo=UTC),
        statements=("availability", "cost-sharing"),
        mode=ConsentMode.VERBAL,
        language="en",
        given_by=ConsentGiver.PATIENT,
        representative="",
        note="Asked by telephone.",
    )
    return replace(told, **changes)  # type: ignore[arg-type]  # a test's shorthand


def every_resource() -> dict[str, Json]:
    told = time_telling(record(), FORM)
    silent = record(contact_mode=None, note="", ended_at=START + timedelta(seconds=61))
    decided = consent_telling(consent(), FORM)
    return {
        "observation": observation_resource(record(), OURS),
        "observation of odd seconds": observation_resource(silent, OURS),
        "form": questionnaire_response(told, OURS),
        "form without note": questionnaire_response(time_telling(silent, FORM), OURS),
        "document": document_reference(told, OURS),
        "consent": consent_resource(consent(), OURS),
        "consent declined": consent_resource(
            consent(decision=ConsentDecision.DECLINED, mode=None, statements=()), OURS
        ),
        "consent revoked": consent_resource(
            consent(decision=ConsentDecision.REVOKED, ends_on=date(2026, 11, 30)), OURS
        ),
        "consent as a form": questionnaire_response(decided, OURS),
        "consent as a document": document_reference(decided, OURS),
    }


def read_again(resource: Json) -> Json:
    read: Json = json.loads(to_bytes(resource))
    return read


@pytest.mark.parametrize("name", every_resource())
def test_what_is_written_on_a_lesser_rung_is_valid(name: str) -> None:
    check(every_resource()[name])


@pytest.mark.needs("validators")
def test_no_validator_objects_to_a_lesser_rung() -> None:
    resources = [dict(read_again(resource)) for resource in every_resource().values()]

    assert problems(resources) == ()


@pytest.mark.parametrize("mode", [None, *ContactMode])
@pytest.mark.parametrize("note", ["", "Readings reviewed."])
def test_every_lesser_rung_tells_the_same_facts(mode: ContactMode | None, note: str) -> None:
    told = time_telling(record(contact_mode=mode, note=note), FORM)
    form: dict[str, Any] = dict(questionnaire_response(told, OURS))
    document: dict[str, Any] = dict(document_reference(told, OURS))
    text, data = (
        base64.b64decode(content["attachment"]["data"]).decode() for content in document["content"]
    )

    of_data = {line["id"]: str(line["value"]) for line in json.loads(data)["lines"]}
    assert [item["linkId"] for item in form["item"]] == list(of_data)
    assert all(value in text for value in of_data.values())
    assert ("note" in of_data) is bool(note)
    assert ("contact" in of_data) is (mode is not None)
    assert dict(sheet(told, OURS))["lines"] == json.loads(data)["lines"]


@given(seconds=st.integers(1, 8 * 3600))
def test_an_observation_never_rounds_a_second_away(seconds: int) -> None:
    told: Any = observation_resource(record(ended_at=START + timedelta(seconds=seconds)), OURS)

    quantity = told["valueQuantity"]
    assert quantity["value"] * {"s": 1, "min": 60}[quantity["code"]] == seconds


def test_a_refusal_is_not_titled_as_a_consent() -> None:
    for decision in (ConsentDecision.DECLINED, ConsentDecision.REVOKED):
        assert "consent" not in consent_telling(consent(decision=decision), FORM).title.lower()


def test_a_document_kept_by_address_instead_of_data_is_no_loss() -> None:
    sent = document_reference(time_telling(record(), FORM), OURS)
    stored: dict[str, Any] = copy.deepcopy(dict(sent))
    for content in stored["content"]:
        del content["attachment"]["data"]
        content["attachment"]["url"] = "Binary/1"

    assert differences(sent, stored) == ()


WORK = {
    "Procedure": procedure_resource(record(), OURS, encounter_ref="Encounter/1"),
    "Encounter": encounter_resource(record(), OURS),
    "Observation": observation_resource(record(), OURS),
    "QuestionnaireResponse": questionnaire_response(time_telling(record(), FORM), OURS),
    "DocumentReference": document_reference(time_telling(record(), FORM), OURS),
    "Consent": consent_resource(consent(), OURS),
}


@pytest.mark.parametrize("kind", WORK)
def test_what_we_sent_is_known_again_without_our_identifier(kind: str) -> None:
    stored = read_again(WORK[kind])
    del stored["identifier"]

    assert is_alike(WORK[kind], stored)


@pytest.mark.parametrize("kind", ["Procedure", "Encounter", "Observation", "DocumentReference"])
@pytest.mark.parametrize(
    "other",
    [
        record(patient_ref="Patient/p2"),
        record(performer_ref="Practitioner/other"),
        record(started_at=START + timedelta(hours=1), ended_at=START + timedelta(hours=2)),
    ],
    ids=["another patient", "another person", "another hour"],
)
def test_other_work_is_not_taken_for_ours(kind: str, other: Any) -> None:  # noqa: ANN401
    made = {
        "Procedure": procedure_resource(other, OURS, encounter_ref=None),
        "Encounter": encounter_resource(other, OURS),
        "Observation": observation_resource(other, OURS),
        "DocumentReference": document_reference(time_telling(other, FORM), OURS),
    }

    assert not is_alike(WORK[kind], made[kind])


@given(shift=st.integers(-7200, 7200))
def test_an_interval_fits_within_the_window_and_not_beyond(shift: int) -> None:
    moved = timedelta(seconds=shift)
    other = record(started_at=START + moved, ended_at=START + timedelta(minutes=22) + moved)
    stored = procedure_resource(other, OURS, encounter_ref=None)

    assert is_alike(WORK["Procedure"], stored) is (abs(moved) <= WINDOW)


def test_a_resource_without_its_interval_is_never_taken_for_ours() -> None:
    stored = read_again(WORK["Procedure"])
    del stored["performedPeriod"]

    assert not is_alike(WORK["Procedure"], stored)


def test_another_entry_of_ours_is_known_by_its_identifier() -> None:
    stored = read_again(WORK["Procedure"])

    assert not bears_other_identifier(stored, OURS.system, OURS.value)
    assert bears_other_identifier(stored, OURS.system, "another")
