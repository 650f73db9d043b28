"""``python -m tests.browser.screenshots``: walk through a demo and take the README's pictures."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from tests.browser.acts import (
    BILLER,
    CARE_MANAGER,
    DELIVERY_MS,
    PHYSICIAN,
    launch_alone,
    launch_in_frame,
    record_time,
    sign,
    wait_until_delivered,
)
from tests.browser.running_demo import running_demo
from tests.conftest import CHROMIUM_FLAGS
from tests.parts import ROOT, chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

    from tests.browser.running_demo import Demo

FOLDER = ROOT / "docs" / "screenshots"
TODAY = "2026-11-23"
WIDE = 1280
NARROW = 420
HEIGHT = 900
TALL = 1112  # as far as the end of the time log


def main() -> int:
    """Take every picture; return the exit code."""
    if not chromium_path():
        sys.stderr.write("There is no chromium on PATH (Debian: apt-get install chromium).\n")
        return 3
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        demo = stack.enter_context(running_demo(f"--today={TODAY}"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(CHROMIUM_FLAGS)
        )
        _take_all(demo, browser)
        browser.close()
    for picture in sorted(FOLDER.glob("*.png")):
        sys.stdout.write(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1024} KB\n")
    return 0


def _take_all(demo: Demo, browser: Browser) -> None:
    _record(demo, browser)
    _sign_in_the_frame(demo, browser)
    _sign_narrowly(demo, browser)
    biller = _window(browser, WIDE, HEIGHT)
    launch_alone(biller, demo, BILLER, "Rosa Ready")
    biller.get_by_role("link", name="Month", exact=True).click()
    expect(biller.get_by_role("heading", level=1)).to_contain_text("all patients")
    _take(biller, "month-1280")


def _record(demo: Demo, browser: Browser) -> None:
    page = _window(browser, WIDE, TALL)
    launch_alone(page, demo, CARE_MANAGER, "Rosa Ready")
    note = "Home blood pressures reviewed; refill arranged."
    record_time(page, minutes="22", at="09:00", note=note)
    wait_until_delivered(page)
    page.goto(page.url.partition("?")[0])  # as it looks on the next visit, without the notice
    _take(page, "patient-1280")
    narrow = _window(browser, NARROW, HEIGHT)
    launch_alone(narrow, demo, CARE_MANAGER, "Rosa Ready")
    _take(narrow, "patient-420")


def _sign_in_the_frame(demo: Demo, browser: Browser) -> None:
    page = _window(browser, WIDE, HEIGHT)
    frame = launch_in_frame(page, demo, PHYSICIAN, "Rosa Ready")
    _sign(frame)
    frame.goto(frame.url.partition("?")[0])
    claim_id = frame.locator("#claim .chip").inner_text().removeprefix("Claim/")
    expect(page.locator("#record")).to_contain_text(claim_id, timeout=DELIVERY_MS)
    _take(page, "ehr-1280")


def _sign_narrowly(demo: Demo, browser: Browser) -> None:
    page = launch_alone(_window(browser, NARROW, HEIGHT), demo, PHYSICIAN, "Norman Sixtyfive")
    _sign(page)
    page.evaluate("document.getElementById('claim').scrollIntoView({block: 'end'})")
    page.evaluate("window.scrollBy(0, 16)")
    _take(page, "signed-420")


def _sign(place: Page | Frame) -> None:
    sign(place)
    expect(place.locator(".headline")).to_contain_text("Claim in the EHR", timeout=DELIVERY_MS)


def _window(browser: Browser, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if width == NARROW else 1,
        locale="en-US",
        reduced_motion="reduce",
    )
    return context.new_page()


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state()
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main())
