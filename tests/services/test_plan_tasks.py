"""Tasks of the care plan: kept here, in the EHR's list once, and part of the plan there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.needs_person import needs_person
from ccm_fhir.services.plan_tasks import EndedTask, TaskOutcome, WantedTask, add_task, end_task
from ccm_fhir.storage import deliveries, plan_tasks
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.services.test_ladder_profiles import nurse_at, practice_at
from tests.services.test_send_plan import adopt, in_the_ehr, somebody_changes, the_plan, told
from tests.services.wire import answers, the_answer_is_lost
from tests.validators.harness import problems

if TYPE_CHECKING:
    from pathlib import Path

    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.world import Desk, Site


def wanted(desk: Desk, **changes: Any) -> str:  # noqa: ANN401
    """Write a task down; return its id."""
    fields: dict[str, Any] = {
        "patient_id": desk.patient_id,
        "text": "Call the pharmacy about the refill",
        "performer": Performer.CARE_MANAGER,
        "due_on": desk.site.clock().date() + timedelta(days=7),
        "form_key": str(uuid4()),
    }
    return add_task(desk.site.world, desk.actor, WantedTask(**fields | changes), desk.site.clock())


def ended(
    desk: Desk, task_id: str, outcome: TaskOutcome = TaskOutcome.DONE, note: str = ""
) -> None:
    end = EndedTask(patient_id=desk.patient_id, task_id=task_id, outcome=outcome, note=note)
    end_task(desk.site.world, desk.actor, end, desk.site.clock())


def planned(site: Site, task_id: str) -> tuple[DeliveryRecord, ...]:
    with site.world.db.read(site.practice_id) as session:
        return deliveries.of_artefact(session, site.practice_id, ArtefactKind.PLAN_TASK, task_id)


def sent(site: Site, task_id: str) -> tuple[DeliveryRecord, ...]:
    """Deliver what tells of a task; return it."""
    return site.deliver(*(one.id for one in planned(site, task_id)), most=400)


def test_a_task_is_in_the_ehrs_list_with_its_day_and_its_plan(own_site: Site) -> None:
    nurse = own_site.launch()
    version = adopt(nurse)
    plan = the_plan(told(own_site, version))
    goal = next(goal for goal in version.plan.goals if goal.is_open)

    (told_task,) = sent(own_site, wanted(nurse, part_key=goal.key))

    task = in_the_ehr(own_site, told_task)
    assert (task["status"], task["intent"]) == ("requested", "plan")
    assert task["description"] == "Call the pharmacy about the refill"
    assert task["basedOn"] == [{"reference": plan.remote_ref}]
    assert task["reasonCode"] == {"text": goal.text}
    due_on = own_site.clock().date() + timedelta(days=7)
    assert task["restriction"] == {"period": {"end": due_on.isoformat()}}


def test_a_lost_answer_leaves_one_task(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/Task$", the_answer_is_lost, times=1)

    (told_task,) = sent(own_site, wanted(nurse))

    assert told_task.state is DeliveryState.SENT
    assert len(own_site.in_the_ehr(told_task)) == 1


def test_every_later_version_of_the_plan_refers_to_the_task(own_site: Site) -> None:
    nurse = own_site.launch()
    plan = the_plan(told(own_site, adopt(nurse)))
    task_id = wanted(nurse)
    (told_task,) = sent(own_site, task_id)
    entry = {"reference": {"reference": told_task.remote_ref}}

    told(own_site, adopt(nurse, systolic="Keep the upper number low"))
    assert in_the_ehr(own_site, plan)["activity"].count(entry) == 1

    ended(nurse, task_id)
    sent(own_site, task_id)
    told(own_site, adopt(nurse, systolic="Keep the upper number lower"))
    activities = in_the_ehr(own_site, plan)["activity"]
    assert activities.count(entry) == 1
    assert all("detail" not in activity for activity in activities)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(TaskOutcome.DONE, "completed"), (TaskOutcome.DROPPED, "cancelled")],
)
def test_a_task_that_is_ended_here_is_ended_there(
    own_site: Site, outcome: TaskOutcome, status: str
) -> None:
    nurse = own_site.launch()
    task_id = wanted(nurse)
    (told_task,) = sent(own_site, task_id)
    somebody_changes(own_site, told_task, note=[{"text": "The pharmacy is closed on Monday."}])

    ended(nurse, task_id, outcome)
    sent(own_site, task_id)

    task = in_the_ehr(own_site, told_task)
    assert task["status"] == status
    assert task["note"] == [{"text": "The pharmacy is closed on Monday."}]


def test_what_somebody_ended_in_the_ehr_stays_as_they_ended_it(own_site: Site) -> None:
    nurse = own_site.launch()
    task_id = wanted(nurse)
    (told_task,) = sent(own_site, task_id)
    somebody_changes(own_site, told_task, status="failed")

    ended(nurse, task_id)
    sent(own_site, task_id)

    assert in_the_ehr(own_site, told_task)["status"] == "failed"


def test_a_task_that_ends_before_it_was_sent_is_never_sent(own_site: Site) -> None:
    nurse = own_site.launch()
    task_id = wanted(nurse)

    ended(nurse, task_id)
    (told_task,) = sent(own_site, task_id)

    assert (told_task.state, told_task.last_problem) == (DeliveryState.REJECTED, "taken_back")
    assert own_site.in_the_ehr(told_task) == []


def test_a_task_that_ends_while_its_answer_is_lost_is_sent_no_second_time(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/Task$", answers(503), times=1)
    task_id = wanted(nurse)
    (first,) = planned(own_site, task_id)
    own_site.attempt(first.id)

    ended(nurse, task_id)
    found = sent(own_site, task_id)

    assert {one.state for one in found} == {DeliveryState.REJECTED}
    assert own_site.in_the_ehr(first) == []


def test_a_refused_task_stays_here_and_the_plan_goes_without_it(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/Task$", answers(422))
    task_id = wanted(nurse)
    (told_task,) = sent(own_site, task_id)

    found = told(own_site, adopt(nurse))

    assert told_task.state is DeliveryState.REJECTED
    assert {one.state for one in found} == {DeliveryState.SENT}
    with own_site.world.db.read(own_site.practice_id) as session:
        kept = plan_tasks.of_patient(session, own_site.practice_id, nurse.patient_id)
    assert [each.end for each in kept if each.task.id == task_id] == [None]


def test_an_end_that_the_ehr_refuses_is_for_whoever_wrote_the_task(own_site: Site) -> None:
    nurse = own_site.launch()
    task_id = wanted(nurse)
    sent(own_site, task_id)
    own_site.wire.fail("PUT", r"/fhir/Task/.+", answers(422))

    ended(nurse, task_id)
    sent(own_site, task_id)

    (stopped,) = needs_person(own_site.world, nurse.actor).stopped
    assert (stopped.resource_type, stopped.owner) == ("Task", nurse.actor.name)


@pytest.mark.parametrize(("profile", "number"), [("full", 1), ("canvas", 1), ("epic", 0)])
def test_a_task_goes_where_tasks_are_taken(profile: str, number: int, tmp_path: Path) -> None:
    with practice_at(profile, tmp_path) as site:
        nurse = nurse_at(site)

        found = sent(site, wanted(nurse))

        assert [one.resource_type for one in found] == [ResourceKind.TASK] * number
        assert {one.state for one in found} <= {DeliveryState.SENT}


@pytest.mark.needs("validators")
def test_no_validator_objects_to_a_task(own_site: Site) -> None:
    nurse = own_site.launch()
    told(own_site, adopt(nurse))
    found = sent(own_site, wanted(nurse))

    assert problems([in_the_ehr(own_site, one) for one in found]) == ()


def test_a_form_sent_twice_makes_one_task(own_site: Site) -> None:
    nurse = own_site.launch()

    assert wanted(nurse, form_key="once") == wanted(nurse, form_key="once")
    with pytest.raises(ConflictError):
        wanted(nurse, form_key="once", text="Something else")


def test_ending_twice_is_once_and_in_another_way_is_refused(own_site: Site) -> None:
    nurse = own_site.launch()
    task_id = wanted(nurse)
    ended(nurse, task_id, note="Refilled")
    ended(nurse, task_id, note="Refilled")

    with pytest.raises(ConflictError, match="ended already"):
        ended(nurse, task_id, TaskOutcome.DROPPED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "  "}, "what is to be done"),
        ({"text": "x" * 501}, "under 500"),
    ],
)
def test_a_task_that_says_nothing_or_too_much_is_refused(
    own_site: Site, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        wanted(own_site.launch(), **changes)


def test_a_day_that_has_passed_is_refused(own_site: Site) -> None:
    nurse = own_site.launch()

    with pytest.raises(InputError, match="has passed"):
        wanted(nurse, due_on=own_site.clock().date() - timedelta(days=2))


def test_only_those_who_write_plans_write_tasks(own_site: Site) -> None:
    nurse = own_site.launch()
    biller = replace(nurse.actor, role=Role.BILLER)
    task = WantedTask(
        patient_id=nurse.patient_id, text="x", performer=Performer.CARE_MANAGER, form_key="1"
    )

    with pytest.raises(NotAllowedError):
        add_task(own_site.world, biller, task, own_site.clock())


def test_a_task_of_nobody_is_not_found(own_site: Site) -> None:
    with pytest.raises(NotFoundError):
        ended(own_site.launch(), "no-such-task")
