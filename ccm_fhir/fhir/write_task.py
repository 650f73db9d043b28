"""A task of the care plan as a FHIR R4 Task, for the EHR's own work lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from ccm_fhir.fhir.json import Json, identifier, reference
from ccm_fhir.fhir.write_time import OurIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTold:
    """A task with whom it is for; ``care_plan_ref`` is empty while the EHR has no CarePlan of ours.

    ``performer`` is a role in words, ``serves`` the text of the part of the plan that it is for.
    """

    patient_ref: str = field(repr=False)
    requester_ref: str
    care_plan_ref: str
    text: str = field(repr=False)
    performer: str
    serves: str = field(repr=False)
    made_at: datetime
    due_on: date | None


def task_resource(told: TaskTold, ours: OurIdentifier) -> Json:
    """Return the Task, still to be done."""
    task: Json = {
        "resourceType": "Task",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "requested",
        "intent": "plan",
        "priority": "routine",
        "description": told.text,
        "for": reference(told.patient_ref),
        "authoredOn": told.made_at.isoformat(timespec="seconds"),
        "performerType": [{"text": told.performer}],
    }
    if told.care_plan_ref:
        task["basedOn"] = [reference(told.care_plan_ref)]
    if told.requester_ref:
        task["requester"] = reference(told.requester_ref)
    if told.serves:
        task["reasonCode"] = {"text": told.serves}
    if told.due_on is not None:
        task["restriction"] = {"period": {"end": told.due_on.isoformat()}}
    return task


def ended_task(*, is_done: bool) -> Json:
    """Return what of a Task is to change when it is done, or will not be."""
    return {"resourceType": "Task", "status": "completed" if is_done else "cancelled"}
