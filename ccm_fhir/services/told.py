"""What of our record an EHR is told: time entries, consents, care plans and claims.

Everything is read from the record again, so that a fall days later says what the first try said.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.domain.writeback import ResourceKind, TimeRecord, time_artefact
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.write_consent import ConsentTold, consent_resource, consent_telling
from ccm_fhir.fhir.write_lesser_time import observation_resource, time_telling
from ccm_fhir.fhir.write_time import OurIdentifier, encounter_resource, procedure_resource
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.tellable import Told, in_lines
from ccm_fhir.services.told_artefact import consent_artefact, consent_stands
from ccm_fhir.services.told_claim import told_claim
from ccm_fhir.services.told_plan import told_care_plan
from ccm_fhir.storage import charts, claims, consents, ledger, patients, plans, users
from ccm_fhir.storage.consents import ConsentRecord
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind

__all__ = [
    "Told",
    "WrittenTime",
    "in_lines",
    "time_record",
    "told_consent",
    "told_of",
    "told_time",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A ledger row together with what its resources will say."""

    practice: Practice
    entry: TimeEntryRecord
    record: TimeRecord


def told_of(
    world: Installation, session: Session, practice: Practice, kind: ArtefactKind, artefact_id: str
) -> Told | None:
    """Return what a delivery tells of; None where no other way would tell it.

    That is so of a task, which stands here, and of a claim of which only the lines were kept.
    """
    if kind is ArtefactKind.PLAN_TASK:
        return None
    if kind is ArtefactKind.TIME_ENTRY:
        entry = ledger.get(session, practice.id, artefact_id)
        written = WrittenTime(
            practice=practice, entry=entry, record=time_record(session, practice, entry)
        )
        return told_time(world, session, written)
    if kind is ArtefactKind.CONSENT:
        record = consents.get(session, practice.id, artefact_id)
        return told_consent(world, session, practice, record)
    if kind is ArtefactKind.CARE_PLAN:
        return told_care_plan(session, practice, plans.version(session, practice.id, artefact_id))
    return told_claim(world, session, practice, claims.get(session, practice.id, artefact_id))


def told_time(world: Installation, session: Session, written: WrittenTime) -> Told:
    """Return a time entry as it may be told."""
    practice, entry, record = written.practice, written.entry, written.record
    telling = time_telling(record, f"{world.base_url}/Questionnaire/care-management-time")

    def make(kind: ResourceKind, ours: OurIdentifier, encounter_ref: str | None) -> Json:
        match kind:
            case ResourceKind.ENCOUNTER:
                return encounter_resource(record, ours)
            case ResourceKind.PROCEDURE:
                return procedure_resource(record, ours, encounter_ref=encounter_ref)
            case ResourceKind.OBSERVATION:
                return observation_resource(record, ours)
            case _:
                return in_lines(kind, telling, ours)

    return Told(
        artefact=time_artefact(record.contact_mode),
        kind=ArtefactKind.TIME_ENTRY,
        artefact_id=entry.id,
        patient_id=entry.patient_id,
        ehr_id=patients.get(session, practice.id, entry.patient_id).ehr_id,
        note=entry.note,
        is_live=ledger.is_current(session, practice.id, entry.id),
        telling=telling,
        make=make,
    )


def told_consent(
    world: Installation, session: Session, practice: Practice, record: ConsentRecord
) -> Told:
    """Return a recorded decision as it may be told."""
    patient = patients.get(session, practice.id, record.patient_id)
    said = _consent_told(session, practice, record, patient.ref)
    telling = consent_telling(said, f"{world.base_url}/Questionnaire/care-management-decision")

    def make(kind: ResourceKind, ours: OurIdentifier, _: str | None) -> Json:
        if kind is ResourceKind.CONSENT:
            return consent_resource(said, ours)
        return in_lines(kind, telling, ours)

    return Told(
        artefact=consent_artefact(record),
        kind=ArtefactKind.CONSENT,
        artefact_id=record.id,
        patient_id=record.patient_id,
        ehr_id=patient.ehr_id,
        note=record.note,
        is_live=consent_stands(session, practice.id, record),
        telling=telling,
        make=make,
    )


def time_record(session: Session, practice: Practice, entry: TimeEntryRecord) -> TimeRecord:
    """Return a ledger row with everything its resources say."""
    chart = charts.latest(session, practice.id, entry.patient_id)
    facts: ChartFacts | None = chart.facts if chart else None
    active = [] if facts is None else [p for p in facts.care_plans if p.status == "active"]
    return TimeRecord(
        entry_id=entry.id,
        patient_ref=patients.get(session, practice.id, entry.patient_id).ref,
        performer_ref=users.get(session, practice.id, entry.user_id).fhir_user,
        performer=entry.performer,
        practice_ref=practice.organization_ref,
        started_at=entry.started_at.astimezone(practice.zone),
        ended_at=entry.ended_at.astimezone(practice.zone),
        activity=entry.activity,
        contact_mode=entry.contact_mode,
        note=entry.note,
        care_plan_ref=str(active[0].ref) if active else "",
    )


def _consent_told(
    session: Session, practice: Practice, record: ConsentRecord, patient_ref: str
) -> ConsentTold:
    representative = ", ".join(
        part for part in (record.representative_name, record.representative_relation) if part
    )
    return ConsentTold(
        patient_ref=patient_ref,
        recorder_ref=users.get(session, practice.id, record.recorded_by).fhir_user,
        practice_ref=practice.organization_ref,
        decision=record.decision,
        decided_on=record.decided_on,
        ends_on=record.effective_on,
        recorded_at=record.recorded_at.astimezone(practice.zone),
        statements=record.statements,
        mode=record.mode,
        language=record.language,
        given_by=record.given_by,
        representative=representative,
        note=record.note,
    )
