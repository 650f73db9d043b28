"""Search, then send: the part of a delivery that may write, and what its answer means."""

from __future__ import annotations

from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.errors import EhrHttpError, EhrPausedError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.client import FhirClient, carries_identifier
from ccm_fhir.fhir.fingerprint import is_alike
from ccm_fhir.fhir.outcomes import Doubt, WriteKind, WriteOutcome
from ccm_fhir.services.charge_lines import PARTLY_THERE
from ccm_fhir.services.deliver_search import can_search, find
from ccm_fhir.services.deliver_together import send_together
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.ehr_access import forget_system_token, system_token
from ccm_fhir.services.fall import Leaving, is_partly_there, is_shut, leave, prove
from ccm_fhir.services.leaving_claim import UNFIT, found_unfit
from ccm_fhir.services.retract import TAKEN_BACK
from ccm_fhir.services.told_artefact import stands
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage import sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.sending import Answered, Intent, Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

_NOT_IMPLEMENTED = 501
_DOUBTS = {
    Doubt.NO_ID: "no_id",
    Doubt.OUTCOME_SAYS_ERROR: "outcome_says_error",
    Doubt.UNREADABLE_ANSWER: "unreadable_answer",
    Doubt.BUSY: "throttled",
    Doubt.CONFLICT: "conflict",
    Doubt.SERVER_ERROR: "server_error",
}
_REFUSALS = frozenset({400, 403, 404, 405, 406, 410, 422, 501})


def search_then_send(one: Try) -> Attempt:
    """Look for the resource in the EHR by our identifier; send it only where it is not there."""
    client = one.client()
    if not can_search(one):
        return _unsearchable(one, client)
    try:
        found = find(one, client)
    except EhrHttpError as refusal:
        if refusal.status not in _REFUSALS:
            raise
        return _refused(one, refusal.outcome_code or str(refusal.status))
    return _found(one, found) if found else _send_what_is_not_there(one, client)


def _found(one: Try, found: tuple[Resource, ...]) -> Attempt:
    if len(found) > 1:
        return one.mark(sending.mark_quarantined, "duplicate")
    return one.sent(found[0].id, found[0].version_id)


def is_withdrawn(record: DeliveryRecord) -> bool:
    """Whether a delivery was taken back before anything of it was in the EHR."""
    return record.state is DeliveryState.REJECTED and record.last_problem == TAKEN_BACK


def _is_taken_back(one: Try) -> bool:
    record = one.record
    is_then_changed = record.rung is RungName.CARE_PLAN_AND_GOALS
    if record.purpose is Purpose.AMENDMENT or is_then_changed:
        return False
    with one.world.db.read(record.practice_id) as session:
        return not stands(session, record.practice_id, record.artefact_kind, record.artefact_id)


def _send_what_is_not_there(one: Try, client: FhirClient) -> Attempt:
    record = one.record
    if _is_taken_back(one):
        return one.mark(sending.mark_withdrawn, TAKEN_BACK)
    if _is_unfit(one):
        return one.mark(sending.mark_held, UNFIT)
    if record.state is DeliveryState.UNCERTAIN and record.answer_status == _NOT_IMPLEMENTED:
        return _settled_as_unsupported(one)
    if record.state is DeliveryState.UNCERTAIN and _must_not_repeat(one):
        return one.mark(sending.mark_held, "cannot_be_sure")
    if one.is_spent:
        return one.mark(sending.mark_held, "too_many_tries")
    return send_together(one, client) or _send(one, client)


def leave_a_shut_rung(one: Try) -> Attempt | None:
    """Plan anew what nobody has tried, where its rung is not possible with what was granted."""
    granted = system_token(one.world, one.ehr).scope
    leaving = Leaving(world=one.world, ehr=one.ehr, record=one.record, granted=granted)
    with one.world.db.read(one.record.practice_id) as session:
        if not is_shut(session, leaving):
            return None
    with one.world.db.write(one.record.practice_id) as session:
        left = leave(session, leaving)
    return None if left is None else Attempt(state=DeliveryState.REJECTED, wait_seconds=None)


def _unsearchable(one: Try, client: FhirClient) -> Attempt:
    """Send what the EHR does not let one search for, but only while no try is in doubt."""
    if one.record.state is DeliveryState.UNCERTAIN:
        return one.mark(sending.mark_held, "cannot_be_sure")
    if _is_taken_back(one):
        return one.mark(sending.mark_withdrawn, TAKEN_BACK)
    if one.is_spent:
        return one.mark(sending.mark_held, "too_many_tries")
    if _is_unfit(one):
        return one.mark(sending.mark_held, UNFIT)
    return _send(one, client)


def _is_unfit(one: Try) -> bool:
    """Whether a claim that was signed days ago would be denied now; asked before its first send."""
    if not one.is_untouched or not one.comes_first:
        return False
    with one.world.db.read(one.record.practice_id) as session:
        return bool(found_unfit(one.world, session, one.record, one.world.clock()))


