"""The rows of the fault matrix about time, reduced, on each database."""

from __future__ import annotations

from tests.faults import f05_time_entries, f06_running_timer, f06_served_timers


def test_time_typed_while_the_app_is_killed_is_neither_lost_nor_doubled(
    database_url: str,
) -> None:
    scale = f05_time_entries.Scale(kills=2, clients=4, alive_seconds=(0.3, 1.0))

    result = f05_time_entries.run(scale, database_url)

    assert result.passed, result.reached


def test_a_timer_that_fails_loses_one_heartbeat_at_most(database_url: str) -> None:
    result = f06_running_timer.run(f06_running_timer.Scale(sessions=24, people=3), database_url)

    assert result.passed, result.reached


def test_timers_go_on_where_the_app_is_killed_and_started_again(database_url: str) -> None:
    result = f06_served_timers.run(database_url, 2, people=3)

    assert result.passed, result.reached
