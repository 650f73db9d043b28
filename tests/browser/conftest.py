"""One demo for all browser tests, and people with browsers whose every complaint is a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.running_demo import running_demo
from tests.parts import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, WebError

    from tests.browser.running_demo import Demo

ARTEFACTS = ROOT / "test-artifacts"
HEIGHT = 900
PATIENCE_MS = 15_000

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visitor:
    """Somebody's browser window; what its console complains of is kept."""

    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect_complaint(self, part: str) -> None:
        """Say that the browser will rightly complain: of a refusal's status, say."""
        self.expected.append(part)

    def unexpected(self) -> list[str]:
        """Return what nobody said would be complained of."""
        return [c for c in self.complaints if not any(part in c for part in self.expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _hear_error(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error}")

    def listen(self) -> None:
        """Hear every page of this window."""
        self.context.on("console", self._hear)
        self.context.on("weberror", self._hear_error)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Yield the demo that the whole session shares; each test takes patients of its own."""
    with running_demo() as ready:
        yield ready


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a maker of browser windows; afterwards none may have complained."""
    made: list[Visitor] = []

    def make(*, width: int = 1280, **options: Any) -> Visitor:  # noqa: ANN401  # Playwright's own
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT}, locale="en-US", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        new = Visitor(context=context)
        new.listen()
        made.append(new)
        return new

    yield make
    complaints = [complaint for one in made for complaint in one.unexpected()]
    for one in made:
        one.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Return the folder for pictures that a failing or curious person looks at."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS
