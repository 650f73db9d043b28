"""Delivery: one resource reaches the EHR exactly once, or a person is told why not.

The recipe: intent committed before the request; our deterministic identifier; search before
anything is sent again; several hits are quarantined; what was stored is read back and compared.
Losing an answer is never failure: it is uncertainty, and uncertainty is searched, not repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import (
    CcmError,
    ConfigurationError,
    ConflictError,
    EhrHttpError,
    EhrUnreachableError,
    FhirError,
    LaunchError,
)
from ccm_fhir.fhir.client import FhirClient, carries_identifier, identifier_query
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.outcomes import WriteKind, WriteOutcome
from ccm_fhir.services.connect import capability_of
from ccm_fhir.services.ehr_access import forget_system_token, system_client, system_token
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import deliveries, ehrs, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.sending import Intent, Problem, ReadBack, Receipt

MOST_TRIES = 15
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 900.0
_Mark = Callable[[Session, str, Problem, datetime], DeliveryRecord]
_MOST_DOUBLINGS = 10
_STOP_READING_BACK_AFTER = timedelta(days=1)
_SETTLED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})
_UNAUTHORIZED = 401
_GONE = frozenset({404, 410})
_REFUSALS = frozenset({400, 403, 404, 405, 406, 410, 422, 501})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt led to; ``wait_seconds`` is None when nothing is left to do."""

    state: DeliveryState
    wait_seconds: float | None


