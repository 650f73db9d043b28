"""An adopted care plan as FHIR R4: CarePlan, Goal, CareTeam and ServiceRequest.

The shape of the MCC eCare Plan guide on US Core: a custodian, contributors in place of an author,
and each activity a reference (``activity.detail`` stays out). Interventions live inside the plan: a
ServiceRequest of its own would stand among a practice's orders. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from html import escape

from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.plans.parts import (
    AnyPart,
    Assessment,
    Bound,
    Goal,
    Intervention,
    Measure,
    Plan,
    Review,
    Source,
    Statement,
    TeamMember,
)
from ccm_fhir.domain.plans.versions import ACHIEVEMENTS
from ccm_fhir.fhir.json import Json, concept, identifier, reference
from ccm_fhir.fhir.write_time import OurIdentifier

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_US_CORE_PLAN = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
# As the guide's own example plan has them, HL7/fhir-us-mcc input/resources/careplan.
_MCC_PLAN = "http://hl7.org/fhir/us/mcc/StructureDefinition/mccCarePlan"
_MCC_GOAL = "http://hl7.org/fhir/us/mcc/StructureDefinition/MCCGoal"
_CUSTODIAN = "http://hl7.org/fhir/us/mcc/StructureDefinition/custodian"
_SERVES_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
_ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
_UCUM = "http://unitsofmeasure.org"
_INNER_TEAM = "care-team"
_COMPARATORS = {Bound.BELOW: "<", Bound.AT_MOST: "<=", Bound.AT_LEAST: ">="}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEnvelope:
    """Whose plan it is and what it points to; ``refs`` are references by the keys of parts.

    ``custodian_ref`` is the practice's Organization, ``contributor_refs`` who adopted versions.
    A goal of the chart is not written again: its own reference stands in ``refs``. ``since`` are
    the days on which goals came into the plan. Without ``care_team_ref`` the team lives inside.
    """

    patient_ref: str
    custodian_ref: str
    contributor_refs: tuple[str, ...]
    established_on: date
    adopted_on: date
    care_team_ref: str = ""
    refs: Mapping[str, str]
    since: Mapping[str, date] = field(default_factory=dict)
    task_refs: tuple[str, ...] = ()


def care_plan_resource(plan: Plan, ours: OurIdentifier, envelope: PlanEnvelope) -> Json:
    """Return the CarePlan; parts that are no resource of their own stand in its notes."""
    has_inner_team = bool(plan.team) and not envelope.care_team_ref
    resource: Json = {
        "resourceType": "CarePlan",
        "meta": {"profile": [f"{_US_CORE}careplan", _MCC_PLAN]},
        "text": _narrative(plan),
        "contained": [
            *([_inner_team(plan, envelope)] if has_inner_team else []),
            *(service_request_resource(work, envelope) for work in plan.interventions),
        ],
        "extension": [{"url": _CUSTODIAN, "valueReference": reference(envelope.custodian_ref)}],
        "identifier": [identifier(ours.system, ours.value)],
        "status": "active",
        "intent": "plan",
        "category": [concept(_US_CORE_PLAN, "assess-plan")],
        "title": "Comprehensive care plan",
        "subject": reference(envelope.patient_ref),
        "period": {"start": envelope.established_on.isoformat()},
        "created": envelope.established_on.isoformat(),
        "contributor": [reference(ref) for ref in envelope.contributor_refs],
        "addresses": _conditions(problem.source for problem in plan.problems),
        "goal": _known(plan.goals, envelope),
        "activity": [
            *({"reference": reference(f"#{_inner_id(work)}")} for work in plan.interventions),
            *(
                {"reference": one}
                for medicine in plan.medicines
                for one in _of_type("MedicationRequest", medicine.source)
            ),
            *({"reference": reference(ref)} for ref in envelope.task_refs),
        ],
        "note": [{"text": text} for text in _notes(plan)],
    }
    if plan.team:
        resource["careTeam"] = [reference(envelope.care_team_ref or f"#{_INNER_TEAM}")]
    return {name: value for name, value in resource.items() if value != []}


def goal_resource(goal: Goal, ours: OurIdentifier, envelope: PlanEnvelope, plan: Plan) -> Json:
    """Return the Goal; its target is there only where something is said of it."""
    lifecycle, achievement = ACHIEVEMENTS[goal.achievement]
    addressed = [p for p in plan.problems if p.family and p.family == goal.family]
    resource: Json = {
        "resourceType": "Goal",
        "meta": {"profile": [f"{_US_CORE}goal", _MCC_GOAL]},
        "identifier": [identifier(ours.system, ours.value)],
        "lifecycleStatus": lifecycle,
        "achievementStatus": concept(_ACHIEVEMENT, achievement),
        "description": {"text": goal.text},
        "subject": reference(envelope.patient_ref),
        "startDate": envelope.since.get(goal.key, envelope.adopted_on).isoformat(),
        "addresses": _conditions(p.source for p in addressed),
        "target": [] if not goal.target.is_said else [_target(goal)],
    }
    return {name: value for name, value in resource.items() if value != []}


def cancelled_goal(written: Json, on: date) -> Json:
    """Return a Goal as it was written, given up: it was taken out of the plan on a day."""
    kept = {name: value for name, value in written.items() if name != "achievementStatus"}
    return kept | {
        "lifecycleStatus": "cancelled",
        "statusDate": on.isoformat(),
        "statusReason": "Taken out of the comprehensive care plan.",
    }


def service_request_resource(work: Intervention, envelope: PlanEnvelope) -> Json:
    """Return an intervention as a planned ServiceRequest within its plan, with its goals."""
    performer = work.person or ("" if work.performer is None else work.performer.value)
    resource: Json = {
        "resourceType": "ServiceRequest",
        "id": _inner_id(work),
        "meta": {"profile": [f"{_US_CORE}servicerequest"]},
        "extension": [
            {"url": _SERVES_GOAL, "valueReference": reference(envelope.refs[key])}
            for key in work.goals
            if key in envelope.refs
        ],
        "status": "active",
        "intent": "plan",
        "code": {"text": work.text},
        "subject": reference(envelope.patient_ref),
        "authoredOn": envelope.established_on.isoformat(),
        "reasonReference": _conditions([work.source]),
    }
    if performer:
        resource["performerType"] = {"text": performer.replace("_", " ")}
    if work.every:
        resource["occurrenceTiming"] = {"code": {"text": work.every}}
    return {name: value for name, value in resource.items() if value != []}


def care_team_resource(plan: Plan, ours: OurIdentifier, envelope: PlanEnvelope) -> Json:
    """Return the CareTeam with the patient first; a member without a resource by name alone."""
    patient = {
        "role": [concept(SNOMED, "116154003", "Patient (person)", text="Patient")],
        "member": reference(envelope.patient_ref),
    }
    others = [
        {
            "role": [_role(member)],
            "member": (reference(member.ref) if member.ref else {}) | {"display": member.name},
        }
        for member in plan.team
    ]
    return {
        "resourceType": "CareTeam",
        "meta": {"profile": [f"{_US_CORE}careteam"]},
        "identifier": [identifier(ours.system, ours.value)],
        "status": "active",
        "name": "Care team of the comprehensive care plan",
        "subject": reference(envelope.patient_ref),
        "period": {"start": envelope.established_on.isoformat()},
        "participant": [patient, *others],
        "managingOrganization": [reference(envelope.custodian_ref)],
    }


def _role(member: TeamMember) -> Json:
    """Return a member's role; somebody related to the patient is a caregiver by code."""
    said = member.role or "Care team member"
    if member.ref.startswith("RelatedPerson/"):
        return concept(SNOMED, "133932002", "Caregiver (person)", text=member.role or "Caregiver")
    return {"text": said}


