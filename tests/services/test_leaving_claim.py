"""A claim that leaves days after it was signed is scrubbed once more, and held if it is unfit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.services.needs_person import mark_keyed, needs_person, retry, send_another_way
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.storage import charts
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.vocabulary import ChartSource
from tests.services.test_charges import CHARGE, charges, planned, two_lines
from tests.services.test_claim_ladder import CLAIM, claimed_rows, live, without, worked
from tests.services.wire import the_answer_is_lost

if TYPE_CHECKING:
    from ccm_fhir.services.needs_person import Stopped
    from tests.world import Desk, Site

MORE_THAN_A_YEAR = 400


def stopped(desk: Desk) -> Stopped:
    (one,) = needs_person(desk.site.world, desk.actor).stopped
    return one


def chart_says(desk: Desk, *, merged_into: str) -> None:
    """Let the chart have been read again, and say whether the patient was merged."""
    site = desk.site
    with site.world.db.write(site.practice_id) as session:
        before = charts.latest(session, site.practice_id, desk.patient_id)
        assert before is not None
        patient = msgspec.structs.replace(before.facts.patient, replaced_by=merged_into)
        facts = msgspec.structs.replace(before.facts, patient=patient, read_at=site.clock())
        new = NewChart(patient_id=desk.patient_id, facts=facts, source=ChartSource.PANEL)
        charts.record(session, site.practice_id, new, site.clock())


def test_a_claim_that_leaves_after_its_time_limit_is_held_with_the_reason(own_site: Site) -> None:
    doctor = worked(own_site)
    doctor.sign()
    own_site.clock.advance(days=MORE_THAN_A_YEAR)

    one = live(doctor)

    assert (one.state, one.last_problem) == (DeliveryState.HELD, "unfit")
    assert own_site.wire.sent("POST", CLAIM) == []
    reason = stopped(doctor).reason
    assert reason.startswith("It was scrubbed again before it left")
    assert "42 CFR 424.44" in reason
    assert claimed_rows(doctor)[0][0] is MonthState.PROBLEM


def test_a_claim_that_leaves_the_same_day_is_not_asked_again(own_site: Site) -> None:
    doctor = worked(own_site)
    doctor.sign()
    chart_says(doctor, merged_into="Patient/other")

    assert live(doctor).state is DeliveryState.SENT


def test_what_keeps_it_back_can_be_mended_and_then_it_goes(own_site: Site) -> None:
    doctor = worked(own_site)
    doctor.sign()
    own_site.clock.advance(days=3)
    chart_says(doctor, merged_into="Patient/other")
    held = live(doctor)
    before = stopped(doctor).reason
    retry(own_site.world, doctor.actor, held.id)
    still = live(doctor)
    own_site.clock.advance(minutes=1)
    chart_says(doctor, merged_into="")
    mended = stopped(doctor).reason

    retry(own_site.world, doctor.actor, held.id)

    assert held.state is still.state is DeliveryState.HELD
    assert "merged this patient" in before
    assert mended.endswith("it goes on once a person says so.")
    assert live(doctor).state is DeliveryState.SENT


def test_one_that_may_be_there_already_is_settled_and_not_scrubbed(own_site: Site) -> None:
    doctor = worked(own_site)
    own_site.wire.fail("POST", CLAIM, the_answer_is_lost, times=1)
    doctor.sign()
    (delivery,) = (d for d in own_site.deliveries(doctor.patient_id) if d.rung is RungName.CLAIM)
    own_site.attempt(delivery.id)
    own_site.clock.advance(days=MORE_THAN_A_YEAR)

    assert live(doctor).state is DeliveryState.SENT
    assert len(own_site.wire.sent("POST", CLAIM)) == 1


def test_a_claim_half_charged_is_charged_whole(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    first, _ = planned(doctor)
    own_site.deliver(first.id)
    own_site.clock.advance(days=MORE_THAN_A_YEAR)

    assert [one.state for one in charges(doctor)] == [DeliveryState.SENT, DeliveryState.SENT]
    assert len(own_site.wire.sent("POST", CHARGE)) == 2


def test_a_person_may_take_it_another_way_and_answer_for_it(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "ChargeItem", "DocumentReference")
    doctor.sign()
    own_site.clock.advance(days=MORE_THAN_A_YEAR)
    held = live(doctor)

    to = send_another_way(own_site.world, doctor.actor, held.id)
    superbill = live(doctor)
    mark_keyed(own_site.world, doctor.acting(role=Role.BILLER).actor, superbill.id, "C-9")

    assert to is superbill.rung is RungName.HAND_OFF
    assert live(doctor).state is DeliveryState.SENT
