"""The care team, the goals and the comprehensive care plan that ties them together.

``CarePlan.category`` is US Core's ``assess-plan``. A complete plan addresses the active
problem list, has a goal for each, a care team, and one planned intervention for each part that
Medicare expects of a comprehensive plan; a partial one addresses the Conditions and little else.
"""

from __future__ import annotations

from datetime import date, timedelta
from html import escape

from fhir_fixtures.practice.codes import (
    PATIENT_IN_TEAM,
    SNOMED,
    coding,
    concept,
    hl7,
    reference,
    us_core,
)
from fhir_fixtures.practice.conditions import is_active, is_on_problem_list
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.staff import (
    CARE_MANAGER_ID,
    PHYSICIAN_ID,
    PRACTICE_ID,
    staff_name,
    staff_role,
)
from fhir_fixtures.practice.story import Plan, Story

_US_CORE_PLAN = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
_REVIEWED_AFTER = timedelta(days=180)
_INTERVENTIONS = (
    (CARE_MANAGER_ID, "Symptoms: monthly call; the patient keeps a diary and knows whom to call."),
    (PHYSICIAN_ID, "Medication: reconcile at each contact; review for interactions."),
    (CARE_MANAGER_ID, "Function and memory: yearly assessment, fall risk at each visit."),
    (CARE_MANAGER_ID, "Home and caregivers: home safety list; a daughter or son as contact."),
    (CARE_MANAGER_ID, "Community services: home-delivered meals and transport offered."),
    (PHYSICIAN_ID, "Coordination: letters to and from specialists, tests tracked to the end."),
    (PHYSICIAN_ID, "Expected outcome: stable with treatment; plan reviewed every six months."),
)


def plan_of(story: Story, conditions: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """Return care team, goals and plan, as far as the story has them."""
    if story.plan is Plan.NONE or story.planned_on is None:
        return ()
    addressed = tuple(c for c in conditions if is_active(c) and is_on_problem_list(c))
    if story.plan is Plan.PARTIAL:
        return (_care_plan(story, story.planned_on, addressed, _INTERVENTIONS[:1]),)
    team = _care_team(story, story.planned_on)
    goals = tuple(
        _goal(story, story.planned_on, number, condition)
        for number, condition in enumerate(addressed, start=1)
    )
    plan = _care_plan(story, story.planned_on, addressed, _INTERVENTIONS)
    plan["careTeam"] = [reference(team)]
    if goals:
        plan["goal"] = [reference(g) for g in goals]
    return (team, *goals, plan)


def _care_team(story: Story, since: date) -> Resource:
    patient = {"reference": f"Patient/{story.patient_id}"}
    return {
        "resourceType": "CareTeam",
        "id": f"{story.patient_id}-careteam",
        "meta": us_core("careteam"),
        "status": "active",
        "name": f"Care team of {story.person.name}",
        "subject": patient,
        "period": {"start": since.isoformat()},
        "participant": [
            {"role": [concept(coding(SNOMED, PATIENT_IN_TEAM), text="Patient")], "member": patient},
            *(
                {
                    "role": [staff_role(person)],
                    "member": {
                        "reference": f"Practitioner/{person}",
                        "display": staff_name(person),
                    },
                }
                for person in (PHYSICIAN_ID, CARE_MANAGER_ID)
            ),
        ],
        "managingOrganization": [{"reference": f"Organization/{PRACTICE_ID}"}],
    }


def _goal(story: Story, since: date, number: int, condition: Resource) -> Resource:
    patient = {"reference": f"Patient/{story.patient_id}"}
    return {
        "resourceType": "Goal",
        "id": f"{story.patient_id}-goal-{number}",
        "meta": us_core("goal"),
        "lifecycleStatus": "active",
        "achievementStatus": hl7("goal-achievement", "in-progress"),
        "priority": hl7("goal-priority", "medium-priority"),
        "description": {
            "text": f"Six months without a hospital stay for: {condition['code']['text']}"
        },
        "subject": patient,
        "startDate": since.isoformat(),
        "target": [
            {
                "measure": concept(text="Unplanned hospital stays"),
                "detailInteger": 0,
                "dueDate": (since + _REVIEWED_AFTER).isoformat(),
            }
        ],
        "expressedBy": patient,
        "addresses": [reference(condition)],
    }


def _care_plan(
    story: Story,
    since: date,
    addressed: tuple[Resource, ...],
    interventions: tuple[tuple[str, str], ...],
) -> Resource:
    plan: Resource = {
        "resourceType": "CarePlan",
        "id": f"{story.patient_id}-careplan",
        "meta": us_core("careplan"),
        "text": _narrative(story, interventions),
        "status": "active",
        "intent": "plan",
        "category": [concept(coding(_US_CORE_PLAN, "assess-plan"))],
        "title": "Comprehensive care plan",
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "period": {"start": since.isoformat()},
        "created": since.isoformat(),
        "author": {"reference": f"Practitioner/{PHYSICIAN_ID}"},
        "contributor": [{"reference": f"Practitioner/{CARE_MANAGER_ID}"}],
        "activity": [_activity(person, words) for person, words in interventions],
    }
    if story.plan is Plan.COMPLETE:
        plan["note"] = [{"text": f"A copy was given to the patient on {since.isoformat()}."}]
    return plan | ({"addresses": [reference(c) for c in addressed]} if addressed else {})


def _activity(practitioner_id: str, words: str) -> Resource:
    return {
        "detail": {
            "status": "in-progress",
            "performer": [{"reference": f"Practitioner/{practitioner_id}"}],
            "description": words,
        }
    }


def _narrative(story: Story, interventions: tuple[tuple[str, str], ...]) -> Resource:
    items = "".join(f"<li>{escape(words)}</li>" for _, words in interventions)
    heading = f"<p>Care plan of {escape(story.person.name)}</p>"
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{heading}<ul>{items}</ul></div>',
    }
