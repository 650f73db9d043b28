"""Row-level security: the database itself keeps practices apart, whatever a query forgets.

PostgreSQL alone has it. A transaction says whose it is (``enter``) and sees and writes rows of
that practice only; before it is known whose a request is, one row can be found by a key that
nobody guesses (``looking_for``). Both last until the transaction ends, never in the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage.tables import Row

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlmodel import Session

_LEDGERS = text(
    "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() "
    "AND t.tgname = 'tr_' || c.relname || '_append_only'"
)
_EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
_SETTING = "database role"
_GUARDED = text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relrowsecurity AND c.relforcerowsecurity "
    "AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
)
_ROLE = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")


def enter(session: Session, practice_id: str) -> None:
    """Tell the database that this transaction is of a practice, from here to its end."""
    _tell(session, "app.practice", practice_id)


def looking_for(session: Session, key: str) -> None:
    """Let this transaction find the one row that bears a key: an iss, a state or a session."""
    _tell(session, "app.lookup", key)


def tenant_tables() -> frozenset[str]:
    """Return the tables whose rows belong to a practice."""
    return frozenset(
        name for name, table in Row.metadata.tables.items() if "practice_id" in table.c
    )


def unguarded(connection: Connection) -> tuple[str, ...]:
    """Return the tenant tables that the database does not guard; SQLite cannot guard any."""
    if connection.dialect.name != "postgresql":
        return ()
    guarded = set(connection.execute(_GUARDED).scalars())
    return tuple(sorted(tenant_tables() - guarded))


def grant_to(connection: Connection, role: str) -> None:
    """Let a role work with our tables and change nothing about them; ledgers it may only add to.

    Raises:
        ConfigurationError: there is no such role.
    """
    if connection.execute(_EXISTS, {"role": role}).first() is None:
        raise ConfigurationError("--grant-to", "the database has no role of this name")
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    ledgers = set(connection.execute(_LEDGERS).scalars())
    for name in sorted(Row.metadata.tables):
        rights = "SELECT, INSERT" if name in ledgers else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(text(f"REVOKE ALL ON {name} FROM {quoted}"))
        connection.execute(text(f"GRANT {rights} ON {name} TO {quoted}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {quoted}"))


def refuse_unguarded(connection: Connection, *, any_role: bool) -> None:
    """Raise where a tenant table has no policy, or the role is one that policies do not bind.

    Args:
        connection: as the app will use it.
        any_role: a demo may run as whatever role it has.

    Raises:
        ConfigurationError: the installation must not run like this.
    """
    if open_tables := unguarded(connection):
        raise ConfigurationError(
            "CCM_DATABASE_URL",
            f"no row-level security on {', '.join(open_tables)}; run: ccm-fhir migrate",
        )
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres and not any_role and connection.execute(_ROLE).scalar_one():
        raise ConfigurationError(
            _SETTING,
            "it is a superuser or may bypass row-level security, so practices are not kept "
            "apart; connect as a role made with NOSUPERUSER NOBYPASSRLS (README, Deploying)",
        )


def _tell(session: Session, name: str, value: str) -> None:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        told = text("SELECT set_config(:name, :value, true)")
        connection.execute(told, {"name": name, "value": value})
