"""How an artefact falls to the next rung: on proof, never while anything of it is in doubt.

What was asked and answered, the hash of what the EHR declared, and the sentence of the plan stay
on the row that was left. An Encounter that is refused takes its Procedure along, which the new
rung writes so that it stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.writeback import (
    CHARGES,
    CREATE,
    OPERATION,
    UPDATE,
    Act,
    Answer,
    Artefact,
    DeliveryState,
    RungName,
    WritePlan,
    proof_of,
    rest_of,
)
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import Place, plan_on_rung
from ccm_fhir.services.told import Told, told_of
from ccm_fhir.services.told_artefact import lacks_of, told_artefact
from ccm_fhir.services.words import Worded, plan_words
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import deliveries, ehrs, practices, sending, write_facts
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Answered, Fall
from ccm_fhir.storage.vocabulary import Purpose
from ccm_fhir.storage.write_facts import NewProof

_IN_DOUBT = frozenset({DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.QUARANTINE})
FELL = "fell"
_NO_CHANGE = "The EHR does not let this app change what it has of the plan."


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A delivery that surely wrote nothing, and the scopes that were granted when it was tried."""

    world: Installation
    ehr: Ehr
    record: DeliveryRecord
    granted: frozenset[str] | None


def is_on_a_ladder(record: DeliveryRecord) -> bool:
    """Whether a delivery is of the thing itself and may move to another rung."""
    return record.rung is not None and record.purpose is Purpose.ARTEFACT and not record.has_fallen


def prove(
    world: Installation, session: Session, record: DeliveryRecord, answered: Answered
) -> bool:
    """Keep what an answer proves; return whether it proves that the EHR does not offer it."""
    act = _act_of(record)
    answer = Answer(status=answered.status, issue_codes=frozenset(answered.codes))
    proof = proof_of(act, answer, world.clock())
    if proof is None:
        return False
    new = NewProof(
        ehr_id=record.ehr_id,
        proof=proof,
        delivery_id=record.id,
        statement_sha256=answered.statement_sha256,
    )
    write_facts.record_proof(session, record.practice_id, new)
    return proof.verdict.value == "not_supported"


def _act_of(record: DeliveryRecord) -> Act:
    is_amendment = record.purpose is Purpose.AMENDMENT and record.rung is None
    is_change = is_amendment or record.purpose is Purpose.REVISION
    is_operation = record.rung is RungName.CHARGE_ITEM_OPERATION
    code = OPERATION if is_operation else UPDATE if is_change else CREATE
    return Act(resource_type=record.resource_type.value, code=code)


def is_partly_there(session: Session, record: DeliveryRecord) -> bool:
    """Whether other lines of the claim are, or may be, charged in the EHR already."""
    return record.rung in CHARGES and any(
        part.id != record.id and part.state in _IN_DOUBT | {DeliveryState.SENT}
        for part in _live_parts(session, record)
    )


def is_shut(session: Session, leaving: Leaving) -> bool:
    """Whether the rung of a delivery that nobody has tried yet is not possible (any more)."""
    record = leaving.record
    if record.rung is None or not is_on_a_ladder(record):
        return False
    plan = _plan_of(session, leaving)
    return plan is not None and _lower(plan, record.rung) is not None


def is_unknown(session: Session, leaving: Leaving) -> bool:
    """Whether only the CapabilityStatement, which was never read, can say if a rung is possible."""
    plan = _plan_of(session, leaving)
    rungs = () if plan is None else plan.rungs
    return any(rung.is_unknown for rung in rungs if rung.name is leaving.record.rung)


def _plan_of(session: Session, leaving: Leaving) -> WritePlan | None:
    record = leaving.record
    which = (record.practice_id, record.artefact_kind, record.artefact_id)
    told = told_artefact(session, *which)
    if told is None:
        return None
    tenant = tenant_of(session, leaving.ehr, leaving.granted)
    return plan_for(told, tenant, lacks=lacks_of(session, *which))


def leave(session: Session, leaving: Leaving) -> RungName | None:
    """Let the planner replace what cannot go on its rung; None where it stays where it is.

    Call it only for a delivery of which it is certain that nothing was written.

    Raises:
        ConflictError: somebody else has moved it meanwhile.
    """
    world, record = leaving.world, leaving.record
    now = world.clock()
    practice = practices.get(session, record.practice_id)
    told = told_of(world, session, practice, record.artefact_kind, record.artefact_id)
    if told is None or not is_on_a_ladder(record) or record.rung is None:
        return None
    parts = _live_parts(session, record)
    chosen = _chosen(session, leaving, told, parts)
    if chosen is None:
        return None
    to, rule = chosen
    _mark_fallen(session, parts, record, to, now)
    if not told.is_live:
        return to
    if to is rest_of(record.rung, record.resource_type):
        plan_words(Worded(world=world, ehr=leaving.ehr, record=record, told=told), session)
        return to
    place = Place(rung=to, rule=rule, mark=f"|{to}")
    plan_on_rung(world, session, practice, told, place, now)
    return to


