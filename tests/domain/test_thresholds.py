"""Each threshold with its code, reached or not, in the chosen family and at each one's start."""

from __future__ import annotations

from tests.builders import decision, work

MINUTE = 60


def test_each_threshold_of_the_chosen_family_names_its_code() -> None:
    made = decision(work(22 * MINUTE))

    assert [(t.seconds // MINUTE, t.code) for t in made.thresholds] == [
        (20, "99490"),
        (40, "99439"),
        (60, "99439"),
    ]
    assert made.next_threshold_seconds == 40 * MINUTE


def test_thresholds_do_not_depend_on_the_time_that_is_there() -> None:
    assert decision().thresholds == decision(work(200 * MINUTE)).thresholds


def test_each_family_says_where_its_first_code_begins() -> None:
    begins = {o.family: o.threshold for o in decision().alternatives}

    assert {name: (t.seconds // MINUTE, t.code) for name, t in begins.items() if t is not None} == {
        "ccm_staff": (20, "99490"),
        "ccm_complex": (60, "99487"),
        "ccm_practitioner": (30, "99491"),
    }
