"""An adopted plan as the rungs below CarePlan print it: a document in words, data and print."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session

from ccm_fhir.domain.writeback import Artefact, DeliveryState, ResourceKind
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.plan_telling import plan_head, plan_telling
from ccm_fhir.fhir.telling import Line, Telling
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.printing.document import PrintedSection, Printout, html_of
from ccm_fhir.printing.pdf import pdf_of
from ccm_fhir.services.tellable import Told, in_lines
from ccm_fhir.services.told_artefact import plan_stands
from ccm_fhir.storage import deliveries, patients, users
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind


def told_care_plan(session: Session, practice: Practice, version: VersionRecord) -> Told:
    """Return a version as it may be told where the EHR takes no CarePlan."""
    patient = patients.get(session, practice.id, version.patient_id)
    author = users.get(session, practice.id, version.adopted_by)
    people = (patient.ref, author.fhir_user, practice.organization_ref)
    head = plan_head(people, version.number, version.adopted_at.astimezone(practice.zone))
    telling = plan_telling(version.plan, _with_what_is_there(session, practice, version, head))

    def make(kind: ResourceKind, ours: OurIdentifier, _: str | None) -> Json:
        if kind is not ResourceKind.DOCUMENT:
            return in_lines(kind, telling, ours)
        printed = pdf_of(html_of(_printout(telling, practice, patient)))
        before = _document_before(session, practice, version)
        return in_lines(kind, replace(telling, pdf=printed or b"", replaces=before), ours)

    return Told(
        artefact=Artefact.CARE_PLAN,
        kind=ArtefactKind.CARE_PLAN,
        artefact_id=version.id,
        patient_id=version.patient_id,
        ehr_id=patient.ehr_id,
        note=telling.title,
        is_live=plan_stands(session, practice.id, version),
        telling=telling,
        make=make,
    )


def _with_what_is_there(
    session: Session, practice: Practice, version: VersionRecord, head: Telling
) -> Telling:
    """Name the CarePlan that is in the EHR, so that nobody takes it for another plan."""
    found = deliveries.of_patient(session, practice.id, version.patient_id)
    there = {
        one.remote_ref: Line(link_id="care-plan", label="CarePlan in the EHR", value=one.remote_ref)
        for one in found
        if one.resource_type is ResourceKind.CARE_PLAN and one.remote_ref
    }
    return replace(head, lines=(*head.lines, *there.values()))


def _document_before(session: Session, practice: Practice, version: VersionRecord) -> str:
    """Return the EHR's document of the version that this one follows; empty where it has none."""
    there = [
        one.remote_ref
        for one in deliveries.of_patient(session, practice.id, version.patient_id)
        if one.artefact_kind is ArtefactKind.CARE_PLAN
        and one.resource_type is ResourceKind.DOCUMENT
        and one.state is DeliveryState.SENT
        and one.artefact_id != version.id
    ]
    return there[-1] if there else ""


def _printout(telling: Telling, practice: Practice, patient: PatientRecord) -> Printout:
    facts = tuple((line.label, line.text) for line in telling.lines)
    return Printout(
        title=telling.title,
        subtitle=f"{patient.name}, {practice.name}",
        running=f"{telling.title}, {patient.name}",
        sections=(PrintedSection(title=telling.title, facts=facts),),
    )
