"""Deliveries that need a person: refused, set aside or held; and what a person may do about one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import CHARGES, DeliveryState, RungName
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.charge_lines import lines_told, parts_of_claim
from ccm_fhir.services.fall import next_rung
from ccm_fhir.services.hand_off import mark_handed_off
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.leaving_claim import reason_unfit
from ccm_fhir.services.plan_origins import SUPERSEDED
from ccm_fhir.services.problems import sentence_for
from ccm_fhir.services.reconcile import latest_report
from ccm_fhir.services.reconciled import Report
from ccm_fhir.services.retract import TAKEN_BACK
from ccm_fhir.services.turns import wake
from ccm_fhir.storage import (
    deliveries,
    keyed,
    ledger,
    patients,
    plan_tasks,
    plans,
    practices,
    sending,
    users,
)
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.keyed import NewKeyed
from ccm_fhir.storage.sending import RELEASED, Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

HANDS = (Role.BILLER, Role.PRACTITIONER, Role.ADMIN)
LONGEST_NUMBER = 64
_STOPPED = (DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD)
_NOBODY_NEEDED = frozenset({TAKEN_BACK, SUPERSEDED, "nothing_to_take_back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One delivery that does not go on by itself; ``owner`` is who is to look first.

    ``may_retry``: it can be tried again as it is; ``may_fall``: another way may take it over.
    """

    delivery_id: str
    patient_name: str = field(repr=False)
    resource_type: str
    state: DeliveryState
    reason: str
    owner: str
    since: datetime
    tries: int
    may_retry: bool
    may_fall: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsPerson:
    """Everything of a practice that needs a person, oldest first, and the newest comparison."""

    stopped: tuple[Stopped, ...]
    may_act: bool
    report: Report | None


def needs_person(world: Installation, actor: Actor) -> NeedsPerson:
    """Return what needs a person; that it was looked at is audited."""
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_needs_person", None)
        zone = practices.get(session, actor.practice_id).zone
        names = {user.id: user.name for user in users.list_all(session, actor.practice_id)}
        patient_names = {
            patient.id: patient.name for patient in patients.list_all(session, actor.practice_id)
        }
        stopped = tuple(
            Stopped(
                delivery_id=record.id,
                patient_name=patient_names[record.patient_id],
                resource_type=record.resource_type.value,
                state=record.state,
                reason=_reason(world, session, record, zone),
                owner=_owner(session, record, names),
                since=record.updated_at,
                tries=record.tries,
                may_retry=not record.is_outside,
                may_fall=_may_fall(record),
            )
            for record in _stopped(session, actor.practice_id)
        )
    report = latest_report(world, actor.practice_id)
    return NeedsPerson(stopped=stopped, may_act=actor.may(*HANDS), report=report)


def count_that_need_a_person(world: Installation, practice_id: str) -> int:
    """Return how many deliveries of a practice do not go on by themselves."""
    with world.db.read(practice_id) as session:
        return len(_stopped(session, practice_id))


def retry(world: Installation, actor: Actor, delivery_id: str) -> None:
    """Let a stopped delivery go on: the EHR is searched first, and it is sent if it is not there.

    It has as many tries as it had at first; those before stay in its history.

    Raises:
        NotAllowedError: for a biller, practitioner or administrator.
        NotFoundError: no such delivery in this practice.
        ConflictError: it goes on already, or it was entered by hand.
    """
    with world.db.write(actor.practice_id) as session:
        record = _taken_in_hand(world, session, actor, delivery_id, "retry_delivery")
        if record.is_outside:
            raise ConflictError("Nothing of it goes to the EHR by itself; there is nothing to try.")
        now = world.clock()
        if record.state is DeliveryState.QUARANTINE:
            problem = Problem(delivery_id=record.id, code=RELEASED)
            sending.mark_held(session, actor.practice_id, problem, now)
        sending.release(session, actor.practice_id, record.id, now)
        wake(world, session, actor.practice_id, record.id)
        _release_what_follows(world, session, record, now)


def _release_what_follows(
    world: Installation, session: Session, record: DeliveryRecord, now: datetime
) -> None:
    """Let the lines of a claim go on that stood only because the one before them did."""
    if record.rung not in CHARGES and record.purpose is not Purpose.ANCHOR:
        return
    for waiting in deliveries.dependents(session, record.practice_id, record.id):
        # Read anew: of what an anchor holds up, each line may have let go of the next already.
        other = deliveries.get(session, record.practice_id, waiting.id)
        if other.state is DeliveryState.HELD and other.last_problem == "dependency_refused":
            sending.release(session, record.practice_id, other.id, now)
            wake(world, session, record.practice_id, other.id)
            _release_what_follows(world, session, other, now)


