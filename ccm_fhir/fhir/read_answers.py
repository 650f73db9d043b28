"""What payers decided, as the EHR shows it: a patient's ExplanationOfBenefits and ClaimResponses.

Asked for by itself, and only of patients who have a claim of ours in the EHR: no decision about
the month rests on it, so that an EHR which does not tell it keeps nobody from the chart.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.remittance import AnsweredClaim
from ccm_fhir.errors import FhirError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.extract_adjudication import answered_claim, decode_answer
from ccm_fhir.fhir.scopes import granted_allows
from ccm_fhir.fhir.source import Source

_TYPES = ("ExplanationOfBenefit", "ClaimResponse")


def read_answers(
    client: FhirClient,
    patient_id: str,
    scopes: frozenset[str],
    capability: Capability | None,
) -> dict[str, AnsweredClaim | None]:
    """Return every decision that the EHR shows, by reference; None for one that it took back.

    What may not or cannot be asked for, or cannot be read, is left out.
    """
    found: dict[str, AnsweredClaim | None] = {}
    for kind in _TYPES:
        if _may_be_asked(kind, scopes, capability):
            for resource in _search(client, kind, patient_id):
                found |= _answer(resource, client.base_url)
    return found


def _may_be_asked(kind: str, scopes: frozenset[str], capability: Capability | None) -> bool:
    declared = None if capability is None else capability.resources.get(kind)
    if declared is None or (declared.interactions and "search-type" not in declared.interactions):
        return False
    return any(granted_allows(scopes, kind, "s", context) for context in ("patient", "system"))


def _search(client: FhirClient, kind: str, patient_id: str) -> Iterator[Resource]:
    try:
        yield from client.search(kind, {"patient": patient_id})
    except FhirError:
        return


def _answer(resource: Resource, base_url: str) -> dict[str, AnsweredClaim | None]:
    source = Source(EvidenceRef(resource.type, resource.id), base_url)
    try:
        return {str(source.ref): answered_claim(decode_answer(resource.raw), source)}
    except msgspec.MsgspecError:
        return {}
