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

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import (
    CcmError,
    ConfigurationError,
    ConflictError,
    EhrHttpError,
    FhirError,
    LaunchError,
)
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.client import FhirClient, identifier_query
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.outcomes import WriteKind, WriteOutcome
from ccm_fhir.services.ehr_access import forget_system_token, system_client
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import deliveries, ehrs, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.sending import Intent, Problem, ReadBack, Receipt

MOST_TRIES = 15
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 900.0
_Mark = Callable[[Session, str, Problem, datetime], DeliveryRecord]
_SETTLED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})


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
    with world.db.write() as session:
        record = sending.claim_for_sending(session, practice_id, delivery_id, now)
        before = deliveries.dependencies(session, practice_id, delivery_id)
        ehr = ehrs.get(session, practice_id, record.ehr_id)
    if record.state in _SETTLED:
        return Attempt(state=record.state, wait_seconds=None)
    courier = _Courier(world=world, ehr=ehr, record=record, before=before)
    try:
        return courier.go(now)
    except (FhirError, LaunchError, ConfigurationError) as problem:
        return courier.postpone(problem)
    except ConflictError:  # somebody else moved it meanwhile: look again
        return Attempt(state=record.state, wait_seconds=FIRST_WAIT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Courier:
    """Carries one delivery through its next step."""

    world: Installation
    ehr: Ehr
    record: DeliveryRecord
    before: tuple[DeliveryRecord, ...]

    def go(self, now: datetime) -> Attempt:
        if self.record.state is DeliveryState.SENT:
            return self._read_back()
        if any(d.state in _SETTLED for d in self.before):
            return self._mark(sending.mark_held, "dependency_refused")
        if any(d.state is not DeliveryState.SENT for d in self.before):
            return Attempt(state=self.record.state, wait_seconds=FIRST_WAIT_SECONDS)
        if self.record.tries >= MOST_TRIES:
            return self._mark(sending.mark_held, "too_many_tries")
        settled_at = self._settles_at()
        if settled_at is not None and now < settled_at:
            wait = (settled_at - now).total_seconds()
            return Attempt(state=self.record.state, wait_seconds=wait)
        return self._search_then_send()

    def postpone(self, problem: CcmError) -> Attempt:
        code = "not_configured" if isinstance(problem, ConfigurationError) else "unreachable"
        if isinstance(problem, EhrHttpError | LaunchError):
            code = "unauthorized" if isinstance(problem, LaunchError) else "server_error"
        if self.record.state is DeliveryState.SENT:
            return Attempt(state=DeliveryState.SENT, wait_seconds=self._wait())
        return self._mark(sending.mark_postponed, code, wait=self._wait())

    def _settles_at(self) -> datetime | None:
        """When an uncertain try can be searched for: the EHR's index may lag behind its store."""
        if self.record.intent_at is None or self.record.state is not DeliveryState.UNCERTAIN:
            return None
        return self.record.intent_at + timedelta(seconds=self.world.settle_seconds)

    def _client(self) -> FhirClient:
        return system_client(self.world, self.record.practice_id, self.ehr.id)

    def _search_then_send(self) -> Attempt:
        client = self._client()
        record = self.record
        found = client.find_by_identifier(
            record.resource_type.value, record.identifier_system, record.identifier
        )
        if len(found) > 1:
            return self._mark(sending.mark_quarantined, "duplicate")
        if found:
            return self._sent(found[0].id, found[0].version_id)
        if record.state is DeliveryState.UNCERTAIN and self._must_not_repeat():
            return self._mark(sending.mark_held, "cannot_be_sure")
        return self._send(client)

    def _must_not_repeat(self) -> bool:
        """Whether money is at stake on a server that would not notice a second copy."""
        if self.record.resource_type is not ResourceKind.CLAIM:
            return False
        if self.ehr.capability_json is None:
            return True
        kept = msgspec.json.decode(self.ehr.capability_json, type=Capability)
        declared = kept.of(self.record.resource_type.value)
        return not (declared.conditional_create or declared.update_create)

    def _send(self, client: FhirClient) -> Attempt:
        record = self.record
        with self.world.db.write() as session:
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
                detail = outcome.outcome_codes[0] if outcome.outcome_codes else outcome.status
                return self._mark(sending.mark_rejected, f"refused_{detail}")
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
        if not _carries(found, self.record):
            return self._mark(sending.mark_quarantined, "foreign_match")
        return self._sent(found.id, found.version_id)

    def _sent(self, remote_id: str, version_id: str) -> Attempt:
        with self.world.db.write() as session:
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
        with self.world.db.write() as session:
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

    def _mark(self, mark: _Mark, code: str, *, wait: float | None = None) -> Attempt:
        with self.world.db.write() as session:
            marked = mark(
                session,
                self.record.practice_id,
                Problem(delivery_id=self.record.id, code=code),
                self.world.clock(),
            )
        return Attempt(state=marked.state, wait_seconds=wait)

    def _wait(self) -> float:
        return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**self.record.tries)


def _carries(hit: Resource, record: DeliveryRecord) -> bool:
    """Whether a search hit really bears our identifier: servers may ignore a parameter."""
    found = hit.json().get("identifier")
    return isinstance(found, list) and any(
        isinstance(item, dict)
        and item.get("system") == record.identifier_system
        and item.get("value") == record.identifier
        for item in found
    )


def _body(record: DeliveryRecord, before: tuple[DeliveryRecord, ...]) -> Json:
    """Return the frozen body with the references of what was delivered before it filled in."""
    text = record.body_json
    for dependency in before:
        text = text.replace(f"urn:uuid:{dependency.id}", dependency.remote_ref)
    body: Json = json.loads(text, parse_float=Decimal)
    return body