def leave_revision(session: Session, leaving: Leaving) -> RungName | None:
    """Let a document, or a person, tell the version whose change the EHR does not take.

    What others of the version's changes brought to the EHR stays there. None where a later
    version tells more.
    """
    world, record = leaving.world, leaving.record
    now = world.clock()
    practice = practices.get(session, record.practice_id)
    told = told_of(world, session, practice, record.artefact_kind, record.artefact_id)
    if told is None or record.rung is None:
        return None
    plan = _plan(session, leaving, told)
    at = next(rung for rung in plan.rungs if rung.name is record.rung)
    below = next(rung for rung in plan.rungs if rung.number > at.number and rung.is_possible)
    fall = Fall(delivery_id=record.id, to=below.name, code=FELL)
    sending.mark_fallen(session, record.practice_id, fall, now)
    if not told.is_live:
        return None
    rule = f"{_NO_CHANGE} {below.sentence}"
    place = Place(rung=below.name, rule=rule, mark=f"|{below.name}")
    plan_on_rung(world, session, practice, told, place, now)
    return below.name


def next_rung(
    world: Installation, session: Session, practice: Practice, record: DeliveryRecord, now: datetime
) -> RungName | None:
    """Take a refused or held delivery one possible rung down, since a person says so.

    None where it is in doubt, in the EHR, already with a person, or to leave by file. The caller
    has written the audit line and locked nothing.
    """
    told = told_of(world, session, practice, record.artefact_kind, record.artefact_id)
    refused = {DeliveryState.REJECTED, DeliveryState.HELD}
    if record.purpose is Purpose.REVISION and record.state in refused and not record.has_fallen:
        ehr = ehrs.get(session, record.practice_id, record.ehr_id)
        leaving = Leaving(world=world, ehr=ehr, record=record, granted=None)
        return leave_revision(session, leaving)
    is_settled = record.is_outside or record.state not in refused
    if told is None or not is_on_a_ladder(record) or is_settled:
        return None
    parts = _live_parts(session, record)
    blocking = _IN_DOUBT if _stays_beside(told) else _IN_DOUBT | {DeliveryState.SENT}
    if any(part.state in blocking or _may_be_billed(session, told, part) for part in parts):
        return None
    ehr = ehrs.get(session, record.practice_id, record.ehr_id)
    leaving = Leaving(world=world, ehr=ehr, record=record, granted=None)
    plan = _plan(session, leaving, told)
    at = next(rung.number for rung in plan.rungs if rung.name is record.rung)
    below = next((r for r in plan.rungs if r.number > at and r.is_open), None)
    if below is None:
        return None
    _mark_fallen(session, parts, record, below.name, now)
    place = Place(rung=below.name, rule="A person chose the next way.", mark=f"|{below.name}")
    plan_on_rung(world, session, practice, told, place, now)
    return below.name


def _live_parts(session: Session, record: DeliveryRecord) -> tuple[DeliveryRecord, ...]:
    mine = deliveries.of_artefact(
        session, record.practice_id, record.artefact_kind, record.artefact_id
    )
    return tuple(part for part in mine if is_on_a_ladder(part))


def _chosen(
    session: Session, leaving: Leaving, told: Told, parts: tuple[DeliveryRecord, ...]
) -> tuple[RungName, str] | None:
    record = leaving.record
    others = tuple(part for part in parts if part.id != record.id)
    if record.rung is None or any(part.state in _IN_DOUBT for part in others):
        return None
    if any(part.state is DeliveryState.SENT for part in others) and not _stays_beside(told):
        rest = rest_of(record.rung, record.resource_type)
        return None if rest is None else (rest, "The other part is in the EHR and stands alone.")
    return _lower(_plan(session, leaving, told), record.rung)


def _plan(session: Session, leaving: Leaving, told: Told) -> WritePlan:
    tenant = tenant_of(session, leaving.ehr, leaving.granted)
    return plan_for(told.artefact, tenant, lacks=told.lacks)


def _may_be_billed(session: Session, told: Told, part: DeliveryRecord) -> bool:
    """Whether money is at stake on a try whose answer was lost, and that nothing has settled."""
    is_claim, is_held = told.artefact is Artefact.CLAIM, part.state is DeliveryState.HELD
    return is_claim and is_held and sending.is_doubtful(session, part.practice_id, part.id)


def _stays_beside(told: Told) -> bool:
    """Whether parts that are in the EHR do no harm beside the whole on a lower rung.

    Goals do none beside the plan as a document; an Encounter would tell of work a second time.
    """
    return told.artefact is Artefact.CARE_PLAN


def _lower(plan: WritePlan, present: RungName) -> tuple[RungName, str] | None:
    """The live rung, if the present one is not possible any more and this one lies below it."""
    at = next(rung for rung in plan.rungs if rung.name is present)
    if at.is_open:
        return None
    below = next(r for r in plan.rungs if r.number > at.number and r.is_open)
    return below.name, f"{at.sentence} {below.sentence}"


def _mark_fallen(
    session: Session,
    parts: tuple[DeliveryRecord, ...],
    record: DeliveryRecord,
    to: RungName,
    now: datetime,
) -> None:
    for part in parts:
        if part.id == record.id or part.state is not DeliveryState.SENT:
            fall = Fall(delivery_id=part.id, to=to, code=FELL)
            sending.mark_fallen(session, record.practice_id, fall, now)
