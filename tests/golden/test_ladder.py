"""The write-back plan for each EHR we have a statement of, as files that a person reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.fhir.capability import parse_capability
from ccm_fhir.fhir.capability_writes import write_capability
from tests.fhir.test_discovery import VENDORS
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