def _inner_team(plan: Plan, envelope: PlanEnvelope) -> Json:
    team = care_team_resource(plan, OurIdentifier(system="", value=""), envelope)
    del team["identifier"]
    return team | {"id": _INNER_TEAM}


def _inner_id(work: Intervention) -> str:
    return f"work-{sha256(work.key.encode()).hexdigest()[:16]}"


def _conditions(sources: Iterable[Source]) -> list[Json]:
    return [one for source in sources for one in _of_type("Condition", source)]


def _of_type(resource_type: str, source: Source) -> list[Json]:
    """Return references to the resources of a type that the EHR can be pointed at."""
    return [
        reference(str(ref))
        for ref in source.refs
        if ref.resource_type == resource_type and "#" not in ref.resource_id
    ]


def _known(parts: tuple[AnyPart, ...], envelope: PlanEnvelope) -> list[Json]:
    return [reference(envelope.refs[part.key]) for part in parts if part.key in envelope.refs]


def _target(goal: Goal) -> Json:
    target: Json = {"measure": _measure(goal.measure)}
    if goal.target.value is None:
        target["detailString"] = goal.target.words
    else:
        target["detailQuantity"] = {
            "value": goal.target.value,
            "comparator": _COMPARATORS[goal.target.bound],
            **_unit(goal.measure),
        }
    if goal.due_on is not None:
        target["dueDate"] = goal.due_on.isoformat()
    return target


def _measure(measure: Measure) -> Json:
    codings = [code.partition("|") for code in measure.codes]
    coded: Json = {"coding": [{"system": system, "code": code} for system, _, code in codings]}
    return (coded if codings else {}) | {"text": measure.label.english}


def _unit(measure: Measure) -> Json:
    """Return a unit; the first spelling of a measure that results show is UCUM's."""
    if measure.codes and measure.units:
        return {"unit": measure.unit, "system": _UCUM, "code": measure.units[0]}
    return {"unit": measure.unit} if measure.unit else {}


def _notes(plan: Plan) -> list[str]:
    return [_note(p) for p in plan.parts if isinstance(p, Statement | Assessment | Review)]


def _note(part: AnyPart) -> str:
    element = part.element.value.replace("_", " ").capitalize()
    match part:
        case Assessment(result=result) if result:
            return f"{element}: {part.text}. Result: {result}"
        case Review(next_on=day) if day is not None:
            return f"{element}: {part.text}; next by {day.isoformat()}"
        case _:
            return f"{element}: {part.text}"


def _narrative(plan: Plan) -> Json:
    items = "".join(f"<li>{escape(part.text)}</li>" for part in plan.parts)
    heading = "<p>Comprehensive care plan</p>"
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{heading}<ul>{items}</ul></div>',
    }
