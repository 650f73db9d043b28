"""Judges patient-months from what is stored, as one person sees them: the state, and why.

Many at a time and in a fixed number of queries; nothing here writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft, ClaimParties, Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consents import consent_facts
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.errors import RuleError
from ccm_fhir.services import month_reasons
from ccm_fhir.services.claim_ahead import ClaimAhead, attesting, draft_ahead
from ccm_fhir.services.claim_chains import FIRST, Coming, comings_of, is_void
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.coding_choice import in_force
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import (
    Judgement,
    Material,
    judge_if_attested,
    likely_biller,
    try_judge,
)
from ccm_fhir.services.patient_location import Places, places_in
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.storage import (
    coding_choices,
    fees,
    mdm_attestations,
    month_locks,
    months,
    practices,
    users,
)
from ccm_fhir.storage.coding_choices import ChoiceRecord
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord
from ccm_fhir.storage.month_locks import LockRecord
from ccm_fhir.storage.months import MonthRow
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.standings import ReasonKept

TROUBLED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})
_NOTHING = "nothing_to_report"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthMaterial:
    """A month of a practice, and what of it bears on every row; ``people`` are refs by user id.

    ``comings`` are what would follow the claims of patients whose correction is open.
    """

    practice: Practice
    month: ServiceMonth
    today: date
    charges: Mapping[str, Decimal]
    choices: Mapping[str | None, list[ChoiceRecord]]
    mdm: Mapping[str, MdmAttestationRecord]
    locks: Mapping[str | None, LockRecord]
    places: Places
    people: Mapping[str, str]
    comings: Mapping[str, Coming]

    def choices_of(self, patient_id: str | None) -> tuple[ChoiceRecord, ...]:
        """Return the practice's choices, and a patient's exceptions."""
        own = () if patient_id is None else self.choices.get(patient_id, ())
        return (*self.choices.get(None, ()), *own)


class StandingDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What the month page prints of a row besides its state; findings without their evidence.

    ``obstacles`` keep the claim from being signed: each its code and its owner.
    """

    next_threshold_seconds: int | None = None
    reached: tuple[tuple[str, int], ...] = ()
    missing: tuple[Finding, ...] = ()
    claim_state: DeliveryState | None = None
    claim_rung: RungName | None = None
    awaits_mdm: bool = False
    to_attest: tuple[Criterion, ...] = ()
    problem: str = ""
    obstacles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one patient-month stands; the draft is there where nothing but a signature lacks."""

    row: MonthRow
    state: MonthState
    counted_seconds: int
    amount_usd: Decimal | None
    reasons: tuple[ReasonKept, ...]
    detail: StandingDetail
    judgement: Judgement | None = None
    attested: Judgement | None = None


def month_material(
    session: Session, practice_id: str, month: ServiceMonth, today: date
) -> MonthMaterial:
    """Read what bears on every patient of a month."""
    return MonthMaterial(
        practice=practices.get(session, practice_id),
        month=month,
        today=today,
        charges=fees.in_force(session, practice_id, month.last_day),
        choices=_by_patient(coding_choices.bearing_on(session, practice_id, month)),
        mdm=mdm_attestations.latest_of_month(session, practice_id, month),
        locks=month_locks.in_force(month_locks.of_month(session, practice_id, month)),
        places=places_in(session, practice_id, month),
        people={user.id: user.fhir_user for user in users.list_all(session, practice_id)},
        comings=comings_of(session, practice_id, month),
    )


def rows_of(
    session: Session, held: MonthMaterial, patient_ids: Collection[str]
) -> tuple[MonthRow, ...]:
    """Read some patients' month."""
    practice = held.practice
    return months.month_rows(session, practice.id, held.month, practice.zone, patient_ids)


def standing_of(world: Installation, held: MonthMaterial, row: MonthRow, seen_as: str) -> Standing:
    """Judge one patient's month as somebody sees it; what is signed stands as it was signed."""
    if row.sign_off is not None:
        return _signed(row)
    if row.chart is None:
        return _not_read(held, row)
    material = _material(world, held, row, seen_as)
    judgement, problem = try_judge(world, material)
    if judgement is None:
        return _unruled(held, row, problem)
    return _open(_Seen(world, held, row, seen_as, material), judgement)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One patient's month as somebody sees it, with what it is judged by."""

    world: Installation
    held: MonthMaterial
    row: MonthRow
    seen_as: str
    material: Material


