"""Throw-away databases for tests: created empty, dropped after."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def _execute(admin_url: str, statement: sql.SQL, name: str) -> None:
    libpq_url = make_url(admin_url).set(drivername="postgresql")
    with psycopg.connect(libpq_url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(statement.format(sql.Identifier(name)))
