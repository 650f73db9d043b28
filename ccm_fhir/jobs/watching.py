"""The thread that gives a worker's signs of life while its engine runs."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from ccm_fhir.services.watchdog import BEAT_SECONDS, Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.engine import Enqueuer
    from ccm_fhir.services.installation import Installation


@contextmanager
def watching(world: Installation, enqueuer: Enqueuer, executor_id: str) -> Iterator[None]:
    """Watch over the other workers until the block ends; SQLite has one process, so none."""
    if world.db.is_sqlite:
        yield
        return
    stop = Event()
    dog = Watchdog(world=world, executor_id=executor_id, work=enqueuer)
    thread = Thread(target=_watch, args=(dog, stop), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(dog: Watchdog, stop: Event) -> None:
    while True:
        with suppress(SQLAlchemyError):  # a database that is away: the next look finds it back
            dog.look()
        if stop.wait(BEAT_SECONDS):
            return
