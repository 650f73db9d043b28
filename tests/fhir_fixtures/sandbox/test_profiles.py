"""Vendor profiles over real HTTP: what the product meets at each, and each vendor's own ways."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest

from ccm_fhir.domain.writeback import Act, Answer, Verdict, proof_of
from ccm_fhir.fhir.capability import parse_capability, read_capability
from ccm_fhir.fhir.capability_writes import write_capability
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.fhir.reader import patients, read_chart
from fhir_fixtures.sandbox import profiles
from fhir_fixtures.sandbox.profiles.shape import Profile, Rate
from tests.fhir_fixtures.sandbox.vendors import OURS, Site, procedure, running_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
SERVER_OF = {
    "epic": "epic",
    "oracle-health": "oracle-health",
    "athenahealth": "athenahealth",
    "meditech": "meditech",
    "eclinicalworks": "eclinicalworks",
    "nextgen": "nextgen-enterprise",
    "veradigm": "veradigm",
}


@pytest.fixture(scope="module")
def site_of() -> Iterator[Callable[[str], Site]]:
    """Return each vendor's EHR, started when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def site(name: str) -> Site:
            return stack.enter_context(running_site(profiles.load(name)))

        yield site


# --- the product at each of them ---


def unscoped(*kinds: str) -> dict[str, str]:
    return {kind: f"needs scope patient/{kind}.rs" for kind in (*kinds, "ExplanationOfBenefit")}


UNREAD = {
    "epic": {"Claim": "the EHR answered 400 (required)", **unscoped()},
    "oracle-health": unscoped("Claim"),
    "canvas": unscoped("ServiceRequest"),
}
NEITHER = unscoped("Consent", "Claim")


@pytest.mark.parametrize("name", profiles.NAMES)
def test_a_chart_is_read_whole_but_for_what_the_vendor_lacks(
    name: str, site_of: Callable[[str], Site]
) -> None:
    site = site_of(name)

    chart = read_chart(site.client, site.patient_id, scopes=site.grant.scope, now=NOW)

    assert len(chart.conditions) == 4
    assert chart.skipped == ()
    unread = {each.resource_type: each.reason for each in chart.unread}
    assert unread == UNREAD.get(name, NEITHER)


@pytest.mark.parametrize("name", profiles.NAMES)
def test_a_panel_is_listed(name: str, site_of: Callable[[str], Site]) -> None:
    assert len(list(patients(site_of(name).client, {"_count": "100"}))) == 1


OUTCOMES = {
    "epic": (WriteKind.CREATED, 201, (WriteKind.REJECTED, 405)),
    "oracle-health": (WriteKind.CREATED, 201, (WriteKind.REJECTED, 404)),
    "athenahealth": (WriteKind.REJECTED, 405, (WriteKind.REJECTED, 404)),
    "meditech": (WriteKind.UNCERTAIN, 501, (WriteKind.REJECTED, 404)),
    "eclinicalworks": (WriteKind.REJECTED, 400, (WriteKind.REJECTED, 400)),
    "nextgen": (WriteKind.REJECTED, 405, (WriteKind.REJECTED, 404)),
    "veradigm": (WriteKind.REJECTED, 405, (WriteKind.REJECTED, 404)),
    "canvas": (WriteKind.REJECTED, 405, (WriteKind.CREATED, 201)),
}
PROVED = {
    201: Verdict.SUPPORTED,
    404: Verdict.NOT_SUPPORTED,
    405: Verdict.NOT_SUPPORTED,
    501: Verdict.NOT_SUPPORTED,
    400: None,  # eClinicalWorks' number under an assumed status: nothing is proved by it
}


def claim(site: Site, value: str = "claim-1") -> dict[str, Any]:
    concept = {"coding": [{"system": "urn:any", "code": "professional"}]}
    return {
        "resourceType": "Claim",
        "identifier": [{"system": OURS, "value": value}],
        "status": "active",
        "type": concept,
        "use": "claim",
        "patient": {"reference": f"Patient/{site.patient_id}"},
        "created": "2026-11-23",
        "provider": {"reference": "Practitioner/any"},
        "priority": concept,
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"text": "Diabetes"}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/any"}}],
        "item": [
            {
                "sequence": 1,
                "productOrService": {"text": "99490"},
                "servicedDate": "2026-11-23",
                "unitPrice": {"value": 66.13, "currency": "USD"},
            }
        ],
        "total": {"value": 66.13, "currency": "USD"},
    }


