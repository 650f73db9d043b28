"""How a delivery moves: intent before the request, and no way to send twice by mistake.

``claim_for_sending`` locks the row, ``mark_intent`` is committed before the request leaves,
and whatever came of it is marked after. Every step is checked against ``TRANSITIONS`` and
leaves an event. A try whose outcome is not known makes the delivery doubtful for good: from
then on "surely not written" of a later try no longer means that nothing was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage.delivery_records import DeliveryRecord, add_event, delivery_of, to_json
from ccm_fhir.storage.tables import DeliveryEventRow, DeliveryRow
from ccm_fhir.storage.vocabulary import DeliveryState as State

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.writeback import RungName

RELEASED = "released"  # by a person; what is counted of a delivery is counted from here on
UNSENT = "unsent"  # the step after an intent of which nothing left
TRANSITIONS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset(
        {
            State.PLANNED,
            State.SENDING,
            State.SENT,
            State.REJECTED,
            State.HELD,
            State.QUARANTINE,
        }
    ),
    State.SENDING: frozenset(
        {
            State.SENT,
            State.UNCERTAIN,
            State.REJECTED,
            State.QUARANTINE,
            State.HELD,
            State.PLANNED,
        }
    ),
    State.UNCERTAIN: frozenset(
        {State.UNCERTAIN, State.SENDING, State.SENT, State.HELD, State.QUARANTINE}
    ),
    State.SENT: frozenset({State.QUARANTINE}),
    State.REJECTED: frozenset({State.PLANNED}),
    State.HELD: frozenset({State.PLANNED, State.SENT, State.QUARANTINE}),
    State.QUARANTINE: frozenset({State.SENT, State.HELD}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the EHR answered: status, issue codes, and the hash of what it declared then."""

    status: int
    codes: tuple[str, ...] = ()
    statement_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """That a lower rung takes over, and under which word."""

    delivery_id: str
    to: RungName
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The wish to send now; ``tries`` is what the caller has read, so that only one goes on."""

    delivery_id: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That the EHR has the resource, and under which id."""

    delivery_id: str
    remote_id: str = field(repr=False)
    remote_version: str = ""
    remote_hash: str = ""
    answer: Answered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What the EHR gave when asked for the resource; ``lossy`` names elements it changed."""

    delivery_id: str
    remote_hash: str
    remote_version: str = ""
    lossy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a delivery does not go on; ``code`` is one of the caller's words, never a payload."""

    delivery_id: str
    code: str
    answer: Answered | None = None


def claim_for_sending(
    session: Session, practice_id: str, delivery_id: str, now: datetime
) -> DeliveryRecord:
    """Return a delivery, locked until the transaction ends; look at its state before acting.

    One that is found SENDING was left by a sender that died (or has been overtaken): whether
    it wrote is not known, so the delivery becomes UNCERTAIN.
    """
    row = _lock(session, practice_id, delivery_id)
    if row.state is State.SENDING:
        _move(session, row, State.UNCERTAIN, now, code="found_sending")
    return delivery_of(row)


def mark_intent(
    session: Session, practice_id: str, intent: Intent, now: datetime
) -> DeliveryRecord:
    """Write down that the resource is about to be sent; commit before sending it.

    Raises:
        ConflictError: someone else has tried since the caller read, or it may not be sent.
    """
    row = _lock(session, practice_id, intent.delivery_id)
    if row.tries != intent.tries:
        raise ConflictError("another sender has taken this delivery")
    row.intent_at = now
    row.tries += 1
    return _move(session, row, State.SENDING, now)


def mark_sent(
    session: Session, practice_id: str, receipt: Receipt, now: datetime
) -> DeliveryRecord:
    """Record the EHR's id; recording the same one again changes nothing.

    Raises:
        ConflictError: it was recorded as sent under another id.
    """
    row = _lock(session, practice_id, receipt.delivery_id)
    if row.state is State.SENT and row.remote_id == receipt.remote_id:
        return delivery_of(row)
    row.remote_id = receipt.remote_id
    row.remote_version = receipt.remote_version
    row.remote_hash = receipt.remote_hash
    _keep(row, receipt.answer)
    return _move(session, row, State.SENT, now)


