"""Timers on the server: they survive a closed tab, a restart and a session that ended.

One timer runs for a person at a time, whichever patient and whichever tab; starting a second one
is refused until the person says which of the two it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ccm_fhir.domain import timers as clock
from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.timers import Ending, IdleAnswer, Sign, Timer, TimerPolicy
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import approvals, audit, ledger, patients, practices, timers
from ccm_fhir.storage.approvals import ApprovalRecord
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.timers import NewPolicy, NewTimer, TimerRecord
from ccm_fhir.storage.vocabulary import TimerOutcome

KEEPERS = (Role.CARE_MANAGER, Role.PRACTITIONER)
_USUAL_POLICY = {Role.CARE_MANAGER: TimerPolicy.ASK, Role.PRACTITIONER: TimerPolicy.ASK}


class TimerState(StrEnum):
    """How a timer stands to the person who looks at it."""

    RUNNING = "running"
    ASKING = "asking"
    PAUSED = "paused"
    LAPSED = "lapsed"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCard:
    """A timer as it is shown to its owner."""

    timer_id: str
    patient_id: str
    patient_name: str = field(repr=False)
    state: TimerState
    seconds: int
    started_at: datetime
    rested_at: datetime | None
    active_at: datetime
    quiet_seconds: int
    activity: Activity | None
    contact_mode: ContactMode | None
    is_watched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEntry:
    """One live entry of a person's own day, in the practice's time."""

    patient_id: str
    entry_id: str
    is_waiting: bool
    patient_name: str = field(repr=False)
    started_at: datetime
    ended_at: datetime
    seconds: int
    activity: Activity
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MyDay:
    """A person's own day: what is in the ledger, and which timers were thrown away."""

    entries: tuple[DayEntry, ...]
    discarded: tuple[TimerCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """A start: ``is_switch`` says that a running timer of another patient is to rest."""

    patient_id: str
    activity: Activity | None = None
    contact_mode: ContactMode | None = None
    is_switch: bool = False
    is_watched: bool = False


class TimerRunningError(ConflictError):
    """The person's timer runs for another patient; a person must say which it is."""

    def __init__(self, running: TimerCard) -> None:
        self.running = running
        super().__init__("A timer of yours is running for another patient.")


def timers_of(world: Installation, actor: Actor, now: datetime) -> tuple[TimerCard, ...]:
    """Return a person's open timers as they stand now, the running one first."""
    if not actor.may(*KEEPERS):
        return ()
    moment = _second(now)
    with world.db.read(actor.practice_id) as session:
        found = timers.open_of_user(session, actor.practice_id, actor.user_id)
        return tuple(_card(session, actor, one, moment) for one in found)


def day_of(world: Installation, actor: Actor, now: datetime) -> MyDay:
    """Return the person's own day by the practice's clock."""
    with world.db.read(actor.practice_id) as session:
        zone = practices.get(session, actor.practice_id).zone
        today = now.astimezone(zone).date()
        begins = datetime.combine(today, time.min, tzinfo=zone)
        ends = datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone)
        found = ledger.of_user_between(session, actor.practice_id, actor.user_id, begins, ends)
        asked = approvals.of_entries(session, actor.practice_id, [one.id for one in found])
        thrown = timers.discarded_since(session, actor.practice_id, actor.user_id, begins)
        return MyDay(
            entries=tuple(_entry(session, actor, one, zone, asked.get(one.id)) for one in found),
            discarded=tuple(_card(session, actor, one, _second(now)) for one in thrown),
        )


def patient_of(world: Installation, actor: Actor, timer_id: str) -> str:
    """Return whose timer it is; raises NotFoundError where it is not the person's own."""
    with world.db.read(actor.practice_id) as session:
        record = timers.get(session, actor.practice_id, timer_id)
    if record.user_id != actor.user_id:
        raise NotFoundError("timer")
    return record.patient_id


def policy_for(world: Installation, actor: Actor) -> TimerPolicy:
    """Return how timers start for the person: as the practice has set it, or asked for."""
    with world.db.read(actor.practice_id) as session:
        found = timers.policy_of(session, actor.practice_id, actor.role)
    return found or usual_policy(actor.role)


