"""A signed month's claim as the rungs below Claim say it: charges, a charge sheet, a superbill."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft
from ccm_fhir.domain.writeback import Artefact, DeliveryState, ResourceKind, RungName
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.write_charge_sheet import (
    WorkQueue,
    charge_message,
    charge_sheet,
    charge_task,
    superbill,
)
from ccm_fhir.fhir.write_claim import ClaimEnvelope
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.bill_codes import bill_codes_of
from ccm_fhir.services.claim_record import draft_of, read_claim
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.tellable import Piece, Told, in_lines, placeholder
from ccm_fhir.services.told_artefact import claim_stands
from ccm_fhir.services.told_charges import (
    charge_pieces,
    lacking_for_charges,
    month_anchor,
    operation_pieces,
)
from ccm_fhir.storage import deliveries, ehrs, patients
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind


def told_claim(
    world: Installation, session: Session, practice: Practice, claim: ClaimRecord
) -> Told | None:
    """Return a claim as it may be told; None where a release before kept only its lines."""
    draft = draft_of(claim)
    if draft is None:
        return None
    ehr_id = patients.get(session, practice.id, claim.patient_id).ehr_id
    teller = _Teller(world, session, practice, claim, draft, ehr_id)
    return Told(
        artefact=Artefact.CLAIM,
        kind=ArtefactKind.CLAIM,
        artefact_id=claim.id,
        patient_id=claim.patient_id,
        ehr_id=ehr_id,
        note="",
        is_live=claim_stands(session, practice.id, claim),
        telling=superbill(draft, teller.envelope()),
        make=teller.make,
        notify=teller.notify,
        anchors=teller.anchors,
        in_pieces=teller.in_pieces,
        lacks=lacking_for_charges(draft.frequency),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Prints one claim, reading in the caller's transaction what it names."""

    world: Installation
    session: Session
    practice: Practice
    claim: ClaimRecord
    draft: ClaimDraft
    ehr_id: str

    def make(self, kind: ResourceKind, ours: OurIdentifier, _: str | None) -> Json:
        if kind is not ResourceKind.DOCUMENT:
            return in_lines(kind, superbill(self.draft, self.envelope()), ours)
        procedures, encounters = self._work()
        around = self.envelope(_there(procedures), _there(encounters))
        return charge_sheet(self.draft, around, ours)

    def notify(self, kind: ResourceKind, ours: OurIdentifier, document_ref: str | None) -> Json:
        queue = WorkQueue(owner_ref="", document_ref=document_ref or "")
        write = charge_task if kind is ResourceKind.TASK else charge_message
        return write(self.draft, self.envelope(), queue, ours)

    def anchors(self, rung: RungName) -> tuple[Piece, ...]:
        """Return the month's own Encounter, where a charge needs one and no contact of ours is."""
        _, encounters = self._work()
        if rung is not RungName.CHARGE_ITEM_OPERATION or encounters:
            return ()
        return (month_anchor(self.world, self.practice, self.claim, self.draft),)

    def in_pieces(self, rung: RungName, anchors: tuple[str, ...]) -> tuple[Piece, ...]:
        procedures, encounters = self._work()
        named = (*_waiting_for(encounters), *map(placeholder, anchors))
        if rung is RungName.CHARGE_ITEM:
            work = tuple(one.id for one in (*procedures, *encounters))
            around = self.envelope(_waiting_for(procedures), named)
            return charge_pieces(self.draft, around, work)
        codes = bill_codes_of(ehrs.get(self.session, self.practice.id, self.ehr_id))
        if codes is None:
            message = "the rung is open only where bill codes are recorded"
            raise AssertionError(message)
        work = tuple(one.id for one in encounters)
        around = self.envelope((), named)
        return operation_pieces(self.world, self.draft, around, codes, work)

    def envelope(
        self, procedure_refs: tuple[str, ...] = (), encounter_refs: tuple[str, ...] = ()
    ) -> ClaimEnvelope:
        return claim_envelope(self.world, self.practice, self.claim, procedure_refs, encounter_refs)

    def _work(self) -> tuple[tuple[DeliveryRecord, ...], tuple[DeliveryRecord, ...]]:
        return work_of(self.session, self.practice, self.claim)


def claim_envelope(
    world: Installation,
    practice: Practice,
    claim: ClaimRecord,
    procedure_refs: tuple[str, ...] = (),
    encounter_refs: tuple[str, ...] = (),
) -> ClaimEnvelope:
    """Return a claim's name and moment, with the work that it names."""
    return ClaimEnvelope(
        ours=OurIdentifier(
            system=world.identifier_system(ResourceKind.CLAIM.value.lower()),
            value=claim.identifier,
        ),
        created_at=claim.created_at.astimezone(practice.zone),
        procedure_refs=procedure_refs,
        encounter_refs=encounter_refs,
    )


def work_of(
    session: Session, practice: Practice, claim: ClaimRecord
) -> tuple[tuple[DeliveryRecord, ...], tuple[DeliveryRecord, ...]]:
    """Return the deliveries of the work that the lines report, Procedures and Encounters."""
    whole = read_claim(claim).whole
    worked = frozenset() if whole is None else frozenset(whole.worked)
    written = [
        one
        for one in deliveries.of_patient(session, practice.id, claim.patient_id)
        if one.artefact_id in worked and not one.has_fallen
    ]
    procedures = tuple(d for d in written if d.resource_type is ResourceKind.PROCEDURE)
    encounters = tuple(d for d in written if d.resource_type is ResourceKind.ENCOUNTER)
    return procedures, encounters


def _waiting_for(found: tuple[DeliveryRecord, ...]) -> tuple[str, ...]:
    return tuple(placeholder(one.id) for one in found)


def _there(found: tuple[DeliveryRecord, ...]) -> tuple[str, ...]:
    return tuple(one.remote_ref for one in found if one.state is DeliveryState.SENT)