def _material(world: Installation, held: MonthMaterial, row: MonthRow, seen_as: str) -> Material:
    if row.chart is None:
        raise AssertionError
    own = _own_names(world, row)
    material = Material(
        practice=held.practice,
        month=held.month,
        chart=row.chart.facts,
        entries=row.entries,
        attested=frozenset(Criterion(kind) for kind, _ in row.attested),
        own_claims=own,
        plans=row.plans,
        consents=consent_facts(
            (consent.as_recorded for consent in row.consents), held.practice.organization_ref
        ),
        reviews=tuple(review.as_review(held.practice.zone) for review in row.reviews),
        choice=in_force(held.choices_of(row.patient.id), held.month, row.patient.id).choice,
        mdm=held.mdm.get(row.patient.id),
        biller_id=likely_biller(row.entries),
        sent_on=held.today,
    )
    return material.of_biller(seen_as) if seen_as else material


def _signed(row: MonthRow) -> Standing:
    """Return a signed month by the decision that was signed, whatever a chart says since."""
    decision = _decision_signed(row)
    state = MonthState.SIGNED
    if any(one in TROUBLED for one in row.delivery_states):
        state = MonthState.PROBLEM
    elif _is_voided(row):
        state = MonthState.VOIDED
    elif row.claim_delivery_state is DeliveryState.SENT:
        state = MonthState.SENT
    return Standing(
        row=row,
        state=state,
        counted_seconds=row.entered_seconds if decision is None else decision.counted_seconds,
        amount_usd=None if row.claim is None else row.claim.total_usd,
        reasons=month_reasons.of_deliveries(row.delivery_states),
        detail=StandingDetail(
            next_threshold_seconds=None if decision is None else decision.next_threshold_seconds,
            reached=_codes(decision),
            claim_state=row.claim_delivery_state,
            claim_rung=row.claim_rung,
        ),
    )


def _is_voided(row: MonthRow) -> bool:
    """Whether the newest claim takes the one before it back; a first claim never does."""
    claim = row.claim
    return claim is not None and claim.revision > 1 and is_void(read_claim(claim))


def _own_names(world: Installation, row: MonthRow) -> frozenset[str]:
    system = world.identifier_system("claim")
    return row.claim_refs | {f"{system}|{one.identifier}" for one in row.claims}


def _decision_signed(row: MonthRow) -> Decision | None:
    """Return the signed decision; None where an older release wrote it in another shape."""
    if row.sign_off is None:
        return None
    try:
        return msgspec.json.decode(row.sign_off.decision_json, type=Decision)
    except msgspec.MsgspecError:
        return None


def _not_read(held: MonthMaterial, row: MonthRow) -> Standing:
    return Standing(
        row=row,
        state=_or_held(held, row, _or_correcting(row, MonthState.CHART_NOT_READ)),
        counted_seconds=row.entered_seconds,
        amount_usd=None,
        reasons=(month_reasons.CHART_NOT_READ, *_troubles(held, row)),
        detail=StandingDetail(problem=row.patient.chart_problem or ""),
    )


def _unruled(held: MonthMaterial, row: MonthRow, problem: str) -> Standing:
    lacking = ReasonKept(code=month_reasons.RULES_NOT_LOADED, owner=Role.ADMIN.value, fix=problem)
    return Standing(
        row=row,
        state=_or_held(held, row, _or_correcting(row, MonthState.NEEDS_FIX)),
        counted_seconds=row.entered_seconds,
        amount_usd=None,
        reasons=(lacking, *_troubles(held, row)),
        detail=StandingDetail(problem=problem),
    )


def _open(seen: _Seen, judgement: Judgement) -> Standing:
    held, row, decision = seen.held, seen.row, judgement.decision
    state, reasons, attested = _open_state(seen, judgement)
    amount = _amount(held, decision if attested is None else attested.decision)
    return Standing(
        row=row,
        state=_or_held(held, row, _or_correcting(row, state)),
        counted_seconds=decision.counted_seconds,
        amount_usd=amount,
        reasons=(*reasons, *_troubles(held, row)),
        detail=StandingDetail(
            next_threshold_seconds=decision.next_threshold_seconds,
            reached=_codes(decision),
            missing=_missing(decision),
            awaits_mdm=decision.is_mdm_awaited,
            to_attest=judgement.to_attest,
            obstacles=()
            if attested is None or state is not MonthState.NEEDS_FIX
            else tuple((reason.code, reason.owner) for reason in reasons),
        ),
        judgement=judgement,
        attested=attested,
    )


