"""Keyboard, axe, motion and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    CARE_MANAGER,
    PHYSICIAN,
    launch_alone,
    launch_in_frame,
)
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
WIDTHS = pytest.mark.parametrize("width", [1280, 420])
MOST_STOPS = 120

# Where the focus is: its name, whether its ring shows, whether anything lies over its middle.
FOCUS = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const box = at.getBoundingClientRect(), style = getComputedStyle(at);
    const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height, 20) / 2];
    const top = document.elementFromPoint(x, y);
    const name = at.getAttribute("aria-label") || at.textContent || at.name || at.id;
    return {
        name: name.trim().slice(0, 40),
        hasRing: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isSeen: top !== null && (at.contains(top) || top.contains(at)),
        isLarge: box.width >= 24 && box.height >= 24 || style.display === "inline",
    };
}"""


@WIDTHS
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_every_stop_of_the_keyboard_has_a_ring_and_nothing_over_it(
    demo: Demo, visitor: Callable[..., Visitor], width: int, key: str
) -> None:
    page = visitor(width=width, reduced_motion="reduce").context.new_page()
    launch_alone(page, demo, PHYSICIAN, "Norman Sixtyfive")

    stops = _stops(page, key)

    names = [stop["name"] for stop in stops]
    assert "Skip to the content" in names
    assert "Sign and send the claim" in names
    assert [stop["name"] for stop in stops if not stop["hasRing"]] == []
    assert [stop["name"] for stop in stops if not stop["isSeen"]] == []
    assert [stop["name"] for stop in stops if not stop["isLarge"]] == []


def test_the_first_stop_skips_to_the_content(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Norman Sixtyfive")
    skip = page.get_by_role("link", name="Skip to the content")

    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.screenshot(path=artefacts / "skip-420.png")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_a_month_can_be_recorded_and_signed_with_the_keyboard_alone(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    nurse = visitor().context.new_page()
    launch_alone(nurse, demo, CARE_MANAGER, "Edith Fortyone")
    _tab_to(nurse, "time-start_time")
    nurse.keyboard.type("0705AM")
    _tab_to(nurse, "time-minutes")
    nurse.keyboard.type("22")
    _tab_to(nurse, "time-activity")
    nurse.keyboard.type("Tal")
    _tab_to(nurse, "time-contact_mode")
    nurse.keyboard.type("By t")
    _tab_to(nurse, "time-note")
    nurse.keyboard.type("By keyboard.")
    nurse.keyboard.press("Tab")
    nurse.keyboard.press("Enter")
    expect(nurse.get_by_text("Time recorded.")).to_be_visible()
    expect(nurse.locator(".log tbody tr", has_text="By keyboard.")).to_contain_text("by telephone")

    doctor = visitor().context.new_page()
    launch_alone(doctor, demo, PHYSICIAN, "Edith Fortyone")
    for box in doctor.locator("form.sign input[type=checkbox]").all():
        _tab_to(doctor, box.get_attribute("id") or "")
        doctor.keyboard.press("Space")
    doctor.keyboard.press("Tab")
    doctor.keyboard.press("Enter")

    expect(doctor.get_by_text("The month is signed.")).to_be_visible()


@WIDTHS
def test_axe_finds_nothing_grave_on_the_apps_pages(
    demo: Demo, visitor: Callable[..., Visitor], width: int
) -> None:
    window = visitor(width=width)
    window.expect_complaint("status of 404")
    page = window.context.new_page()

    launch_alone(page, demo, PHYSICIAN, "Norman Sixtyfive")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert_accessible(page)
    page.goto(f"{page.url.partition('?')[0]}/progress")
    assert_accessible(page)
    page.get_by_role("link", name="Month", exact=True).click()
    assert_accessible(page)
    page.goto(f"{demo.app_url}/l/there-is-no-such-launch")
    assert_accessible(page)
    page.goto(f"{demo.app_url}/")
    assert_accessible(page)


@WIDTHS
def test_axe_finds_nothing_grave_on_a_patient_with_open_questions(
    demo: Demo, visitor: Callable[..., Visitor], width: int
) -> None:
    page = visitor(width=width).context.new_page()

    launch_alone(page, demo, CARE_MANAGER, "Harold Textonly")

    assert_accessible(page)


@WIDTHS
def test_axe_finds_nothing_grave_on_the_ehrs_pages(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = visitor(width=width).context.new_page()

    page.goto(f"{demo.ehr_url}/")
    assert_accessible(page)
    assert_fits(page)
    page.screenshot(path=artefacts / f"launcher-{width}.png")
    launch_in_frame(page, demo, CARE_MANAGER, "Norman Sixtyfive")
    assert_accessible(page)
    assert_fits(page)
    page.locator("#record a").first.click()
    assert_accessible(page)
    assert_fits(page)


def test_who_asks_for_less_motion_gets_none(demo: Demo, visitor: Callable[..., Visitor]) -> None:
    page = visitor(reduced_motion="reduce").context.new_page()

    launch_alone(page, demo, CARE_MANAGER, "Norman Sixtyfive")

    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0


def test_on_paper_there_is_the_evidence_and_nothing_to_press(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=800).context.new_page()
    launch_alone(page, demo, PHYSICIAN, "Norman Sixtyfive")

    page.emulate_media(media="print")

    expect(page.locator(".criterion.open").first).to_be_visible()
    expect(page.locator(".banner .name")).to_be_visible()
    for button in page.get_by_role("button").all():
        expect(button).to_be_hidden()
    page.screenshot(path=artefacts / "print.png", full_page=True)
    page.pdf(path=artefacts / "print.pdf")


def _stops(page: Page, key: str) -> list[dict[str, str | bool]]:
    """Return every stop of the focus, from the page's edge to its edge."""
    stops: list[dict[str, str | bool]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        stop = page.evaluate(FOCUS)
        if stop is None:
            if stops:
                return stops
            continue
        stops.append(stop)
    pytest.fail("the keyboard finds no way out of the page")


def _tab_to(page: Page, element_id: str) -> None:
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element_id:
            return
    pytest.fail(f"the keyboard does not reach {element_id}")
