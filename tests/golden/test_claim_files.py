"""Claim files as texts that a person reads, one segment a line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.claims import Frequency, RelatedClaim
from tests.claims import PARTIES
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
