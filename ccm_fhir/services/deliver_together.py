"""A contact's Encounter and Procedure in one transaction, where the EHR offers transactions.

Both or neither. The identifiers, bodies and conditions are those of the single writes, so that
either way can take over from the other: a refused bundle is sent in single writes, and one whose
answer was lost is searched for, each part by itself.
"""

from __future__ import annotations

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind, RungName
from ccm_fhir.errors import EhrPausedError
from ccm_fhir.fhir.client import FhirClient, identifier_query
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.fhir.transactions import TransactionEntry, TransactionOutcome
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.ehr_access import forget_system_token
from ccm_fhir.services.write_plan import declared_by
from ccm_fhir.storage import deliveries, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.sending import Intent


def send_together(one: Try, client: FhirClient) -> Attempt | None:
    """Send a contact whole; None where it goes in single writes."""
    work = _work_of(one)
    if work is None:
        return None
    both = (one, Try(world=one.world, ehr=one.ehr, record=work, before=(one.record,)))
    _intend(both)
    try:
        outcome = client.transact([_entry(each) for each in both])
    except EhrPausedError as paused:
        both[1].unsent(paused)
        return one.unsent(paused)
    return _record(both, outcome)


def _work_of(one: Try) -> DeliveryRecord | None:
    record = one.record
    is_contact = record.rung is RungName.ENCOUNTER_AND_PROCEDURE
    if not is_contact or record.resource_type is not ResourceKind.ENCOUNTER or not _is_new(record):
        return None
    with one.world.db.read(record.practice_id) as session:
        capability = declared_by(session, one.ehr).capability
        waiting = deliveries.dependents(session, record.practice_id, record.id)
    if capability is None or "transaction" not in capability.system_interactions:
        return None
    work = [each for each in waiting if each.rung is record.rung]
    return work[0] if len(work) == 1 and _is_new(work[0]) else None


def _is_new(record: DeliveryRecord) -> bool:
    return record.state is DeliveryState.PLANNED and record.tries == 0


def _intend(both: tuple[Try, Try]) -> None:
    first = both[0]
    with first.world.db.write(first.record.practice_id) as session:
        for each in both:
            intent = Intent(delivery_id=each.record.id, tries=each.record.tries)
            sending.mark_intent(session, each.record.practice_id, intent, first.world.clock())


def _entry(one: Try) -> TransactionEntry:
    record = one.record
    return TransactionEntry(
        full_url=f"urn:uuid:{record.id}",
        resource=one.frozen(),
        if_none_exist=identifier_query(record.identifier_system, record.identifier),
    )


def _record(both: tuple[Try, Try], outcome: TransactionOutcome) -> Attempt:
    first, second = both
    whole = outcome.whole
    match whole.kind:
        case WriteKind.CREATED:
            for each, part in zip(both, outcome.parts, strict=True):
                each.sent(part.resource_id, part.version_id, each.answered(part))
            return Attempt(state=DeliveryState.SENT, wait_seconds=0.0)
        case WriteKind.REJECTED | WriteKind.MULTIPLE | WriteKind.UNAUTHORIZED:
            if whole.kind is WriteKind.UNAUTHORIZED:
                forget_system_token(first.world, first.ehr)
            second.mark(sending.mark_postponed, "bundle_refused")
            return first.mark(sending.mark_postponed, "bundle_refused", wait=first.wait())
        case WriteKind.UNCERTAIN | WriteKind.EXISTED:
            wait = first.wait_in_doubt(whole.retry_after_seconds)
            second.mark(sending.mark_uncertain, "no_answer", wait=wait)
            return first.mark(sending.mark_uncertain, "no_answer", wait=wait)
