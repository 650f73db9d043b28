"""What an adopted version is in the EHR: each resource by its key, with whom and when it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlmodel import Session

from ccm_fhir.domain.plans.parts import Goal, Origin, Plan
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.fhir.write_plan import PlanEnvelope
from ccm_fhir.storage import deliveries, patients, plans, users
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

PLAN_KEY = "plan"
TEAM_KEY = "team"


def kind_of(key: str) -> ResourceKind:
    """Return the type of the resource that a key of a plan names."""
    if key == PLAN_KEY:
        return ResourceKind.CARE_PLAN
    return ResourceKind.CARE_TEAM if key == TEAM_KEY else ResourceKind.GOAL


def own_goals(plan: Plan) -> tuple[Goal, ...]:
    """Return the goals that are written; those of the chart are in the EHR and not ours."""
    return tuple(goal for goal in plan.goals if not chart_ref(goal))


def chart_ref(goal: Goal) -> str:
    """Return a goal's reference in the EHR where the chart has it as a resource of its own."""
    if goal.source.origin is not Origin.CHART:
        return ""
    refs = (ref for ref in goal.source.refs if ref.resource_type == "Goal")
    return next((str(ref) for ref in refs if "#" not in ref.resource_id), "")


def envelope(session: Session, practice: Practice, version: VersionRecord) -> PlanEnvelope:
    """Return whom and what a version names, but for what is written of it."""
    versions = plans.versions_of(session, practice.id, version.patient_id)
    until = tuple(one for one in versions if one.number <= version.number)
    adopters = (users.get(session, practice.id, one.adopted_by).fhir_user for one in until)
    of_chart = {goal.key: chart_ref(goal) for goal in version.plan.goals}
    return PlanEnvelope(
        patient_ref=patients.get(session, practice.id, version.patient_id).ref,
        custodian_ref=practice.organization_ref,
        contributor_refs=tuple(dict.fromkeys(ref for ref in adopters if ref)),
        established_on=until[0].adopted_on,
        adopted_on=version.adopted_on,
        refs={key: ref for key, ref in of_chart.items() if ref},
        since=_since(until),
        task_refs=_task_refs(session, practice.id, version.patient_id),
    )


def with_refs(around: PlanEnvelope, refs: Mapping[str, str]) -> PlanEnvelope:
    """Return it with references to what is written of the version, by key."""
    return replace(around, care_team_ref=refs.get(TEAM_KEY, ""), refs={**around.refs, **refs})


def _task_refs(session: Session, practice_id: str, patient_id: str) -> tuple[str, ...]:
    """Return the Tasks that surely are in the EHR, in the order in which they were planned."""
    return tuple(
        one.remote_ref
        for one in deliveries.of_patient(session, practice_id, patient_id)
        if one.artefact_kind is ArtefactKind.PLAN_TASK
        and one.purpose is Purpose.NOTICE
        and one.state is DeliveryState.SENT
    )


def _since(versions: tuple[VersionRecord, ...]) -> dict[str, date]:
    """Return the day on which each goal first came into the plan."""
    first: dict[str, date] = {}
    for version in versions:
        for goal in version.plan.goals:
            first.setdefault(goal.key, version.adopted_on)
    return first
