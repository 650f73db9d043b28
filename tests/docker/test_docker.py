"""The container files, through hadolint and the real compose parser; no engine is needed.

Nothing here shows that an image builds: that needs an engine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ccm_fhir.settings import Settings
from tests.parts import ROOT

TOOLS = Path(sys.executable).parent
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"
DEMO = ROOT / "docker" / "demo.env"


def run_tool(
    name: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the dev environment's own tools
        [TOOLS / name, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    outer = {"PATH": os.defpath, "HOME": "/nonexistent"}
    return run_tool(
        "docker-compose", "-f", str(COMPOSE), *arguments, environment=outer | environment
    )


def parsed_services(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert run.returncode == 0, run.stderr
    parsed: dict[str, Any] = json.loads(run.stdout)["services"]
    return parsed


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return every service as it runs for a practice, the demo's EHR included."""
    arguments = ("--profile", "demo", "config", "--format", "json")
    return parsed_services(compose(*arguments, CCM_BASE_URL="https://ccm.example.org"))


@pytest.fixture(scope="module")
def demo_services() -> dict[str, Any]:
    """Return every service as the demo runs it."""
    demo = ("--env-file", str(DEMO), "--profile", "demo", "config", "--format", "json")
    return parsed_services(compose(*demo))


def test_hadolint_has_no_objection_to_the_dockerfile() -> None:
    run = run_tool("hadolint", str(DOCKERFILE))

    assert (run.returncode, run.stdout) == (0, "")


def test_hadolint_objects_to_a_careless_dockerfile(tmp_path: Path) -> None:
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /x && pip install flask\n", encoding="utf-8")

    run = run_tool("hadolint", str(careless))

    assert run.returncode == 1
    assert "DL3007" in run.stdout


def test_compose_accepts_the_file_and_refuses_a_broken_one(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text("services: {app: {imagee: x}}", encoding="utf-8")

    address = "https://ccm.example.org"
    assert compose("config", "-q", CCM_BASE_URL=address).returncode == 0
    assert run_tool("docker-compose", "-f", str(broken), "config", "-q").returncode != 0


def test_compose_asks_for_the_address_of_the_app() -> None:
    run = compose("config", "-q")

    assert run.returncode != 0
    assert "CCM_BASE_URL" in run.stderr


def test_the_parts_start_in_order(services: dict[str, Any]) -> None:
    after = {name: service.get("depends_on", {}) for name, service in services.items()}

    assert after["migrate"]["db"]["condition"] == "service_healthy"
    assert after["app"]["migrate"]["condition"] == "service_completed_successfully"
    assert after["worker"]["migrate"]["condition"] == "service_completed_successfully"
    assert "pg_isready" in services["db"]["healthcheck"]["test"]


def test_a_restarted_worker_keeps_its_name_and_has_time_to_finish(
    services: dict[str, Any],
) -> None:
    assert services["worker"]["hostname"] == "worker-0"
    assert services["worker"]["environment"]["CCM_EXECUTOR_ID"] == "worker-0"
    assert services["worker"]["stop_grace_period"] == "1m0s"


def test_exactly_one_kind_of_process_delivers(
    services: dict[str, Any], demo_services: dict[str, Any]
) -> None:
    delivering = [
        (every["app"]["environment"]["CCM_RUN_ENGINE"], every["worker"]["deploy"]["replicas"])
        for every in (services, demo_services)
    ]

    assert delivering == [("false", 1), ("true", 0)]


def test_every_setting_in_the_environment_exists(services: dict[str, Any]) -> None:
    known = {f"CCM_{name}".upper() for name in Settings.model_fields}
    given = {name for service in services.values() for name in service.get("environment", {})}

    assert {name for name in given if name.startswith("CCM_")} <= known


@pytest.mark.proves("S24")
def test_a_practice_does_not_run_in_demo_mode(
    services: dict[str, Any], demo_services: dict[str, Any]
) -> None:
    assert services["app"]["environment"]["CCM_DEMO"] == "false"
    assert demo_services["app"]["environment"]["CCM_DEMO"] == "true"


def test_the_synthetic_ehr_starts_only_in_the_demo_profile(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if service.get("profiles")] == ["ehr"]


def test_every_service_has_no_privileges_and_a_read_only_root(services: dict[str, Any]) -> None:
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"]


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    addresses = {
        port.get("host_ip") for service in services.values() for port in service.get("ports", ())
    }

    assert addresses == {"127.0.0.1"}


@pytest.mark.proves("S13")
def test_the_app_and_its_workers_do_not_connect_as_the_owner_of_the_tables(
    services: dict[str, Any],
) -> None:
    role = {
        name: re.findall(r"//(\w+)@", services[name]["environment"]["CCM_DATABASE_URL"])
        for name in ("migrate", "app", "worker")
    }
    made = (ROOT / "docker" / "app-role.sh").read_text(encoding="utf-8")

    assert role == {"migrate": ["ccm"], "app": ["ccm_app"], "worker": ["ccm_app"]}
    assert services["migrate"]["command"] == ["migrate", "--grant-to", "ccm_app"]
    assert "CREATE ROLE ccm_app LOGIN" in made
    assert "NOSUPERUSER" in made
    assert "NOBYPASSRLS" in made
    assert "database_password" not in {s["source"] for s in services["app"]["secrets"]}


@pytest.mark.proves("S24")
def test_secrets_come_as_files_and_never_stand_in_the_environment(
    services: dict[str, Any],
) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|KEY", name):
                assert name.endswith("_FILE")
                assert value.startswith("/run/secrets/")
            assert not re.search(r"//[^/@]*:[^/@]*@", value), f"{name} carries a password"


def test_every_stage_that_runs_is_not_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)

    run = {
        stage.split(" AS ")[1].split()[0]: stage for stage in stages[1:] if "\nENTRYPOINT" in stage
    }
    assert run.keys() == {"sandbox", "app"}
    assert all("\nUSER 10001:10001\n" in stage for stage in run.values())
    assert "/health/live" in run["app"]


@pytest.mark.proves("S25")
def test_every_download_in_the_image_is_hash_locked() -> None:
    installs = re.findall(
        r"/pip (?:install|wheel) ([^\n\\&]*)", DOCKERFILE.read_text(encoding="utf-8")
    )

    assert len(installs) == 6
    for arguments in installs:
        assert "--require-hashes" in arguments or "--no-deps" in arguments


def test_the_build_context_is_an_allow_list() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not any("secrets" in rule for rule in rules[1:])