def usual_policy(role: Role) -> TimerPolicy:
    """Return how timers start for a role where the practice has set nothing."""
    return _USUAL_POLICY.get(role, TimerPolicy.NEVER)


def set_policy(
    world: Installation, actor: Actor, role: Role, policy: TimerPolicy, now: datetime
) -> None:
    """Set how timers start for a role of the practice.

    Raises:
        NotAllowedError: only an administrator does.
        InputError: the role keeps no time.
    """
    actor.must_be("setting the timers", Role.ADMIN)
    if role not in KEEPERS:
        raise InputError("role", "Only care managers and billing practitioners keep time.")
    with world.db.write(actor.practice_id) as session:
        if timers.policy_of(session, actor.practice_id, role) is policy:
            return
        act = f"set_timer_policy {role.value} {policy.value}"
        audited = AuditEntry(act=act, user_id=actor.user_id, patient_id=None)
        audit.append(session, world.audit_key, actor.practice_id, audited, world.clock())
        new = NewPolicy(role=role, policy=policy, set_by=actor.user_id)
        timers.set_policy(session, actor.practice_id, new, now)


def start_by_policy(
    world: Installation, actor: Actor, patient_id: str | None, now: datetime
) -> None:
    """Start the patient's timer where the practice wants that on opening a chart.

    A timer that runs for another patient goes on: the person says which it is.
    """
    if patient_id is None or not actor.may(*KEEPERS):
        return
    if policy_for(world, actor) is TimerPolicy.AUTO:
        with suppress(TimerRunningError):
            start(world, actor, StartTimer(patient_id=patient_id), now)


def start(world: Installation, actor: Actor, request: StartTimer, now: datetime) -> str:
    """Start or resume the person's timer for a patient and return its id.

    Raises:
        NotAllowedError: the person keeps no time.
        TimerRunningError: one runs for another patient, and nobody said to switch.
    """
    actor.must_be("keeping time", *KEEPERS)
    moment = _second(now)
    with world.db.write(actor.practice_id) as session:
        patients.get(session, actor.practice_id, request.patient_id)
        audited(world, session, actor, "start_timer", request.patient_id)
        mine = timers.open_of_user(session, actor.practice_id, actor.user_id)
        for one in mine:
            _let_rest(session, actor, one, request, moment)
        for one in mine:
            if one.patient_id == request.patient_id:
                again = clock.resume(_as_of(one, moment), moment)
                timers.keep(session, actor.practice_id, one, again, moment)
                return one.id
        new = NewTimer(
            user_id=actor.user_id,
            patient_id=request.patient_id,
            activity=request.activity,
            timer=clock.start(moment, request.contact_mode, is_watched=request.is_watched),
        )
        return timers.open_timer(session, actor.practice_id, new, moment).id


def pause(world: Installation, actor: Actor, timer_id: str, now: datetime) -> None:
    """Let a timer rest; one that rests already is left as it is."""
    moment = _second(now)
    with world.db.write(actor.practice_id) as session:
        record = mine(session, actor, timer_id)
        audited(world, session, actor, "pause_timer", record.patient_id)
        rested = clock.rest(_as_of(record, moment), moment, Ending.PAUSE)
        timers.keep(session, actor.practice_id, record, rested, moment)


def hear(
    world: Installation, actor: Actor, timer_id: str, sign: Sign, now: datetime
) -> TimerCard | None:
    """Take a page's sign and return the timer; None where it is no longer open."""
    moment = _second(now)
    with world.db.write(actor.practice_id) as session:
        try:
            record = mine(session, actor, timer_id)
        except (NotFoundError, ConflictError):
            return None
        heard = clock.hear(record.timer, sign, moment)
        timers.keep(session, actor.practice_id, record, heard, moment)
        return _card(session, actor, timers.get(session, actor.practice_id, timer_id), moment)


