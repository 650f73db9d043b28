"""The claims' rows of the fault matrix, reduced; ``make faults`` runs the full figures."""

from __future__ import annotations

from tests.faults import f01_claims, f11_chains, f13_restore
from tests.faults.test_delivery_faults import reached

FEW_POINTS = ("C7:2",)


def test_f1_claims_arrive_once_and_the_money_is_as_signed(database_url: str) -> None:
    reached(f01_claims.deliver(database_url, 12, 1, FEW_POINTS))


def test_f7_every_line_of_a_claim_is_charged_once(sqlite_database: str) -> None:
    reached(f01_claims.deliver_charges(sqlite_database, 8, 1, ()))


def test_f11_two_people_void_a_claim_at_once_and_one_is_heard(sqlite_database: str) -> None:
    reached(f11_chains.run(sqlite_database, 6, 1, ()))


def test_f13_a_restored_backup_sends_nothing_again(sqlite_database: str) -> None:
    reached(f13_restore.run(sqlite_database, 12))
