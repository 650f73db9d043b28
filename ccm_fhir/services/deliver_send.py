"""Search, then send: the part of a delivery that may write, and what its answer means."""

from __future__ import annotations

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import EhrHttpError
from ccm_fhir.fhir.client import FhirClient, carries_identifier, identifier_query
from ccm_fhir.fhir.outcomes import WriteKind, WriteOutcome
from ccm_fhir.services.connect import capability_of
from ccm_fhir.services.deliver_pacing import MOST_TRIES
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.ehr_access import forget_system_token
from ccm_fhir.storage import sending
from ccm_fhir.storage.sending import Intent

_REFUSALS = frozenset({400, 403, 404, 405, 406, 410, 422, 501})


def search_then_send(one: Try) -> Attempt:
    """Look for the resource in the EHR by our identifier; send it only where it is not there."""
    client, record = one.client(), one.record
    try:
        found = client.find_by_identifier(
            record.resource_type.value, record.identifier_system, record.identifier
        )
    except EhrHttpError as refusal:
        if refusal.status not in _REFUSALS:
            raise
        return _refused(one, refusal.outcome_code or str(refusal.status))
    if len(found) > 1:
        return one.mark(sending.mark_quarantined, "duplicate")
    if found:
        return one.sent(found[0].id, found[0].version_id)
    if record.state is DeliveryState.UNCERTAIN and _must_not_repeat(one):
        return one.mark(sending.mark_held, "cannot_be_sure")
    if record.tries >= MOST_TRIES:
        return one.mark(sending.mark_held, "too_many_tries")
    return _send(one, client)


def _send(one: Try, client: FhirClient) -> Attempt:
    record = one.record
    with one.world.db.write(record.practice_id) as session:
        sending.mark_intent(
            session,
            record.practice_id,
            Intent(delivery_id=record.id, tries=record.tries),
            one.world.clock(),
        )
    outcome = client.create(
        one.body(), if_none_exist=identifier_query(record.identifier_system, record.identifier)
    )
    return _record(one, client, outcome)


def _record(one: Try, client: FhirClient, outcome: WriteOutcome) -> Attempt:
    match outcome.kind:
        case WriteKind.CREATED:
            return one.sent(outcome.resource_id, outcome.version_id)
        case WriteKind.EXISTED:
            return _existed(one, client, outcome)
        case WriteKind.REJECTED:
            return _refused(one, next(iter(outcome.outcome_codes), str(outcome.status)))
        case WriteKind.MULTIPLE:
            return one.mark(sending.mark_quarantined, "duplicate")
        case WriteKind.UNAUTHORIZED:
            forget_system_token(one.world, one.ehr)
            return one.mark(sending.mark_postponed, "unauthorized", wait=one.wait())
        case WriteKind.UNCERTAIN:
            wait = max(outcome.retry_after_seconds or 0.0, one.world.settle_seconds)
            return one.mark(sending.mark_uncertain, "no_answer", wait=wait)


def _existed(one: Try, client: FhirClient, outcome: WriteOutcome) -> Attempt:
    """A server may answer a conditional create with a resource that is not ours: look."""
    found = client.read(one.record.resource_type.value, outcome.resource_id)
    if not carries_identifier(found, one.record.identifier_system, one.record.identifier):
        return one.mark(sending.mark_quarantined, "foreign_match")
    return one.sent(found.id, found.version_id)


def _refused(one: Try, detail: str) -> Attempt:
    """Mark what the EHR will not have; it is surely not there only if no try is in doubt."""
    if one.record.state is DeliveryState.UNCERTAIN:
        return one.mark(sending.mark_held, "cannot_be_sure")
    return one.mark(sending.mark_rejected, f"refused_{detail}")


def _must_not_repeat(one: Try) -> bool:
    """Whether money is at stake on a server that would not notice a second copy.

    A server that takes our ids (``updateCreate``) does not help: we let it choose them.
    """
    if one.record.resource_type is not ResourceKind.CLAIM:
        return False
    capability = capability_of(one.ehr)
    if capability is None:
        return True
    return not capability.of(one.record.resource_type.value).conditional_create
