"""Bringing a database to this release's tables, and telling whether it is there.

Runs from an installed package: the scripts are found beside this module, without an ini file.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import AutoString

from ccm_fhir.errors import ConfigurationError, DatabaseUnreachableError
from ccm_fhir.storage import tenancy
from ccm_fhir.storage.columns import UtcDateTime, Word
from ccm_fhir.storage.database import parse_url, postgres_engine, sqlite_engine
from ccm_fhir.storage.tables import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

SCRIPTS = "ccm_fhir.storage:migrations"
# Any constant will do, as long as nothing else in the same database locks the same one.
_LOCK = 4_207_199_490


def upgrade(
    url: str, ledger_key: Callable[[], bytes] | None = None, *, revision: str = "head"
) -> None:
    """Bring a database to the newest revision, or to one, alone: others who try at once wait.

    ``ledger_key`` gives the key of the time ledger's chain, asked for only where a revision
    seals rows that are there already.

    Raises:
        ConfigurationError: it is needed, and there is none.
    """
    with _connection(url) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection, ledger_key), revision)
        _refuse_broken_references(connection)


def grant_to(url: str, role: str) -> None:
    """Give a role of a PostgreSQL server what the app needs of our tables, and no more.

    Raises:
        ConfigurationError: it is no PostgreSQL server, or there is no such role.
    """
    with _connection(url) as connection, connection.begin():
        if connection.dialect.name != "postgresql":
            raise ConfigurationError("--grant-to", "only PostgreSQL has roles")
        tenancy.grant_to(connection, role)


def refuse_unguarded(url: str, *, any_role: bool) -> None:
    """Raise ConfigurationError where the database does not keep practices apart: see tenancy."""
    with _connection(url) as connection:
        tenancy.refuse_unguarded(connection, any_role=any_role)


def is_at_head(url: str) -> bool:
    """Whether a database has exactly this release's revision."""
    heads = ScriptDirectory.from_config(_config()).get_heads()
    with _connection(url) as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def check(url: str) -> tuple[str, ...]:
    """Return every difference between the tables as written and as they are; none is well.

    Tables that are not ours are left out: the durable engine keeps its own beside them.
    """
    with _connection(url) as connection:
        context = MigrationContext.configure(connection, opts=comparison_options())
        return tuple(str(difference) for difference in compare_metadata(context, Row.metadata))


def comparison_options() -> dict[str, Any]:
    """Return how tables are compared, for ``check`` and for writing a new revision alike."""
    return {
        "compare_type": True,
        "compare_server_default": True,
        "render_as_batch": True,
        "include_name": _is_ours,
        "render_item": _render_plain,
    }


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    del parents
    return kind != "table" or name in Row.metadata.tables


def _render_plain(kind: str, item: object, context: object) -> str | Literal[False]:
    """Write our column types as the plain ones beneath: a revision must not need our code."""
    del context
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Word | AutoString):
        return "sa.String()"
    return False


def _config(
    connection: Connection | None = None, ledger_key: Callable[[], bytes] | None = None
) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    config.attributes["ledger_key"] = ledger_key
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with _opened(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _opened(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError:  # its text holds the address
        raise DatabaseUnreachableError from None


def _engine(url: str) -> Engine:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        # Changing a table there means copying it: with foreign keys on, dropping the old copy
        # would empty the tables that point at it. They are checked at the end instead.
        return sqlite_engine(parsed, has_foreign_keys=False)
    return postgres_engine(parsed)


def _refuse_broken_references(connection: Connection) -> None:
    if (
        connection.dialect.name == "sqlite"
        and connection.execute(text("PRAGMA foreign_key_check")).first()
    ):
        raise ConfigurationError("database_url", "a migration would break references; undone")
