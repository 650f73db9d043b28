"""F12 at the page: what a person sees while the database fails, and that nothing was taken then.

The form that was refused is sent once more, as the page asks for, and is taken: once.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.pool import QueuePool
from sqlmodel import col, select

from ccm_fhir.domain.codes import Role
from ccm_fhir.storage.tables import TimeEntryRow
from smart_app.views.problems import UNFORESEEN
from tests.faults.result import FaultResult
from tests.faults.storm import database_of
from tests.smart_app.front import open_front_at
from tests.world import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ccm_fhir.storage.database import Database
    from tests.smart_app.front import Browser, Front

_BEYOND_THE_POOL = 10  # what SQLAlchemy opens on top of a pool, at most
_MOST_FORMS = 60  # a file's last page has room for a few more
_TAKEN = 303
_BROKEN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A form of the patient page and where it goes."""

    browser: Browser
    fields: dict[str, str]

    def send(self) -> tuple[int, bool]:
        """Send it; return the status, and whether the page says that something broke."""
        answer = self.browser.post(f"{self.browser.path}/time", self.fields)
        return answer.status_code, UNFORESEEN.title in answer.text

    def rows(self) -> int:
        """Return how many entries of the ledger it made."""
        front = self.browser.front
        with front.world.db.read(front.practice_id) as session:
            found = session.exec(
                select(TimeEntryRow.id)
                .where(col(TimeEntryRow.practice_id) == front.practice_id)
                .where(col(TimeEntryRow.form_key) == self.fields["form_key"])
            )
            return len(found.all())


def pool_exhausted(database_url: str, runs: int) -> FaultResult:
    """Hold every connection that this process may have, for longer than a request waits."""
    return _shown(database_url, runs, "every connection is held", _all_connections)


def disk_full(database_url: str, runs: int) -> FaultResult:
    """Let the file grow no further."""
    return _shown(database_url, runs, "disk full", _no_more_pages)


def _shown(
    database_url: str,
    runs: int,
    what: str,
    fault: Callable[[Database], AbstractContextManager[None]],
) -> FaultResult:
    began = time.monotonic()
    migrate(database_url)
    front = open_front_at(database_url)
    told, kept, taken = 0, 0, 0
    try:
        for number in range(runs):
            forms = _forms(front, number)
            with fault(front.world.db):
                refused, was_told = _first_refused(forms)
            told += was_told
            kept += refused.rows()
            taken += refused.send()[0] == _TAKEN and refused.rows() == 1
    finally:
        front.world.db.close()
    return FaultResult(
        row="F12",
        operation=f"database: {what}, as the page tells it",
        database=database_of(database_url),
        asked=f"{runs} runs: an error page each, none recorded, then taken once",
        reached=f"{told} error pages, {kept} recorded all the same, {taken} taken after it",
        passed=(told, kept, taken) == (runs, 0, runs),
        seconds=time.monotonic() - began,
    )


def _forms(front: Front, number: int) -> list[_Form]:
    """Return forms of a minute each, of one nurse who has just signed in."""
    browser = front.sign_in(Role.CARE_MANAGER)
    fields = browser.fields("/time")
    return [
        _Form(
            browser=browser,
            fields={
                **fields,
                "form_key": f"{fields['form_key'][:-4]}{minute:04x}",
                "started_on": f"2026-11-{1 + number % 20:02}",
                "start_time": f"{5 + number // 20:02}:{minute:02}",
                "minutes": "1",
                "activity": "chart_review",
                "contact_mode": "",
                "note": "",
                "overlap_seen": "yes",
            },
        )
        for minute in range(_MOST_FORMS)
    ]


def _first_refused(forms: list[_Form]) -> tuple[_Form, bool]:
    for form in forms:
        status, is_told = form.send()
        if status != _TAKEN:
            return form, status == _BROKEN and is_told
    return forms[-1], False


@contextmanager
def _all_connections(database: Database) -> Iterator[None]:
    with ExitStack() as held:
        for _ in range(_pool_size(database) + _BEYOND_THE_POOL):
            held.enter_context(database.engine.connect())
        yield


def _pool_size(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.size()


@contextmanager
def _no_more_pages(database: Database) -> Iterator[None]:
    with database.write() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages}"))
    yield
    with database.write() as session:
        session.execute(text(f"PRAGMA max_page_count={2**30}"))
