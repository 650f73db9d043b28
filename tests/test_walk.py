"""The walk from a launch to a Claim in the EHR: by the demo's own command, and piece by piece.

The demo's sandbox ends with the demo. So that what was written can be looked at afterwards, the
same walk is done once more against a sandbox of this process.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fhir_fixtures.people.walk import MINUTES, PATIENT, PRACTITIONER, walk
from tests.parts import ENVIRONMENT
from tests.services.loopback_app import free_port, running_app
from tests.services.loopback_ehr import TODAY, Ehr, RealClock, cast, running_ehr
from tests.validators.harness import US_CORE, problems
from tests.world import open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITTEN = ("Encounter", "Procedure", "Claim")
US_CORE_PROFILES = {
    "Encounter": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter",
    "Procedure": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure",
}


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What the walk said, and the EHR as it was left."""

    said: list[str]
    claim_ref: str
    ehr: Ehr
    app_url: str

    def written(self) -> list[dict[str, Any]]:
        """Return everything in the EHR that bears an identifier of ours."""
        ours = f"{self.app_url}/identifier/"
        with self.ehr.backend() as client:
            found = [
                json.loads(resource.raw)
                for kind in WRITTEN
                for resource in client.search(kind, {"patient": PATIENT})
            ]
        return [
            resource
            for resource in found
            if any(str(i.get("system")).startswith(ours) for i in resource.get("identifier", ()))
        ]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    folder: Path = tmp_path_factory.mktemp("walk")
    url, port = f"sqlite:///{folder / 'ccm.sqlite'}", free_port()
    app_url = f"http://127.0.0.1:{port}"
    environment = settings_for(
        url,
        CCM_BASE_URL=app_url,
        CCM_DEMO_TODAY=TODAY.isoformat(),
        CCM_SETTLE_SECONDS="1",
    )
    with running_ehr(cast(2), RealClock(), app_url=app_url) as ehr:
        with open_site(url, ehr, app_url=app_url):
            pass  # migrated, connected, and closed again: the app opens it for itself
        with running_app(environment, port):
            said: list[str] = []
            claim_ref = walk(ehr.origin, TODAY, said.append)
        yield Walked(said=said, claim_ref=claim_ref, ehr=ehr, app_url=app_url)


def test_the_demos_script_walks_from_a_launch_to_a_claim_and_exits_0() -> None:
    command = [sys.executable, "-m", "ccm_fhir", "demo", "--script", "--patients=2"]
    command += [f"--port={free_port()}", f"--ehr-port={free_port()}", f"--today={TODAY}"]
    bare = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("CCM_")}

    run = subprocess.run(  # noqa: S603  # our own interpreter and module
        command, env=bare, capture_output=True, text=True, timeout=120, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    assert re.search(r"^Done: Claim/[\w.-]+$", run.stdout, re.MULTILINE)
    assert re.search(rf"It says: 99490, 1 unit\(s\), serviced on {TODAY},", run.stdout)
    assert re.search(r"in total \d+\.\d\d USD, status active\.", run.stdout)


def test_the_walk_says_what_happens_step_by_step(walked: Walked) -> None:
    steps = [line for line in walked.said if line[:1].isdigit()]

    assert [line[0] for line in steps] == ["1", "2", "3", "4"]
    assert any(line.strip().startswith("Met") for line in walked.said)


def test_the_claim_that_the_walk_names_can_be_fetched_and_says_what_was_signed(
    walked: Walked,
) -> None:
    with walked.ehr.backend() as client:
        claim = client.read("Claim", walked.claim_ref.removeprefix("Claim/")).json()

    (item,) = claim["item"]
    assert item["productOrService"]["coding"][0]["code"] == "99490"
    assert item["quantity"]["value"] == 1
    assert item["servicedDate"] == TODAY.isoformat()
    assert claim["total"] == {"value": 95, "currency": "USD"}
    assert claim["status"] == "active"
    assert claim["patient"] == {"reference": f"Patient/{PATIENT}"}
    assert claim["careTeam"][0]["provider"] == {"reference": f"Practitioner/{PRACTITIONER}"}
    assert [
        info["valueQuantity"]["value"]
        for info in claim["supportingInfo"]
        if "valueQuantity" in info
    ] == [MINUTES]


def test_the_walk_writes_one_resource_of_each_kind(walked: Walked) -> None:
    kinds = [resource["resourceType"] for resource in walked.written()]

    assert sorted(kinds) == sorted(WRITTEN)


def test_the_claim_points_at_the_time_that_was_written(walked: Walked) -> None:
    by_kind = {resource["resourceType"]: resource for resource in walked.written()}
    claim, procedure = by_kind["Claim"], by_kind["Procedure"]

    (pointed,) = claim["procedure"]
    assert pointed["procedureReference"] == {"reference": f"Procedure/{procedure['id']}"}
    assert procedure["encounter"] == {"reference": f"Encounter/{by_kind['Encounter']['id']}"}


@pytest.mark.needs("validators")
def test_no_validator_objects_to_anything_that_the_walk_writes(walked: Walked) -> None:
    assert problems(walked.written()) == ()


@pytest.mark.needs("validators", "shared")
def test_the_time_that_the_walk_writes_keeps_to_us_core(walked: Walked, shared_data: Path) -> None:
    assert (shared_data / US_CORE).is_file()
    time_resources = [r for r in walked.written() if r["resourceType"] in US_CORE_PROFILES]

    for resource in time_resources:
        assert US_CORE_PROFILES[resource["resourceType"]] in resource["meta"]["profile"]
    assert problems(time_resources) == ()
    # The proof that the profile is looked at: the same resource without what it demands.
    broken = [{k: v for k, v in r.items() if k != "subject"} for r in time_resources]
    assert {problem.index for problem in problems(broken)} == {0, 1}
