"""F12: the database fails while a person records time: an error for them, nothing half kept.

Disk full (SQLite's own limit of pages), a writer that keeps the file locked, and connections that
the server cuts, as a restart does.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import time as clock_time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from ccm_fhir.services.installation import DELIVER
from ccm_fhir.wiring import real_now
from tests.faults.result import FaultResult
from tests.faults.storm import Storm, database_of, storm

if TYPE_CHECKING:
    from collections.abc import Callable


def disk_full(database_url: str, runs: int) -> FaultResult:
    """Let the file grow no further, then again: refused, nothing kept, then taken."""

    def fault(blown: Storm, number: int) -> tuple[bool, bool]:
        database = blown.site.world.db
        with database.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
        _limit_pages(blown, pages)
        refused = False
        for attempt in range(60):  # a page may have room for a few more
            refused = refused or _is_refused(blown, number * 60 + attempt)
            if refused:
                break
        _limit_pages(blown, 2**30)
        return refused, not _is_refused(blown, 20_000 + number)

    return _told(database_url, runs, "disk full", fault)


def busy(database_url: str, runs: int) -> FaultResult:
    """Let another process keep the file for longer than anybody waits."""

    def fault(blown: Storm, number: int) -> tuple[bool, bool]:
        file = database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = _is_refused(blown, number)
            other.execute("ROLLBACK")
        return refused, not _is_refused(blown, 20_000 + number)

    return _told(database_url, runs, "SQLITE_BUSY past the time anybody waits", fault)


def cut(database_url: str, runs: int) -> FaultResult:
    """Cut every connection while none is used, and while one is: the next act goes through."""

    def fault(blown: Storm, number: int) -> tuple[bool, bool]:
        refused = False
        try:
            with blown.site.world.db.write(blown.site.practice_id) as session:
                session.execute(text("SELECT 1"))
                _cut_all(database_url)
                session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            refused = True
        _cut_all(database_url)
        return refused, not _is_refused(blown, number)

    return _told(database_url, runs, "server cuts every connection, as a restart does", fault)


def _told(
    database_url: str, runs: int, what: str, fault: Callable[[Storm, int], tuple[bool, bool]]
) -> FaultResult:
    began = time.monotonic()
    refused, taken, torn = 0, 0, 0
    with storm(database_url, 0, are_calls=False) as blown:
        for number in range(runs):
            was_refused, was_taken = fault(blown, number)
            refused += was_refused
            taken += was_taken
            torn += _is_torn(blown)
    return FaultResult(
        row="F12",
        operation=f"database: {what}",
        database=database_of(database_url),
        asked=f"{runs} runs: an error each, none kept half, then taken again",
        reached=f"{refused} errors, {torn} torn, {taken} taken after it",
        passed=(refused, taken, torn) == (runs, runs, 0),
        seconds=time.monotonic() - began,
    )


def _is_refused(blown: Storm, number: int) -> bool:
    day = (real_now() - timedelta(days=2 + number // 480)).date()
    start = clock_time(8 + number % 480 // 60, number % 60)
    try:
        blown.desk.record(started_on=day, start_time=start, minutes=1)
    except SQLAlchemyError:
        return True
    return False


def _is_torn(blown: Storm) -> bool:
    """Whether an entry is there without its delivery, or without the workflow that brings it."""
    workflows = "workflow_status" if blown.site.world.db.is_sqlite else "dbos.workflow_status"
    counted = ("time_entry", "delivery", f"{workflows} WHERE name = '{DELIVER}'")
    with blown.site.world.db.read(blown.site.practice_id) as session:
        counts = {
            session.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one()  # noqa: S608
            for rows in counted
        }
    return len(counts) != 1


def _limit_pages(blown: Storm, most: int) -> None:
    """Limit the file: the limit is each connection's own, so that of the pool's is set."""
    with blown.site.world.db.write() as session:
        session.execute(text(f"PRAGMA max_page_count={most}"))


def _cut_all(database_url: str) -> None:
    engine = create_engine(make_url(database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
