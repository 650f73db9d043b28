"""One front door a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smart_app.front import Front, open_front, takes_work


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path)
    takes_work(opened)
    yield opened
    opened.world.db.close()
