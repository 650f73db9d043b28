"""Tasks of the care plan in words: what is open, by whom and until when, and what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.care_plan import PlanDesk
from ccm_fhir.services.plan_tasks import KeptTask, TaskOutcome
from ccm_fhir.services.send_task import TaskStanding
from smart_app.views import plan_words as words
from smart_app.views.formats import day
from smart_app.views.forms import ChoiceView
from smart_app.views.tones import Tone

_ENDED = {TaskOutcome.DONE: "Done", TaskOutcome.DROPPED: "Not done, and not needed any more"}
_STOPPED = frozenset({DeliveryState.REJECTED, DeliveryState.HELD, DeliveryState.QUARANTINE})
_NOT_TOLD = "Kept here; the EHR takes no tasks from this app."
_REFUSED = "Kept here; the EHR did not take it."
_UNDER_WAY = "On its way to the EHR."
_THERE = "In the EHR’s task list."
_CLOSE_IT = (
    "It is still open in the EHR’s task list, which takes no change from here; end it there."
)
_CLOSED = "Ended in the EHR’s task list, too."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTaskView:
    """A task that is to be done; ``word`` is empty where its day has not passed."""

    id: str
    text: str = field(repr=False)
    who: str
    due: str
    word: str
    tone: Tone
    serves: str = field(repr=False)
    in_ehr: str


def open_tasks(desk: PlanDesk) -> tuple[OpenTaskView, ...]:
    """Return what is to be done, the earliest day first and what has none last."""
    left = [each for each in desk.tasks if each.end is None]
    return tuple(_open(each, desk) for each in sorted(left, key=_by_day))


def ended_tasks(desk: PlanDesk) -> tuple[str, ...]:
    """Return each task that was ended, as a line, the latest first."""
    ended = [each for each in desk.tasks if each.end is not None]
    ordered = sorted(ended, key=lambda each: str(each.end and each.end.ended_at), reverse=True)
    return tuple(_line(each, desk) for each in ordered)


def goals_to_serve(desk: PlanDesk) -> tuple[ChoiceView, ...]:
    """Return the open goals that a task may be for."""
    goals = () if desk.standing is None else desk.standing.version.plan.goals
    return tuple(
        ChoiceView(value=goal.key, label=goal.text, is_chosen=False)
        for goal in goals
        if goal.is_open
    )


def _by_day(each: KeptTask) -> tuple[date, str]:
    return (each.task.due_on or date.max, each.task.id)


def _open(each: KeptTask, desk: PlanDesk) -> OpenTaskView:
    task = each.task
    is_late = task.due_on is not None and task.due_on < desk.today
    return OpenTaskView(
        id=task.id,
        text=task.text,
        who=words.PERFORMERS[task.performer],
        due="" if task.due_on is None else f"by {day(task.due_on)}",
        word="Late" if is_late else "",
        tone=Tone.BAD if is_late else Tone.PLAIN,
        serves=_serves(task.part_key, desk),
        in_ehr=_brought(desk.task_standings.get(task.id)),
    )


def _line(each: KeptTask, desk: PlanDesk) -> str:
    if each.end is None:
        return ""
    note = f" {each.end.note}" if each.end.note else ""
    who = desk.people.get(each.end.ended_by, "")
    ended = f"{_ENDED[each.end.outcome]}: {each.task.text}. {day(each.end.ended_at)}, {who}."
    return f"{ended}{note} {_closed(desk.task_standings.get(each.task.id))}".rstrip()


def _serves(key: str, desk: PlanDesk) -> str:
    part = desk.standing.version.plan.part(key) if desk.standing and key else None
    return "" if part is None else part.text


def _brought(standing: TaskStanding | None) -> str:
    if standing is None:
        return _NOT_TOLD
    if standing.brought is DeliveryState.SENT:
        return _THERE
    return _REFUSED if standing.brought in _STOPPED else _UNDER_WAY


def _closed(standing: TaskStanding | None) -> str:
    if standing is None or standing.brought in _STOPPED:
        return ""
    if standing.ended is DeliveryState.SENT:
        return _CLOSED
    if standing.ended is None or standing.ended in _STOPPED:
        return _CLOSE_IT
    return "The EHR is being told."
