from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.cds import FEEDBACK, SERVICE, SERVICES, claims, signed

if TYPE_CHECKING:
    from tests.cds import Hooks


def members(value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    """Return every value in JSON, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(deep for each in inner for deep in members(each))]


@pytest.mark.proves("CDS1")
def test_the_service_is_discovered_with_all_that_the_specification_asks(hooks: Hooks) -> None:
    answer = hooks.discover()

    (service,) = answer.json()["services"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert (service["hook"], service["id"]) == ("patient-view", "ccm-patient-view")
    assert f"{SERVICES}/{service['id']}" == SERVICE
    assert service["title"]
    assert service["description"]
    assert not [each for each in members(answer.json()) if each in (None, "", [], {})]


@pytest.mark.proves("CDS5")
def test_prefetch_templates_are_simple_and_use_first_level_tokens_alone(hooks: Hooks) -> None:
    templates = hooks.discover().json()["services"][0]["prefetch"]

    assert templates == {
        "patient": "Patient/{{context.patientId}}",
        "conditions": "Condition?patient={{context.patientId}}",
        "coverages": "Coverage?patient={{context.patientId}}",
        "consents": "Consent?patient={{context.patientId}}",
        "encounters": "Encounter?patient={{context.patientId}}&date=ge2025-10-01",
        "carePlans": "CarePlan?patient={{context.patientId}}&category=assess-plan",
    }
    for template in templates.values():
        assert set(re.findall(r"{{(.*?)}}", template)) == {"context.patientId"}


def test_a_service_that_there_is_none_of_is_not_found(hooks: Hooks) -> None:
    for url in (f"{SERVICES}/other", f"{SERVICES}/other/feedback"):
        answer = hooks.post({}, url)

        assert answer.status_code == 404
        assert answer.json()["error"] == "service_unknown"
        assert hooks.post({}, url, signed(claims(SERVICE))).status_code == 401


def test_no_answer_is_open_to_other_sites(hooks: Hooks) -> None:
    token = signed(claims(SERVICES))
    asked = {"authorization": f"Bearer {token}", "origin": "https://ehr.example"}

    answer = hooks.client.get("/cds-services", headers=asked)
    preflight = hooks.client.options("/cds-services", headers={"origin": "https://ehr.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert "set-cookie" not in answer.headers


@pytest.mark.proves("CDS9")
def test_feedback_has_an_address_of_its_own(hooks: Hooks) -> None:
    assert hooks.post({"feedback": []}, FEEDBACK).status_code == 400
