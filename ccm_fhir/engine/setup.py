"""What the engine and whoever enqueues for it must agree on, and its own tables.

The names and the version stand in the database beside unfinished work: changing any of them
leaves that work behind.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from dbos import DBOS, DBOSPortableJSONSerializer
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ccm_fhir.errors import ConfigurationError

APPLICATION = "ccm-fhir"
QUEUE = "deliveries"
SCHEMA = "dbos"
# Left to itself the engine takes a hash of the code, and work begun before a release would wait
# for the old code to come back. Raise it only for workflows that cannot be continued.
VERSION = "1"
# The engine's default is pickle, which would run whatever someone put into the table.
SERIALIZER = DBOSPortableJSONSerializer()


def migrate(database_url: str) -> None:
    """Create or bring up to date the engine's own tables, beside ours in the same database."""
    quiet()
    parsed = parse_url(database_url)
    prepare_file(parsed)
    DBOS.migrate(as_text(parsed), schema=SCHEMA)


def grant_to(database_url: str, role: str) -> None:
    """Let a role of a PostgreSQL server work with the engine's tables, not change them."""
    engine = create_engine(parse_url(database_url))
    quoted = engine.dialect.identifier_preparer.quote_identifier(role)
    with engine.begin() as connection:
        connection.execute(text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {quoted}"))
        for what in ("TABLES", "SEQUENCES", "ROUTINES"):
            connection.execute(text(f"GRANT ALL ON ALL {what} IN SCHEMA {SCHEMA} TO {quoted}"))
    engine.dispose()


def parse_url(database_url: str) -> URL:
    """Read a database URL; a bad one is not repeated, since it may hold a password."""
    try:
        parsed = make_url(database_url)
    except ArgumentError:
        raise ConfigurationError("database_url", "not a database URL") from None
    if sqlite_file(parsed) is not None:
        return parsed
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigurationError("database_url", "the engine needs an SQLite file or PostgreSQL")


def as_text(parsed: URL) -> str:
    """Return the URL as the engine wants it, with its password."""
    return parsed.render_as_string(hide_password=False)


def sqlite_file(parsed: URL) -> Path | None:
    """Return the file of a SQLite URL, or None where it is not one."""
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {
        None,
        "",
        ":memory:",
    }
    return Path(str(parsed.database)) if is_file else None


def prepare_file(parsed: URL) -> None:
    """Put a SQLite file into WAL mode, which the engine does not do: it lasts in the file."""
    path = sqlite_file(parsed)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL").close()


def quiet() -> None:
    """Let the engine log warnings and worse only."""
    logging.getLogger("dbos").setLevel(logging.WARNING)
