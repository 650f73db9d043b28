"""Reading a chart and keeping what was read: an append-only snapshot that decisions rest on."""

from __future__ import annotations

from datetime import datetime

from ccm_fhir.errors import CcmError, ConflictError, FhirError, LaunchError, NotFoundError
from ccm_fhir.fhir.reader import read_chart
from ccm_fhir.services.ehr_access import system_client, system_token
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.payer_answers import EhrAsked, take_over_answers
from ccm_fhir.services.reading import Reading
from ccm_fhir.services.sessions import Visit
from ccm_fhir.services.site_terminology import ask_site
from ccm_fhir.services.user_tokens import user_client
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage import audit, charts, ehrs, patients
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.vocabulary import ChartSource


def refresh_chart(world: Installation, visit: Visit, now: datetime) -> None:
    """Read the open patient's chart again.

    Raises:
        ConflictError: the EHR could not be read; the last snapshot stays.
        LaunchError: ``reauthorise``: the EHR took its permission back; a new launch gives it.
    """
    problem = read_and_keep(world, visit.reading, now)
    if isinstance(problem, LaunchError) and problem.reason == "reauthorise":
        raise problem
    if problem is not None:
        raise ConflictError(f"The chart could not be read: {problem}")


def read_and_keep(world: Installation, reading: Reading, now: datetime) -> CcmError | None:
    """Read a launch's patient and keep the snapshot; a failed read is returned, never raised.

    A launch must not fail because a chart could not be read: the reason is kept with the
    patient, the page says it and offers to try again.
    """
    try:
        _read(world, reading, now)
    except (FhirError, LaunchError) as problem:
        if reading.patient_id is not None:
            with world.db.write(reading.practice_id) as session:
                patients.record_chart_problem(
                    session, reading.practice_id, reading.patient_id, str(problem)
                )
        return problem
    return None


def read_patient_as_system(
    world: Installation, practice_id: str, patient_id: str, now: datetime
) -> None:
    """Read one patient's chart with the practice's backend token (the panel)."""
    with world.db.read(practice_id) as session:
        patient = patients.get(session, practice_id, patient_id)
        ehr = ehrs.get(session, practice_id, patient.ehr_id)
    scopes = system_token(world, ehr).scope
    client = system_client(world, practice_id, ehr.id)
    facts = read_chart(
        client, patient.fhir_id, scopes=scopes, now=now, capability=capability_of(ehr)
    )
    new = NewChart(
        patient_id=patient.id, facts=facts, source=ChartSource.PANEL, read_by_user_id=None
    )
    _keep(world, patient, new, now)
    asked = EhrAsked(client=client, scopes=scopes, capability=capability_of(ehr))
    take_over_answers(world, asked, patient, now)


def _read(world: Installation, reading: Reading, now: datetime) -> None:
    if reading.patient_id is None:
        raise NotFoundError("patient")
    with world.db.read(reading.practice_id) as session:
        patient = patients.get(session, reading.practice_id, reading.patient_id)
        ehr = ehrs.get(session, reading.practice_id, patient.ehr_id)
    client = user_client(world, reading.practice_id, reading.grant_id)
    facts = read_chart(
        client, patient.fhir_id, scopes=reading.scopes, now=now, capability=capability_of(ehr)
    )
    new = NewChart(
        patient_id=patient.id,
        facts=facts,
        source=ChartSource.LAUNCH,
        read_by_user_id=reading.user_id,
    )
    _keep(world, patient, new, now)
    asked = EhrAsked(client=client, scopes=reading.scopes, capability=capability_of(ehr))
    take_over_answers(world, asked, patient, now)


def _keep(world: Installation, patient: PatientRecord, new: NewChart, now: datetime) -> None:
    with world.db.write(patient.practice_id) as session:
        patients.upsert(session, patient.practice_id, patient.ehr_id, new.facts.patient, now)
        patients.record_chart_problem(session, patient.practice_id, patient.id, None)
        charts.record(session, patient.practice_id, new, now)
        audit.append(
            session,
            world.audit_key,
            patient.practice_id,
            AuditEntry(act="read_chart", user_id=new.read_by_user_id, patient_id=patient.id),
            world.clock(),
        )
    ask_site(world, patient.practice_id, new.facts, now)
