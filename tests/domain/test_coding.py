"""From seconds to units: which unit was reached on which of the practice's days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from ccm_fhir.domain.codes import Comparison
from ccm_fhir.domain.coding import code_time, units_reached
from ccm_fhir.domain.rules import CodeRule
from ccm_fhir.domain.timekeeping import Interval, Tally
from ccm_fhir.rulebook import load_rulebook
from tests.builders import NEW_YORK

BASE, ADD_ON = load_rulebook().codes_of_family("ccm_staff", date(2026, 11, 30))
MINUTE = 60
THIRD, FOURTH, FIFTH = date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 5)


def on_days(**seconds: int) -> Tally:
    days = {"third": THIRD, "fourth": FOURTH, "fifth": FIFTH}
    counted = tuple(Interval(entry_id=d, seconds=s, on=days[d]) for d, s in seconds.items())
    return Tally(counted=counted, left_out=())


def days_of(counted: Tally, *rules: CodeRule) -> dict[str, date]:
    coded = code_time(rules, counted, counted.counted_seconds, NEW_YORK)
    return {line.rule.code: line.reached_on for line in coded}


def test_a_second_unit_is_dated_when_its_own_seconds_were_reached() -> None:
    counted = on_days(third=20 * MINUTE, fourth=20 * MINUTE, fifth=20 * MINUTE)

    assert days_of(counted, BASE, ADD_ON) == {"99490": THIRD, "99439": FIFTH}


def test_a_threshold_that_must_be_passed_is_dated_when_the_second_after_it_was_worked() -> None:
    more_than = replace(BASE, comparison=Comparison.MORE_THAN)

    assert days_of(on_days(third=20 * MINUTE, fourth=1), BASE) == {"99490": THIRD}
    assert days_of(on_days(third=20 * MINUTE, fourth=1), more_than) == {"99490": FOURTH}


def test_a_code_that_is_not_met_does_not_hide_those_after_it() -> None:
    counted = on_days(third=60 * MINUTE)

    assert days_of(counted, ADD_ON, BASE) == {"99490": THIRD}


def test_the_day_is_the_practices_and_not_the_machines() -> None:
    evening = datetime(2026, 11, 3, 20, 0, tzinfo=NEW_YORK)
    ends = datetime(2026, 11, 3, 20, 20, tzinfo=NEW_YORK)
    worked = Interval(entry_id="e", seconds=20 * MINUTE, started_at=evening, ended_at=ends)

    assert days_of(Tally(counted=(worked,), left_out=()), BASE) == {"99490": THIRD}


def test_units_reached_never_pass_the_cap() -> None:
    assert [units_reached(ADD_ON, m * MINUTE) for m in (39, 40, 60, 600)] == [0, 1, 2, 2]
