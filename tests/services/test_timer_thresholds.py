"""The thresholds a timer will cross: those of the rules in force, from what the month counts."""

from __future__ import annotations

from datetime import time

import pytest

from ccm_fhir.services import timers
from ccm_fhir.services.timer_thresholds import Crossing, crossings_ahead
from ccm_fhir.services.timers import StartTimer
from tests.world import DOCTOR, Desk, Site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def ahead(desk: Desk) -> tuple[Crossing, ...]:
    site = desk.site
    cards = timers.timers_of(site.world, desk.actor, site.clock())
    return crossings_ahead(site.world, desk.actor, cards, site.clock())


def start(desk: Desk) -> None:
    request = StartTimer(patient_id=desk.patient_id)
    timers.start(desk.site.world, desk.actor, request, desk.site.clock())


def thresholds(desk: Desk) -> list[int]:
    decision = desk.review().decision
    assert decision is not None
    return sorted({one.seconds for one in decision.thresholds})


def test_nothing_is_ahead_where_no_timer_runs(nurse: Desk) -> None:
    assert ahead(nurse) == ()


def test_every_threshold_of_the_rules_is_ahead_of_an_empty_month(nurse: Desk) -> None:
    start(nurse)

    assert [one.threshold_seconds for one in ahead(nurse)] == thresholds(nurse)
    assert all(one.at_seconds == one.threshold_seconds for one in ahead(nurse))
    assert ahead(nurse)[0].codes == ("99490",)


def test_what_the_month_counts_brings_them_nearer(nurse: Desk) -> None:
    nurse.record(start_time=time(8), minutes=15)
    start(nurse)

    first = ahead(nurse)[0]

    assert first.at_seconds == first.threshold_seconds - 15 * 60


def test_what_the_timer_has_crossed_is_not_said_again(nurse: Desk) -> None:
    nurse.record(start_time=time(8), minutes=15)
    start(nurse)
    before = ahead(nurse)
    nurse.site.clock.advance(seconds=before[0].at_seconds)

    assert ahead(nurse) == before[1:]


def test_a_practitioner_is_told_of_the_codes_that_they_would_sign(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    start(doctor)

    assert [one.threshold_seconds for one in ahead(doctor)] == thresholds(doctor)