def _settled_as_unsupported(one: Try) -> Attempt:
    """A 501 may have written; it was searched for since and is not there, so that it proves."""
    kept = Answered(
        status=one.record.answer_status,
        codes=one.record.answer_codes,
        statement_sha256=one.record.statement_sha256,
    )
    with one.world.db.write(one.record.practice_id) as session:
        prove(one.world, session, one.record, kept)
        left = leave(session, _leaving(one))
    if left is None:
        return one.mark(sending.mark_held, "not_offered")
    return Attempt(state=DeliveryState.REJECTED, wait_seconds=None)


def _leaving(one: Try) -> Leaving:
    granted = system_token(one.world, one.ehr).scope
    return Leaving(world=one.world, ehr=one.ehr, record=one.record, granted=granted)


def _send(one: Try, client: FhirClient) -> Attempt:
    record = one.record
    with one.world.db.write(record.practice_id) as session:
        sending.mark_intent(
            session,
            record.practice_id,
            Intent(delivery_id=record.id, tries=record.tries),
            one.world.clock(),
        )
    try:
        outcome = one.post(client)
    except EhrPausedError as paused:
        return one.unsent(paused)
    return _record(one, client, outcome)


def _record(one: Try, client: FhirClient, outcome: WriteOutcome) -> Attempt:
    match outcome.kind:
        case WriteKind.CREATED:
            return one.sent(outcome.resource_id, outcome.version_id, one.answered(outcome))
        case WriteKind.EXISTED:
            return _existed(one, client, outcome)
        case WriteKind.REJECTED:
            return _refused_write(one, outcome)
        case WriteKind.MULTIPLE:
            answer = one.answered(outcome)
            return one.mark(sending.mark_quarantined, "duplicate", answer=answer)
        case WriteKind.UNAUTHORIZED:
            forget_system_token(one.world, one.ehr)
            return one.mark(sending.mark_postponed, "unauthorized", wait=one.wait())
        case WriteKind.UNCERTAIN:
            wait = one.wait_in_doubt(outcome.retry_after_seconds)
            answer = one.answered(outcome)
            return one.mark(sending.mark_uncertain, _doubt_of(outcome), wait=wait, answer=answer)


def _existed(one: Try, client: FhirClient, outcome: WriteOutcome) -> Attempt:
    """A server may answer a conditional create with a resource that is not ours: look."""
    found = client.read(one.record.resource_type.value, outcome.resource_id)
    is_ours = carries_identifier(found, one.record.identifier_system, one.record.identifier)
    if not is_ours and not is_alike(one.content(), found.json()):
        return one.mark(sending.mark_quarantined, "foreign_match")
    return one.sent(found.id, found.version_id)


def _refused_write(one: Try, outcome: WriteOutcome) -> Attempt:
    """Record a refusal; where it proves that the EHR does not offer this, fall to the next rung."""
    answer = one.answered(outcome)
    code = f"refused_{next(iter(outcome.outcome_codes), str(outcome.status))}"
    problem = Problem(delivery_id=one.record.id, code=code, answer=answer)
    leaving = _leaving(one)
    with one.world.db.write(one.record.practice_id) as session:
        is_unsupported = prove(one.world, session, one.record, answer)
        held = _held_since(session, one, is_unsupported=is_unsupported)
        if held:
            doubt = Problem(delivery_id=one.record.id, code=held, answer=answer)
            marked = sending.mark_held(session, one.record.practice_id, doubt, one.world.clock())
            return Attempt(state=marked.state, wait_seconds=None)
        sending.mark_rejected(session, one.record.practice_id, problem, one.world.clock())
        if is_unsupported:
            leave(session, leaving)
    return Attempt(state=DeliveryState.REJECTED, wait_seconds=None)


def _held_since(session: Session, one: Try, *, is_unsupported: bool) -> str:
    """Return why what was refused waits for a person where it stands; empty where it does not."""
    if one.record.state is DeliveryState.UNCERTAIN and not is_unsupported:
        return "cannot_be_sure"
    return PARTLY_THERE if is_unsupported and is_partly_there(session, one.record) else ""


def _doubt_of(outcome: WriteOutcome) -> str:
    return _DOUBTS.get(outcome.doubt, "no_answer") if outcome.doubt else "no_answer"


def _refused(one: Try, detail: str) -> Attempt:
    """Mark what the EHR will not have; it is surely not there only if no try is in doubt."""
    if one.record.state is DeliveryState.UNCERTAIN:
        return one.mark(sending.mark_held, "cannot_be_sure")
    return one.mark(sending.mark_rejected, f"refused_{detail}")


def _must_not_repeat(one: Try) -> bool:
    """Whether money is at stake on a server that would not notice a second copy.

    A server that takes our ids (``updateCreate``) does not help: we let it choose them.
    """
    if one.record.artefact_kind is not ArtefactKind.CLAIM:
        return False
    capability = capability_of(one.ehr)
    if capability is None or one.is_operation:
        return True
    return not capability.of(one.record.resource_type.value).conditional_create
