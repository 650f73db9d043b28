"""One calling EHR a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cds import Hooks, open_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Hooks]:
    opened = open_hooks(tmp_path)
    yield opened
    opened.world.db.close()
