"""Throw-away databases for tests: created empty, dropped after."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from ccm_fhir.storage import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

APP_ROLE = "ccm_test_app"


@contextmanager
def fresh_postgres_database(admin_url: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a new empty database on the server of ``admin_url``."""
    url = make_url(admin_url)
    name = f"ccm_test_{uuid4().hex}"
    _execute(admin_url, sql.SQL("CREATE DATABASE {} TEMPLATE template0"), name)
    try:
        yield url.set(drivername="postgresql+psycopg", database=name).render_as_string(
            hide_password=False
        )
    finally:
        _execute(admin_url, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


def as_app_role(url: str) -> str:
    """Return the URL of a migrated database for a role like the app's in production.

    It owns nothing and row-level security binds it; the role is made where the server has none.
    """
    made = sql.SQL(
        "DO $$ BEGIN CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    _execute(url, made, APP_ROLE)
    migrate.grant_to(url, APP_ROLE)
    return make_url(url).set(username=APP_ROLE).render_as_string(hide_password=False)


def _execute(admin_url: str, statement: sql.SQL, name: str) -> None:
    libpq_url = make_url(admin_url).set(drivername="postgresql")
    with psycopg.connect(libpq_url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(statement.format(sql.Identifier(name)))
