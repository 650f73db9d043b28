"""The sandbox's bulk export: what the guide says of a server, and how it is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.bulk.plan import BulkPlan, read_bulk_plan
from tests.fhir_fixtures.sandbox.conftest import ORIGIN, Ehr, Practice

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from fhir_fixtures.sandbox.settings import SandboxSettings
    from tests.fhir_fixtures.sandbox.conftest import Clock, Keys

ASYNC = {"Prefer": "respond-async"}
GROUP: dict[str, Any] = {
    "resourceType": "Group",
    "id": "g",
    "type": "person",
    "actual": True,
    "member": [{"entity": {"reference": "Patient/two"}}],
}


@dataclass(frozen=True)
class WithGroup(Practice):
    """The stub practice, one of its patients in a Group."""

    resources: tuple[dict[str, Any], ...] = (*Practice.resources, GROUP)


@pytest.fixture
def token(ehr: Ehr) -> str:
    return ehr.backend_token("system/*.rs")


def path_of(url: str) -> str:
    return url.removeprefix(f"{ORIGIN}/fhir")


def kicked_off(ehr: Ehr, token: str, path: str, **options: Any) -> str:  # noqa: ANN401
    answer = ehr.fhir("GET", path, token=token, headers=ASYNC, **options)
    assert answer.status_code == 202, answer.text
    return path_of(answer.headers["content-location"])


def manifest_of(ehr: Ehr, token: str, status: str) -> dict[str, Any]:
    first = ehr.fhir("GET", status, token=token)
    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert "x-progress" in first.headers
    done = ehr.fhir("GET", status, token=token)
    assert done.status_code == 200
    found: dict[str, Any] = done.json()
    return found


def lines_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def exported(ehr: Ehr, token: str, path: str, **options: Any) -> set[str]:  # noqa: ANN401
    manifest = manifest_of(ehr, token, kicked_off(ehr, token, path, **options))
    found: list[dict[str, Any]] = []
    for file in manifest["output"]:
        lines = lines_of(ehr.fhir("GET", path_of(file["url"]), token=token))
        assert len(lines) == file["count"]
        assert {line["resourceType"] for line in lines} == {file["type"]}
        found += lines
    return {f"{line['resourceType']}/{line['id']}" for line in found}


def test_all_patients_or_everything_is_exported(ehr: Ehr, token: str) -> None:
    of_patients = exported(ehr, token, "/Patient/$export")
    assert {"Patient/one", "Patient/two", "Goal/goal-one", "Encounter/late"} <= of_patients
    assert "Practitioner/manager" not in of_patients
    assert exported(ehr, token, "/$export") == of_patients | {"Practitioner/manager"}


def test_types_and_filters_narrow_an_export(ehr: Ehr, token: str) -> None:
    narrowed = {"_type": "Patient,Condition", "_typeFilter": "Condition?patient=one"}
    assert exported(ehr, token, "/Patient/$export", params=narrowed) == {
        *("Patient/one", "Patient/two", "Condition/problem-one", "Condition/visit-one")
    }


def test_since_leaves_out_what_is_older(ehr: Ehr, token: str) -> None:
    params = {"_since": "2999-01-01T00:00:00Z"}
    assert exported(ehr, token, "/Patient/$export", params=params) == set()


def test_a_group_is_exported_with_nothing_of_others(
    settings: SandboxSettings, clock: Clock, keys: Keys
) -> None:
    app = create_app(settings, practice=WithGroup(), clock=clock)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        ehr = Ehr(http, clock, keys)
        found = exported(ehr, ehr.backend_token("system/*.rs"), "/Group/g/$export")
    assert found == {"Patient/two", "Condition/problem-two", "Goal/goal-two"}


def test_a_kick_off_needs_its_header_a_token_and_parameters_that_are_known(
    ehr: Ehr, token: str
) -> None:
    assert ehr.fhir("GET", "/Patient/$export", token=token).status_code == 400
    assert ehr.http.get("/fhir/$export", headers=ASYNC).status_code == 401
    odd = {"_wombat": "1"}
    refused = ehr.fhir("GET", "/$export", token=token, headers=ASYNC, params=odd)
    assert refused.status_code == 400
    narrow = ehr.backend_token("system/Patient.rs")
    params = {"_type": "Condition"}
    forbidden = ehr.fhir("GET", "/$export", token=narrow, headers=ASYNC, params=params)
    assert forbidden.status_code == 403
    assert ehr.fhir("GET", "/Group/no/$export", token=token, headers=ASYNC).status_code == 404


def test_a_post_of_parameters_begins_an_export(ehr: Ehr, token: str) -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_type", "valueString": "Patient"}],
    }
    answer = ehr.fhir("POST", "/$export", token=token, headers=ASYNC, json=parameters)
    manifest = manifest_of(ehr, token, path_of(answer.headers["content-location"]))
    assert [file["type"] for file in manifest["output"]] == ["Patient"]
    broken = ehr.fhir("POST", "/$export", token=token, headers=ASYNC, json=[])
    assert broken.status_code == 400


def test_an_export_that_was_deleted_is_unknown(ehr: Ehr, token: str) -> None:
    status = kicked_off(ehr, token, "/$export")
    assert ehr.fhir("DELETE", status, token=token).status_code == 202
    assert ehr.fhir("GET", status, token=token).status_code == 404


def test_what_it_exports_is_declared(ehr: Ehr) -> None:
    (rest,) = ehr.http.get("/fhir/metadata").json()["rest"]
    operations = {each["type"]: each.get("operation", []) for each in rest["resource"]}
    assert [each["name"] for each in rest["operation"]] == ["export"]
    assert operations["Patient"][0]["definition"].endswith("/patient-export")
    assert operations["Group"][0]["definition"].endswith("/group-export")
    assert not operations["Condition"]


def test_a_plan_is_read_from_toml_or_json_and_misspelt_names_are_refused(tmp_path: Path) -> None:
    good, odd = tmp_path / "plan.toml", tmp_path / "plan.json"
    good.write_text("looks = 3\npacks = true\n")
    odd.write_text('{"lokks": 3}')
    assert read_bulk_plan(good) == BulkPlan(looks=3, packs=True)
    for path in (odd, tmp_path / "none.toml"):
        with pytest.raises(ValueError, match=r"lokks|cannot be read"):
            read_bulk_plan(path)