def mark_keyed(world: Installation, actor: Actor, delivery_id: str, ehr_number: str) -> None:
    """Record that a person entered it in the EHR by hand, under the number that the EHR gave.

    Raises:
        NotAllowedError: for a biller, practitioner or administrator.
        InputError: no number, or too long a one.
        NotFoundError: no such delivery in this practice.
        ConflictError: it goes on by itself, or another number was recorded.
    """
    with world.db.write(actor.practice_id) as session:
        record = _taken_in_hand(world, session, actor, delivery_id, "keyed_by_hand")
        number = ehr_number.strip()
        if not number or len(number) > LONGEST_NUMBER:
            raise InputError(
                "ehr_number",
                f"Give the number that the EHR shows, {LONGEST_NUMBER} characters at most.",
            )
        if record.is_hand_off:
            mark_handed_off(session, actor, record, number, world.clock())
            return
        new = NewKeyed(
            delivery_id=record.id, user_id=actor.user_id, person=actor.name, ehr_number=number
        )
        keyed.record(session, actor.practice_id, new, world.clock())


def send_another_way(world: Installation, actor: Actor, delivery_id: str) -> RungName:
    """Let the next way down take a stopped delivery over; return that way.

    Raises:
        NotAllowedError: for a biller, practitioner or administrator.
        NotFoundError: no such delivery in this practice.
        ConflictError: it goes on already, may be in the EHR, or there is no other way.
    """
    with world.db.write(actor.practice_id) as session:
        record = _taken_in_hand(world, session, actor, delivery_id, "send_lower")
        practice = practices.get(session, actor.practice_id)
        to = next_rung(world, session, practice, record, world.clock())
        if to is None:
            raise ConflictError("It may be in the EHR already, or there is no other way.")
        return to


def _may_fall(record: DeliveryRecord) -> bool:
    """Whether it is worth offering another way; whether there is one, the plan says then."""
    return (
        record.purpose in {Purpose.ARTEFACT, Purpose.REVISION}
        and not record.is_outside
        and record.state is not DeliveryState.QUARANTINE
    )


def _taken_in_hand(
    world: Installation, session: Session, actor: Actor, delivery_id: str, act: str
) -> DeliveryRecord:
    actor.must_be("settling a delivery", *HANDS)
    record = deliveries.get(session, actor.practice_id, delivery_id)
    audited(world, session, actor, act, record.patient_id)
    record = sending.claim_for_sending(session, actor.practice_id, delivery_id, world.clock())
    if record.state not in _STOPPED:
        raise ConflictError("It is on its way by itself again; look at the list anew.")
    if record.last_problem == SUPERSEDED and record.artefact_kind is ArtefactKind.CLAIM:
        raise ConflictError("A later claim of the month has taken its place; it must not be sent.")
    if delivery_id in keyed.of_practice(session, actor.practice_id) and act == "retry_delivery":
        raise ConflictError("It was entered by hand already; sending it would double it.")
    return record


def _stopped(session: Session, practice_id: str) -> tuple[DeliveryRecord, ...]:
    by_hand = keyed.of_practice(session, practice_id)
    return tuple(
        record
        for record in deliveries.unfinished(session, practice_id)
        if record.state in _STOPPED
        and record.purpose is not Purpose.NOTICE
        and not record.is_by_file  # it waits for the month's claim file
        and record.id not in by_hand
        and record.last_problem not in _NOBODY_NEEDED
        and not _is_left_behind(session, record)
    )


def _is_left_behind(session: Session, record: DeliveryRecord) -> bool:
    """Whether it is an Encounter for charges which have all gone another way since."""
    if record.purpose is not Purpose.ANCHOR:
        return False
    waiting = deliveries.dependents(session, record.practice_id, record.id)
    return all(one.has_fallen for one in waiting)


def _reason(world: Installation, session: Session, record: DeliveryRecord, zone: ZoneInfo) -> str:
    """Return why it stands; of a claim also what mends it, of a charge where its lines are."""
    mend = reason_unfit(world, session, record, world.clock())
    reason = f"{sentence_for(record, zone)} {mend}".rstrip()
    if record.rung not in CHARGES:
        return reason
    found = deliveries.of_artefact(
        session, record.practice_id, record.artefact_kind, record.artefact_id
    )
    by_hand = keyed.of_practice(session, record.practice_id)
    told = lines_told(parts_of_claim(found, record.artefact_id), by_hand)
    return f"{reason} {told}".rstrip()


def _owner(session: Session, record: DeliveryRecord, names: dict[str, str]) -> str:
    """Return who looks first: whoever worked, or wrote plan or task; for all else the biller."""
    if record.artefact_kind is ArtefactKind.PLAN_TASK:
        task = plan_tasks.get(session, record.practice_id, record.patient_id, record.artefact_id)
        return names.get(task.made_by, "the care team")
    if record.artefact_kind is ArtefactKind.CARE_PLAN:
        version = plans.version(session, record.practice_id, record.artefact_id)
        return names.get(version.adopted_by, "the care team")
    if record.artefact_kind is not ArtefactKind.TIME_ENTRY:
        return "the biller"
    entry = ledger.get(session, record.practice_id, record.artefact_id)
    return names.get(entry.user_id, "the care team")
