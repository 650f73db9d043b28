"""Claims meet the EHRs that they were shaped for, over HTTP, and come back whole."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccm_fhir.fhir.claim_profiles import ClaimProfile, claim_for
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.fhir.write_charge import charge_operations
from ccm_fhir.fhir.write_charge_sheet import charge_sheet, charge_sheet_text
from fhir_fixtures.sandbox import profiles
from tests.claims import PARTIES, draft
from tests.fhir.test_writing_claims import CODES, ENVELOPE
from tests.fhir_fixtures.sandbox.vendors import running_site

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimDraft
    from tests.fhir_fixtures.sandbox.vendors import Site


def drafted(site: Site) -> ClaimDraft:
    return draft(parties=replace(PARTIES, patient_ref=f"Patient/{site.patient_id}"))


def read(resource: object) -> Any:  # noqa: ANN401  # JSON
    return json.loads(to_bytes(resource))  # type: ignore[arg-type]


def test_canvas_keeps_every_element_of_the_claim_made_for_it() -> None:
    with running_site(profiles.load("canvas")) as site:
        sent = claim_for(ClaimProfile.CANVAS, drafted(site), ENVELOPE)
        assert isinstance(sent, dict)
        outcome = site.client.create(sent)
        stored = site.client.read("Claim", outcome.resource_id).json()

    assert outcome.kind is WriteKind.CREATED
    assert differences(read(sent), stored) == ()


def test_oracle_keeps_every_element_of_the_charges_made_for_it() -> None:
    with running_site(profiles.load("oracle-health")) as site:
        for sent in charge_operations(drafted(site), ENVELOPE, CODES):
            answer = site.http("POST", "ChargeItem/$create", content=to_bytes(sent))
            stored = site.http("GET", answer.headers["location"].split("/fhir/")[1]).json()
            charge = read(sent)["parameter"][1]["resource"]

            assert answer.status_code == 201
            assert differences(charge, stored) == ()


def test_a_charge_sheet_comes_back_as_it_was_written() -> None:
    with running_site() as site:
        made = drafted(site)
        outcome = site.client.create(charge_sheet(made, ENVELOPE, ENVELOPE.ours))
        stored = site.client.read("DocumentReference", outcome.resource_id).json()

    content: Any = stored["content"]
    text = base64.b64decode(content[0]["attachment"]["data"]).decode()
    assert text == charge_sheet_text(made, ENVELOPE.ours)