@pytest.mark.parametrize("name", profiles.NAMES)
def test_a_write_ends_as_the_vendor_answers_it(name: str, site_of: Callable[[str], Site]) -> None:
    site = site_of(name)
    kind, status, of_claim = OUTCOMES[name]

    work = site.client.create(procedure(site, "named-outcome"))
    money = site.client.create(claim(site, "named-outcome"))

    assert (work.kind, work.status) == (kind, status)
    assert (money.kind, money.status) == of_claim


@pytest.mark.parametrize("name", profiles.NAMES)
def test_a_refusal_proves_what_the_ladder_may_conclude(
    name: str, site_of: Callable[[str], Site]
) -> None:
    site = site_of(name)

    outcome = site.client.create(procedure(site, "proof"))
    answer = Answer(status=outcome.status, issue_codes=frozenset(outcome.outcome_codes))

    found = proof_of(Act(resource_type="Procedure"), answer, NOW)
    assert (found.verdict if found else None) is PROVED[outcome.status]


@pytest.mark.parametrize("name", profiles.NAMES)
def test_what_is_declared_is_the_profile(name: str, site_of: Callable[[str], Site]) -> None:
    site, profile = site_of(name), profiles.load(name)

    declared = read_capability(site.gate, site.ehr.base)

    assert set(declared.resources) == set(profile.types)
    assert declared.system_interactions == set(profile.system)
    assert declared.allows("Encounter", "create") == ("c" in profile.types["Encounter"].can)
    assert not any(one.conditional_create for one in declared.resources.values())


@pytest.mark.needs("shared")
@pytest.mark.parametrize(("name", "server"), SERVER_OF.items())
def test_a_profile_declares_of_its_types_what_the_real_server_declares(
    name: str, server: str, shared_data: Path, site_of: Callable[[str], Site]
) -> None:
    body = (shared_data / "servers" / server / "metadata.json").read_bytes()
    real = write_capability(parse_capability(body))
    site = site_of(name)

    played = write_capability(read_capability(site.gate, site.ehr.base))

    assert [real.of(each.resource_type) for each in played.types] == list(played.types)
    assert (played.has_batch, played.has_transaction) == (real.has_batch, real.has_transaction)


