"""Golden files that people read: plain text, one file a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def matches_golden_text(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check of a text against ``tests/golden/<name>.txt``."""
    rewrites = request.config.getoption("--rewrite-golden")

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / f"{name}.txt"
        if rewrites:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden file {path.name}: make golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return check
