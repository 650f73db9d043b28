from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest

from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.capability import Capability, parse_capability, read_capability
from tests.fhir.far_side import BASE, answering
from tests.fhir.test_discovery import VENDORS

if TYPE_CHECKING:
    from pathlib import Path

STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "Store", "version": "1"},
    "rest": [
        {
            "mode": "server",
            "interaction": [{"code": "transaction"}],
            "resource": [
                {
                    "type": "Claim",
                    "interaction": [{"code": "create"}, {"code": "read"}],
                    "conditionalCreate": True,
                    "searchParam": [{"name": "identifier", "type": "token"}],
                    "operation": [{"name": "submit", "definition": "x"}],
                    "versioning": "versioned",
                }
            ],
        },
        {"mode": "client", "resource": [{"type": "Patient", "interaction": [{"code": "read"}]}]},
    ],
}


def parsed(statement: object) -> Capability:
    return parse_capability(json.dumps(statement).encode())


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_real_capability_statement_is_read(vendor: str, shared_data: Path) -> None:
    body = (shared_data / "servers" / vendor / "metadata.json").read_bytes()

    capability = parse_capability(body)

    assert capability.fhir_version.startswith("4.0")
    assert capability.allows("Patient", "read")


@pytest.mark.needs("shared")
def test_only_the_store_lets_claims_be_created(shared_data: Path) -> None:
    creators = {
        vendor
        for vendor in VENDORS
        if parse_capability(
            (shared_data / "servers" / vendor / "metadata.json").read_bytes()
        ).allows("Claim", "create")
    }

    assert creators == {"aidbox"}


def test_what_is_declared_is_known() -> None:
    capability = parsed(STATEMENT)
    claim = capability.of("Claim")

    assert capability.software == "Store 1"
    assert capability.system_interactions == {"transaction"}
    assert capability.interactions("Claim") == {"create", "read"}
    assert claim.conditional_create is True
    assert claim.update_create is False
    assert claim.search_params == {"identifier"}
    assert claim.operations == {"submit"}
    assert claim.versioning == "versioned"


def test_what_is_not_mentioned_is_not_possible() -> None:
    capability = parsed(STATEMENT)

    assert not capability.allows("Encounter", "create")
    assert not capability.allows("Patient", "read")


def test_the_digest_changes_with_the_document() -> None:
    assert parsed(STATEMENT).digest == parsed(STATEMENT).digest
    assert parsed(STATEMENT).digest != parsed(STATEMENT | {"status": "active"}).digest


@pytest.mark.parametrize("statement", [[], {}, {"resourceType": "Patient"}, {"rest": 7}, "x"])
def test_what_is_no_capability_statement_is_an_error(statement: object) -> None:
    with pytest.raises(EhrFormatError):
        parsed(statement)


def test_it_is_fetched_without_a_token() -> None:
    far_side = answering(httpx2.Response(200, json=STATEMENT))

    read_capability(far_side.gate(), BASE + "/")

    assert far_side.urls == [f"{BASE}/metadata"]
    assert "Authorization" not in far_side.requests[0].headers


def test_a_server_that_fails_is_an_error() -> None:
    with pytest.raises(EhrHttpError):
        read_capability(answering(httpx2.Response(500)).gate(), BASE)


def test_what_a_statement_says_of_its_parameters_in_words_is_read() -> None:
    params = [
        {"name": "patient", "documentation": "It is a required field if the _id is not given."},
        {"name": "category", "documentation": "This is a required search parameter."},
        {"name": "date", "documentation": "The prefix pairs must create a closed range."},
    ]
    rest = {"mode": "server", "resource": [{"type": "CarePlan", "searchParam": params}]}

    declared = parsed(STATEMENT | {"rest": [rest]}).of("CarePlan")

    assert declared.search_params == {"patient", "category", "date"}
    assert declared.required_params == {"category"}
    assert declared.closed_ranges == {"date"}


def test_parameters_of_every_type_are_read_from_the_server_itself() -> None:
    rest = {"mode": "server", "searchParam": [{"name": "_count"}, {"name": "_lastUpdated"}]}

    assert parsed(STATEMENT | {"rest": [rest]}).common_search_params == {"_count", "_lastUpdated"}


@pytest.mark.parametrize(
    ("guides", "version"),
    [
        ([], ""),
        (["http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core"], ""),
        (["http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|3.1.1"], "3.1.1"),
        (["x|hl7.fhir.us.core|6.1.0", "hl7.fhir.us.core|10.0", "hl7.fhir.uv.bulkdata|99"], "10.0"),
    ],
)
def test_the_newest_us_core_is_known_by_its_version(guides: list[str], version: str) -> None:
    assert parsed(STATEMENT | {"implementationGuide": guides}).us_core == version
