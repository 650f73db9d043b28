"""A patient's consent as the people who keep it see it: what stands, and everything before it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode, standing
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.writeback import Disposition, disposition_of
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.dispositions import parts_of
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import try_judge
from ccm_fhir.services.patient_month import PatientBanner
from ccm_fhir.services.record_consent import RECORDERS
from ccm_fhir.services.review import banner_of
from ccm_fhir.storage import audit, consents, deliveries, keyed, sign_offs
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.consents import ConsentRecord
from ccm_fhir.storage.deliveries import DeliveryRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """One record of the history; ``stands``: nothing corrects it and it is no error.

    ``in_ehr`` is where it stands with the EHR.
    """

    record_id: str
    decision: ConsentDecision
    decided_on: date
    effective_on: date | None
    statements: tuple[str, ...]
    mode: ConsentMode | None
    language: str
    given_by: ConsentGiver | None
    representative_name: str = field(repr=False)
    representative_relation: str = field(repr=False)
    script_version: str
    note: str = field(repr=False)
    person: str = field(repr=False)
    recorded_at: datetime
    corrects_id: str | None
    change_reason: str = field(repr=False)
    stands: bool
    in_ehr: Disposition = Disposition.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentHistory:
    """Everything the consent page shows; ``history`` is newest first.

    ``finding`` is None where the month cannot be decided. ``required`` are the statements that
    the law of today asks for. ``signed_months`` keep what they were signed with.
    """

    patient: PatientBanner
    practice_name: str
    month: ServiceMonth
    today: date
    finding: Finding | None
    required: tuple[str, ...]
    history: tuple[ConsentEntry, ...]
    signed_months: tuple[ServiceMonth, ...]
    may_record: bool
    ehr_consents: int
    is_ehr_read: bool


def consent_history(
    world: Installation, actor: Actor, patient_id: str, month: ServiceMonth, now: datetime
) -> ConsentHistory:
    """Return what is on record of a patient's consent; the reading is audited.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        gathered = gather(world, session, actor.practice_id, patient_id, month)
        records = consents.of_patient(session, actor.practice_id, patient_id)
        found = deliveries.of_patient(session, actor.practice_id, patient_id)
        by_hand = keyed.of_practice(session, actor.practice_id)
        signed = sign_offs.signed_months(session, actor.practice_id, patient_id)
        entry = AuditEntry(act="view_consent", user_id=actor.user_id, patient_id=patient_id)
        audit.append(session, world.audit_key, actor.practice_id, entry, world.clock())
    today = now.astimezone(gathered.practice.zone).date()
    chart = gathered.chart.facts if gathered.chart else None
    return ConsentHistory(
        patient=banner_of(gathered.patient, today),
        practice_name=gathered.practice.name,
        month=month,
        today=today,
        finding=_finding(world, gathered),
        required=required_statements(world, today),
        history=_entries(records, gathered, found, by_hand),
        signed_months=signed,
        may_record=actor.may(*RECORDERS),
        ehr_consents=0 if chart is None else sum(1 for c in chart.consents if c.is_for_ccm),
        is_ehr_read=chart is not None and chart.was_read("Consent"),
    )


def required_statements(world: Installation, on: date) -> tuple[str, ...]:
    """Return the codes of what a patient must be told, by the law of a day."""
    return world.rulebook.eligibility_on_or_after(on).required_consent_statements


def _finding(world: Installation, gathered: Gathered) -> Finding | None:
    if gathered.material is None:
        return None
    judgement, _ = try_judge(world, gathered.material)
    return None if judgement is None else judgement.eligibility.finding(Criterion.CONSENT)


def _entries(
    records: tuple[ConsentRecord, ...],
    gathered: Gathered,
    found: tuple[DeliveryRecord, ...],
    by_hand: Container[str],
) -> tuple[ConsentEntry, ...]:
    live = {one.id for one in standing(record.as_recorded for record in records)}
    names = {user_id: user.name for user_id, user in gathered.people.items()}
    zone = gathered.practice.zone
    return tuple(
        replace(
            _entry(record, names, zone, stands=record.id in live),
            in_ehr=disposition_of(
                parts_of((one for one in found if one.artefact_id == record.id), by_hand),
                is_voided=record.id not in live,
            ),
        )
        for record in _latest_first(records)
    )


def _latest_first(records: tuple[ConsentRecord, ...]) -> list[ConsentRecord]:
    """Return the records, a correction before what it corrects even at the same moment."""
    known = {record.id: record for record in records}

    def depth(record: ConsentRecord) -> int:
        before = known.get(record.supersedes_id or "")
        return 0 if before is None else 1 + depth(before)

    return sorted(records, key=lambda record: (record.recorded_at, depth(record)), reverse=True)


def _entry(
    record: ConsentRecord, names: dict[str, str], zone: ZoneInfo, *, stands: bool
) -> ConsentEntry:
    return ConsentEntry(
        record_id=record.id,
        decision=record.decision,
        decided_on=record.decided_on,
        effective_on=record.effective_on,
        statements=record.statements,
        mode=record.mode,
        language=record.language,
        given_by=record.given_by,
        representative_name=record.representative_name,
        representative_relation=record.representative_relation,
        script_version=record.script_version,
        note=record.note,
        person=names.get(record.recorded_by, ""),
        recorded_at=record.recorded_at.astimezone(zone),
        corrects_id=record.supersedes_id,
        change_reason=record.change_reason,
        stands=stands,
    )
