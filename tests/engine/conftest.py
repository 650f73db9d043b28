"""An engine's database, and engines that are closed whatever happens."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url

from ccm_fhir.engine import Durable, Enqueuer, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICKLY = 0.05


@pytest.fixture
def engine_url(database_url: str) -> str:
    """Return the URL of a database with the engine's tables."""
    migrate(database_url)
    return database_url


@pytest.fixture
def sql(engine_url: str) -> Iterator[Engine]:
    """Yield an engine of the test's own on the same database, with one table of "ours"."""
    engine = create_engine(make_url(engine_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ours (id VARCHAR PRIMARY KEY)")
    yield engine
    engine.dispose()


@pytest.fixture
def start(engine_url: str) -> Iterator[Callable[..., Durable]]:
    """Yield a way to launch an engine with some workflows."""
    with ExitStack() as stack:

        def launch(*, executor_id: str = "worker-0", **workflows: Callable[..., None]) -> Durable:
            durable = Durable(engine_url, executor_id=executor_id, poll_seconds=QUICKLY)
            for name, work in workflows.items():
                durable.register(name, work)
            durable.launch()
            stack.callback(durable.close)
            return durable

        yield launch


@pytest.fixture
def enqueuer(engine_url: str) -> Iterator[Enqueuer]:
    """Yield the enqueueing half alone."""
    with Enqueuer(engine_url) as opened:
        yield opened


@pytest.fixture
def engine_rows(sql: Engine) -> Callable[[str, str], list[Any]]:
    """Return a way to read a column of the engine's own tables as they are stored."""
    prefix = "" if sql.dialect.name == "sqlite" else "dbos."

    def read(table: str, column: str) -> list[Any]:
        with sql.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT {column} FROM {prefix}{table}")  # noqa: S608
            return [row[0] for row in found]

    return read
