"""What of a plan's earlier versions is in the EHR or on its way, and what need not go any more.

A resource's origin is the delivery that created it; ``last`` is the newest delivery that says what
it should say now. Both are found by their deterministic identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.errors import ConflictError
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_bodies import PLAN_KEY, TEAM_KEY, kind_of
from ccm_fhir.services.plan_writes import our_identifier
from ccm_fhir.storage import deliveries, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

SUPERSEDED = "superseded"
_REFUSED_BEFORE_IT = "dependency_refused"
_OPEN_CHANGE = frozenset(
    {
        DeliveryState.PLANNED,
        DeliveryState.UNCERTAIN,
        DeliveryState.REJECTED,
        DeliveryState.HELD,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A resource that an earlier version brought: its origin, and what it was last told."""

    origin: DeliveryRecord
    last: DeliveryRecord

    @property
    def identifier(self) -> OurIdentifier:
        """The identifier that the resource bears, whichever version changes it."""
        return OurIdentifier(system=self.origin.identifier_system, value=self.origin.identifier)


def created_as(world: Installation, practice: Practice, version_id: str, key: str) -> OurIdentifier:
    """Return the identifier of a resource that a version creates."""
    return our_identifier(world, practice, kind_of(key), f"{version_id}|{key}")


def changed_as(world: Installation, practice: Practice, version_id: str, key: str) -> OurIdentifier:
    """Return the identifier of a version's change to a resource; the EHR never sees it."""
    return our_identifier(world, practice, kind_of(key), f"{version_id}|{key}|revise")


def origins_of(
    world: Installation,
    session: Session,
    practice: Practice,
    earlier: tuple[VersionRecord, ...],
) -> dict[str, Written]:
    """Return what earlier versions wrote, by key; what surely is not in the EHR is left out."""
    if not earlier:
        return {}
    found = _of_plans(session, practice.id, earlier[0].patient_id)
    by_identifier = {one.identifier: one for one in found.values()}
    written: dict[str, Written] = {}
    for version in earlier:
        goals = (goal.key for goal in version.plan.goals)
        for key in dict.fromkeys((PLAN_KEY, TEAM_KEY, *goals, *written)):
            created = by_identifier.get(created_as(world, practice, version.id, key).value)
            if created is not None and not _is_surely_not_there(created, found):
                written[key] = Written(origin=created, last=created)
            changed = by_identifier.get(changed_as(world, practice, version.id, key).value)
            if changed is not None and changed.state is not DeliveryState.REJECTED:
                written[key] = Written(origin=written[key].origin, last=changed)
    return written


def withdraw_superseded(session: Session, practice_id: str, patient_id: str, now: datetime) -> None:
    """Take back what of earlier versions is not in the EHR and would say less than the new one.

    A resource that is on its way is created first, and then changed.
    """
    found = _of_plans(session, practice_id, patient_id)
    for one in found.values():
        if not one.has_fallen and _is_superseded(one, found):
            problem = Problem(delivery_id=one.id, code=SUPERSEDED)
            with suppress(ConflictError):  # it is just being sent: then it is changed after that
                sending.mark_withdrawn(session, practice_id, problem, now)


def _of_plans(session: Session, practice_id: str, patient_id: str) -> dict[str, DeliveryRecord]:
    found = deliveries.of_patient(session, practice_id, patient_id)
    return {one.id: one for one in found if one.artefact_kind is ArtefactKind.CARE_PLAN}


def _is_superseded(one: DeliveryRecord, found: Mapping[str, DeliveryRecord]) -> bool:
    if one.purpose is Purpose.REVISION:
        return one.state in _OPEN_CHANGE
    if one.is_hand_off:
        return one.state is DeliveryState.HELD
    if one.rung is RungName.DOCUMENT and one.state is DeliveryState.PLANNED:
        return one.tries == 0
    return _is_surely_not_there(one, found)


def _is_surely_not_there(one: DeliveryRecord, found: Mapping[str, DeliveryRecord]) -> bool:
    """Whether nothing of it was written, nor will be: refused, or what it names was."""
    if one.state is DeliveryState.REJECTED:
        return True
    if one.tries or one.state not in {DeliveryState.PLANNED, DeliveryState.HELD}:
        return False
    if one.state is DeliveryState.HELD:
        return one.last_problem == _REFUSED_BEFORE_IT
    before = (found[other] for other in one.depends_on if other in found)
    return any(other.state is DeliveryState.REJECTED for other in before)
