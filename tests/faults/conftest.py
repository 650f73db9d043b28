"""A database of either kind for rows that need one kind alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases import fresh_postgres_database
from tests.parts import postgres_admin_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ccm.sqlite'}"


@pytest.fixture
def postgres_database() -> Iterator[str]:
    with fresh_postgres_database(postgres_admin_url()) as url:
        yield url
