"""One patient's month, put together for the people who work on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ccm_fhir.domain.claims import ClaimDraft, ClaimParties, NextRevision, Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import NextStep, RiskEvidence, next_steps, risk_evidence
from ccm_fhir.domain.timekeeping import Tally
from ccm_fhir.errors import RuleError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.approvals import may_approve
from ccm_fhir.services.charge_lines import code_of, lines_told, parts_of_claim
from ccm_fhir.services.claim_ahead import ClaimAhead, attesting, draft_ahead
from ccm_fhir.services.claim_chains import is_void
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.condition_items import condition_items, family_choices
from ccm_fhir.services.decision_record import hash_of
from ccm_fhir.services.evidence_paths import evidence_paths
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement, judge_if_attested, try_judge
from ccm_fhir.services.patient_location import PLACERS
from ccm_fhir.services.patient_month import (
    ApprovalShown,
    ChartStatus,
    ClaimInHand,
    CorrectionShown,
    Delivered,
    PatientBanner,
    PatientMonthReview,
    SignedMonth,
    WorkEntry,
)
from ccm_fhir.services.problems import sentence_for
from ccm_fhir.services.record_consent import RECORDERS
from ccm_fhir.services.review_choice import choice_shown, mdm_shown
from ccm_fhir.services.sources import Sources, sources_of
from ccm_fhir.storage import audit
from ccm_fhir.storage.approvals import ApprovalRecord
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.users import AppUser

MONTHS_SHOWN = 4
CORRECTORS = (Role.PRACTITIONER, Role.BILLER)
_PERFORMER_WORDS = {
    "clinical_staff": "clinical staff",
    "billing_practitioner": "billing practitioner",
    "nonclinical_staff": "non-clinical staff",
}


def review_patient_month(
    world: Installation, actor: Actor, patient_id: str, month: ServiceMonth, now: datetime
) -> PatientMonthReview:
    """Return everything the patient page shows of one month; the reading is audited.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        gathered = gather(world, session, actor.practice_id, patient_id, month)
        audit.append(
            session,
            world.audit_key,
            actor.practice_id,
            AuditEntry(act="view_patient", user_id=actor.user_id, patient_id=patient_id),
            world.clock(),
        )
    return _review(world, actor, gathered.seen_by(actor, now), now)


def months_offered(today: date) -> tuple[ServiceMonth, ...]:
    """Return the months a page offers: the current one and those before, newest first."""
    current = ServiceMonth.containing(today)
    return tuple(current.plus(-back) for back in range(MONTHS_SHOWN))


def if_attested(world: Installation, gathered: Gathered, judgement: Judgement) -> Judgement:
    """Return what the decision would be once everything attestable were attested.

    Raises:
        RuleError: amounts decide by the practice's choice, and are not loaded.
    """
    if gathered.material is None:
        return judgement
    return judge_if_attested(world, gathered.material, judgement)


def parties_of(gathered: Gathered, actor: Actor) -> ClaimParties:
    """Return who bills and renders when this person signs, or once somebody does who may."""
    signs = actor.may(Role.PRACTITIONER)
    return ClaimParties(
        patient_ref=gathered.patient.ref,
        practice_ref=gathered.practice.organization_ref,
        practice_npi=gathered.practice.npi,
        practitioner_ref=actor.fhir_user if signs else "",
        practitioner_npi=actor.npi if signs else "",
        practitioner_taxonomy=actor.taxonomy if signs else "",
        place_of_service=gathered.placed.location.place_of_service,
        awaits_signer=not signs,
    )


def ahead_of(gathered: Gathered, actor: Actor, decided: Judgement, now: datetime) -> ClaimAhead:
    """Return what the claim rests on that this person would sign; the chart must be there."""
    if gathered.chart is None:
        raise AssertionError
    said = (one.user_id for one in gathered.attested)
    mdm = gathered.mdm[-1] if gathered.mdm else None
    stand = attesting(said, mdm, decided.decision)
    return ClaimAhead(
        parties=parties_of(gathered, actor),
        charges=gathered.charges,
        chart=gathered.chart.facts,
        own_names=gathered.own_names,
        coming=gathered.coming,
        practitioner_refs=frozenset(gathered.people[user_id].fhir_user for user_id in stand),
        filed_on=now.astimezone(gathered.practice.zone).date(),
    )


