"""Claims in every shape an EHR takes them in: valid R4, by us and by validators of others."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import Frequency, RelatedClaim, claim_number
from ccm_fhir.fhir.check import check
from ccm_fhir.fhir.claim_profiles import ClaimProfile, claim_for
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.fhir.write_charge import BillCodes, charge_items, charge_operations
from ccm_fhir.fhir.write_charge_sheet import (
    WorkQueue,
    charge_message,
    charge_sheet,
    charge_sheet_text,
    charge_task,
)
from ccm_fhir.fhir.write_claim import ClaimEnvelope, claim_resource, without_work
from ccm_fhir.fhir.write_provenance import Written, provenance_resource
from ccm_fhir.fhir.write_time import OurIdentifier
from fhir_fixtures.sandbox import profiles
from tests.builders import NEW_YORK
from tests.claims import IDENTIFIER, draft, line
from tests.validators.harness import problems

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimDraft

ENVELOPE = ClaimEnvelope(
    ours=OurIdentifier(system="https://ccm.example.org/identifier/claim", value=IDENTIFIER),
    created_at=datetime(2026, 12, 1, 9, 30, tzinfo=NEW_YORK),
    procedure_refs=("Procedure/1", "Procedure/2"),
    encounter_refs=("Encounter/1",),
)
BARE = replace(ENVELOPE, procedure_refs=(), encounter_refs=())
TENANT = "https://fhir.cerner.com/00000000-0000-0000-0000-000000000001"
CODES = BillCodes(
    system=f"{TENANT}/CodeSystem/BillCodes-CPT",
    schedule_system=f"{TENANT}/codeSet/14002",
    schedule_code="667687",
)
QUEUE = WorkQueue(owner_ref="Organization/billing", document_ref="DocumentReference/9")
TASK = OurIdentifier(system=ENVELOPE.ours.system, value=f"{IDENTIFIER}-task")
EARLIER = RelatedClaim(
    identifier="earlier", claim_ref="Claim/9", payer_control_number="1126329000123"
)
WRITTEN = Written(
    target_refs=("Claim/10", "Procedure/1"),
    recorded_at=datetime(2026, 12, 1, 15, 0, tzinfo=UTC),
    author_ref="Practitioner/doctor",
    practice_ref="Organization/ours",
    software="ccm-fhir",
    entry_hashes=("00ff",),
)


def read(resource: object) -> Any:  # noqa: ANN401  # JSON
    return json.loads(to_bytes(resource))  # type: ignore[arg-type]


def written(made: ClaimDraft, envelope: ClaimEnvelope = ENVELOPE) -> list[dict[str, object]]:
    """Return everything that one claim may become."""
    canvas = claim_for(ClaimProfile.CANVAS, made, envelope)
    return [
        claim_resource(made, envelope),
        *([canvas] if isinstance(canvas, dict) else []),
        *charge_items(made, envelope),
        *(charge_operations(made, envelope, CODES) if envelope.encounter_refs else ()),
        charge_sheet(made, envelope, envelope.ours),
        charge_task(made, envelope, QUEUE, TASK),
        charge_task(made, envelope, replace(QUEUE, owner_ref=""), TASK),
        charge_message(made, envelope, QUEUE, TASK),
        charge_message(made, envelope, replace(QUEUE, owner_ref=""), TASK),
        provenance_resource(WRITTEN),
        provenance_resource(replace(WRITTEN, entry_hashes=())),
    ]


CASES = (
    (draft(), ENVELOPE),
    (draft(), BARE),
    (draft(frequency=Frequency.REPLACEMENT, related=EARLIER), ENVELOPE),
    (
        draft(
            frequency=Frequency.VOID,
            related=RelatedClaim(identifier="earlier"),
            lines=(line(modifiers=("GV", "KX")),),
            consent_ref="",
            consent_words="Given on 2026-09-01 (verbal), recorded by the practice",
        ),
        ENVELOPE,
    ),
)


@pytest.mark.parametrize(("made", "envelope"), CASES)
def test_every_shape_is_valid_r4(made: ClaimDraft, envelope: ClaimEnvelope) -> None:
    for resource in written(made, envelope):
        check(resource)


@pytest.mark.needs("validators")
def test_independent_validators_find_no_error_in_any_shape() -> None:
    resources = [read(one) for made, envelope in CASES for one in written(made, envelope)]

    assert problems(resources) == ()


def test_a_first_claim_names_no_frequency_and_no_earlier_one() -> None:
    assert not {"related", "subType"} & claim_resource(draft(), ENVELOPE).keys()


def test_a_correction_names_the_earlier_claim_and_the_payers_number() -> None:
    made = read(claim_resource(draft(frequency=Frequency.VOID, related=EARLIER), ENVELOPE))

    (related,) = made["related"]
    assert related["claim"] == {"reference": "Claim/9"}
    assert related["relationship"]["coding"][0]["code"] == "prior"
    assert related["reference"]["value"] == "1126329000123"
    assert made["subType"]["text"].startswith("Claim frequency 8")


def test_an_earlier_claim_that_the_ehr_has_not_is_named_by_our_identifier() -> None:
    related = RelatedClaim(identifier="earlier")
    made = read(claim_resource(draft(frequency=Frequency.VOID, related=related), ENVELOPE))

    assert made["related"][0]["claim"] == {
        "identifier": {"system": ENVELOPE.ours.system, "value": "earlier"}
    }
    assert "reference" not in made["related"][0]


def test_money_adds_up_in_the_claim() -> None:
    made = json.loads(to_bytes(claim_resource(draft(), ENVELOPE)), parse_float=Decimal)

    nets = [item["net"]["value"] for item in made["item"]]
    assert nets == [item["unitPrice"]["value"] * item["quantity"]["value"] for item in made["item"]]
    assert made["total"]["value"] == sum(nets) == Decimal(231)


# --- Canvas -------------------------------------------------------------------------------------


def test_canvas_gets_what_it_needs_and_nothing_that_it_drops() -> None:
    rules = profiles.load("canvas").types["Claim"]
    made = read(claim_for(ClaimProfile.CANVAS, draft(), ENVELOPE))

    assert set(rules.needs.split()) <= set(made)
    assert set(made) - {"resourceType"} <= set(rules.keeps.split())
    dropped = set(rules.drops_within["item"].split())
    assert all(not dropped & set(item) for item in made["item"])
    assert made["provider"] == {"reference": "Practitioner/doctor"}
    assert made["created"] == "2026-11-10"
    assert len(made["supportingInfo"]) == 1
    assert all(item["productOrService"]["coding"][0]["display"] for item in made["item"])


def test_canvas_takes_no_correction_by_its_interface() -> None:
    made = draft(frequency=Frequency.REPLACEMENT, related=EARLIER)
    refused = claim_for(ClaimProfile.CANVAS, made, ENVELOPE)

    assert isinstance(refused, tuple)
    assert [one.code for one in refused] == ["correction_by_hand"]


def test_the_plain_profile_is_the_plain_claim() -> None:
    assert claim_for(ClaimProfile.R4, draft(), ENVELOPE) == claim_resource(draft(), ENVELOPE)


# --- charges ------------------------------------------------------------------------------------


def test_a_charge_a_line_says_what_for_whom_and_how_much() -> None:
    first, second = (read(one) for one in charge_items(draft(), ENVELOPE))

    assert first["identifier"][0]["value"] == f"{IDENTIFIER}-1"
    assert second["identifier"][0]["value"] == f"{IDENTIFIER}-2"
    assert second["priceOverride"] == {"value": 141.0, "currency": "USD"}
    assert second["quantity"] == {"value": 2}
    assert [one["coding"][0]["code"] for one in first["reason"]] == ["E11.9", "I10"]
    assert first["context"] == {"reference": "Encounter/1"}


def test_oracle_gets_parameters_that_its_operation_takes() -> None:
    rules = profiles.load("oracle-health").types["ChargeItem"]
    first, second = (read(one) for one in charge_operations(draft(), ENVELOPE, CODES))

    ids = [one["parameter"][0]["valueUuid"] for one in (first, second)]
    assert len(set(ids)) == 2
    assert all(one.startswith("urn:uuid:") for one in ids)
    names = [parameter["name"] for parameter in first["parameter"]]
    assert names == ["transactionId", "chargeItem"]
    item = first["parameter"][1]["resource"]
    assert set(rules.needs.split()) <= set(item)
    assert set(item) - {"resourceType"} <= set(rules.keeps.split())
    assert item["status"] == rules.takes_status
    assert len(item["code"]["coding"]) == 1
    assert item["occurrenceDateTime"] == "2026-11-10T12:00:00-05:00"


def test_the_same_line_always_has_the_same_transaction() -> None:
    assert charge_operations(draft(), ENVELOPE, CODES) == charge_operations(
        draft(), ENVELOPE, CODES
    )


def test_a_charge_by_operation_needs_its_encounter() -> None:
    with pytest.raises(ValueError, match="Encounter"):
        charge_operations(draft(), BARE, CODES)


# --- charge sheet -------------------------------------------------------------------------------


def test_a_charge_sheet_holds_the_claim_for_people_and_for_machines() -> None:
    made = read(charge_sheet(draft(), ENVELOPE, ENVELOPE.ours))

    text, claim = (base64.b64decode(content["attachment"]["data"]) for content in made["content"])
    assert text.decode() == charge_sheet_text(draft(), ENVELOPE.ours)
    assert claim == to_bytes(claim_resource(draft(), ENVELOPE))


@pytest.mark.parametrize(
    "said",
    [
        "Date of service: 2026-11-10",
        "Line 2: 99439, units 2, charge 141.00 USD, diagnoses 1, 2",
        "Total: 231.00 USD",
        "Diagnosis 1: E11.9",
        "Rendering NPI: 1234567893 (207Q00000X)",
        "Counted time: 62 minutes",
        f"Claim number: {claim_number(IDENTIFIER)}",
    ],
)
def test_a_charge_sheet_says_all_that_is_keyed_in(said: str) -> None:
    assert said in charge_sheet_text(draft(), ENVELOPE.ours).splitlines()


def test_a_corrected_charge_sheet_says_what_it_corrects() -> None:
    made = draft(frequency=Frequency.REPLACEMENT, related=RelatedClaim(identifier="x"))

    assert "Claim frequency: 7; the payer's earlier number: not known yet" in charge_sheet_text(
        made, ENVELOPE.ours
    )


def test_a_message_says_what_a_task_would() -> None:
    made = read(charge_message(draft(), ENVELOPE, QUEUE, TASK))

    task = read(charge_task(draft(), ENVELOPE, QUEUE, TASK))
    assert made["about"] == [{"reference": "DocumentReference/9"}]
    assert made["payload"] == [{"contentString": task["description"]}]
    assert made["recipient"] == [task["owner"]]


def test_a_task_points_the_biller_at_the_sheet() -> None:
    made = read(charge_task(draft(), ENVELOPE, QUEUE, TASK))

    assert made["focus"] == {"reference": "DocumentReference/9"}
    assert made["owner"] == {"reference": "Organization/billing"}
    assert "Synthetic" not in made["description"]


# --- provenance ---------------------------------------------------------------------------------


def test_a_provenance_names_author_software_and_ledger() -> None:
    made = read(provenance_resource(WRITTEN))

    assert [one["type"]["coding"][0]["code"] for one in made["agent"]] == ["author", "assembler"]
    assert made["entity"][0]["what"]["identifier"]["value"] == "00ff"
    assert made["recorded"] == "2026-12-01T15:00:00+00:00"


def test_a_provenance_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="written"):
        provenance_resource(replace(WRITTEN, target_refs=()))


REFS = (*ENVELOPE.procedure_refs, *ENVELOPE.encounter_refs)


@given(st.frozensets(st.sampled_from([*REFS, "Procedure/of-nobody"])))
def test_a_claim_names_no_work_that_is_gone_and_all_that_is_left(gone: frozenset[str]) -> None:
    whole = claim_resource(draft(), ENVELOPE)

    made = without_work(whole, gone)

    check(made)
    text = to_bytes(made).decode()
    assert {ref for ref in REFS if f'"{ref}"' in text} == set(REFS) - gone
    left: Any = made
    numbers = [one["sequence"] for one in left.get("procedure", [])]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(item.get("procedureSequence", []) == numbers for item in left["item"])
    if not gone & set(REFS):
        assert made == whole
