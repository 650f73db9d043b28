"""Plans an adopted version's way into the EHR: created once, and changed by each later version.

A Goal, the CareTeam and the CarePlan are each created under the identifier of the version that
first has them. A later version changes what differs, on what the EHR has by then, so that nothing
others wrote is lost (``deliver_revise``). Where the EHR takes no such change, the whole version
goes as a document, or to a person: a second CarePlan would stand there beside the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.plans.parts import Goal
from ccm_fhir.domain.writeback import (
    UPDATE,
    Act,
    Artefact,
    ResourceKind,
    RungName,
    Tenant,
    WritePlan,
    judge,
)
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.write_plan import (
    PlanEnvelope,
    cancelled_goal,
    care_plan_resource,
    care_team_resource,
    goal_resource,
)
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_bodies import (
    PLAN_KEY,
    TEAM_KEY,
    envelope,
    kind_of,
    own_goals,
    with_refs,
)
from ccm_fhir.services.plan_origins import (
    Written,
    changed_as,
    created_as,
    origins_of,
    withdraw_superseded,
)
from ccm_fhir.services.plan_writes import Place, Planned, plan, plan_on_rung
from ccm_fhir.services.tellable import placeholder
from ccm_fhir.services.told_plan import told_care_plan
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import ehrs, patients, plans, practices
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

_NATIVE = RungName.CARE_PLAN_AND_GOALS
_LOWER = (RungName.DOCUMENT, RungName.HAND_OFF)


def send_version(
    world: Installation, session: Session, practice_id: str, version: VersionRecord, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan a version's deliveries; return those of the way that it takes.

    Call it in the transaction that adopts the version. What earlier versions had not yet brought
    to the EHR, and would say less, is taken back.
    """
    practice = practices.get(session, practice_id)
    withdraw_superseded(session, practice_id, version.patient_id, now)
    every = plans.versions_of(session, practice_id, version.patient_id)
    earlier = tuple(one for one in every if one.number < version.number)
    patient = patients.get(session, practice_id, version.patient_id)
    ehr = ehrs.get(session, practice_id, patient.ehr_id)
    sending = _Sending(
        world=world,
        session=session,
        practice=practice,
        version=version,
        now=now,
        ehr_id=ehr.id,
        tenant=tenant_of(session, ehr, None),
        written=origins_of(world, session, practice, earlier),
        around=envelope(session, practice, version),
    )
    return sending.planned()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """One version on its way; ``written`` are the resources of the versions before it."""

    world: Installation
    session: Session
    practice: Practice
    version: VersionRecord
    now: datetime
    ehr_id: str
    tenant: Tenant
    written: dict[str, Written] = field(repr=False)
    around: PlanEnvelope = field(repr=False)

    def planned(self) -> tuple[DeliveryRecord, ...]:
        chosen = plan_for(Artefact.CARE_PLAN, self.tenant)
        if chosen.live.name is not _NATIVE:
            return self._lower(chosen, chosen.sentence)
        shut = next(self._shut(), "")
        if shut:
            return self._lower(chosen, shut)
        return self._native(f"{chosen.sentence} {chosen.live.sentence}")

    def _shut(self) -> Iterator[str]:
        """Yield why the EHR does not let what is there be changed."""
        kinds = [kind_of(key) for key in (PLAN_KEY, TEAM_KEY) if key in self.written]
        if any(self._differs(key, body) for key, body in self._changed_goals()):
            kinds.append(ResourceKind.GOAL)
        for kind in kinds:
            judged = judge(Act(resource_type=kind.value, code=UPDATE), self.tenant)
            if not (judged.is_possible or judged.is_unknown):
                yield judged.sentence

    def _lower(self, chosen: WritePlan, why: str) -> tuple[DeliveryRecord, ...]:
        to = next(rung for rung in chosen.rungs if rung.name in _LOWER and rung.is_possible)
        told = told_care_plan(self.session, self.practice, self.version)
        place = Place(rung=to.name, rule=f"{why} {to.sentence}", mark=f"|{to.name}")
        return plan_on_rung(self.world, self.session, self.practice, told, place, self.now)

    def _native(self, rule: str) -> tuple[DeliveryRecord, ...]:
        made: list[DeliveryRecord] = []
        refs: dict[str, DeliveryRecord] = {}
        for key, body in self._changed_goals():
            if self._differs(key, body):
                made.append(self._change(key, body, (), rule))
        for goal in own_goals(self.version.plan):
            if goal.key not in self.written:
                ours = created_as(self.world, self.practice, self.version.id, goal.key)
                made.append(self._create(goal.key, self._goal(goal, ours), (), rule))
                refs[goal.key] = made[-1]
            else:
                refs[goal.key] = self.written[goal.key].origin
        refs.update(self._team(made, rule))
        made.append(self._plan(refs, rule))
        return tuple(made)

    def _team(self, made: list[DeliveryRecord], rule: str) -> dict[str, DeliveryRecord]:
        known = self.written.get(TEAM_KEY)
        if known is not None:
            body = care_team_resource(self.version.plan, known.identifier, self.around)
            if self._differs(TEAM_KEY, body):
                made.append(self._change(TEAM_KEY, body, (), rule))
            return {TEAM_KEY: known.origin}
        may_create = judge(Act(resource_type=ResourceKind.CARE_TEAM.value), self.tenant)
        if not self.version.plan.team or not may_create.is_possible:
            return {}
        ours = created_as(self.world, self.practice, self.version.id, TEAM_KEY)
        body = care_team_resource(self.version.plan, ours, self.around)
        made.append(self._create(TEAM_KEY, body, (), rule))
        return {TEAM_KEY: made[-1]}

    def _plan(self, refs: dict[str, DeliveryRecord], rule: str) -> DeliveryRecord:
        names = {key: placeholder(record.id) for key, record in refs.items()}
        around = with_refs(self.around, names)
        before = tuple(record.id for record in refs.values())
        known = self.written.get(PLAN_KEY)
        if known is not None:
            body = care_plan_resource(self.version.plan, known.identifier, around)
            return self._change(PLAN_KEY, body, before, rule)
        ours = created_as(self.world, self.practice, self.version.id, PLAN_KEY)
        return self._create(
            PLAN_KEY, care_plan_resource(self.version.plan, ours, around), before, rule
        )

    def _changed_goals(self) -> Iterator[tuple[str, Json]]:
        """Yield what each Goal of an earlier version should say now; one taken out is given up."""
        wanted = {goal.key: goal for goal in own_goals(self.version.plan)}
        for key, known in self.written.items():
            if kind_of(key) is not ResourceKind.GOAL:
                continue
            if key in wanted:
                yield key, self._goal(wanted[key], known.identifier)
                continue
            last: Json = json.loads(known.last.body_json, parse_float=Decimal)
            if last["lifecycleStatus"] != "cancelled":
                yield key, cancelled_goal(last, self.version.adopted_on)

    def _goal(self, goal: Goal, ours: OurIdentifier) -> Json:
        return goal_resource(goal, ours, self.around, self.version.plan)

    def _differs(self, key: str, body: Json) -> bool:
        return to_bytes(body).decode() != self.written[key].last.body_json

    def _create(self, key: str, body: Json, before: tuple[str, ...], rule: str) -> DeliveryRecord:
        ours = created_as(self.world, self.practice, self.version.id, key)
        return self._delivery(self._resource(key, ours, body, before, rule))

    def _change(self, key: str, body: Json, before: tuple[str, ...], rule: str) -> DeliveryRecord:
        origin = self.written[key].origin
        ours = changed_as(self.world, self.practice, self.version.id, key)
        planned = self._resource(key, ours, body, (origin.id, *before), rule)
        change = replace(planned, purpose=Purpose.REVISION, of_delivery_id=origin.id)
        return self._delivery(change)

    def _resource(
        self, key: str, ours: OurIdentifier, body: Json, before: tuple[str, ...], rule: str
    ) -> Planned:
        return Planned(
            ehr_id=self.ehr_id,
            patient_id=self.version.patient_id,
            kind=kind_of(key),
            artefact_kind=ArtefactKind.CARE_PLAN,
            artefact_id=self.version.id,
            ours=ours,
            body=body,
            depends_on=before,
            rung=_NATIVE,
            rule=rule,
        )

    def _delivery(self, planned: Planned) -> DeliveryRecord:
        return plan(self.world, self.session, self.practice.id, planned, self.now)
