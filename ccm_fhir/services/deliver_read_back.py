"""Reads a delivered resource back and compares it: a 201 is no proof that content was kept."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import CcmError, EhrHttpError
from ccm_fhir.fhir.compare import differences
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.merge import missing
from ccm_fhir.services.deliver_pacing import STOP_READING_BACK_AFTER, wait_before_reading_back
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.told import told_of
from ccm_fhir.services.words import Worded, has_lost_words, plan_words
from ccm_fhir.storage import practices, sending
from ccm_fhir.storage.sending import ReadBack

_GONE = frozenset({404, 410})


def read_back(one: Try) -> Attempt:
    """Read what the EHR stored, and keep which elements of ours it dropped or altered."""
    record = one.record
    if record.read_back_at is not None:
        return Attempt(state=DeliveryState.SENT, wait_seconds=None)
    stored = one.client().read(record.resource_type.value, record.remote_id)
    seen = ReadBack(
        delivery_id=record.id,
        remote_hash=hashlib.sha256(stored.raw).hexdigest(),
        remote_version=stored.version_id,
        lossy=_lost(one, stored.json()),
    )
    with one.world.db.write(record.practice_id) as session:
        sending.mark_read_back(session, record.practice_id, seen, one.world.clock())
        _send_lost_words(one, session, seen.lossy)
    return Attempt(state=DeliveryState.SENT, wait_seconds=None)


def _lost(one: Try, stored: Json) -> tuple[str, ...]:
    compare = missing if one.is_revision else differences
    return compare(one.content(), stored)


def _send_lost_words(one: Try, session: Session, lossy: tuple[str, ...]) -> None:
    record = one.record
    if not has_lost_words(record, lossy):
        return
    practice = practices.get(session, record.practice_id)
    told = told_of(one.world, session, practice, record.artefact_kind, record.artefact_id)
    if told is not None and told.is_live:
        plan_words(Worded(world=one.world, ehr=one.ehr, record=record, told=told), session)


def read_back_later(one: Try, problem: CcmError, now: datetime) -> Attempt:
    """Return when to try again; what is gone after the settle time is a person's business."""
    sent_since = now - one.record.updated_at
    is_gone = isinstance(problem, EhrHttpError) and problem.status in _GONE
    if is_gone and sent_since.total_seconds() >= one.world.settle_seconds:
        return one.mark(sending.mark_quarantined, "vanished")
    if sent_since >= STOP_READING_BACK_AFTER:
        return Attempt(state=DeliveryState.SENT, wait_seconds=None)
    return Attempt(state=DeliveryState.SENT, wait_seconds=wait_before_reading_back(sent_since))