@pytest.mark.parametrize("name", [each for each in profiles.NAMES if each != "nextgen"])
def test_what_is_known_already_is_written_again_where_no_condition_is_heeded(
    name: str, site_of: Callable[[str], Site]
) -> None:
    site = site_of(name)
    path = "QuestionnaireResponse" if name != "oracle-health" else "Observation"
    body = {
        "resourceType": path,
        "status": "completed" if path == "QuestionnaireResponse" else "final",
        "subject": {"reference": f"Patient/{site.patient_id}"},
        "code": {"text": "minutes"},
    }
    if path == "QuestionnaireResponse":
        del body["code"]
    condition = {"If-None-Exist": f"patient={site.patient_id}"}

    first, second = (site.http("POST", path, json=body, headers=condition) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.headers["location"] != second.headers["location"]


# --- discovery and scopes ---


@pytest.mark.parametrize(
    ("name", "absent", "present"),
    [
        ("epic", "introspection_endpoint", "scopes_supported"),
        ("oracle-health", "nothing", "token_endpoint_auth_signing_alg_values_supported"),
        ("athenahealth", "scopes_supported", "token_endpoint_auth_methods"),
        ("nextgen", "token_endpoint_auth_methods_supported", "grant_types_supported"),
        ("nextgen", "response_types_supported", "jwks_uri"),
        ("veradigm", "token_endpoint_auth_methods_supported", "token_endpoint_auth_methods"),
    ],
)
def test_a_discovery_document_omits_and_misnames_as_the_vendor_does(
    name: str, absent: str, present: str, site_of: Callable[[str], Site]
) -> None:
    document = site_of(name).http("GET", ".well-known/smart-configuration").json()

    assert absent not in document
    assert present in document


def test_epic_lists_five_scopes_and_none_on_a_resource(site_of: Callable[[str], Site]) -> None:
    listed = site_of("epic").config.scopes_supported

    assert len(listed) == 5
    assert not any("/" in scope for scope in listed)


@pytest.mark.parametrize("name", ["athenahealth", "veradigm"])
def test_an_issuer_may_be_on_another_host(name: str, site_of: Callable[[str], Site]) -> None:
    site = site_of(name)

    assert urlsplit(site.config.issuer).hostname == "sso.example"
    assert site.config.token_endpoint.startswith(site.ehr.origin)


def test_scopes_are_narrowed_to_what_the_vendor_has(site_of: Callable[[str], Site]) -> None:
    assert "system/Encounter.rs" in site_of("epic").grant.scope
    assert "system/Encounter.crs" in site_of("oracle-health").grant.scope
    assert "system/ChargeItem.crs" in site_of("oracle-health").grant.scope
    assert not any("Claim" in scope for scope in site_of("oracle-health").grant.scope)


def test_meditech_grants_a_scope_that_nothing_stands_behind(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("meditech")

    answer = site.http("POST", "DocumentReference", json={"resourceType": "DocumentReference"})

    assert "system/DocumentReference.crus" in site.grant.scope
    assert answer.status_code == 501


def test_scopes_of_version_1_are_granted_in_their_own_spelling() -> None:
    asked = "system/Patient.read system/Condition.* system/Procedure.write"
    with running_site(profiles.load("epic"), scopes=asked) as site:
        assert site.grant.scope == set(asked.split())
        assert site.http("GET", f"Patient/{site.patient_id}").status_code == 200
        assert site.http("POST", "Procedure", json=procedure(site)).status_code == 201


# --- Oracle Health ---


def test_oracle_answers_a_create_without_a_body_and_loses_what_it_does_not_support(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("oracle-health")

    answer = site.http("POST", "Procedure", json=procedure(site, "lossy"))
    stored = site.http("GET", urlsplit(answer.headers["location"]).path.split("/fhir/")[1]).json()

    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["etag"]
    assert stored["note"] == [{"text": "Called the pharmacy."}]
    assert "identifier" not in stored
    assert "reasonCode" not in stored


def encounter(site: Site, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "VR"},
        "type": [{"text": "Telephone"}],
        "subject": {"reference": f"Patient/{site.patient_id}"},
        "serviceProvider": {"reference": "Organization/org-maple-street"},
        **changes,
    }


def test_oracle_infers_the_class_of_an_encounter(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")

    answer = site.http("POST", "Encounter", json=encounter(site))
    stored = site.http("GET", answer.headers["location"].split("/fhir/")[1]).json()

    assert answer.status_code == 201
    assert stored["class"]["code"] == "AMB"


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": [{"system": OURS, "value": "1"}]},  # no type
        {"status": "entered-in-error"},
        {"type": []},
        {"serviceProvider": None},
        {"location": [{"location": {"reference": "Location/1"}}]},  # one of the two, not both
    ],
)
def test_oracle_refuses_an_encounter_that_lacks_or_has_too_much(
    changes: dict[str, Any], site_of: Callable[[str], Site]
) -> None:
    site = site_of("oracle-health")
    body = {name: value for name, value in encounter(site, **changes).items() if value is not None}

    answer = site.http("POST", "Encounter", json=body)

    assert answer.status_code == 422
    assert answer.json()["issue"][0]["code"] == "required"


def test_oracle_refuses_a_modifier_extension(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")
    body = procedure(site, modifierExtension=[{"url": "urn:x", "valueBoolean": True}])

    answer = site.http("POST", "Procedure", json=body)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "extension")


def charge(site: Site, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    item = {
        "resourceType": "ChargeItem",
        "status": "unknown",
        "code": {"text": "99490"},
        "subject": {"reference": f"Patient/{site.patient_id}"},
        "context": {"reference": "Encounter/any"},
        "occurrenceDateTime": "2026-11-23T15:00:00Z",
        "quantity": {"value": 1},
        **changes,
    }
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "transactionId", "valueUuid": "urn:uuid:aa7623a0-0c7b-11ec-82a8-0242ac130003"},
            {"name": "chargeItem", "resource": item},
        ],
    }