def _review(
    world: Installation, actor: Actor, gathered: Gathered, now: datetime
) -> PatientMonthReview:
    today = now.astimezone(gathered.practice.zone).date()
    judgement, problem = (
        (None, "") if gathered.material is None else try_judge(world, gathered.material)
    )
    ahead = _NOT_AHEAD if judgement is None else _ahead(world, actor, gathered, judgement, now)
    facts = gathered.chart.facts if gathered.chart else None
    return PatientMonthReview(
        patient=banner_of(gathered.patient, today),
        practice_name=gathered.practice.name,
        time_zone=gathered.practice.time_zone,
        month=gathered.month,
        months=months_offered(today),
        today=today,
        chart=ChartStatus(
            read_at=None if facts is None else facts.read_at.astimezone(gathered.practice.zone),
            problem=_why_not_read(gathered),
            skipped=facts.skipped if facts else (),
            unread=facts.unread if facts else (),
        ),
        decision=judgement.decision if judgement else None,
        decision_problem=problem,
        sources=sources_of(world.rulebook, gathered.month, judgement.decision)
        if judgement
        else Sources(),
        decision_hash=hash_of(judgement.decision) if judgement else "",
        verdicts=judgement.eligibility.verdicts if judgement else (),
        families=judgement.eligibility.families if judgement else (),
        entries=_entries(gathered, actor, judgement),
        signed=_signed(gathered),
        claim=_claim(gathered),
        to_attest=judgement.to_attest if judgement else (),
        sign_obstacles=ahead.obstacles,
        serviced_on=ahead.serviced_on,
        ehr_links=evidence_paths(gathered),
        may_keep_time=actor.may(Role.CARE_MANAGER, Role.PRACTITIONER) and gathered.sign_off is None,
        may_sign=actor.may(Role.PRACTITIONER)
        and gathered.sign_off is None
        and judgement is not None
        and not ahead.obstacles,
        steps=_steps(gathered, judgement),
        picture=judgement.eligibility.picture if judgement else None,
        risk=_risk(world, gathered, judgement),
        conditions=condition_items(world, actor, gathered, judgement),
        family_choices=family_choices(world),
        may_record_consent=actor.may(*RECORDERS),
        choice=choice_shown(gathered, actor),
        placed=gathered.placed,
        may_place=actor.may(*PLACERS) and gathered.sign_off is None,
        correction=_correction(gathered),
        may_correct=actor.may(*CORRECTORS) and gathered.claim is not None,
        mdm=None if judgement is None else mdm_shown(world, gathered, judgement, actor),
    )


def _correction(gathered: Gathered) -> CorrectionShown | None:
    opened, coming = gathered.correction, gathered.coming.claim
    if opened is None:
        return None
    person = gathered.people.get(opened.user_id)
    return CorrectionShown(
        statement_id=opened.id,
        opened_by=person.name if person else "",
        opened_at=opened.said_at.astimezone(gathered.practice.zone),
        reason=opened.reason,
        coming=coming if isinstance(coming, NextRevision) else None,
    )


def _steps(gathered: Gathered, judgement: Judgement | None) -> tuple[NextStep, ...]:
    """Return what is left to do; nothing once the month is signed."""
    if judgement is None or gathered.sign_off is not None:
        return ()
    return next_steps(judgement.decision.findings, judgement.eligibility.picture)


def _risk(
    world: Installation, gathered: Gathered, judgement: Judgement | None
) -> RiskEvidence | None:
    if judgement is None or gathered.chart is None:
        return None
    return risk_evidence(
        gathered.chart.facts,
        judgement.eligibility.families,
        gathered.month,
        world.rulebook.of_month(gathered.month),
    )


def _why_not_read(gathered: Gathered) -> str:
    """Say why the chart is not there, or is not the newest; empty where nothing went wrong."""
    problem = gathered.patient.chart_problem
    if not problem:
        return ""
    then = "Read it again, or open the app anew from the EHR."
    return f"The chart could not be read: {problem}. {then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ahead:
    """What keeps the claim from being signed, and the day that it would bear."""

    obstacles: tuple[Obstacle, ...] = ()
    serviced_on: date | None = None


_NOT_AHEAD = _Ahead()


def _ahead(
    world: Installation, actor: Actor, gathered: Gathered, judgement: Judgement, now: datetime
) -> _Ahead:
    """Return what lies ahead of a signature; nothing once the month is signed."""
    if gathered.sign_off is not None:
        return _NOT_AHEAD
    try:
        attested = if_attested(world, gathered, judgement)
    except RuleError as problem:
        lacking = Obstacle(code="rules_not_loaded", owner="admin", fix=str(problem))
        return _Ahead(obstacles=(lacking,))
    draft = draft_ahead(world, ahead_of(gathered, actor, attested, now), attested)
    return _Ahead(
        obstacles=() if isinstance(draft, ClaimDraft) else draft,
        serviced_on=attested.decision.date_of_service,
    )


