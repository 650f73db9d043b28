"""Taking over what payers decided of our claims, as the EHR shows it when a chart is read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.remittance import AnsweredClaim, Incoming, key_of, match
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.read_answers import read_answers
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.settlements import billed_claim
from ccm_fhir.storage import claims, deliveries, ehr_answers
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.vocabulary import ArtefactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrAsked:
    """An EHR as one token may ask it."""

    client: FhirClient = field(repr=False)
    scopes: frozenset[str]
    capability: Capability | None


def take_over_answers(
    world: Installation, asked: EhrAsked, patient: PatientRecord, now: datetime
) -> int:
    """Keep what the EHR shows that payers decided of a patient's claims; return how many are new.

    The EHR is asked only where it has a claim of ours. An answer that names none of them, or whose
    codes or charge are another claim's, is not kept.
    """
    with world.db.read(patient.practice_id) as session:
        if not _in_the_ehr(session, patient):
            return 0
    shown = read_answers(asked.client, patient.fhir_id, asked.scopes, asked.capability)
    if not shown:
        return 0
    with suppress(ConflictError), world.db.write(patient.practice_id) as session:
        ours = _in_the_ehr(session, patient)
        named = _matched(shown, ours)
        return sum(
            ehr_answers.record(
                session,
                patient.practice_id,
                claim.id,
                {
                    ref: answer if named.get(ref) == claim.id else None
                    for ref, answer in shown.items()
                },
                now,
            )
            for claim in ours.values()
        )
    return 0  # whoever reads the same chart at this moment keeps the same


def _in_the_ehr(session: Session, patient: PatientRecord) -> dict[str, ClaimRecord]:
    """Return a patient's claims that the EHR has, by its reference to them."""
    ways = deliveries.of_patient(session, patient.practice_id, patient.id)
    return {
        one.remote_ref: claims.get(session, patient.practice_id, one.artefact_id)
        for one in ways
        if one.artefact_kind is ArtefactKind.CLAIM
        and one.resource_type is ResourceKind.CLAIM
        and one.state is DeliveryState.SENT
        and one.remote_ref
    }


def _matched(
    shown: Mapping[str, AnsweredClaim | None], ours: Mapping[str, ClaimRecord]
) -> dict[str, str]:
    """Return which claim of ours each resource speaks of, by our id."""
    incoming = {
        ref: Incoming(key=key_of(answer, ref), answer=answer)
        for ref, answer in shown.items()
        if answer is not None
    }
    by_identifier = {claim.identifier: claim.id for claim in ours.values()}
    found = match(
        incoming.values(),
        [billed_claim(claim, claim_ref=ref) for ref, claim in ours.items()],
        seen=frozenset(),
        our_npis=frozenset(),
    )
    return {one.incoming.key.source: by_identifier[one.identifier] for one in found.matched}
