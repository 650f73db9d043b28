"""Amends a resource of ours in the EHR: read, status changed, put back unless somebody was faster.

Every element that others wrote stays as it was read. Doing it twice does no harm: what says
already what it should is left alone, and so is a Task that somebody has ended in the EHR.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import EhrHttpError, EhrPausedError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.client import FhirClient, Precondition
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.outcomes import Doubt, WriteKind, WriteOutcome
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.ehr_access import forget_system_token
from ccm_fhir.services.fall import prove
from ccm_fhir.services.retract import Retraction, plan_correction
from ccm_fhir.services.told import told_of
from ccm_fhir.storage import practices, sending
from ccm_fhir.storage.sending import Answered, Intent, Problem

_IN_ERROR = "entered-in-error"
_ENDED = frozenset({"completed", "cancelled", "failed", "rejected", _IN_ERROR})
_GONE = frozenset({404, 410})
Refused = Callable[[Try, str, Answered | None], Attempt]


def amend(one: Try) -> Attempt:
    """Set the status of what an earlier delivery wrote: taken back, or a Task that has ended."""
    (original,) = one.before
    client = one.client()
    try:
        stored = client.read(one.record.resource_type.value, original.remote_id)
    except EhrHttpError as problem:
        if problem.status not in _GONE:
            raise
        return one.mark(sending.mark_held, "vanished")
    wanted, is_now = one.frozen()["status"], stored.json().get("status")
    if is_now == wanted or (wanted != _IN_ERROR and is_now in _ENDED):
        return one.sent(stored.id, stored.version_id)
    return put_back(one, client, stored, {**stored.json(), "status": wanted}, _in_words)


def put_back(
    one: Try, client: FhirClient, stored: Resource, changed: Json, refused: Refused
) -> Attempt:
    """Put a resource back as changed, unless somebody changed it since it was read.

    ``refused`` says what follows where the EHR does not let one do that.
    """
    version = _precondition(stored)
    if not version.is_known:
        return refused(one, "no_version", None)
    if one.is_spent:
        return one.mark(sending.mark_held, "too_many_tries")
    record = one.record
    with one.world.db.write(record.practice_id) as session:
        intent = Intent(delivery_id=record.id, tries=record.tries)
        sending.mark_intent(session, record.practice_id, intent, one.world.clock())
    try:
        outcome = client.update(changed, version=version)
    except EhrPausedError as paused:
        return one.unsent(paused)
    return _record(one, outcome, refused)


def _record(one: Try, outcome: WriteOutcome, refused: Refused) -> Attempt:
    answer = one.answered(outcome)
    if outcome.kind is WriteKind.CREATED:
        return one.sent(outcome.resource_id, outcome.version_id, answer)
    if outcome.doubt is Doubt.CONFLICT:  # somebody was faster: it is read again before another try
        return one.mark(sending.mark_postponed, "changed_meanwhile", wait=one.wait())
    if outcome.kind is WriteKind.UNAUTHORIZED:
        forget_system_token(one.world, one.ehr)
        return one.mark(sending.mark_postponed, "unauthorized", wait=one.wait())
    if outcome.kind is WriteKind.REJECTED:
        return refused(one, f"refused_{outcome.status}", answer)
    wait = max(outcome.retry_after_seconds or 0.0, one.world.settle_seconds)
    return one.mark(sending.mark_uncertain, "no_answer", wait=wait, answer=answer)


def _in_words(one: Try, code: str, answer: Answered | None) -> Attempt:
    """Correct by a document, or by hand, what the EHR does not let us amend."""
    record, (original,) = one.record, one.before
    problem = Problem(delivery_id=record.id, code=code, answer=answer)
    with one.world.db.write(record.practice_id) as session:
        now = one.world.clock()
        practice = practices.get(session, record.practice_id)
        told = told_of(one.world, session, practice, record.artefact_kind, record.artefact_id)
        if answer is not None:
            prove(one.world, session, record, answer)
        sending.mark_rejected(session, record.practice_id, problem, now)
        if told is not None:
            retraction = Retraction(
                world=one.world,
                practice=practice,
                told=told,
                record=original,
                reason=record.rule,
            )
            correction = plan_correction(session, retraction, now)
            if correction.rung is not None:
                sending.note_fall(session, record.practice_id, record.id, correction.rung)
    return Attempt(state=DeliveryState.REJECTED, wait_seconds=None)


def _precondition(stored: Resource) -> Precondition:
    meta = stored.json().get("meta")
    return Precondition(
        version_id=stored.version_id,
        last_updated=_moment(meta) if isinstance(meta, dict) else None,
    )


def _moment(meta: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(meta.get("lastUpdated", "")))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
