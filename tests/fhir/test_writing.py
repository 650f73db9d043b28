"""What we write: Procedure, Encounter and Claim, checked as R4 and read back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import ClaimDraft, ClaimLine, ClaimParties
from ccm_fhir.domain.codes import Activity, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.writeback import ContactMode, ResourceKind, TimeRecord, resources_of
from ccm_fhir.errors import InvalidResourceError
from ccm_fhir.fhir.check import check
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.fhir.write_claim import ClaimEnvelope, claim_resource
from ccm_fhir.fhir.write_time import (
    OurIdentifier,
    encounter_resource,
    month_encounter,
    procedure_resource,
)
from tests.builders import NEW_YORK
from tests.validators.harness import problems

OURS = OurIdentifier(system="https://ccm.example.org/identifier/x", value="0c7e")
START = datetime(2026, 11, 10, 10, 0, tzinfo=NEW_YORK)


def record(**changes: object) -> TimeRecord:
    made = TimeRecord(
        entry_id="e1",
        patient_ref="Patient/p1",
        performer_ref="Practitioner/nurse",
        performer=PerformerKind.CLINICAL_STAFF,
        practice_ref="Organization/ours",
        started_at=START,
        ended_at=START + timedelta(minutes=22),
        activity=Activity.PATIENT_CALL,
        contact_mode=ContactMode.TELEPHONE,
        note="Readings reviewed.",
        care_plan_ref="CarePlan/plan",
        condition_refs=("Condition/c1",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def draft(minutes: int = 22) -> ClaimDraft:
    return ClaimDraft(
        programme=Programme.CCM,
        month=ServiceMonth(2026, 11),
        revision=1,
        parties=ClaimParties(
            patient_ref="Patient/p1",
            practice_ref="Organization/ours",
            practice_npi="1999999018",
            practitioner_ref="Practitioner/doctor",
            practitioner_npi="1234567893",
            practitioner_taxonomy="207Q00000X",
            place_of_service="11",
        ),
        coverage_ref="Coverage/b",
        diagnoses=("E11.9", "I10"),
        lines=(
            ClaimLine(
                code="99490",
                units=1,
                unit_charge_usd=Decimal("66.13"),
                serviced_on=date(2026, 11, 10),
                pointers=(1, 2),
            ),
        ),
        counted_seconds=minutes * 60,
        consent_ref="Consent/c",
        care_plan_ref="CarePlan/plan",
    )


def claim(**changes: object) -> dict[str, Any]:
    envelope = ClaimEnvelope(
        ours=OURS,
        created_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
        procedure_refs=("Procedure/1", "Procedure/2"),
        encounter_refs=("Encounter/1",),
    )
    return claim_resource(draft(), replace(envelope, **changes))  # type: ignore[arg-type]


def anchor(of: ClaimDraft) -> dict[str, Any]:
    return month_encounter(of, OURS, NEW_YORK)


def test_work_without_the_patient_is_a_procedure_alone() -> None:
    assert resources_of(record(contact_mode=None)) == (ResourceKind.PROCEDURE,)
    assert resources_of(record()) == (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE)


def test_no_billing_code_stands_on_a_procedure_or_an_encounter() -> None:
    for resource in (
        procedure_resource(record(), OURS, encounter_ref=None),
        encounter_resource(record(), OURS),
    ):
        assert b"ama-assn" not in to_bytes(resource)


def test_times_carry_the_practices_offset() -> None:
    made = procedure_resource(record(), OURS, encounter_ref="Encounter/1")

    assert made["performedPeriod"] == {
        "start": "2026-11-10T10:00:00-05:00",
        "end": "2026-11-10T10:22:00-05:00",
    }
    assert made["encounter"] == {"reference": "Encounter/1"}


def test_what_is_not_known_is_left_out() -> None:
    made = procedure_resource(
        record(note="", care_plan_ref="", condition_refs=()), OURS, encounter_ref=None
    )

    assert not {"note", "basedOn", "reasonReference", "encounter"} & made.keys()


def test_an_entry_without_contact_has_no_encounter() -> None:
    with pytest.raises(ValueError, match="without patient contact"):
        encounter_resource(record(contact_mode=None), OURS)


def test_a_months_own_encounter_spans_it_in_the_practices_zone_and_says_that_it_is_no_contact() -> (
    None
):
    made = anchor(draft(minutes=62))

    assert made["period"] == {
        "start": "2026-11-01T00:00:00-04:00",
        "end": "2026-11-30T23:59:59-05:00",
    }
    assert made["length"]["value"] == 62
    assert made["length"]["code"] == "min"
    assert "no single contact" in made["type"][0]["text"]
    assert b"ama-assn" not in to_bytes(made)


@given(st.integers(min_value=1, max_value=40_000), st.integers(1, 12))
def test_every_months_encounter_is_valid_r4_and_keeps_the_seconds(seconds: int, month: int) -> None:
    counted = replace(draft(), counted_seconds=seconds, month=ServiceMonth(2026, month))

    made = anchor(counted)

    check(made)
    unit = {"min": 60, "s": 1}[made["length"]["code"]]
    assert made["length"]["value"] * unit == seconds


def test_a_claim_points_at_what_was_written() -> None:
    made = claim()

    item = made["item"][0]
    assert item["procedureSequence"] == [1, 2]
    assert item["encounter"] == [{"reference": "Encounter/1"}]
    assert made["procedure"][1]["procedureReference"] == {"reference": "Procedure/2"}
    assert made["total"] == {"value": Decimal("66.13"), "currency": "USD"}


def test_a_claim_without_written_time_points_at_none() -> None:
    made = claim(procedure_refs=(), encounter_refs=())

    assert "procedure" not in made
    assert not {"procedureSequence", "encounter"} & made["item"][0].keys()


@pytest.mark.parametrize(("minutes", "said"), [(20, b'"value":20'), (22, b'"value":22')])
def test_minutes_are_written_as_a_plain_number(minutes: int, said: bytes) -> None:
    made = claim_resource(
        draft(minutes),
        ClaimEnvelope(ours=OURS, created_at=START, procedure_refs=(), encounter_refs=()),
    )

    assert said in to_bytes(made)


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert to_bytes(claim()) == to_bytes(claim())


@given(st.sampled_from(Activity), st.none() | st.sampled_from(ContactMode), st.text(max_size=40))
def test_every_kind_of_work_is_valid_r4(
    activity: Activity, mode: ContactMode | None, note: str
) -> None:
    made = record(activity=activity, contact_mode=mode, note=" ".join(note.split()))

    check(procedure_resource(made, OURS, encounter_ref=None))
    if mode is not None:
        check(encounter_resource(made, OURS))


@pytest.mark.needs("validators")
def test_independent_validators_find_no_error_in_what_we_write() -> None:
    written = [
        procedure_resource(record(performer=kind, activity=activity), OURS, encounter_ref=None)
        for kind in PerformerKind
        for activity in Activity
    ]
    written += [encounter_resource(record(contact_mode=mode), OURS) for mode in ContactMode]
    written += [claim(), claim(procedure_refs=(), encounter_refs=())]
    written += [anchor(draft())]

    assert problems([json.loads(to_bytes(resource)) for resource in written]) == ()


@pytest.mark.parametrize(
    ("element", "value", "says"),
    [
        ("status", "bogus", "status"),
        ("use", "invoice", "use"),
        ("created", "yesterday", "created"),
        ("patient", "Patient/p1", "patient"),
        ("insurance", None, "insurance"),
        ("resourceType", "Bill", "Bill"),
    ],
)
def test_what_is_not_r4_is_refused_by_element_and_never_by_value(
    element: str, value: object, says: str
) -> None:
    broken = claim()
    broken[element] = value

    with pytest.raises(InvalidResourceError, match=says) as refused:
        check(broken)

    assert "Patient/p1" not in str(refused.value)
    assert "yesterday" not in str(refused.value)


def test_what_comes_back_as_sent_is_no_difference() -> None:
    sent = claim()
    stored = copy.deepcopy(sent) | {"id": "1", "meta": {"versionId": "1"}, "text": {"status": "x"}}

    assert differences(sent, stored) == ()


def test_a_server_may_write_references_moments_and_numbers_its_own_way() -> None:
    sent = claim()
    stored = copy.deepcopy(sent)
    stored["patient"] = {"reference": "https://ehr.example.org/fhir/Patient/p1", "display": "x"}
    stored["created"] = "2026-11-20T10:00:00-05:00"
    stored["total"] = {"value": 66.130, "currency": "USD"}

    assert differences(sent, stored) == ()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda c: c.pop("total"), "total"),
        (lambda c: c["item"].clear(), "item"),
        (lambda c: c["item"][0]["net"].update(value=Decimal(1)), "item[0].net.value"),
        (lambda c: c["careTeam"][0].update(responsible=False), "careTeam[0].responsible"),
        (lambda c: c["patient"].update(reference="Patient/p11"), "patient.reference"),
        (lambda c: c.update(status="draft"), "status"),
        (lambda c: c.update(created="not a moment"), "created"),
        (lambda c: c.update(use=["claim"]), "use"),
    ],
)
def test_what_was_dropped_or_altered_is_named_by_its_path(
    change: Callable[[dict[str, Any]], object], path: str
) -> None:
    sent = claim()
    stored = copy.deepcopy(sent)
    change(stored)

    assert differences(sent, stored) == (path,)
