"""Delivery: one resource reaches the EHR exactly once, or a person is told why not.

The recipe: intent committed before the request; our deterministic identifier; search before
anything is sent again; several hits are quarantined; what was stored is read back and compared.
Losing an answer is never failure: it is uncertainty, and uncertainty is searched, not repeated.

This module says what comes next; ``deliver_send`` writes, ``deliver_read_back`` compares,
``deliver_pacing`` waits, and ``deliver_try`` records.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import (
    CcmError,
    ConfigurationError,
    ConflictError,
    EhrHttpError,
    EhrPausedError,
    EhrUnreachableError,
    FhirError,
    LaunchError,
)
from ccm_fhir.services.deliver_amend import amend
from ccm_fhir.services.deliver_pacing import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    MOST_TRIES,
)
from ccm_fhir.services.deliver_read_back import read_back, read_back_later
from ccm_fhir.services.deliver_revise import follow_its_origin, origin_of, revise
from ccm_fhir.services.deliver_send import is_withdrawn, leave_a_shut_rung, search_then_send
from ccm_fhir.services.deliver_statement import read_statement_first, waits_for_statement
from ccm_fhir.services.deliver_try import SETTLED, Attempt, Try
from ccm_fhir.services.ehr_access import forget_system_token
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import waiting_outside
from ccm_fhir.services.retract import TAKEN_BACK
from ccm_fhir.storage import deliveries, ehrs, sending
from ccm_fhir.storage.vocabulary import Purpose

__all__ = [
    "FIRST_WAIT_SECONDS",
    "LONGEST_WAIT_SECONDS",
    "MOST_TRIES",
    "Attempt",
    "attempt_delivery",
]

_UNAUTHORIZED = 401
NOTHING_TO_TAKE_BACK = "nothing_to_take_back"


def attempt_delivery(world: Installation, practice_id: str, delivery_id: str) -> Attempt:
    """Do the next thing for a delivery: wait, search, send or read back.

    Safe to be called at any moment, by anyone, any number of times.
    """
    now = world.clock()
    with world.db.write(practice_id) as session:
        record = sending.claim_for_sending(session, practice_id, delivery_id, now)
        before = deliveries.dependencies(session, practice_id, delivery_id)
        ehr = ehrs.get(session, practice_id, record.ehr_id)
    if record.state in SETTLED:
        return Attempt(state=record.state, wait_seconds=None)
    if record.is_outside:
        return _with_a_person(Try(world=world, ehr=ehr, record=record, before=before))
    try:
        return _go_or_postpone(Try(world=world, ehr=ehr, record=record, before=before), now)
    except ConflictError:  # somebody else moved it meanwhile: look again
        return Attempt(state=record.state, wait_seconds=FIRST_WAIT_SECONDS)


def _go_or_postpone(one: Try, now: datetime) -> Attempt:
    try:
        return _go(one, now)
    except EhrPausedError as paused:
        return one.postponed(paused)
    except (FhirError, LaunchError, ConfigurationError) as problem:
        if isinstance(problem, EhrHttpError) and problem.status == _UNAUTHORIZED:
            forget_system_token(one.world, one.ehr)
        if one.record.state is DeliveryState.SENT:
            return read_back_later(one, problem, now)
        return one.mark(sending.mark_postponed, _code_of(problem), wait=one.wait())


def _go(one: Try, now: datetime) -> Attempt:
    if one.record.state is DeliveryState.SENT:
        return read_back(one)
    withdrawn = _withdrawn_with_others(one)
    if withdrawn:
        return one.mark(sending.mark_withdrawn, withdrawn)
    if any(d.state in SETTLED for d in one.needed):
        return _held_up(one)
    if any(d.state is not DeliveryState.SENT for d in one.needed):
        return Attempt(state=one.record.state, wait_seconds=FIRST_WAIT_SECONDS)
    settled_at = _settles_at(one)
    if settled_at is not None and now < settled_at:
        wait = (settled_at - now).total_seconds()
        return Attempt(state=one.record.state, wait_seconds=wait)
    return _leave_or_send(one)


def _withdrawn_with_others(one: Try) -> str:
    """Return why it need not go, since what goes before it does not; empty where it must."""
    if _is_amendment(one):
        is_all = bool(one.before) and all(map(is_withdrawn, one.before))
        return NOTHING_TO_TAKE_BACK if is_all else ""
    is_one = one.is_untouched and any(map(is_withdrawn, one.of_the_same))
    return TAKEN_BACK if is_one else ""


def _held_up(one: Try) -> Attempt:
    if one.is_revision and origin_of(one).has_fallen:
        return follow_its_origin(one)
    left = leave_a_shut_rung(one) if one.is_untouched and one.comes_first else None
    return left or one.mark(sending.mark_held, "dependency_refused")


def _is_amendment(one: Try) -> bool:
    return one.record.purpose is Purpose.AMENDMENT


def _leave_or_send(one: Try) -> Attempt:
    if one.is_revision:
        return revise(one)
    if _is_amendment(one) and one.record.rung is None:
        return amend(one)
    if one.is_untouched and waits_for_statement(one):
        return read_statement_first(one)
    left = leave_a_shut_rung(one) if one.is_untouched and one.comes_first else None
    if left is None and one.is_operation and not one.has_context:
        return one.mark(sending.mark_held, "no_context")
    return left or search_then_send(one)


def _with_a_person(one: Try) -> Attempt:
    if one.record.state is DeliveryState.SENT:
        return Attempt(state=DeliveryState.SENT, wait_seconds=None)
    return one.mark(sending.mark_held, waiting_outside(one.record).code)


def _settles_at(one: Try) -> datetime | None:
    """When an uncertain try can be searched for: the EHR's index may lag behind its store."""
    if one.record.intent_at is None or one.record.state is not DeliveryState.UNCERTAIN:
        return None
    return one.record.intent_at + timedelta(seconds=one.world.settle_seconds)


def _code_of(problem: CcmError) -> str:
    """Return the word under which a problem is kept."""
    if isinstance(problem, ConfigurationError):
        return "not_configured"
    if isinstance(problem, EhrUnreachableError):
        return "unreachable"
    is_refusal = isinstance(problem, EhrHttpError) and problem.status == _UNAUTHORIZED
    return "unauthorized" if is_refusal or isinstance(problem, LaunchError) else "server_error"
