"""The delivery rows of the fault matrix, reduced; ``make faults`` runs the full figures."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.settings import Settings
from tests.faults import (
    f02_deliveries,
    f03_two_workers,
    f04_control,
    f08_quota,
    f10_schedule,
    f12_database,
    f12_pages,
    f15_upgrade,
    f16_simulation,
)
from tests.world import settings_for

if TYPE_CHECKING:
    from tests.faults.result import FaultResult


def reached(result: FaultResult) -> None:
    assert result.passed, f"{result.row} asked {result.asked}, reached {result.reached}"


def test_f2_deliveries_arrive_once_though_the_ehr_fails_and_workers_die(database_url: str) -> None:
    reached(f02_deliveries.deliver(database_url, 60, 1))


@pytest.mark.needs("postgres")
def test_f3_two_workers_and_one_that_never_comes_back(postgres_database: str) -> None:
    reached(f03_two_workers.run(postgres_database, 60, 1))


def test_f4_without_the_recipe_something_is_doubled(database_url: str) -> None:
    reached(f04_control.without_the_recipe(database_url, 80))


def test_f4_without_a_settle_time_the_worker_itself_doubles(sqlite_database: str) -> None:
    reached(f04_control.without_settling(sqlite_database, 40))


def test_f7_encounter_and_procedure_arrive_both_and_once(database_url: str) -> None:
    reached(f02_deliveries.deliver_pairs(database_url, 40, 1))


def test_f7_without_transactions_they_arrive_one_after_the_other_and_once(
    sqlite_database: str,
) -> None:
    reached(f02_deliveries.deliver_singly(sqlite_database, 40, 1))


@pytest.mark.needs("postgres")
def test_f8_the_quota_holds_while_the_ehr_pleads(postgres_database: str) -> None:
    # One that always fails takes the breaker's probes for minutes: the full row has it.
    reached(f08_quota.run(postgres_database, 40, 2, 1, is_one_broken=False))


@pytest.mark.needs("postgres")
def test_f10_two_schedulers_run_each_period_once(postgres_database: str) -> None:
    reached(f10_schedule.run(postgres_database, 6))


def test_f10_what_came_due_while_the_scheduler_was_down_is_made_up_for(
    database_url: str,
) -> None:
    reached(f10_schedule.down_over_a_tick(database_url, 6))


def test_f10_the_clocks_change_and_every_period_comes_once(database_url: str) -> None:
    reached(f10_schedule.clock_changes(database_url, 2))


def test_f12_a_full_disk_is_an_error_and_keeps_nothing_half(sqlite_database: str) -> None:
    reached(f12_database.disk_full(sqlite_database, 3))


def test_f12_a_locked_file_is_an_error_and_keeps_nothing_half(sqlite_database: str) -> None:
    reached(f12_database.busy(sqlite_database, 1))


@pytest.mark.needs("postgres")
def test_f12_a_server_that_restarts_is_an_error_and_keeps_nothing_half(
    postgres_database: str,
) -> None:
    reached(f12_database.cut(postgres_database, 3))


def test_f12_a_full_disk_is_told_by_the_page_and_the_form_taken_later(
    sqlite_database: str,
) -> None:
    reached(f12_pages.disk_full(sqlite_database, 3))


@pytest.mark.needs("postgres")
def test_f12_no_connection_left_is_told_by_the_page_and_the_form_taken_later(
    postgres_database: str,
) -> None:
    reached(f12_pages.pool_exhausted(postgres_database, 1))


def test_f15_what_the_release_before_had_under_way_is_finished(database_url: str) -> None:
    reached(f15_upgrade.run(database_url, 10))


def test_f15_a_migration_that_dies_leaves_nothing_half_way(database_url: str) -> None:
    reached(f15_upgrade.die_in_a_migration(database_url, 2))


def test_f16_no_seed_doubles_or_loses_anything(database_url: str) -> None:
    reached(f16_simulation.run(database_url, 200))


def test_f16_a_settle_time_that_is_too_short_doubles(database_url: str) -> None:
    reached(f16_simulation.run(database_url, 60, settle_seconds=0.5))


@pytest.mark.parametrize("wrong", ["C4", "C99:1", "C4:x"])
def test_a_failpoint_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="CCM_FAILPOINT"):
        Settings(failpoint=wrong, demo=True)


def test_a_failpoint_outside_a_demo_is_refused(sqlite_database: str) -> None:
    environment = settings_for(
        sqlite_database, CCM_DEMO="false", CCM_BASE_URL="https://ccm.example", CCM_FAILPOINT="C4:1"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "ccm_fhir", "worker"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "CCM_FAILPOINT: it kills the process: for tests alone" in ended.stderr
