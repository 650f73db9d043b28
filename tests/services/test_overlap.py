"""Two people at one time: told before it is saved, with what will count; one person's, refused."""

from __future__ import annotations

from datetime import time

import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.services.overlap import OverlapWarningError
from tests.world import DOCTOR, Desk, Site

HELPER = "prac-luis-helper"


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


@pytest.fixture
def helper(site: Site) -> Desk:
    return site.launch(user=HELPER)


def counted(desk: Desk) -> int:
    decision = desk.review().decision
    assert decision is not None
    return decision.counted_seconds


def test_work_beside_somebody_elses_is_told_with_what_will_count(nurse: Desk, helper: Desk) -> None:
    helper.record(start_time=time(9, 10), minutes=20)

    with pytest.raises(OverlapWarningError) as warned:
        nurse.record(start_time=time(9, 0), minutes=22)

    overlap = warned.value.overlap
    (other,) = overlap.others
    assert (other.person, f"{other.started_at:%H:%M}", f"{other.ended_at:%H:%M}") == (
        helper.actor.name,
        "09:10",
        "09:30",
    )
    assert (overlap.seconds, overlap.shared_seconds) == (22 * 60, 12 * 60)
    assert (overlap.counted_before, overlap.counted_after) == (20 * 60, 30 * 60)
    assert len(nurse.review().entries) == 1


def test_what_was_told_is_what_counts_once_it_is_saved(nurse: Desk, helper: Desk) -> None:
    helper.record(start_time=time(9, 10), minutes=20)
    typed = nurse.typed(start_time=time(9, 0), minutes=22)
    with pytest.raises(OverlapWarningError) as warned:
        nurse.record(typed)

    nurse.record(typed, overlap_seen=True)
    nurse.record(typed)  # sent again, and not asked again

    assert counted(nurse) == warned.value.overlap.counted_after
    assert len(nurse.review().entries) == 2


def test_a_practitioners_minutes_are_told_as_the_rules_count_them(site: Site, nurse: Desk) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)
    doctor = site.launch(user=DOCTOR)

    with pytest.raises(OverlapWarningError) as warned:
        doctor.record(start_time=time(9, 0), minutes=32)
    doctor.record(start_time=time(9, 0), minutes=32, overlap_seen=True)

    assert warned.value.overlap.shared_seconds == 22 * 60
    assert warned.value.overlap.counted_before == 22 * 60


def test_work_that_only_meets_somebody_elses_is_not_asked_about(nurse: Desk, helper: Desk) -> None:
    helper.record(start_time=time(9, 0), minutes=22)

    nurse.record(start_time=time(9, 22), minutes=8)

    assert counted(nurse) == 30 * 60


def test_ones_own_work_for_another_patient_is_named_by_its_time_and_not_its_patient(
    site: Site, nurse: Desk
) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)
    other = site.launch(patient="pt-almost")

    with pytest.raises(InputError) as refused:
        other.record(start_time=time(9, 10))

    assert "from 09:00 to 09:22 on that day, for another patient" in refused.value.problem
    assert nurse.review().patient.name not in refused.value.problem


def test_ones_own_work_for_the_same_patient_is_named_as_such(nurse: Desk) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)

    with pytest.raises(InputError, match="for this patient; one person's minutes count"):
        nurse.record(start_time=time(9, 10))