def banner_of(patient: PatientRecord, today: date) -> PatientBanner:
    """Return who the patient is, with the age on a day."""
    born = patient.birth_date
    age = None
    if born is not None and born.is_exact and not patient.is_deceased:
        day = born.earliest
        age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return PatientBanner(
        patient_id=patient.id,
        name=patient.name,
        birth_date=patient.birth_date_text,
        age=age,
        gender=patient.gender,
        mrn=patient.mrn,
        language=patient.language,
        is_deceased=patient.is_deceased,
    )


def _entries(
    gathered: Gathered, actor: Actor, judgement: Judgement | None
) -> tuple[WorkEntry, ...]:
    tally = judgement.decision.tally if judgement else Tally(counted=(), left_out=())
    return tuple(_entry(gathered, actor, entry, tally) for entry in gathered.entries)


def _entry(gathered: Gathered, actor: Actor, entry: TimeEntryRecord, tally: Tally) -> WorkEntry:
    zone = gathered.practice.zone
    mine = [d for d in gathered.deliveries if d.artefact_id == entry.id and not d.has_fallen]
    person = gathered.people.get(entry.user_id)
    return WorkEntry(
        entry_id=entry.id,
        started_at=entry.started_at.astimezone(zone),
        ended_at=entry.ended_at.astimezone(zone),
        seconds=int((entry.ended_at - entry.started_at).total_seconds()),
        counted_seconds=sum(i.seconds for i in tally.counted if i.entry_id == entry.id),
        left_out=tuple(part for part in tally.left_out if part.entry_id == entry.id),
        person=person.name if person else "",
        performer=_PERFORMER_WORDS[entry.performer.value],
        activity=entry.activity,
        contact_mode=entry.contact_mode,
        note=entry.note,
        is_typed=entry.source.value == "typed",
        recorded_at=entry.recorded_at.astimezone(zone),
        deliveries=tuple(delivered_shown(delivery, zone) for delivery in mine),
        may_void=gathered.sign_off is None and entry.user_id == actor.user_id,
        approval=approval_shown(gathered.approvals.get(entry.id), entry, gathered.people, zone),
        is_changed=entry.supersedes_id is not None,
    )


def approval_shown(
    record: ApprovalRecord | None,
    entry: TimeEntryRecord,
    people: Mapping[str, AppUser],
    zone: ZoneInfo,
) -> ApprovalShown | None:
    """Return where an entry's approval stands; None where it needs none."""
    if record is None:
        return None
    person = people.get(record.answered_by or "")
    return ApprovalShown(
        reasons=record.reasons,
        is_approved=record.is_approved,
        answered_by=person.name if person else "",
        answered_at=None if record.answered_at is None else record.answered_at.astimezone(zone),
        approvers=tuple(sorted(one.name for one in people.values() if may_approve(one, entry))),
        note=record.note,
    )


def delivered_shown(record: DeliveryRecord, zone: ZoneInfo) -> Delivered:
    """Return one resource's way into the EHR."""
    return Delivered(
        delivery_id=record.id,
        resource_type=record.resource_type.value,
        state=record.state,
        remote_ref=record.remote_ref,
        tries=record.tries,
        problem=sentence_for(record, zone),
        updated_at=record.updated_at.astimezone(zone),
        rung=record.rung,
        reason=record.rule,
        code=code_of(record),
    )


def _signed(gathered: Gathered) -> SignedMonth | None:
    sign_off = gathered.sign_off
    if sign_off is None:
        return None
    person = gathered.people.get(sign_off.user_id)
    return SignedMonth(
        signed_by=person.name if person else "",
        signed_at=sign_off.signed_at.astimezone(gathered.practice.zone),
        revision=sign_off.revision,
        is_void=gathered.claim is not None and is_void(read_claim(gathered.claim)),
    )


def _claim(gathered: Gathered) -> ClaimInHand | None:
    claim = gathered.claim
    if claim is None:
        return None
    stored = read_claim(claim)
    parts = parts_of_claim(gathered.deliveries, claim.id)
    shown = (delivered_shown(one, gathered.practice.zone) for one in parts)
    told = lines_told(parts)
    return ClaimInHand(
        identifier=claim.identifier,
        lines=tuple((line.code, line.units, line.charge_usd) for line in stored.lines),
        total_usd=claim.total_usd,
        serviced_on=stored.serviced_on,
        deliveries=tuple(
            replace(one, problem=f"{one.problem} {told}") if one.problem and told else one
            for one in shown
        ),
        place_of_service=stored.place_of_service,
        location=stored.location,
    )