def test_oracle_takes_a_charge_by_operation_and_no_other_way(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("oracle-health")
    parameters = charge(site)

    by_operation = site.http("POST", "ChargeItem/$create", json=parameters)
    plain = site.http("POST", "ChargeItem", json=parameters["parameter"][1]["resource"])
    stored = site.http("GET", by_operation.headers["location"].split("/fhir/")[1]).json()

    assert by_operation.status_code == 201
    assert stored["code"] == {"text": "99490"}
    assert plain.status_code == 405


@pytest.mark.parametrize(
    "spoil",
    [
        lambda given: given["parameter"].pop(0),
        lambda given: given["parameter"].append(given["parameter"][0]),
        lambda given: given["parameter"][0].pop("valueUuid"),
        lambda given: given["parameter"].pop(1),
        lambda given: given["parameter"][1]["resource"].update(resourceType="Claim"),
        lambda given: given["parameter"][1]["resource"].update(status="billable"),
        lambda given: given["parameter"][1]["resource"].pop("context"),
        lambda given: given.update(parameter={}),
        lambda given: given.update(resourceType="ChargeItem"),
    ],
)
def test_oracle_refuses_an_operation_without_what_it_needs(
    spoil: Callable[[dict[str, Any]], object], site_of: Callable[[str], Site]
) -> None:
    site = site_of("oracle-health")
    given = charge(site)
    spoil(given)

    assert site.http("POST", "ChargeItem/$create", json=given).status_code == 422


def test_an_operation_that_no_profile_has_is_not_offered(site_of: Callable[[str], Site]) -> None:
    site = site_of("epic")

    assert site.http("POST", "ChargeItem/$create", json=charge(site)).status_code == 404


def test_oracle_answers_what_is_not_json_with_nothing(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")

    answer = site.http("GET", "Patient?_id=1", headers={"Accept": "application/fhir+xml"})

    assert (answer.status_code, answer.content) == (406, b"")


@pytest.mark.parametrize("path", ["Encounter", "Procedure?date=2026", "ChargeItem?status=billable"])
def test_oracle_wants_to_know_whose(path: str, site_of: Callable[[str], Site]) -> None:
    answer = site_of("oracle-health").http("GET", path)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "required")


def test_oracle_takes_a_batch_and_no_transaction(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")
    entry = {
        "resource": procedure(site, "in-a-batch"),
        "request": {"method": "POST", "url": "Procedure"},
    }
    refused = {"resource": claim(site), "request": {"method": "POST", "url": "Claim"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry, refused]}

    batch = site.http("POST", "", json=bundle)
    transaction = site.http("POST", "", json={**bundle, "type": "transaction"})

    statuses = [each["response"]["status"] for each in batch.json()["entry"]]
    assert [status[:3] for status in statuses] == ["201", "404"]
    assert transaction.status_code == 405


def test_oracle_shows_one_id_on_two_pages_and_the_product_counts_it_once(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("oracle-health")
    whole = site.client.search("Condition", {"patient": site.patient_id, "_count": "100"})

    first = site.http("GET", f"Condition?patient={site.patient_id}&_count=2").json()
    link = next(each["url"] for each in first["link"] if each["relation"] == "next")
    second = site.http("GET", link.removeprefix(f"{site.ehr.base}/")).json()
    by_pages = site.client.search("Condition", {"patient": site.patient_id, "_count": "2"})

    assert "-pageContext=" in link
    assert first["entry"][-1]["resource"]["id"] == second["entry"][0]["resource"]["id"]
    assert {each.id for each in by_pages} == {each.id for each in whole}
    assert len(by_pages) == len(whole) == 4


def test_oracle_ignores_the_page_size_beside_an_id(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")

    found = site.http("GET", f"Patient?_id={site.patient_id}&_count=0").json()

    assert len(found["entry"]) == 1


def test_oracle_answers_an_old_version_with_a_conflict(site_of: Callable[[str], Site]) -> None:
    site = site_of("oracle-health")
    body = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "minutes"},
        "subject": {"reference": f"Patient/{site.patient_id}"},
    }
    path = site.http("POST", "Observation", json=body).headers["location"]
    path = path.split("/fhir/")[1].partition("/_history")[0]
    body["id"] = path.partition("/")[2]

    stale = site.http("PUT", path, json=body, headers={"If-Match": 'W/"99"'})
    fresh = site.http("PUT", path, json=body, headers={"If-Match": 'W/"1"'})

    assert (stale.status_code, fresh.status_code) == (409, 200)


# --- Canvas ---


def test_canvas_keeps_no_identifier_and_does_not_search_by_one(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("canvas")
    sent = claim(site, "canvas")

    outcome = site.client.create(sent)
    stored = site.client.read("Claim", outcome.resource_id).json()
    found = site.client.find_by_identifier("Claim", OURS, "canvas")

    assert outcome.kind is WriteKind.CREATED
    assert "identifier" not in stored
    assert "total" not in stored
    items: Any = stored["item"]
    assert "servicedDate" not in items[0]
    assert found == ()


def test_canvas_pages_with_relative_links_and_the_product_follows(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("canvas")

    first = site.http("GET", f"Condition?patient={site.patient_id}&_count=3").json()
    link = next(each["url"] for each in first["link"] if each["relation"] == "next")
    whole = site.client.search("Condition", {"patient": site.patient_id, "_count": "3"})

    assert link == f"/Condition?patient={site.patient_id}&_count=3&_offset=3"
    assert len({each.id for each in whole}) == 4


def test_a_page_is_no_longer_than_the_vendor_allows(site_of: Callable[[str], Site]) -> None:
    answer = site_of("canvas").http("GET", "Condition?_count=9999").json()

    assert answer["link"][0]["url"].endswith("_count=100")


def test_canvas_changes_a_claim_in_its_queue_alone_and_only_if_unmodified(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("canvas")
    resource_id = site.client.create(claim(site, "queue")).resource_id
    changed = claim(site, "queue") | {"id": resource_id, "created": "2020-01-01"}
    changed["extension"] = [{"url": "urn:queue", "valueCode": "Trash"}]
    past = format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)
    future = format_datetime(datetime(2100, 1, 1, tzinfo=UTC), usegmt=True)

    def put(since: str) -> int:
        return site.http(
            "PUT",
            f"Claim/{resource_id}",
            json=changed,
            headers={"If-Unmodified-Since": since, "If-Match": 'W/"99"'},
        ).status_code

    assert (put(past), put(future)) == (412, 200)
    stored = site.client.read("Claim", resource_id).json()
    assert stored["extension"] == changed["extension"]
    assert stored["created"] == "2026-11-23"


# --- eClinicalWorks ---


def with_rate(profile: Profile, requests: int) -> Profile:
    return msgspec.structs.replace(profile, rate=Rate(requests=requests, seconds=60))


def test_eclinicalworks_blocks_for_the_rest_of_the_minute_and_does_not_say_until_when() -> None:
    profile = profiles.load("eclinicalworks")
    assert profile.rate == Rate(requests=250, seconds=60)
    with running_site(with_rate(profile, 3)) as site:
        path = f"Patient/{site.patient_id}"
        answers = [site.http("GET", path) for _ in range(5)]
        site.ehr.clock.advance(seconds=60)
        after = site.http("GET", path)

    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert "retry-after" not in answers[-1].headers
    assert after.status_code == 200


def test_eclinicalworks_takes_an_encounter_that_it_does_not_declare(
    site_of: Callable[[str], Site],
) -> None:
    site = site_of("eclinicalworks")

    outcome = site.client.create(encounter(site))

    assert not read_capability(site.gate, site.ehr.base).allows("Encounter", "create")
    assert outcome.kind is WriteKind.CREATED


def test_eclinicalworks_says_by_number_that_no_write_back_user_is_set_up() -> None:
    profile = profiles.load("eclinicalworks")
    rules = msgspec.structs.replace(profile.types["QuestionnaireResponse"], write_back_user=False)
    profile = msgspec.structs.replace(
        profile, types={**profile.types, "QuestionnaireResponse": rules}
    )
    with running_site(profile) as site:
        body = {"resourceType": "QuestionnaireResponse", "status": "completed"}
        answer = site.http("POST", "QuestionnaireResponse", json=body)

    assert answer.json() == {"status": 308, "key": "DEFAULT_WRITEBACK_USER_NOT_CONFIGURED"}


# --- the others ---


def test_nextgen_has_no_versions_and_writes_nothing(site_of: Callable[[str], Site]) -> None:
    site = site_of("nextgen")

    one = site.http("GET", f"Patient/{site.patient_id}")
    many = site.http("GET", f"Condition?patient={site.patient_id}&_maxresults=2").json()
    declared = read_capability(site.gate, site.ehr.base)

    assert "etag" not in one.headers
    assert "versionId" not in one.json()["meta"]
    assert all("versionId" not in each["resource"]["meta"] for each in many["entry"])
    assert len(many["entry"]) == 2
    assert declared.of("Procedure").update_create
    assert not any("create" in each.interactions for each in declared.resources.values())


def test_epic_ends_a_search_that_is_left_too_long(site_of: Callable[[str], Site]) -> None:
    site = site_of("epic")
    first = site.http("GET", f"Condition?patient={site.patient_id}&_count=2").json()
    link = next(each["url"] for each in first["link"] if each["relation"] == "next")
    path = link.removeprefix(f"{site.ehr.base}/")

    assert site.http("GET", path).status_code == 200
    site.ehr.clock.advance(minutes=11)
    assert site.http("GET", path).status_code == 400
    site.ehr.clock.advance(minutes=-11)
    assert site.http("GET", f"{path}x").status_code == 400


def test_epic_shows_no_patient_past_its_cap() -> None:
    profile = profiles.load("epic")
    assert profile.types["Patient"].cap == 100
    capped = msgspec.structs.replace(profile.types["Patient"], cap=2)
    profile = msgspec.structs.replace(profile, types={**profile.types, "Patient": capped})
    with running_site(profile, patients=4) as site:
        found = site.http("GET", "Patient?_count=3").json()

    assert len(found["entry"]) == 2
    assert found["total"] == 4
    assert [each["relation"] for each in found["link"]] == ["self"]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("athenahealth", "cursor"), ("meditech", "continue"), ("eclinicalworks", "page")],
)
def test_pages_are_asked_for_with_the_vendors_own_parameter(
    name: str, parameter: str, site_of: Callable[[str], Site]
) -> None:
    site = site_of(name)

    first = site.http("GET", f"Condition?patient={site.patient_id}&_count=3").json()
    link = next(each["url"] for each in first["link"] if each["relation"] == "next")
    whole = site.client.search("Condition", {"patient": site.patient_id, "_count": "3"})

    assert f"{parameter}=" in link
    assert len({each.id for each in whole}) == 4


def test_a_parameter_that_is_not_known_may_be_refused_instead() -> None:
    profile = msgspec.structs.replace(profiles.load("epic"), unknown_parameters="refused")
    with running_site(profile) as site:
        known = site.http("GET", f"Condition?patient={site.patient_id}&_sort=code")
        unknown = site.http("GET", f"Condition?patient={site.patient_id}&colour=red")

    assert (known.status_code, unknown.status_code) == (200, 400)


# --- the files ---


def test_a_profile_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no profile allscripts; there are full, epic,"):
        profiles.load("allscripts")


def test_a_misspelt_fact_is_refused() -> None:
    text = b'can = "rs"\nkeep = "status"'

    with pytest.raises(msgspec.ValidationError, match="unknown field `keep`"):
        msgspec.toml.decode(text, type=type(profiles.load("epic").types["Patient"]))


@pytest.mark.parametrize("name", profiles.NAMES)
def test_every_profile_is_dated_and_uses_known_letters(name: str) -> None:
    profile = profiles.load(name)

    assert datetime.combine(profile.as_of, datetime.min.time(), UTC) > NOW - timedelta(days=365)
    for rules in profile.types.values():
        assert set(rules.can + rules.hidden) <= set("crupdsvh")
        assert set(rules.one_of.split()) <= set(rules.by.split())
    json.dumps(profile.discovery.replaces)
