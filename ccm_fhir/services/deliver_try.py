"""One try of one delivery: what it works with, and how what became of it is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.writeback import OPERATION, DeliveryState, ResourceKind, RungName
from ccm_fhir.errors import EhrPausedError
from ccm_fhir.fhir.client import FhirClient, identifier_query
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.outcomes import WriteOutcome
from ccm_fhir.fhir.write_charge import charged, with_work_there
from ccm_fhir.fhir.write_claim import without_work
from ccm_fhir.services.deliver_pacing import (
    MOST_TRIES,
    pause,
    setbacks_in,
    since_release,
    tries_in,
    wait_after,
)
from ccm_fhir.services.ehr_access import live_client
from ccm_fhir.services.fall import prove
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.tellable import placeholder
from ccm_fhir.services.write_plan import declared_by
from ccm_fhir.storage import deliveries, sending
from ccm_fhir.storage.deliveries import DeliveryEvent, DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.sending import Answered, Problem, Receipt
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

Mark = Callable[[Session, str, Problem, datetime], DeliveryRecord]
_NAMING_WORK = frozenset({ResourceKind.CLAIM, ResourceKind.CHARGE_ITEM})
SETTLED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt led to; ``wait_seconds`` is None when nothing is left to do."""

    state: DeliveryState
    wait_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A delivery as it was read, with its EHR and what must be there before it."""

    world: Installation
    ehr: Ehr
    record: DeliveryRecord
    before: tuple[DeliveryRecord, ...]

    @property
    def is_revision(self) -> bool:
        """Whether it changes what an earlier delivery wrote."""
        return self.record.purpose is Purpose.REVISION

    @property
    def is_operation(self) -> bool:
        """Whether an operation makes the resource, so that it bears no identifier of ours."""
        return self.record.rung is RungName.CHARGE_ITEM_OPERATION

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has tried to send it yet."""
        return self.record.state is DeliveryState.PLANNED and self.record.tries == 0

    @property
    def comes_first(self) -> bool:
        """Whether nothing that tells of the same was to be sent before it, so that nothing was."""
        return not self.of_the_same

    @property
    def of_the_same(self) -> tuple[DeliveryRecord, ...]:
        """What tells of the same artefact and goes before it, such as a claim's earlier lines."""
        telling = (other for other in self.before if other.purpose is Purpose.ARTEFACT)
        return tuple(other for other in telling if other.artefact_id == self.record.artefact_id)

    @property
    def needed(self) -> tuple[DeliveryRecord, ...]:
        """What must be in the EHR before it.

        A plan stands without a team that was refused, and a claim without work that fell to
        another way: the EHR holds that work all the same.
        """
        return tuple(one for one in self.before if one not in self._done_without())

    def client(self) -> FhirClient:
        """Return a client whose token is live: its troubles are not to pass for the resource's."""
        return live_client(self.world, self.ehr)

    def body(self) -> Json:
        """Return the frozen body with the references of what was delivered before it filled in."""
        text = self.record.body_json
        for dependency in self.needed:
            text = text.replace(f"urn:uuid:{dependency.id}", dependency.remote_ref)
        body: Json = json.loads(text, parse_float=Decimal)
        missing = self._done_without()
        if missing and self.record.resource_type is ResourceKind.CLAIM:
            return without_work(body, frozenset(placeholder(one.id) for one in missing))
        if missing and self.record.resource_type is ResourceKind.CHARGE_ITEM:
            gone = frozenset(placeholder(one.id) for one in missing)
            return with_work_there(body, gone, self._encounter_ref())
        if missing:
            del body["careTeam"]
        return body

    def post(self, client: FhirClient) -> WriteOutcome:
        """Ask the EHR for the resource, once; whatever can be is made conditional.

        Raises:
            EhrPausedError: the EHR is left alone; nothing was sent.
        """
        record = self.record
        if self.is_operation:
            return client.create_by_operation(record.resource_type.value, OPERATION, self.body())
        condition = identifier_query(record.identifier_system, record.identifier)
        return client.create(self.body(), if_none_exist=condition)

    def content(self) -> Json:
        """Return the resource that the EHR is to hold: the body, or what an operation carries."""
        return charged(self.body())

    @property
    def has_context(self) -> bool:
        """Whether the EHR has what a charge hangs on."""
        return "context" in self.content()

    def frozen(self) -> Json:
        """Return the frozen body as it was planned, references to be filled in included."""
        body: Json = json.loads(self.record.body_json, parse_float=Decimal)
        return body

    def _done_without(self) -> tuple[DeliveryRecord, ...]:
        kind = self.record.resource_type
        if kind in _NAMING_WORK:
            is_work = (one for one in self.before if one.artefact_kind is not ArtefactKind.CLAIM)
            return tuple(one for one in is_work if one.has_fallen)
        return tuple(
            one
            for one in self.before
            if kind is ResourceKind.CARE_PLAN
            and one.resource_type is ResourceKind.CARE_TEAM
            and one.state is DeliveryState.REJECTED
        )

    def _encounter_ref(self) -> str:
        there = (o for o in self.needed if o.resource_type is ResourceKind.ENCOUNTER)
        return next((one.remote_ref for one in there), "")

    def answered(self, outcome: WriteOutcome) -> Answered:
        """Return what the EHR answered, to be kept with what it declared then."""
        with self.world.db.read(self.record.practice_id) as session:
            declared = declared_by(session, self.ehr)
        return Answered(
            status=outcome.status,
            codes=outcome.outcome_codes,
            statement_sha256=declared.sha256,
        )

    def mark(
        self,
        mark: Mark,
        code: str,
        *,
        wait: float | None = None,
        answer: Answered | None = None,
    ) -> Attempt:
        """Record what became of the try, under one of our words."""
        problem = Problem(delivery_id=self.record.id, code=code, answer=answer)
        with self.world.db.write(self.record.practice_id) as session:
            marked = mark(session, self.record.practice_id, problem, self.world.clock())
        return Attempt(state=marked.state, wait_seconds=wait)

    def unsent(self, paused: EhrPausedError) -> Attempt:
        """Record that nothing left, since the EHR is left alone: it was no try."""
        return self.mark(sending.mark_unsent, self.pause(paused), wait=paused.seconds)

    def postponed(self, paused: EhrPausedError) -> Attempt:
        """Record that the EHR could not be asked, and until when; what is there is read later."""
        if self.record.state is DeliveryState.SENT:
            return Attempt(state=DeliveryState.SENT, wait_seconds=paused.seconds)
        return self.mark(sending.mark_postponed, self.pause(paused), wait=paused.seconds)

    def pause(self, paused: EhrPausedError) -> str:
        """Return the word for a pause, with until when."""
        return pause(self.world.clock() + timedelta(seconds=paused.seconds))

    def sent(self, remote_id: str, version_id: str, answer: Answered | None = None) -> Attempt:
        """Record that the EHR has the resource; it is read back next."""
        receipt = Receipt(
            delivery_id=self.record.id,
            remote_id=remote_id,
            remote_version=version_id,
            answer=answer,
        )
        with self.world.db.write(self.record.practice_id) as session:
            sending.mark_sent(session, self.record.practice_id, receipt, self.world.clock())
            if answer is not None:
                prove(self.world, session, self.record, answer)
        return Attempt(state=DeliveryState.SENT, wait_seconds=0.0)

    def wait(self) -> float:
        """Return how long to leave the EHR alone after the setbacks of this delivery so far."""
        return wait_after(setbacks_in(self._steps()))

    def wait_in_doubt(self, retry_after_seconds: float | None) -> float:
        """Return how long to wait before a lost answer is looked into.

        It grows with each setback, so that one resource an EHR always chokes on does not take
        every chance to ask it again after a pause.
        """
        return max(retry_after_seconds or 0.0, self.world.settle_seconds, self.wait())

    @property
    def is_spent(self) -> bool:
        """Whether it was tried so often, since a person last let it go on, that one must look."""
        return self.record.tries >= MOST_TRIES and tries_in(self._steps()) >= MOST_TRIES

    def _steps(self) -> tuple[DeliveryEvent, ...]:
        with self.world.db.read(self.record.practice_id) as session:
            steps = deliveries.events(session, self.record.practice_id, self.record.id)
        return since_release(steps)