def _open_state(
    seen: _Seen, judgement: Judgement
) -> tuple[MonthState, tuple[ReasonKept, ...], Judgement | None]:
    decision = judgement.decision
    reasons = month_reasons.of_findings(decision.findings)
    if any(f.answer is Answer.NOT_MET for f in decision.findings):
        worked = decision.counted_seconds > 0
        return (MonthState.NEEDS_FIX if worked else MonthState.NOT_ELIGIBLE), reasons, None
    if Reason.TIMELY_FILING_EXPIRED in decision.reasons:
        return MonthState.NOT_ELIGIBLE, month_reasons.of_decision(decision), None
    if set(decision.unknown) - set(judgement.to_attest):
        return MonthState.NEEDS_FIX, reasons, None
    if not decision.reached:
        return MonthState.SHORT_OF_TIME, (month_reasons.SHORT,), None
    try:
        attested = judge_if_attested(seen.world, seen.material, judgement)
    except RuleError as problem:
        lacking = Obstacle(code=month_reasons.RULES_NOT_LOADED, owner="admin", fix=str(problem))
        return MonthState.NEEDS_FIX, month_reasons.of_obstacles((lacking,)), None
    return _with_obstacles(seen, attested)


def _with_obstacles(
    seen: _Seen, attested: Judgement
) -> tuple[MonthState, tuple[ReasonKept, ...], Judgement | None]:
    """Return what keeps a claim from being signed; the signer's own NPI is the signer's matter."""
    drafted = draft_ahead(seen.world, _ahead(seen, attested), attested)
    obstacles: tuple[Obstacle, ...] = () if isinstance(drafted, ClaimDraft) else drafted
    others = month_reasons.of_obstacles(o for o in obstacles if o.code != _NOTHING)
    if obstacles and not others:
        return MonthState.NOT_ELIGIBLE, month_reasons.of_decision(attested.decision), attested
    is_open = bool(others) or seen.row.waiting_entries > 0
    return (MonthState.NEEDS_FIX if is_open else MonthState.READY), others, attested


def _ahead(seen: _Seen, attested: Judgement) -> ClaimAhead:
    held, row, chart = seen.held, seen.row, seen.row.chart
    if chart is None:
        raise AssertionError
    said = (user_id for _, user_id in row.attested)
    stand = attesting(said, held.mdm.get(row.patient.id), attested.decision)
    parties = ClaimParties(
        patient_ref=row.patient.ref,
        practice_ref=held.practice.organization_ref,
        practice_npi=held.practice.npi,
        practitioner_ref=held.people.get(seen.seen_as, ""),
        practitioner_npi="",
        practitioner_taxonomy="",
        place_of_service=held.places.of(row.patient.id).location.place_of_service,
        awaits_signer=True,
    )
    return ClaimAhead(
        parties=parties,
        charges=held.charges,
        chart=chart.facts,
        own_names=_own_names(seen.world, row),
        coming=held.comings.get(row.patient.id, FIRST),
        practitioner_refs=frozenset(held.people[user_id] for user_id in stand),
        filed_on=held.today,
    )


def _or_correcting(row: MonthRow, state: MonthState) -> MonthState:
    """Keep a month that is being corrected out of the lists: it is signed on its own page."""
    return state if row.correction is None else MonthState.CORRECTING


def _or_held(held: MonthMaterial, row: MonthRow, state: MonthState) -> MonthState:
    if any(one in TROUBLED for one in row.delivery_states):
        return MonthState.PROBLEM
    return MonthState.HELD if row.patient.id in held.locks else state


def _troubles(held: MonthMaterial, row: MonthRow) -> tuple[ReasonKept, ...]:
    lock = held.locks.get(row.patient.id)
    locked = () if lock is None else (month_reasons.HELD,)
    waits = (month_reasons.TIME_WAITS,) if row.waiting_entries else ()
    return (*month_reasons.of_deliveries(row.delivery_states), *locked, *waits)


def _amount(held: MonthMaterial, decision: Decision) -> Decimal | None:
    """Return what the practice would charge for what the time supports; None without a charge."""
    lines = decision.lines or decision.reached
    if not lines or any(line.code not in held.charges for line in lines):
        return None
    return sum((line.units * held.charges[line.code] for line in lines), Decimal(0))


def _codes(decision: Decision | None) -> tuple[tuple[str, int], ...]:
    return () if decision is None else tuple((x.code, x.units) for x in decision.reached)


def _missing(decision: Decision) -> tuple[Finding, ...]:
    return tuple(
        msgspec.structs.replace(f, evidence=(), citations=(), notes=())
        for f in decision.findings
        if f.answer is not Answer.MET
    )


def _by_patient(records: tuple[ChoiceRecord, ...]) -> dict[str | None, list[ChoiceRecord]]:
    grouped = defaultdict[str | None, list[ChoiceRecord]](list)
    for record in records:
        grouped[record.patient_id].append(record)
    return dict(grouped)
