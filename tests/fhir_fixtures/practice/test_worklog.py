"""The month's work that the demo seeds its ledger with."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest

from fhir_fixtures.practice import generate
from fhir_fixtures.practice.worklog import time_log

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(0, 365, 7)] + [
    date(2026, 11, 1),
    date(2026, 11, 2),
    date(2026, 11, 23),
]


def test_minutes_add_up_to_what_the_table_says() -> None:
    minutes: Counter[str] = Counter()

    for entry in time_log(date(2026, 11, 23)):
        minutes[entry.patient_id] += entry.minutes

    assert minutes == {"pt-almost": 18, "pt-exactly": 20, "pt-fortyone": 41, "pt-sixtyfive": 65}


@pytest.mark.parametrize("as_of", DAYS)
def test_work_lies_in_the_month_and_before_the_day(as_of: date) -> None:
    for entry in time_log(as_of):
        day = entry.started_at.date()

        assert (day.year, day.month) == (as_of.year, as_of.month)
        assert day < as_of or (as_of.day == 1 and day == as_of)


@pytest.mark.parametrize("as_of", DAYS)
def test_nobody_works_twice_at_once(as_of: date) -> None:
    entries = time_log(as_of)

    for earlier, later in pairwise(sorted(entries, key=lambda e: e.started_at.timestamp())):
        ends_at = earlier.started_at.timestamp() + earlier.minutes * 60
        assert ends_at <= later.started_at.timestamp()


def test_work_on_weekdays_where_the_month_has_had_one() -> None:
    assert all(entry.started_at.weekday() < 5 for entry in time_log(date(2026, 11, 23)))


def test_every_entry_is_a_users_for_a_patient_of_the_cast() -> None:
    practice = generate(seed=1, patients=40, as_of=date(2026, 11, 23))

    assert {e.user_id for e in practice.time_log} <= {user.id for user in practice.users}
    assert {e.patient_id for e in practice.time_log} <= {m.patient_id for m in practice.cast}


def test_calls_and_teaching_are_contacts_and_the_rest_is_not() -> None:
    contacts = {e.activity for e in time_log(date(2026, 11, 23)) if e.contact}
    without = {e.activity for e in time_log(date(2026, 11, 23)) if not e.contact}

    assert contacts == {"patient_call", "education"}
    assert without == {"care_plan", "coordination", "medication"}


def test_a_printed_entry_does_not_tell_its_note() -> None:
    (first, *_) = time_log(date(2026, 11, 23))

    assert first.note
    assert first.note not in repr(first)
