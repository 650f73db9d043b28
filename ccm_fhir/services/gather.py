"""Reads from the store what one patient's month rests on, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consents import consent_facts
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.claim_ahead import own_names_of
from ccm_fhir.services.claim_chains import FIRST, Coming, coming_after, on_record
from ccm_fhir.services.coding_choice import ChoiceInForce, in_force
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Material, likely_biller
from ccm_fhir.services.patient_location import PlacedAt, places_in
from ccm_fhir.storage import (
    approvals,
    attestations,
    charts,
    claim_statements,
    claims,
    coding_choices,
    condition_reviews,
    consents,
    deliveries,
    fees,
    ledger,
    mdm_attestations,
    patients,
    plans,
    practices,
    sign_offs,
    users,
)
from ccm_fhir.storage.approvals import ApprovalRecord
from ccm_fhir.storage.attestations import AttestationRecord
from ccm_fhir.storage.charts import ChartRecord
from ccm_fhir.storage.claim_statements import StatementRecord
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.condition_reviews import ReviewRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sign_offs import SignOffRecord
from ccm_fhir.storage.users import AppUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One patient's month as it is stored.

    ``entries`` are all that are live; those whose approval is open or refused are not counted.
    ``claims`` are the month's, by revision; ``claim`` is the newest of them. ``correction`` is what
    somebody said of it to open the month again: then nobody has signed what ``coming`` would be,
    and what was attested for the claim before does not speak for it.
    """

    practice: Practice
    patient: PatientRecord
    month: ServiceMonth
    chart: ChartRecord | None
    entries: tuple[TimeEntryRecord, ...]
    deliveries: tuple[DeliveryRecord, ...]
    sign_off: SignOffRecord | None
    claim: ClaimRecord | None
    material: Material | None
    people: dict[str, AppUser]
    charges: dict[str, Decimal]
    reviews: tuple[ReviewRecord, ...] = ()
    choice: ChoiceInForce
    mdm: tuple[MdmAttestationRecord, ...]
    approvals: dict[str, ApprovalRecord]
    placed: PlacedAt
    attested: tuple[AttestationRecord, ...]
    claims: tuple[ClaimRecord, ...]
    correction: StatementRecord | None
    coming: Coming
    own_names: frozenset[str]

    def seen_by(self, actor: Actor, now: datetime) -> Gathered:
        """Return the month as somebody sees it; a claim that is not signed would go out today.

        A practitioner would sign for their own time, on their own word about decision making.
        """
        if self.sign_off is not None or self.material is None:
            return self
        today = now.astimezone(self.practice.zone).date()
        material = replace(self.material, sent_on=today)
        if actor.may(Role.PRACTITIONER):
            material = material.of_biller(actor.user_id)
        return replace(self, material=material)


def gather(
    world: Installation, session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> Gathered:
    """Return everything recorded for a patient-month.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    practice = practices.get(session, practice_id)
    chart = charts.latest(session, practice_id, patient_id)
    entries = ledger.entries_of_month(
        session,
        practice_id,
        patient_id,
        month.starts_at(practice.zone),
        month.ends_at(practice.zone),
    )
    asked = approvals.of_entries(session, practice_id, [entry.id for entry in entries])
    counted = tuple(e for e in entries if e.id not in asked or asked[e.id].is_approved is True)
    found = claims.of_month(session, practice_id, month, [patient_id])
    claim = found[-1] if found else None
    correction = _open(session, practice_id, claim)
    attested = tuple(
        one
        for one in attestations.of_month(session, practice_id, patient_id, month)
        if correction is None or one.attested_at > correction.said_at
    )
    sign_off = (
        sign_offs.find_latest(session, practice_id, patient_id, month)
        if correction is None
        else None
    )
    choices = coding_choices.bearing_on(session, practice_id, month, patient_id)
    choice = in_force(choices, month, patient_id)
    mdm = mdm_attestations.of_patient_month(session, practice_id, patient_id, month)
    told = deliveries.of_patient_month(session, practice_id, patient_id, month, practice.zone)
    own_names = own_names_of(world, found, told)
    reviews = condition_reviews.of_patient(session, practice_id, patient_id)
    material = None
    if chart is not None:
        material = Material(
            practice=practice,
            month=month,
            chart=chart.facts,
            entries=counted,
            attested=frozenset(Criterion(record.kind) for record in attested),
            own_claims=own_names,
            consents=consent_facts(
                (c.as_recorded for c in consents.of_patient(session, practice_id, patient_id)),
                practice.organization_ref,
            ),
            reviews=tuple(review.as_review(practice.zone) for review in reviews),
            plans=plans.adopted_of(session, practice_id, patient_id),
            choice=choice.choice,
            mdm=mdm[-1] if mdm else None,
            biller_id=likely_biller(counted) if sign_off is None else sign_off.user_id,
        )
    return Gathered(
        practice=practice,
        patient=patients.get(session, practice_id, patient_id),
        month=month,
        chart=chart,
        entries=entries,
        deliveries=told,
        sign_off=sign_off,
        claim=claim,
        material=material,
        people={user.id: user for user in users.list_all(session, practice_id)},
        charges=fees.in_force(session, practice_id, month.last_day),
        reviews=reviews,
        choice=choice,
        mdm=mdm,
        approvals=asked,
        placed=places_in(session, practice_id, month, patient_id).of(patient_id),
        attested=attested,
        claims=found,
        correction=correction,
        coming=FIRST if correction is None else _coming(session, found, correction),
        own_names=own_names,
    )


def _open(session: Session, practice_id: str, newest: ClaimRecord | None) -> StatementRecord | None:
    if newest is None:
        return None
    said = claim_statements.of_claims(session, practice_id, [newest.id])
    return claim_statements.open_after(said.get(newest.id, ()))


def _coming(
    session: Session, found: tuple[ClaimRecord, ...], correction: StatementRecord
) -> Coming:
    records = on_record(session, correction.practice_id, found)[correction.patient_id]
    return coming_after(records, correction.said)
