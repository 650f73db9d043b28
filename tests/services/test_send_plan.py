"""An adopted plan reaches the EHR, is changed there by later versions, and loses nobody's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest

from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.plans.allergies import AllergyAnswer
from ccm_fhir.domain.plans.parts import Goal
from ccm_fhir.domain.writeback import DeliveryState, Disposition, ResourceKind, RungName
from ccm_fhir.services.care_plan import plan_desk
from ccm_fhir.services.edit_plan import PartEdit, adopt_draft, include_all, save_edits
from ccm_fhir.services.ehr_access import system_token
from ccm_fhir.storage import deliveries, ehrs
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose
from tests.services.test_falls import forget_the_statement
from tests.services.test_ladder_profiles import nurse_at, practice_at
from tests.services.wire import Send, answers, the_answer_is_lost
from tests.validators.harness import problems
from tests.world import NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from pathlib import Path

    from ccm_fhir.storage.deliveries import DeliveryRecord
    from ccm_fhir.storage.plan_records import VersionRecord

A_PLAN = r"/fhir/CarePlan/.+"
NOBODY = {DeliveryState.SENT}


def goals_of(desk: Desk) -> list[Goal]:
    shown = plan_desk(desk.site.world, desk.actor, desk.patient_id, NOVEMBER, desk.site.clock())
    return [
        each.part
        for each in shown.draft.parts
        if isinstance(each.part, Goal) and not each.part.is_individual
    ]


def adopt(desk: Desk, *, without: frozenset[str] = frozenset(), **texts: str) -> VersionRecord:
    """Adopt everything proposed, some goals left out and some reworded (by their last word)."""
    site = desk.site
    shown = plan_desk(site.world, desk.actor, desk.patient_id, NOVEMBER, site.clock())
    keys = frozenset(each.part.key for each in shown.draft.parts)
    include_all(site.world, desk.actor, desk.patient_id, keys - without, site.clock())
    edits = [PartEdit(key=key, is_included=False, fields={}) for key in without] + [
        PartEdit(key=each.part.key, is_included=True, fields={"text": text})
        for word, text in texts.items()
        for each in shown.draft.parts
        if each.part.key.rpartition(":")[2] == word and isinstance(each.part, Goal)
    ]
    save_edits(site.world, desk.actor, desk.patient_id, tuple(edits), site.clock())
    return adopt_draft(site.world, desk.actor, desk.patient_id, str(uuid4()), site.clock())


def told(site: Site, version: VersionRecord) -> tuple[DeliveryRecord, ...]:
    """Deliver everything of a patient's plan until nothing new is planned; return a version's."""
    known: frozenset[str] = frozenset()
    while True:
        with site.world.db.read(site.practice_id) as session:
            found = [
                one
                for one in deliveries.of_patient(session, site.practice_id, version.patient_id)
                if one.artefact_kind is ArtefactKind.CARE_PLAN
            ]
        if {one.id for one in found} <= known:
            return tuple(one for one in found if one.artefact_id == version.id)
        known = frozenset(one.id for one in found)
        site.deliver(*known, most=200)


def the_plan(found: tuple[DeliveryRecord, ...]) -> DeliveryRecord:
    (one,) = (d for d in found if d.resource_type is ResourceKind.CARE_PLAN)
    return one


def in_the_ehr(site: Site, delivery: DeliveryRecord) -> dict[str, Any]:
    with site.ehr.backend() as client:
        return dict(client.read(delivery.resource_type.value, delivery.remote_id).json())


def somebody_changes(site: Site, delivery: DeliveryRecord, **elements: Any) -> None:  # noqa: ANN401
    """Write into a resource as another system would."""
    with site.world.db.read(site.practice_id) as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
    stored = in_the_ehr(site, delivery) | elements
    answer = httpx2.put(
        f"{site.ehr.base}/{delivery.remote_ref}",
        content=json.dumps(stored),
        headers={
            "Authorization": f"Bearer {system_token(site.world, ehr).access_token}",
            "Content-Type": "application/fhir+json",
        },
    )
    assert answer.status_code == 200, answer.text


def test_an_adopted_plan_is_in_the_ehr_with_its_goals_and_team(each_own_site: Site) -> None:
    site = each_own_site
    nurse = site.launch()

    found = told(site, adopt(nurse))

    assert {one.state for one in found} == {DeliveryState.SENT}, [
        (one.resource_type, one.state, one.last_problem) for one in found
    ]
    assert {one.lossy for one in found} == {()}
    plan = in_the_ehr(site, the_plan(found))
    refs = {one.remote_ref for one in found}
    assert {entry["reference"] for entry in plan["careTeam"]} <= refs
    written = [one for one in found if one.resource_type is ResourceKind.GOAL]
    assert written
    assert {one.remote_ref for one in written} <= {entry["reference"] for entry in plan["goal"]}
    assert not any("urn:uuid" in json.dumps(in_the_ehr(site, one)) for one in found)


def test_the_same_version_planned_again_is_the_same_deliveries(own_site: Site) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    assert len({one.identifier for one in first}) == len(first)

    again = told(own_site, adopt(nurse, systolic="Keep the upper number low"))

    assert {one.purpose for one in again} == {Purpose.REVISION}
    assert len(own_site.ehr.holds("CarePlan", the_plan(first).identifier)) == 1
    assert {one.resource_type for one in again} == {ResourceKind.GOAL, ResourceKind.CARE_PLAN}


def test_what_another_writer_put_into_plan_and_goals_stays(own_site: Site) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    goal = next(one for one in first if one.resource_type is ResourceKind.GOAL)
    theirs = {"display": "A goal of another practice"}
    stored = in_the_ehr(own_site, the_plan(first))
    somebody_changes(
        own_site,
        the_plan(first),
        goal=[theirs, *stored["goal"]],
        note=[{"text": "Seen by the cardiologist."}, *stored["note"]],
        instantiatesUri=["https://theirs.example/pathway"],
    )
    somebody_changes(own_site, goal, lifecycleStatus="on-hold", note=[{"text": "Paused."}])

    second = told(own_site, adopt(nurse, systolic="Keep the upper number low"))

    plan = in_the_ehr(own_site, the_plan(first))
    assert theirs in plan["goal"]
    assert {"text": "Seen by the cardiologist."} in plan["note"]
    assert plan["instantiatesUri"] == ["https://theirs.example/pathway"]
    assert len(plan["goal"]) == len(stored["goal"]) + 1
    kept = in_the_ehr(own_site, goal)
    assert (kept["lifecycleStatus"], kept["note"]) == ("on-hold", [{"text": "Paused."}])
    assert {one.state for one in second} == NOBODY


def test_a_later_version_waits_for_an_unread_statement_and_falls_to_no_document(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    forget_the_statement(own_site)

    second = told(own_site, adopt(nurse, systolic="Keep the upper number low"))

    assert {one.state for one in second} == NOBODY
    assert {one.resource_type for one in second} <= {one.resource_type for one in first}
    assert len(own_site.wire.sent("GET", "/fhir/metadata$")) == 1


def test_a_writer_who_is_faster_is_not_overwritten(each_own_site: Site) -> None:
    site = each_own_site
    nurse = site.launch()
    first = told(site, adopt(nurse))

    def overtaken(request: httpx2.Request, send: Send) -> httpx2.Response:
        somebody_changes(site, the_plan(first), instantiatesUri=["https://theirs.example/x"])
        return send(request)

    site.wire.fail("PUT", A_PLAN, overtaken, times=1)
    second = told(site, adopt(nurse, systolic="Keep the upper number low"))

    changed = the_plan(second)
    assert (changed.state, changed.tries) == (DeliveryState.SENT, 2)
    plan = in_the_ehr(site, the_plan(first))
    assert plan["instantiatesUri"] == ["https://theirs.example/x"]
    assert any("next by" in note["text"] for note in plan["note"])


def test_a_goal_that_was_taken_out_is_cancelled_and_not_deleted(own_site: Site) -> None:
    nurse = own_site.launch()
    first = adopt(nurse)
    written = told(own_site, first)
    goal = next(one for one in written if one.resource_type is ResourceKind.GOAL)
    key = next(
        each.key
        for each in first.plan.goals
        if each.text == in_the_ehr(own_site, goal)["description"]["text"]
    )

    told(own_site, adopt(nurse, without=frozenset({key})))

    stored = in_the_ehr(own_site, goal)
    assert stored["lifecycleStatus"] == "cancelled"
    plan = in_the_ehr(own_site, the_plan(written))
    assert goal.remote_ref not in {entry["reference"] for entry in plan["goal"]}

    told(own_site, adopt(nurse))

    assert in_the_ehr(own_site, goal)["lifecycleStatus"] == "active"
    assert "statusReason" not in in_the_ehr(own_site, goal)


def test_a_lost_answer_after_the_create_leaves_exactly_one_plan(each_own_site: Site) -> None:
    site = each_own_site
    nurse = site.launch()
    site.wire.fail("POST", r"/fhir/CarePlan$", the_answer_is_lost, times=1)
    site.wire.fail("POST", r"/fhir/Goal$", the_answer_is_lost, times=1)

    found = told(site, adopt(nurse))

    assert {one.state for one in found} == {DeliveryState.SENT}
    assert all(len(site.in_the_ehr(one)) == 1 for one in found)


def test_a_lost_answer_after_an_update_is_not_taken_for_somebody_elses_words(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    own_site.wire.fail("PUT", r"/fhir/Goal/.+", the_answer_is_lost, times=1)

    version = adopt(nurse, systolic="One")
    with own_site.world.db.read(own_site.practice_id) as session:
        (change,) = (
            one
            for one in deliveries.of_artefact(
                session, own_site.practice_id, ArtefactKind.CARE_PLAN, version.id
            )
            if one.resource_type is ResourceKind.GOAL
        )
    own_site.attempt(change.id)  # written, and its answer is lost
    second = told(own_site, adopt(nurse, systolic="Two"))

    goal = next(one for one in first if one.id == change.of_delivery_id)
    assert in_the_ehr(own_site, goal)["description"]["text"] == "Two"
    assert {one.lossy for one in second} == {()}
    assert own_site.delivery(change.id).last_problem == "superseded"


def test_an_ehr_that_takes_no_care_plan_gets_a_document(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/CarePlan$", answers(405))

    found = told(own_site, adopt(nurse))

    (document,) = (one for one in found if one.rung is RungName.DOCUMENT)
    assert document.state is DeliveryState.SENT, document.last_problem
    stored = in_the_ehr(own_site, document)
    assert stored["type"]["coding"][0]["code"] == "18776-5"
    assert {c["attachment"]["contentType"] for c in stored["content"]} >= {
        "text/plain",
        "application/json",
    }
    assert the_plan(found).fell_to is RungName.DOCUMENT


def test_where_nothing_can_be_changed_the_next_version_is_a_document(own_site: Site) -> None:
    nurse = own_site.launch()
    first = told(own_site, adopt(nurse))
    own_site.wire.fail("PUT", A_PLAN, answers(405))

    second = told(own_site, adopt(nurse, systolic="Keep the upper number low"))

    (document,) = (one for one in second if one.rung is RungName.DOCUMENT)
    assert document.state is DeliveryState.SENT
    assert the_plan(first).remote_ref in json.dumps(json.loads(_data_of(document)))
    third = told(own_site, adopt(nurse, systolic="Lower still"))
    assert {one.rung for one in third} == {RungName.DOCUMENT}
    (later,) = third
    assert "relatesTo" not in in_the_ehr(own_site, document)
    assert in_the_ehr(own_site, later)["relatesTo"] == [
        {"code": "replaces", "target": {"reference": document.remote_ref}}
    ]
    assert len(own_site.ehr.holds("CarePlan", the_plan(first).identifier)) == 1


def _data_of(document: DeliveryRecord) -> bytes:
    import base64  # noqa: PLC0415

    contents = json.loads(document.body_json)["content"]
    (data,) = (
        c["attachment"]["data"]
        for c in contents
        if c["attachment"]["contentType"] == "application/json"
    )
    return base64.b64decode(data)


def test_a_plan_goes_on_without_a_team_that_the_ehr_refuses(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/CareTeam$", answers(422))

    found = told(own_site, adopt(nurse))

    states = {one.resource_type: one.state for one in found}
    assert states[ResourceKind.CARE_TEAM] is DeliveryState.REJECTED
    assert states[ResourceKind.CARE_PLAN] is DeliveryState.SENT
    assert "careTeam" not in in_the_ehr(own_site, the_plan(found))


def test_a_goal_that_was_refused_is_created_by_the_next_version(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/Goal$", answers(422), times=1)
    first = told(own_site, adopt(nurse))
    assert the_plan(first).state is DeliveryState.HELD

    second = told(own_site, adopt(nurse, systolic="Keep the upper number low"))

    assert {one.state for one in second} == NOBODY, [
        (one.resource_type, one.state, one.last_problem) for one in second
    ]
    assert len(own_site.ehr.holds("CarePlan", the_plan(second).identifier)) == 1


@pytest.mark.parametrize("kind", ["Goal", "CarePlan", "CareTeam"])
def test_nothing_is_sent_twice_when_a_turn_is_taken_again(own_site: Site, kind: str) -> None:
    nurse = own_site.launch()
    found = told(own_site, adopt(nurse))

    for one in found:
        own_site.attempt(one.id)

    ours = [one for one in found if one.resource_type == kind]
    assert all(len(own_site.in_the_ehr(one)) == 1 for one in ours)


@pytest.mark.needs("validators")
def test_no_validator_objects_to_what_was_sent(own_site: Site) -> None:
    nurse = own_site.launch()
    native = told(own_site, adopt(nurse))
    own_site.wire.fail("PUT", A_PLAN, answers(405))
    second = told(own_site, adopt(nurse, systolic="Keep the upper number low"))
    sent = [one for one in (*native, *second) if one.state is DeliveryState.SENT]

    assert problems([in_the_ehr(own_site, one) for one in sent if one.remote_id]) == ()


def test_what_we_wrote_ourselves_is_no_news_when_the_chart_is_read_again(own_site: Site) -> None:
    nurse = own_site.launch()
    told(own_site, adopt(nurse))
    before = goals_of(nurse)

    again = own_site.launch()

    assert [goal.key for goal in goals_of(again)] == [goal.key for goal in before]
    finding = next(f for f in again.review(NOVEMBER).findings if f.criterion is Criterion.CARE_PLAN)
    assert finding.answer is Answer.MET


def test_where_a_version_stands_is_said_in_a_word(own_site: Site) -> None:
    nurse = own_site.launch()
    version = adopt(nurse)
    assert stands(nurse, version) is Disposition.PENDING

    told(own_site, version)
    assert stands(nurse, version) is Disposition.ACCEPTED

    own_site.wire.fail("PUT", A_PLAN, answers(422))
    refused = adopt(nurse, systolic="Keep the upper number low")
    told(own_site, refused)
    assert stands(nurse, refused) is Disposition.REJECTED


def stands(desk: Desk, version: VersionRecord) -> Disposition | None:
    site = desk.site
    shown = plan_desk(site.world, desk.actor, desk.patient_id, NOVEMBER, site.clock())
    return shown.standings[version.id].disposition


@pytest.mark.parametrize(
    ("profile", "rung"),
    [
        ("full", RungName.CARE_PLAN_AND_GOALS),
        ("epic", RungName.DOCUMENT),
        ("canvas", RungName.DOCUMENT),
        ("nextgen", RungName.HAND_OFF),
    ],
)
def test_a_plan_reaches_its_rung_at(profile: str, rung: RungName, tmp_path: Path) -> None:
    with practice_at(profile, tmp_path) as site:
        nurse = nurse_at(site)
        version = adopt(nurse)

        found = [one for one in told(site, version) if not one.has_fallen]

        assert {one.rung for one in found} == {rung}
        by_hand = rung is RungName.HAND_OFF
        wanted = DeliveryState.HELD if by_hand else DeliveryState.SENT
        assert {one.state for one in found} == {wanted}, [one.last_problem for one in found]


def test_a_chart_whose_allergies_are_refused_is_read_all_the_same(own_site: Site) -> None:
    own_site.wire.fail("GET", r"/AllergyIntolerance", answers(403))
    own_site.wire.fail("POST", r"/fhir/?$", answers(400))
    nurse = own_site.launch()

    shown = plan_desk(own_site.world, nurse.actor, nurse.patient_id, NOVEMBER, own_site.clock())

    assert shown.allergies.answer is AllergyAnswer.NOT_READ
    assert "AllergyIntolerance" in shown.allergies.reason
    assert goals_of(nurse)
