"""The write-back plan for each EHR we have a statement of, as files that a person reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from ccm_fhir.fhir.capability import parse_capability
from ccm_fhir.fhir.capability_writes import write_capability
from fhir_fixtures.sandbox import profiles
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.settings import SandboxSettings
from tests.fhir.test_discovery import VENDORS
from tests.fhir_fixtures.sandbox.conftest import ORIGIN, Practice
from tests.golden.ladders import ladder_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_plan_for_a_real_server_is_as_it_was_read_and_approved(
    vendor: str, shared_data: Path, matches_golden_text: Callable[[str, str], None]
) -> None:
    body = (shared_data / "servers" / vendor / "metadata.json").read_bytes()
    software = json.loads(body).get("software", {})
    named = " ".join(software[key] for key in ("name", "version") if key in software)
    title = f"{vendor}: its own published CapabilityStatement ({named or 'software not named'})"

    text = ladder_text(title, write_capability(parse_capability(body)))

    matches_golden_text(f"ladder/server-{vendor}", text)


@pytest.mark.parametrize("name", [profiles.FULL, *profiles.NAMES])
def test_the_plan_for_a_sandbox_profile_is_as_it_was_read_and_approved(
    name: str, matches_golden_text: Callable[[str, str], None]
) -> None:
    profile = None if name == profiles.FULL else profiles.load(name)
    settings = SandboxSettings(origin=ORIGIN, clients=(), profile=profile)
    app = create_app(
        settings, practice=Practice(), clock=lambda: datetime(2026, 11, 23, tzinfo=UTC)
    )
    with TestClient(app, base_url=ORIGIN) as http:
        body = http.get("/fhir/metadata").content
    title = f"sandbox profile {name}"

    text = ladder_text(title, write_capability(parse_capability(body)))

    matches_golden_text(f"ladder/sandbox-{name}", text)
