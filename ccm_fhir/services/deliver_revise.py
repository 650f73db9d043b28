"""Changes a resource of a care plan in the EHR: read, merged with what others wrote, put back.

Doing it twice does no harm: what says already what it should is left alone. Somebody who is faster
is never overwritten: the resource is read again and merged again. A later version's change takes
the place of an earlier one, whatever of it was sent.
"""

from __future__ import annotations

from ccm_fhir.domain.writeback import UPDATE, Act, DeliveryState, Judged, judge
from ccm_fhir.errors import EhrHttpError
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.merge import merged
from ccm_fhir.services.deliver_amend import put_back
from ccm_fhir.services.deliver_statement import read_statement_first
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.ehr_access import system_token
from ccm_fhir.services.fall import Leaving, leave_revision, prove
from ccm_fhir.services.plan_origins import SUPERSEDED
from ccm_fhir.services.write_plan import tenant_of
from ccm_fhir.storage import deliveries, plans, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.sending import Answered, Problem
from ccm_fhir.storage.vocabulary import Purpose

_GONE = frozenset({404, 410})
ORIGIN_FELL = "fell"


def origin_of(one: Try) -> DeliveryRecord:
    """Return the delivery that created what a revision changes."""
    return next(other for other in one.before if other.id == one.record.of_delivery_id)


def follow_its_origin(one: Try) -> Attempt:
    """Let a version go the way that what it would change has gone."""
    return _refused(one, ORIGIN_FELL, None)


def revise(one: Try) -> Attempt:
    """Make the EHR's resource say what this version says, whatever others wrote in it."""
    earlier, is_superseded = _history(one)
    if is_superseded:
        return one.mark(sending.mark_withdrawn, SUPERSEDED)
    if _update(one, None).is_unknown:  # then the scopes to ask for are not known either
        return read_statement_first(one)
    if not _update(one, system_token(one.world, one.ehr).scope).is_possible:
        return _refused(one, "not_granted", None)
    client = one.client()
    try:
        stored = client.read(one.record.resource_type.value, origin_of(one).remote_id)
    except EhrHttpError as problem:
        if problem.status not in _GONE:
            raise
        return one.mark(sending.mark_held, "vanished")
    now = stored.json()
    changed = merged(_written(one, earlier), now, one.body()).resource
    if changed == now:
        return one.sent(stored.id, stored.version_id)
    return put_back(one, client, stored, changed, _refused)


def _history(one: Try) -> tuple[tuple[DeliveryRecord, ...], bool]:
    """Return what was to be written of it, by version, and whether a later version came."""
    record = one.record
    with one.world.db.read(record.practice_id) as session:
        about = deliveries.about(session, record.practice_id, record.of_delivery_id)
        versions = plans.versions_of(session, record.practice_id, record.patient_id)
    numbers = {version.id: version.number for version in versions}
    changes = sorted(
        (other for other in about if other.purpose is Purpose.REVISION),
        key=lambda other: numbers[other.artefact_id],
    )
    place = next(n for n, other in enumerate(changes) if other.id == record.id)
    return (origin_of(one), *changes[: place + 1]), place + 1 < len(changes)


def _written(one: Try, earlier: tuple[DeliveryRecord, ...]) -> tuple[Json, ...]:
    """Return what the EHR took last, and what it may have taken since."""
    there = [n for n, other in enumerate(earlier) if other.state is DeliveryState.SENT]
    since = earlier[there[-1] if there else 0 :]
    return tuple(
        _body(one, other) for other in since if other.state is DeliveryState.SENT or other.tries
    )


def _body(one: Try, other: DeliveryRecord) -> Json:
    with one.world.db.read(other.practice_id) as session:
        before = deliveries.dependencies(session, other.practice_id, other.id)
    return Try(world=one.world, ehr=one.ehr, record=other, before=before).body()


def _update(one: Try, granted: frozenset[str] | None) -> Judged:
    act = Act(resource_type=one.record.resource_type.value, code=UPDATE)
    with one.world.db.read(one.record.practice_id) as session:
        return judge(act, tenant_of(session, one.ehr, granted))


def _refused(one: Try, code: str, answer: Answered | None) -> Attempt:
    """Tell the version another way, or a person where the EHR dislikes what it says."""
    record = one.record
    with one.world.db.write(record.practice_id) as session:
        if answer is not None:
            is_unsupported = prove(one.world, session, record, answer)
            problem = Problem(delivery_id=record.id, code=code, answer=answer)
            sending.mark_rejected(session, record.practice_id, problem, one.world.clock())
            if not is_unsupported:
                return Attempt(state=DeliveryState.REJECTED, wait_seconds=None)
        leaving = Leaving(world=one.world, ehr=one.ehr, record=record, granted=None)
        leave_revision(session, leaving)
    return Attempt(state=DeliveryState.REJECTED, wait_seconds=None)
