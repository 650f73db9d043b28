"""Claims as texts that a person reads: files with one segment a line, and FHIR."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from ccm_fhir.domain.claims import Frequency, RelatedClaim
from ccm_fhir.fhir.claim_profiles import ClaimProfile, claim_for
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.fhir.write_charge import charge_items, charge_operations
from ccm_fhir.fhir.write_charge_sheet import charge_sheet, charge_sheet_text, charge_task
from ccm_fhir.fhir.write_claim import claim_resource
from ccm_fhir.fhir.write_provenance import provenance_resource
from tests.claims import PARTIES, draft
from tests.fhir.test_writing_claims import CODES, ENVELOPE, QUEUE, TASK, WRITTEN
from tests.x12.filings import filed, filing, generated, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccm_fhir.x12.filing import Filing

EARLIER = RelatedClaim(identifier="x", payer_control_number="1126329000123")
CASES = {
    "one-claim": filing(),
    "replacement": filing(filed(frequency=Frequency.REPLACEMENT, related=EARLIER)),
    "void": filing(filed(frequency=Frequency.VOID, related=EARLIER)),
    "solo": filing(filed(parties=replace(PARTIES, practice_npi=PARTIES.practitioner_npi))),
    "many": filing(*generated(6)),
}


@pytest.mark.parametrize(("name", "made"), CASES.items(), ids=CASES)
def test_a_claim_file_is_as_it_was_read_and_approved(
    name: str, made: Filing, matches_golden_text: Callable[[str, str], None]
) -> None:
    matches_golden_text(f"x12/{name}", text_of(made).replace("~", "~\n"))


RESOURCES = {
    "claim": claim_resource(draft(), ENVELOPE),
    "claim-void": claim_resource(draft(frequency=Frequency.VOID, related=EARLIER), ENVELOPE),
    "claim-canvas": claim_for(ClaimProfile.CANVAS, draft(), ENVELOPE),
    "charge-items": charge_items(draft(), ENVELOPE),
    "charge-operations-oracle": charge_operations(draft(), ENVELOPE, CODES),
    "charge-sheet": charge_sheet(draft(), ENVELOPE, ENVELOPE.ours),
    "charge-task": charge_task(draft(), ENVELOPE, QUEUE, TASK),
    "provenance": provenance_resource(WRITTEN),
}


@pytest.mark.parametrize(("name", "made"), RESOURCES.items(), ids=RESOURCES)
def test_a_claim_in_fhir_is_as_it_was_read_and_approved(
    name: str, made: object, matches_golden_text: Callable[[str, str], None]
) -> None:
    text = msgspec.json.format(to_bytes({"made": made}), indent=2).decode()

    matches_golden_text(f"claims/{name}", text + "\n")


def test_a_charge_sheet_is_as_it_was_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    matches_golden_text("claims/charge-sheet-text", charge_sheet_text(draft(), ENVELOPE.ours))