def attempt_delivery(world: Installation, practice_id: str, delivery_id: str) -> Attempt:
    """Do the next thing for a delivery: wait, search, send or read back.

    Safe to be called at any moment, by anyone, any number of times.
    """
    now = world.clock()
    with world.db.write(practice_id) as session:
        record = sending.claim_for_sending(session, practice_id, delivery_id, now)
        before = deliveries.dependencies(session, practice_id, delivery_id)
        ehr = ehrs.get(session, practice_id, record.ehr_id)
    if record.state in _SETTLED:
        return Attempt(state=record.state, wait_seconds=None)
    try:
        return _Courier(world=world, ehr=ehr, record=record, before=before).go_or_postpone(now)
    except ConflictError:  # somebody else moved it meanwhile: look again
        return Attempt(state=record.state, wait_seconds=FIRST_WAIT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Courier:
    """Carries one delivery through its next step."""

    world: Installation
    ehr: Ehr
    record: DeliveryRecord
    before: tuple[DeliveryRecord, ...]

    def go_or_postpone(self, now: datetime) -> Attempt:
        try:
            return self._go(now)
        except (FhirError, LaunchError, ConfigurationError) as problem:
            if isinstance(problem, EhrHttpError) and problem.status == _UNAUTHORIZED:
                forget_system_token(self.world, self.ehr)
            if self.record.state is DeliveryState.SENT:
                return self._read_back_later(problem, now)
            return self._mark(sending.mark_postponed, _code_of(problem), wait=self._wait())

    def _go(self, now: datetime) -> Attempt:
        if self.record.state is DeliveryState.SENT:
            return self._read_back()
        if any(d.state in _SETTLED for d in self.before):
            return self._mark(sending.mark_held, "dependency_refused")
        if any(d.state is not DeliveryState.SENT for d in self.before):
            return Attempt(state=self.record.state, wait_seconds=FIRST_WAIT_SECONDS)
        settled_at = self._settles_at()
        if settled_at is not None and now < settled_at:
            wait = (settled_at - now).total_seconds()
            return Attempt(state=self.record.state, wait_seconds=wait)
        return self._search_then_send()

    def _settles_at(self) -> datetime | None:
        """When an uncertain try can be searched for: the EHR's index may lag behind its store."""
        if self.record.intent_at is None or self.record.state is not DeliveryState.UNCERTAIN:
            return None
        return self.record.intent_at + timedelta(seconds=self.world.settle_seconds)

    def _client(self) -> FhirClient:
        system_token(self.world, self.ehr)  # its troubles are not to pass for the resource's
        return system_client(self.world, self.record.practice_id, self.ehr.id)

    def _search_then_send(self) -> Attempt:
        client = self._client()
        record = self.record
        try:
            found = client.find_by_identifier(
                record.resource_type.value, record.identifier_system, record.identifier
            )
        except EhrHttpError as refusal:
            if refusal.status not in _REFUSALS:
                raise
            return self._refused(refusal.outcome_code or str(refusal.status))
        if len(found) > 1:
            return self._mark(sending.mark_quarantined, "duplicate")
        if found:
            return self._sent(found[0].id, found[0].version_id)
        if record.state is DeliveryState.UNCERTAIN and self._must_not_repeat():
            return self._mark(sending.mark_held, "cannot_be_sure")
        if record.tries >= MOST_TRIES:
            return self._mark(sending.mark_held, "too_many_tries")
        return self._send(client)

    def _refused(self, detail: str) -> Attempt:
        """Mark what the EHR will not have; it is surely not there only if no try is in doubt."""
        if self.record.state is DeliveryState.UNCERTAIN:
            return self._mark(sending.mark_held, "cannot_be_sure")
        return self._mark(sending.mark_rejected, f"refused_{detail}")

    def _must_not_repeat(self) -> bool:
        """Whether money is at stake on a server that would not notice a second copy.

        A server that takes our ids (``updateCreate``) does not help: we let it choose them.
        """
        if self.record.resource_type is not ResourceKind.CLAIM:
            return False
        capability = capability_of(self.ehr)
        if capability is None:
            return True
        return not capability.of(self.record.resource_type.value).conditional_create

    def _send(self, client: FhirClient) -> Attempt:
        record = self.record
        with self.world.db.write(self.record.practice_id) as session:
            sending.mark_intent(
                session,
                record.practice_id,
                Intent(delivery_id=record.id, tries=record.tries),
                self.world.clock(),
            )
        outcome = client.create(
            _body(record, self.before),
            if_none_exist=identifier_query(record.identifier_system, record.identifier),
        )
        return self._record(client, outcome)

    def _record(self, client: FhirClient, outcome: WriteOutcome) -> Attempt:
        match outcome.kind:
            case WriteKind.CREATED:
                return self._sent(outcome.resource_id, outcome.version_id)
            case WriteKind.EXISTED:
                return self._existed(client, outcome)
            case WriteKind.REJECTED:
                return self._refused(next(iter(outcome.outcome_codes), str(outcome.status)))
            case WriteKind.MULTIPLE:
                return self._mark(sending.mark_quarantined, "duplicate")
            case WriteKind.UNAUTHORIZED:
                forget_system_token(self.world, self.ehr)
                return self._mark(sending.mark_postponed, "unauthorized", wait=self._wait())
            case WriteKind.UNCERTAIN:
                wait = max(outcome.retry_after_seconds or 0.0, self.world.settle_seconds)
                return self._mark(sending.mark_uncertain, "no_answer", wait=wait)

    def _existed(self, client: FhirClient, outcome: WriteOutcome) -> Attempt:
        """A server may answer a conditional create with a resource that is not ours: look."""
        found = client.read(self.record.resource_type.value, outcome.resource_id)
        ours = (self.record.identifier_system, self.record.identifier)
        if not carries_identifier(found, *ours):
            return self._mark(sending.mark_quarantined, "foreign_match")
        return self._sent(found.id, found.version_id)

    def _sent(self, remote_id: str, version_id: str) -> Attempt:
        with self.world.db.write(self.record.practice_id) as session:
            sending.mark_sent(
                session,
                self.record.practice_id,
                Receipt(delivery_id=self.record.id, remote_id=remote_id, remote_version=version_id),
                self.world.clock(),
            )
        return Attempt(state=DeliveryState.SENT, wait_seconds=0.0)

    def _read_back(self) -> Attempt:
        record = self.record
        if record.read_back_at is not None:
            return Attempt(state=DeliveryState.SENT, wait_seconds=None)
        stored = self._client().read(record.resource_type.value, record.remote_id)
        sent: Json = _body(record, self.before)
        with self.world.db.write(self.record.practice_id) as session:
            sending.mark_read_back(
                session,
                record.practice_id,
                ReadBack(
                    delivery_id=record.id,
                    remote_hash=hashlib.sha256(stored.raw).hexdigest(),
                    remote_version=stored.version_id,
                    lossy=differences(sent, stored.json()),
                ),
                self.world.clock(),
            )
        return Attempt(state=DeliveryState.SENT, wait_seconds=None)

    def _read_back_later(self, problem: CcmError, now: datetime) -> Attempt:
        sent_since = now - self.record.updated_at
        is_gone = isinstance(problem, EhrHttpError) and problem.status in _GONE
        if is_gone and sent_since.total_seconds() >= self.world.settle_seconds:
            return self._mark(sending.mark_quarantined, "vanished")
        if sent_since >= _STOP_READING_BACK_AFTER:
            return Attempt(state=DeliveryState.SENT, wait_seconds=None)
        wait = min(LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, sent_since.total_seconds()))
        return Attempt(state=DeliveryState.SENT, wait_seconds=wait)

    def _mark(self, mark: _Mark, code: str, *, wait: float | None = None) -> Attempt:
        with self.world.db.write(self.record.practice_id) as session:
            marked = mark(
                session,
                self.record.practice_id,
                Problem(delivery_id=self.record.id, code=code),
                self.world.clock(),
            )
        return Attempt(state=marked.state, wait_seconds=wait)

    def _wait(self) -> float:
        """Return how long to leave the EHR alone: twice as long after each setback so far."""
        with self.world.db.read(self.record.practice_id) as session:
            steps = deliveries.events(session, self.record.practice_id, self.record.id)
        setbacks = min(_MOST_DOUBLINGS, sum(1 for step in steps if step.detail_code))
        return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**setbacks)


def _code_of(problem: CcmError) -> str:
    """Return the word under which a problem is kept."""
    if isinstance(problem, ConfigurationError):
        return "not_configured"
    if isinstance(problem, EhrUnreachableError):
        return "unreachable"
    is_refusal = isinstance(problem, EhrHttpError) and problem.status == _UNAUTHORIZED
    return "unauthorized" if is_refusal or isinstance(problem, LaunchError) else "server_error"


def _body(record: DeliveryRecord, before: tuple[DeliveryRecord, ...]) -> Json:
    """Return the frozen body with the references of what was delivered before it filled in."""
    text = record.body_json
    for dependency in before:
        text = text.replace(f"urn:uuid:{dependency.id}", dependency.remote_ref)
    body: Json = json.loads(text, parse_float=Decimal)
    return body
