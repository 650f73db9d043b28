"""A care plan from a real chart: proposed, adopted, judged, and named in words on the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.plans.drafting import DraftPart
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.care_plan import PlanDesk, plan_desk
from ccm_fhir.services.edit_plan import (
    OwnPart,
    PartEdit,
    add_own_part,
    adopt_draft,
    include_all,
    save_edits,
)
from ccm_fhir.services.month import MonthFilter, overview
from tests.services.loopback_ehr import TODAY
from tests.world import BILLER, DOCTOR, NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.domain.findings import Finding

NO_PLAN = "pt-noplan"


def page(desk: Desk) -> PlanDesk:
    return plan_desk(desk.site.world, desk.actor, desk.patient_id, NOVEMBER, desk.site.clock())


def take_in_all(desk: Desk) -> None:
    keys = frozenset(each.part.key for each in page(desk).draft.parts)
    include_all(desk.site.world, desk.actor, desk.patient_id, keys, desk.site.clock())


def adopt(desk: Desk) -> None:
    take_in_all(desk)
    adopt_draft(desk.site.world, desk.actor, desk.patient_id, str(uuid4()), desk.site.clock())


def finding(desk: Desk) -> Finding:
    return next(f for f in desk.review(NOVEMBER).findings if f.criterion is Criterion.CARE_PLAN)


def find(desk: Desk, key: str) -> DraftPart:
    found = page(desk).draft.find(key)
    assert found is not None
    return found


def test_a_plan_adopted_here_turns_the_criterion_met_on_both_pages(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)
    assert finding(nurse).answer is Answer.NOT_MET

    adopt(nurse)

    assert finding(nurse).answer is Answer.MET
    shown = overview(site.world, nurse.actor, MonthFilter(month=NOVEMBER), site.clock())
    (row,) = (row for row in shown.rows if row.patient_id == nurse.patient_id)
    assert Criterion.CARE_PLAN not in {f.criterion for f in row.missing}


def test_evidence_of_an_adopted_plan_leads_to_its_page(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)
    adopt(nurse)

    (ref,) = finding(nurse).evidence

    assert nurse.review(NOVEMBER).ehr_links[str(ref)] == "/plan"


def test_a_claim_over_a_plan_kept_here_points_at_no_resource(own_site: Site) -> None:
    doctor = own_site.launch(user=DOCTOR)
    adopt(doctor)
    doctor.record(minutes=25)
    doctor.sign()

    body = doctor.delivery(ResourceKind.CLAIM).body_json

    assert "RecordedCarePlan" not in body


def test_only_those_who_care_for_patients_write_plans(site: Site) -> None:
    biller = site.launch(patient=NO_PLAN, user=BILLER)
    assert not page(biller).may_edit

    with pytest.raises(NotAllowedError):
        take_in_all(biller)
    with pytest.raises(NotAllowedError):
        adopt_draft(site.world, biller.actor, biller.patient_id, str(uuid4()), site.clock())


def test_a_plan_of_a_patient_who_is_not_ours_is_not_found(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)

    with pytest.raises(NotFoundError):
        plan_desk(site.world, nurse.actor, "no-such-patient", NOVEMBER, site.clock())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"target": "1e99"}, "somebody could measure"),
        ({"target": "NaN"}, "somebody could measure"),
        ({"due_on": "soon"}, "year, month and day"),
        ({"achievement": "perhaps"}, "those on offer"),
        ({"text": ""}, "cannot be empty"),
        ({"english": "x" * 2001}, "under 2000 characters"),
    ],
)
def test_a_field_that_cannot_be_used_is_told_and_the_old_value_stays(
    site: Site, fields: dict[str, str], said: str
) -> None:
    nurse = site.launch(patient=NO_PLAN)
    key = "goal:hypertension:systolic"
    before = find(nurse, key).part
    edit = PartEdit(key=key, is_included=True, fields=fields)

    (problem,) = save_edits(site.world, nurse.actor, nurse.patient_id, (edit,), site.clock())

    assert said in problem.problem
    assert problem.typed == next(iter(fields.values()))
    assert find(nurse, key) == DraftPart(part=before, is_included=True)


def test_taking_in_an_individual_goal_without_its_target_is_told(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)
    edit = PartEdit(key="goal:diabetes:a1c", is_included=True, fields={"target": ""})

    (problem,) = save_edits(site.world, nurse.actor, nurse.patient_id, (edit,), site.clock())

    assert "Set its target first" in problem.problem
    assert not find(nurse, "goal:diabetes:a1c").is_included


def test_a_goal_of_ones_own_without_a_day_stands_in_the_way_of_adopting(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)
    own = OwnPart(
        form_key=str(uuid4()), element=PlanElement.MEASURABLE_GOALS, text="Walk", target="daily"
    )
    add_own_part(site.world, nurse.actor, nurse.patient_id, own, site.clock())

    with pytest.raises(InputError, match="a measure and a day"):
        adopt_draft(site.world, nurse.actor, nurse.patient_id, str(uuid4()), site.clock())


def test_the_plan_dates_from_the_practices_own_day(site: Site) -> None:
    nurse = site.launch(patient=NO_PLAN)
    adopt(nurse)

    standing = page(nurse).standing
    assert standing is not None
    assert standing.version.adopted_on == TODAY
