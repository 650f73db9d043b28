"""The month page: every patient of the practice, and where each stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consents import consent_facts
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.coding_choice import in_force
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement, Material, likely_biller, try_judge
from ccm_fhir.services.patient_month import MonthOverview, MonthRow, MonthState
from ccm_fhir.services.practice_choice import shown
from ccm_fhir.services.review import months_offered
from ccm_fhir.services.sessions import Visit
from ccm_fhir.storage import (
    audit,
    coding_choices,
    launches,
    mdm_attestations,
    months,
    patients,
    practices,
    users,
)
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.coding_choices import ChoiceRecord
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.launches import NewLaunch
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord
from ccm_fhir.storage.months import MonthRow as StoredRow
from ccm_fhir.storage.practices import Practice

ROWS_A_PAGE = 50
_TROUBLED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFilter:
    """Which rows of a month are asked for; pages count from 1."""

    month: ServiceMonth
    state: MonthState | None = None
    page: int = 1


def overview(
    world: Installation, actor: Actor, wanted: MonthFilter, now: datetime
) -> MonthOverview:
    """Return one page of a month's patients, with counts over all of them."""
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        stored = months.month_rows(session, actor.practice_id, wanted.month, practice.zone)
        asked = _Asked(
            world=world,
            actor=actor,
            practice=practice,
            month=wanted.month,
            today=now.astimezone(practice.zone).date(),
            choices=_by_patient(coding_choices.bearing_on(session, practice.id, wanted.month)),
            mdm=mdm_attestations.latest_of_month(session, practice.id, wanted.month),
        )
        names = {user.id: user.name for user in users.list_all(session, practice.id)}
        audit.append(
            session,
            world.audit_key,
            actor.practice_id,
            AuditEntry(act="view_month", user_id=actor.user_id),
            world.clock(),
        )
    rows = [_row(asked, row) for row in stored]
    rows.sort(key=lambda row: (_ORDER.index(row.state), -row.counted_seconds, row.name))
    chosen = [row for row in rows if wanted.state in {None, row.state}]
    pages = max(1, -(-len(chosen) // ROWS_A_PAGE))
    page = min(max(1, wanted.page), pages)
    return MonthOverview(
        month=wanted.month,
        months=months_offered(asked.today),
        today=asked.today,
        practice_name=practice.name,
        counts=dict(Counter(row.state for row in rows)),
        total_usd=sum((row.total_usd for row in rows if row.total_usd is not None), Decimal(0)),
        rows=tuple(chosen[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]),
        state=wanted.state,
        page=page,
        pages=pages,
        choice=shown(in_force(asked.choices_of(None), wanted.month), names, practice.zone),
    )


def open_patient(world: Installation, visit: Visit, patient_id: str, session_token: str) -> str:
    """Open another patient of the practice beside the present one; return the new launch id.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(visit.actor.practice_id) as session:
        patient = patients.get(session, visit.actor.practice_id, patient_id)
        launch = launches.start(
            session,
            visit.actor.practice_id,
            NewLaunch(
                ehr_id=patient.ehr_id,
                user_id=visit.actor.user_id,
                session_id_hash=hashed(session_token),
                patient_id=patient.id,
                grant_id=visit.reading.grant_id,
                need_patient_banner=True,
                style_url=visit.style_url,
                scopes=" ".join(sorted(visit.reading.scopes)),
            ),
            world.clock(),
        )
        audit.append(
            session,
            world.audit_key,
            visit.actor.practice_id,
            AuditEntry(act="open_patient", user_id=visit.actor.user_id, patient_id=patient.id),
            world.clock(),
        )
        return launch.id


_ORDER = (
    MonthState.PROBLEM,
    MonthState.READY,
    MonthState.NEEDS_FIX,
    MonthState.SHORT_OF_TIME,
    MonthState.SIGNED,
    MonthState.SENT,
    MonthState.CHART_NOT_READ,
    MonthState.NOT_ELIGIBLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A month of a practice, and what of it bears on every row."""

    world: Installation
    actor: Actor
    practice: Practice
    month: ServiceMonth
    today: date
    choices: dict[str | None, list[ChoiceRecord]]
    mdm: dict[str, MdmAttestationRecord]

    def choices_of(self, patient_id: str | None) -> tuple[ChoiceRecord, ...]:
        """Return the practice's choices, and a patient's exceptions."""
        own = () if patient_id is None else self.choices.get(patient_id, ())
        return (*self.choices.get(None, ()), *own)


def _by_patient(records: tuple[ChoiceRecord, ...]) -> dict[str | None, list[ChoiceRecord]]:
    grouped = defaultdict[str | None, list[ChoiceRecord]](list)
    for record in records:
        grouped[record.patient_id].append(record)
    return dict(grouped)


def _row(asked: _Asked, stored: StoredRow) -> MonthRow:
    judgement = _judged(asked, stored)
    decision = judgement.decision if judgement else None
    return MonthRow(
        patient_id=stored.patient.id,
        name=stored.patient.name,
        birth_date=stored.patient.birth_date_text,
        state=_state(stored, judgement),
        counted_seconds=decision.counted_seconds if decision else stored.entered_seconds,
        next_threshold_seconds=decision.next_threshold_seconds if decision else None,
        reached=() if decision is None else tuple((x.code, x.units) for x in decision.reached),
        missing=_missing(decision),
        total_usd=stored.claim.total_usd if stored.claim else None,
        claim_state=_claim_state(stored),
        awaits_mdm=decision is not None and stored.sign_off is None and decision.is_mdm_awaited,
    )


def _judged(asked: _Asked, stored: StoredRow) -> Judgement | None:
    if stored.chart is None:
        return None
    system = asked.world.identifier_system("claim")
    own = (
        frozenset() if stored.claim is None else frozenset({f"{system}|{stored.claim.identifier}"})
    )
    material = Material(
        practice=asked.practice,
        month=asked.month,
        chart=stored.chart.facts,
        entries=stored.entries,
        attested=frozenset(),
        own_claims=own,
        consents=consent_facts(
            (consent.as_recorded for consent in stored.consents),
            asked.practice.organization_ref,
        ),
        reviews=tuple(review.as_review(asked.practice.zone) for review in stored.reviews),
        plans=stored.plans,
        choice=in_force(asked.choices_of(stored.patient.id), asked.month, stored.patient.id).choice,
        mdm=asked.mdm.get(stored.patient.id),
        biller_id=likely_biller(stored.entries),
    )
    if stored.sign_off is not None:
        material = material.of_biller(stored.sign_off.user_id)
    else:
        material = replace(material, sent_on=asked.today)
    if stored.sign_off is None and asked.actor.may(Role.PRACTITIONER):
        material = material.of_biller(asked.actor.user_id)
    return try_judge(asked.world, material)[0]


def _state(stored: StoredRow, judgement: Judgement | None) -> MonthState:
    claim_state = _claim_state(stored)
    if any(state in _TROUBLED for state in stored.delivery_states):
        return MonthState.PROBLEM
    if stored.sign_off is not None:
        return MonthState.SENT if claim_state is DeliveryState.SENT else MonthState.SIGNED
    return MonthState.CHART_NOT_READ if judgement is None else _open_state(judgement)


def _open_state(judgement: Judgement) -> MonthState:
    decision, attestable = judgement.decision, set(judgement.to_attest)
    if any(f.answer is Answer.NOT_MET for f in decision.findings):
        return MonthState.NEEDS_FIX if decision.counted_seconds else MonthState.NOT_ELIGIBLE
    if Reason.TIMELY_FILING_EXPIRED in decision.reasons:
        return MonthState.NOT_ELIGIBLE
    if set(decision.unknown) - attestable:
        return MonthState.NEEDS_FIX
    return MonthState.READY if decision.reached else MonthState.SHORT_OF_TIME


def _missing(decision: Decision | None) -> tuple[Finding, ...]:
    if decision is None:
        return ()
    return tuple(f for f in decision.findings if f.answer is not Answer.MET)


def _claim_state(stored: StoredRow) -> DeliveryState | None:
    return stored.claim_delivery_state
