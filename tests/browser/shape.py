"""What holds for every page at every width: nothing sticks out, nothing is hard to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no py.typed

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

_GRAVE = {"serious", "critical"}
_STICKS_OUT = """[...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
  .slice(0, 8)
  .map(one => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`)"""


def assert_fits(place: Page | Frame) -> None:
    """Assert that the page does not scroll sideways."""
    place.wait_for_load_state()
    wide, room = place.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    assert wide <= room, place.evaluate(_STICKS_OUT)


def assert_accessible(page: Page) -> None:
    """Assert that axe finds nothing serious or critical."""
    found = Axe().run(page).response["violations"]

    grave = [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in _GRAVE
        for node in violation["nodes"]
    ]
    assert grave == []