def mark_read_back(
    session: Session, practice_id: str, read_back: ReadBack, now: datetime
) -> DeliveryRecord:
    """Record how the EHR shows a resource that was sent."""
    row = _lock(session, practice_id, read_back.delivery_id)
    if row.state is not State.SENT:
        raise ConflictError(f"a delivery that is {row.state} cannot be read back")
    row.remote_hash = read_back.remote_hash
    row.remote_version = read_back.remote_version or row.remote_version
    row.lossy_json = to_json(read_back.lossy)
    row.read_back_at = now
    row.updated_at = now
    add_event(session, row, "read_back", now, "lossy" if read_back.lossy else "")
    return delivery_of(row)


def mark_uncertain(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that the outcome of a try is not known: search before sending again."""
    row = _lock(session, practice_id, problem.delivery_id)
    _keep(row, problem.answer)
    return _move(session, row, State.UNCERTAIN, now, code=problem.code)


def mark_rejected(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that the EHR has refused the resource; it was not written."""
    row = _lock(session, practice_id, problem.delivery_id)
    _keep(row, problem.answer)
    return _move(session, row, State.REJECTED, now, code=problem.code)


def mark_quarantined(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that the EHR holds more than one, or something else, under our identifier."""
    row = _lock(session, practice_id, problem.delivery_id)
    _keep(row, problem.answer)
    return _move(session, row, State.QUARANTINE, now, code=problem.code)


def mark_held(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that a person must decide whether it is sent again."""
    row = _lock(session, practice_id, problem.delivery_id)
    _keep(row, problem.answer)
    return _move(session, row, State.HELD, now, code=problem.code)


def mark_fallen(session: Session, practice_id: str, fall: Fall, now: datetime) -> DeliveryRecord:
    """Record that a lower rung takes over what surely was not written here.

    Raises:
        ConflictError: it was written, or may have been, or a lower rung has it already.
    """
    row = _lock(session, practice_id, fall.delivery_id)
    if row.fell_to is not None or row.state in {State.SENT, State.SENDING, State.QUARANTINE}:
        raise ConflictError(f"a delivery that is {row.state} cannot fall to a lower rung")
    row.fell_to = fall.to
    row.state = State.REJECTED
    row.last_problem = fall.code
    row.updated_at = now
    add_event(session, row, "fell", now, fall.code)
    return delivery_of(row)


def note_fall(session: Session, practice_id: str, delivery_id: str, to: RungName) -> None:
    """Record which rung has taken over from a delivery that was refused already."""
    row = _lock(session, practice_id, delivery_id)
    if row.state is not State.REJECTED:
        raise ConflictError(f"a delivery that is {row.state} has not fallen")
    row.fell_to = to
    session.flush()


def mark_withdrawn(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that what surely is not in the EHR need not go there any more.

    Raises:
        ConflictError: it is there, may be, or is just being sent.
    """
    row = _lock(session, practice_id, problem.delivery_id)
    if row.state in {State.SENT, State.SENDING, State.QUARANTINE}:
        raise ConflictError(f"a delivery that is {row.state} cannot be withdrawn")
    row.state = State.REJECTED
    row.last_problem = problem.code
    row.updated_at = now
    add_event(session, row, "withdrawn", now, problem.code)
    return delivery_of(row)


def mark_postponed(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that a try surely wrote nothing, or could not even begin.

    What was being sent is planned again, or uncertain where an earlier try is in doubt; what
    was planned or uncertain stays so.
    """
    row = _lock(session, practice_id, problem.delivery_id)
    if row.state not in {State.PLANNED, State.SENDING, State.UNCERTAIN}:
        raise ConflictError(f"a delivery that is {row.state} cannot be postponed")
    if row.state is State.PLANNED:
        return _move(session, row, State.PLANNED, now, code=problem.code)
    if _is_doubtful(session, row):
        return _move(session, row, State.UNCERTAIN, now, code=problem.code)
    row.intent_at = None
    return _move(session, row, State.PLANNED, now, code=problem.code)


def mark_unsent(
    session: Session, practice_id: str, problem: Problem, now: datetime
) -> DeliveryRecord:
    """Record that what was about to be sent did not leave: the intent was no try.

    Raises:
        ConflictError: it is not being sent.
    """
    row = _lock(session, practice_id, problem.delivery_id)
    if row.state is not State.SENDING:
        raise ConflictError(f"a delivery that is {row.state} is not being sent")
    is_doubtful = _is_doubtful(session, row)
    row.tries -= 1
    row.intent_at = row.intent_at if is_doubtful else None
    row.state = State.UNCERTAIN if is_doubtful else State.PLANNED
    row.last_problem = problem.code
    row.updated_at = now
    add_event(session, row, UNSENT, now, problem.code)
    return delivery_of(row)


def release(session: Session, practice_id: str, delivery_id: str, now: datetime) -> DeliveryRecord:
    """Plan a held or rejected delivery again, since a person says so; it has its tries anew.

    ``intent_at`` stays: the EHR is searched first even so. So do ``tries`` and every step: the
    step that is written now is where they are counted from.
    """
    row = _lock(session, practice_id, delivery_id)
    if row.state not in {State.HELD, State.REJECTED}:
        raise ConflictError(f"a delivery that is {row.state} cannot be released")
    if row.fell_to is not None:
        raise ConflictError("a lower rung has taken this delivery over")
    return _move(session, row, State.PLANNED, now, code=RELEASED)


def take_up_again(
    session: Session, practice_id: str, delivery_id: str, now: datetime
) -> DeliveryRecord:
    """Plan again what another way had taken over, since that way gives it back.

    What was tried of it is searched for first, as ever.

    Raises:
        ConflictError: nothing has taken it over.
    """
    row = _lock(session, practice_id, delivery_id)
    if row.fell_to is None:
        raise ConflictError("nothing has taken this delivery over")
    row.fell_to = None
    return _move(session, row, State.PLANNED, now, code=RELEASED)


def is_doubtful(session: Session, practice_id: str, delivery_id: str) -> bool:
    """Whether some try of a delivery may have been written without our knowing."""
    return _is_doubtful(session, _lock(session, practice_id, delivery_id))


def _lock(session: Session, practice_id: str, delivery_id: str) -> DeliveryRow:
    # On SQLite the writer's BEGIN IMMEDIATE is the lock, and FOR UPDATE is left out.
    row = session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.practice_id) == practice_id, col(DeliveryRow.id) == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFoundError("delivery")
    return row


def _keep(row: DeliveryRow, answer: Answered | None) -> None:
    if answer is None:
        return
    row.answer_status = answer.status
    row.answer_codes_json = to_json(answer.codes)
    row.statement_sha256 = answer.statement_sha256


def _move(
    session: Session, row: DeliveryRow, to: State, now: datetime, *, code: str = ""
) -> DeliveryRecord:
    if to not in TRANSITIONS[row.state]:
        was = row.state
        session.expire(row)  # what was set on the way here must not be written
        raise ConflictError(f"a delivery that is {was} cannot become {to}")
    row.state = to
    row.last_problem = code
    row.updated_at = now
    add_event(session, row, to.value, now, code)
    return delivery_of(row)


def _is_doubtful(session: Session, row: DeliveryRow) -> bool:
    return (
        session.exec(
            select(DeliveryEventRow.id)
            .where(
                col(DeliveryEventRow.practice_id) == row.practice_id,
                col(DeliveryEventRow.delivery_id) == row.id,
                col(DeliveryEventRow.event) == State.UNCERTAIN.value,
            )
            .limit(1)
        ).first()
        is not None
    )