def answer(
    world: Installation, actor: Actor, timer_id: str, said: IdleAnswer, now: datetime
) -> None:
    """Take the person's word for the time without activity, and go on."""
    moment = _second(now)
    with world.db.write(actor.practice_id) as session:
        record = mine(session, actor, timer_id)
        audited(world, session, actor, f"timer_{said.value}", record.patient_id)
        told = clock.answer(_as_of(record, moment), said, moment)
        timers.keep(session, actor.practice_id, record, told, moment)


def discard(world: Installation, actor: Actor, timer_id: str, now: datetime) -> None:
    """Close a timer without saving; what it measured stays on record and can be brought back."""
    moment = _second(now)
    with world.db.write(actor.practice_id) as session:
        record = mine(session, actor, timer_id)
        audited(world, session, actor, "discard_timer", record.patient_id)
        rested = clock.rest(_as_of(record, moment), moment, Ending.DISCARD)
        timers.keep(session, actor.practice_id, record, rested, moment)
        timers.close(session, actor.practice_id, timer_id, TimerOutcome.DISCARDED, moment)


def mine(session: Session, actor: Actor, timer_id: str) -> TimerRecord:
    """Return an open timer of the person's own.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: it is closed.
    """
    record = timers.get(session, actor.practice_id, timer_id)
    if record.user_id != actor.user_id:
        raise NotFoundError("timer")
    if record.outcome is not None:
        raise ConflictError("This timer was saved or discarded already.")
    return record


def _let_rest(
    session: Session, actor: Actor, one: TimerRecord, request: StartTimer, moment: datetime
) -> None:
    """Let a timer of another patient rest, or ask; what has lapsed by itself is only written."""
    if one.patient_id == request.patient_id:
        return
    settled = _as_of(one, moment)
    if settled.is_running and not request.is_switch:
        raise TimerRunningError(_card(session, actor, one, moment))
    rested = clock.rest(settled, moment, Ending.SWITCH)
    timers.keep(session, actor.practice_id, one, rested, moment)


def _as_of(record: TimerRecord, moment: datetime) -> Timer:
    return clock.settle(record.timer, moment)


def _card(session: Session, actor: Actor, record: TimerRecord, moment: datetime) -> TimerCard:
    timer = _as_of(record, moment)
    zone = practices.get(session, actor.practice_id).zone
    last = timer.stretches[-1] if timer.stretches else None
    return TimerCard(
        timer_id=record.id,
        patient_id=record.patient_id,
        patient_name=patients.get(session, actor.practice_id, record.patient_id).name,
        state=_state(timer, moment),
        seconds=clock.worked_seconds(timer, moment),
        started_at=record.started_at.astimezone(zone),
        rested_at=None if last is None or timer.is_running else last.ended_at.astimezone(zone),
        active_at=timer.active_at.astimezone(zone),
        quiet_seconds=max(0, (moment - timer.active_at) // timedelta(seconds=1)),
        activity=record.activity,
        contact_mode=timer.contact_mode,
        is_watched=timer.is_watched,
    )


def _entry(
    session: Session,
    actor: Actor,
    one: TimeEntryRecord,
    zone: ZoneInfo,
    asked: ApprovalRecord | None,
) -> DayEntry:
    return DayEntry(
        patient_id=one.patient_id,
        entry_id=one.id,
        is_waiting=asked is not None and asked.is_approved is not True,
        patient_name=patients.get(session, actor.practice_id, one.patient_id).name,
        started_at=one.started_at.astimezone(zone),
        ended_at=one.ended_at.astimezone(zone),
        seconds=one.as_time_entry.total_seconds,
        activity=one.activity,
        source=one.source.value,
    )


def _state(timer: Timer, moment: datetime) -> TimerState:
    if timer.is_running:
        return TimerState.ASKING if clock.must_ask(timer, moment) else TimerState.RUNNING
    last = timer.stretches[-1].ending if timer.stretches else Ending.PAUSE
    return {Ending.LAPSE: TimerState.LAPSED, Ending.IDLE: TimerState.IDLE}.get(
        last, TimerState.PAUSED
    )


def _second(now: datetime) -> datetime:
    """Return a moment on its whole second, so that stretches meet without a gap or an overlap."""
    return now.replace(microsecond=0)
