"""A practice at the month's end: patients of different fates, and the people who close it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from ccm_fhir.domain.codes import Activity, PerformerKind, Role
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.review import review_patient_month
from ccm_fhir.services.sign import SignMonth, sign_month
from ccm_fhir.storage import charts, ledger, patients
from ccm_fhir.storage.attestations import NewAttestation, record
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.ledger import NewEntry
from ccm_fhir.storage.vocabulary import ChartSource
from tests.builders import NOVEMBER, chart
from tests.smart_app.front import NOW

if TYPE_CHECKING:
    from ccm_fhir.services.patient_month import MonthOverview, MonthState
    from tests.smart_app.front import Front


def actor(front: Front, role: Role) -> Actor:
    """Return somebody of a role, as the pages know them."""
    person = front.people[role]
    return Actor(
        practice_id=front.practice_id,
        ehr_id=front.ehr_id,
        user_id=person.id,
        name=person.name,
        role=role,
        fhir_user=person.fhir_user,
        npi=person.npi,
        taxonomy=person.taxonomy,
    )


def add_patient(front: Front, name: str, facts: ChartFacts | None = None) -> str:
    """Let a patient be known, with a chart in which everything is met unless told otherwise."""
    named = PatientFact(ref=EvidenceRef("Patient", name.replace(" ", "-").lower()), name=name)
    read = msgspec.structs.replace(facts or chart(), patient=named)
    with front.world.db.write(front.practice_id) as session:
        known = patients.upsert(session, front.practice_id, front.ehr_id, named, NOW)
        new = NewChart(patient_id=known.id, facts=read, source=ChartSource.PANEL)
        charts.record(session, front.practice_id, new, NOW)
    return known.id


def work(
    front: Front,
    patient_id: str,
    minutes: int = 22,
    *,
    day: int = 20,
    hour: int = 15,
    role: Role = Role.CARE_MANAGER,
) -> str:
    """Record time of somebody in November; return the entry's id."""
    starts_at = NOW.replace(day=day, hour=hour)
    is_own = role is Role.PRACTITIONER
    new = NewEntry(
        patient_id=patient_id,
        user_id=front.people[role].id,
        performer=PerformerKind.BILLING_PRACTITIONER if is_own else PerformerKind.CLINICAL_STAFF,
        started_at=starts_at,
        ended_at=starts_at + timedelta(minutes=minutes),
        zone="America/New_York",
        activity=Activity.CARE_PLAN,
        note="Readings reviewed",
        form_key=str(uuid4()),
    )
    with front.world.db.write(front.practice_id) as session:
        return ledger.record(session, front.world.audit_key, front.practice_id, new, NOW).id


def attested_earlier(front: Front, patient_id: str, months_ago: int = 1) -> None:
    """Let the practitioner have attested duration and risk in an earlier month."""
    new = NewAttestation(
        patient_id=patient_id,
        month=NOVEMBER.plus(-months_ago),
        kind=Criterion.DURATION_AND_RISK.value,
        statement="As it was put then.",
        user_id=front.people[Role.PRACTITIONER].id,
    )
    with front.world.db.write(front.practice_id) as session:
        record(session, front.practice_id, new, NOW - timedelta(days=30 * months_ago))


def look(front: Front, role: Role = Role.BILLER, **wanted: object) -> MonthOverview:
    """Return November's page as somebody sees it."""
    asked = msgspec.convert({"month": "", **wanted}, dict)
    del asked["month"]
    return overview(
        front.world, actor(front, role), MonthFilter(month=NOVEMBER, **asked), front.work_clock()
    )


def states(front: Front, role: Role = Role.BILLER) -> dict[str, MonthState]:
    """Return where each patient stands, by our id."""
    return {row.patient_id: row.state for row in look(front, role).rows}


def sign_alone(front: Front, patient_id: str) -> None:
    """Let the practitioner sign one month on its own page, with every statement ticked."""
    doctor = actor(front, Role.PRACTITIONER)
    shown = review_patient_month(front.world, doctor, patient_id, NOVEMBER, front.work_clock())
    request = SignMonth(
        patient_id=patient_id,
        month=NOVEMBER,
        form_key=str(uuid4()),
        attested=frozenset(shown.to_attest),
        decision_hash=shown.decision_hash,
    )
    sign_month(front.world, doctor, request, front.work_clock())
