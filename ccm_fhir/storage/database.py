"""The one way to the database: who may write, when it commits, and what is never logged.

SQLite and PostgreSQL behave alike here: a writer sees no other writer half way, a reader
cannot write, and a session is committed by ``Database`` alone.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage.tenancy import enter
from ccm_fhir.storage.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine, ExceptionContext

BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 10
WAL_ATTEMPTS = 100
WAL_PAUSE_SECONDS = 0.05


class Database:
    """An open database: sessions that write, sessions that read, and their engines.

    ``engine`` is the writers'. On SQLite its transactions begin IMMEDIATE, since one that
    begins by reading cannot be made to wait for the lock; readers have an engine of their own.
    """

    def __init__(self, url: str, engine: Engine, reader_engine: Engine) -> None:
        self.url = url
        self.engine = engine
        self.reader_engine = reader_engine
        self._turn = Turnstile()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file rather than a server."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, practice_id: str = "") -> Iterator[Session]:
        """Give a session that is committed at the end, or rolled back by an exception.

        PostgreSQL lets it see and write rows of the practice alone; without one, none of any
        until ``tenancy.enter`` is called.
        """
        with (
            self._in_turn(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # take the lock now, not at the first statement
            if practice_id:
                enter(session, practice_id)
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let this process's writers of a SQLite file wait for each other, not for its lock.

        SQLite waits by sleeping, up to a tenth of a second at a time, and wakes nobody; its lock
        goes to whoever tries at the right moment, so that some starve. Here who comes first is
        served first. Other processes still wait so; whoever waits here too long tries the file's
        own lock.
        """
        has_turn = self.is_sqlite and self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
        try:
            yield
        finally:
            if has_turn:
                self._turn.release()

    @contextmanager
    def read(self, practice_id: str = "") -> Iterator[Session]:
        """Give a session over one unchanging view that cannot write, of a practice as above."""
        with Session(self.reader_engine) as session:
            if practice_id:
                enter(session, practice_id)
            yield session

    def answers(self) -> bool:
        """Whether the database is there with our tables in it."""
        try:
            with self.read() as session:
                session.connection().execute(text("SELECT 1 FROM practice LIMIT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Give every connection back."""
        self.reader_engine.dispose()
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database; its tables are ``migrate.upgrade``'s business.

    Raises:
        ConfigurationError: the URL is neither a SQLite file nor PostgreSQL.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(url, sqlite_engine(parsed), sqlite_engine(parsed, is_reader=True))
    engine = postgres_engine(parsed)
    reader_engine = engine.execution_options(
        postgresql_readonly=True, isolation_level="REPEATABLE READ"
    )
    return Database(url, engine, reader_engine)


def parse_url(url: str) -> URL:
    """Read a database URL and name the driver we use; never repeats a bad URL (passwords)."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("database_url", "not a database URL") from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError("database_url", "only sqlite:/// and postgresql:// are supported")
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError("database_url", "an SQLite database must be a file")
    return parsed


def postgres_engine(url: URL) -> Engine:
    """Open an engine on PostgreSQL whose errors say which rule was broken, not by what."""
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=POOL_SIZE)

    @event.listens_for(engine, "handle_error")
    def leave_out_the_detail(context: ExceptionContext) -> None:
        # PostgreSQL adds "Failing row contains (…)": patient data, for whoever logs the error.
        error, wrapped = context.original_exception, context.sqlalchemy_exception
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        if primary is not None:
            error.args = (primary,)
            if wrapped is not None:
                wrapped.args = (f"({type(error).__name__}) {primary}",)

    return engine


def sqlite_engine(url: URL, *, is_reader: bool = False, has_foreign_keys: bool = True) -> Engine:
    """Open an engine on a SQLite file, every connection of which is set up alike."""
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "synchronous=FULL",
            f"foreign_keys={'ON' if has_foreign_keys else 'OFF'}",
            f"query_only={'ON' if is_reader else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        _use_wal(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to WAL, which lasts; the first to do so needs it for themselves.

    For this one lock SQLite does not wait as long as ``busy_timeout`` says.
    """
    for attempt in range(WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if attempt == WAL_ATTEMPTS - 1:
                raise
            time.sleep(WAL_PAUSE_SECONDS)
        else:
            return
