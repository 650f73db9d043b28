"""Others write into our plan in the EHR: it is shown, and a person's click takes it in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.domain.plans.additions import AdditionKind
from ccm_fhir.domain.plans.parts import Achievement, Goal
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.care_plan import PlanDesk, plan_desk
from ccm_fhir.services.edit_plan import include_addition
from ccm_fhir.services.ehr_access import system_token
from ccm_fhir.storage import ehrs
from tests.services.test_send_plan import adopt, in_the_ehr, somebody_changes, the_plan, told
from tests.world import NOVEMBER

if TYPE_CHECKING:
    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.world import Desk, Site


def somebody_creates(site: Site, resource: dict[str, Any]) -> str:
    """Write a resource as another system would; return its reference."""
    with site.world.db.read(site.practice_id) as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
    answer = httpx2.post(
        f"{site.ehr.base}/{resource['resourceType']}",
        content=json.dumps(resource),
        headers={
            "Authorization": f"Bearer {system_token(site.world, ehr).access_token}",
            "Content-Type": "application/fhir+json",
        },
    )
    assert answer.status_code == 201, answer.text
    return f"{resource['resourceType']}/{answer.json()['id']}"


def later(site: Site) -> Desk:
    """Open the app again a while later: the chart is read anew."""
    site.clock.advance(seconds=60)
    return site.launch()


def desk_of(desk: Desk) -> PlanDesk:
    site = desk.site
    return plan_desk(site.world, desk.actor, desk.patient_id, NOVEMBER, site.clock())


def with_a_goal_of_another(site: Site, found: tuple[DeliveryRecord, ...]) -> str:
    """Let the kidney clinic put a goal of its own into our plan; return its reference."""
    plan = in_the_ehr(site, the_plan(found))
    ref = somebody_creates(
        site,
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "Weigh less than 80 kg"},
            "subject": plan["subject"],
            "expressedBy": {"display": "Dr. Kidney"},
            "target": [
                {
                    "measure": {"text": "Body weight"},
                    "detailQuantity": {"value": 80, "unit": "kg", "comparator": "<"},
                    "dueDate": "2027-03-01",
                }
            ],
        },
    )
    somebody_changes(site, the_plan(found), goal=[*plan["goal"], {"reference": ref}])
    return ref


def test_a_goal_that_others_add_is_shown_and_a_click_and_adopting_take_it_in(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    assert desk_of(nurse).additions == ()
    ref = with_a_goal_of_another(own_site, first)

    again = later(own_site)
    (one,) = desk_of(again).additions

    assert (one.kind, one.by, str(one.ref)) == (AdditionKind.GOAL, "Dr. Kidney", ref)
    assert isinstance(one.part, Goal)
    assert one.part.target.words == "Body weight: < 80 kg"
    draft = desk_of(again).draft.find(one.part.key)
    assert draft is not None
    assert not draft.is_included

    include_addition(own_site.world, again.actor, again.patient_id, one.part.key, own_site.clock())
    version = adopt(again)
    second = told(own_site, version)

    assert version.plan.part(one.part.key) is not None
    assert desk_of(again).additions == ()
    goals = [entry["reference"] for entry in in_the_ehr(own_site, the_plan(first))["goal"]]
    assert goals.count(ref) == 1
    assert ref not in {other.remote_ref for other in second}


def test_an_activity_that_others_add_waits_until_somebody_says_who_does_it(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    plan = in_the_ehr(own_site, the_plan(first))
    theirs = {"detail": {"status": "in-progress", "description": "See the dietitian"}}
    somebody_changes(own_site, the_plan(first), activity=[*plan["activity"], theirs])

    again = later(own_site)
    (one,) = desk_of(again).additions
    assert (one.kind, one.part.text) == (AdditionKind.ACTIVITY, "See the dietitian")
    assert any(each.part.key == one.part.key for each in desk_of(again).draft.parts)

    with pytest.raises(InputError, match="who does it"):
        include_addition(
            own_site.world, again.actor, again.patient_id, one.part.key, own_site.clock()
        )
    told(own_site, adopt(again, systolic="Keep the upper number low"))
    assert theirs in in_the_ehr(own_site, the_plan(first))["activity"]


def test_a_goal_of_ours_that_others_closed_is_shown_and_taken_over_by_a_click(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    goal = next(one for one in first if one.resource_type is ResourceKind.GOAL)
    achieved = {"coding": [{"system": _ACHIEVEMENT, "code": "achieved"}]}
    somebody_changes(own_site, goal, lifecycleStatus="completed", achievementStatus=achieved)

    again = later(own_site)
    (one,) = desk_of(again).additions
    assert one.kind is AdditionKind.GOAL_CHANGED
    assert one.changes == ("it is achieved",)

    include_addition(own_site.world, again.actor, again.patient_id, one.part.key, own_site.clock())
    version = adopt(again)
    second = told(own_site, version)

    taken = version.plan.part(one.part.key)
    assert isinstance(taken, Goal)
    assert taken.achievement is Achievement.ACHIEVED
    assert {other.state for other in second} == {DeliveryState.SENT}
    assert in_the_ehr(own_site, goal)["lifecycleStatus"] == "completed"


def test_what_is_not_there_any_more_cannot_be_taken_in(own_site: Site) -> None:
    nurse = own_site.launch()
    told(own_site, adopt(nurse))

    with pytest.raises(ConflictError, match="any more"):
        include_addition(
            own_site.world, nurse.actor, nurse.patient_id, "goal:Goal/gone", own_site.clock()
        )


_ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
