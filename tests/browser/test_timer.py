"""The timer in real browsers: it ticks, it outlives the page, and it cannot be cheated."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ccm_fhir.domain.timers import LAPSES_AFTER, SIGN_EVERY
from tests.browser.acts import CARE_MANAGER, launch_alone, launch_in_frame, record_time
from tests.browser.shape import assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Frame, Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
A_SIGN_LATER_MS = (SIGN_EVERY.total_seconds() + 10) * 1000
RUNNING = re.compile(r"00:(0[2-9]|[1-5]\d)|0[1-9]:\d\d")
SIGNED = re.compile(r"00:(1[7-9]|[2-5]\d)|0[1-9]:\d\d")  # the page has given a second sign
A_SECOND_OF_DRAWING = 2
RELOADS, CLOSES, CROSSES = "Estelle Elsewhere", "Victor Revoked", "Eleanor Snomedonly"
KEYED = "Harriet Halftold"
MOST_TABS = 80
NAME_OF_THE_FOCUSED = """() => {
    const it = document.activeElement;
    return (it.labels && it.labels.length ? it.labels[0] : it).innerText.trim();
}"""
A_LAPSE_LATER_MS = (LAPSES_AFTER.total_seconds() + 3) * 1000


def start_timer(place: Page | Frame) -> None:
    """Start by the keyboard: a click near the edge of a scrolled page may miss the EHR's frame."""
    button = place.get_by_role("button", name="Start the timer")
    button.focus()
    button.press("Enter")


def shown_seconds(place: Page | Frame) -> int:
    minutes, seconds = place.locator(".timer .clock").first.inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def discard_all(place: Page | Frame) -> None:
    """Leave nothing running for the next test: all nurses here are the same person."""
    for left in range(place.locator(".timer").count() - 1, -1, -1):
        place.locator(".timer").first.get_by_role("button", name="Discard").first.click()
        expect(place.locator(".timer")).to_have_count(left)


def test_the_clock_ticks_survives_a_reload_and_is_saved(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    inside = launch_in_frame(page, demo, CARE_MANAGER, "Mabel Noplan")
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_have_text(RUNNING, timeout=A_SIGN_LATER_MS)
    before = shown_seconds(inside)
    assert_fits(inside)
    page.screenshot(path=artefacts / "timer-running-420.png")

    inside = launch_in_frame(page, demo, CARE_MANAGER, "Mabel Noplan")
    assert shown_seconds(inside) >= before
    inside.locator(".timer summary", has_text="Stop and save").click()
    inside.locator(".timer").get_by_label("Activity").select_option("care_plan")
    inside.locator(".timer").get_by_label("Note").fill("Reviewed the plan.")
    page.screenshot(path=artefacts / "timer-saving-420.png")
    inside.get_by_role("button", name="Save to the time log").click()

    expect(inside.get_by_text("The timer was saved to the time log.")).to_be_visible()
    expect(inside.locator(".log")).to_contain_text("Reviewed the plan.")
    assert inside.locator(".timer").count() == 0


def test_a_timer_is_kept_by_the_keyboard_alone(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, demo, CARE_MANAGER, KEYED)

    tab_to(page, "Start the timer")
    page.keyboard.press("Enter")
    expect(page.locator(".timer .clock")).to_have_text(RUNNING, timeout=A_SIGN_LATER_MS)
    tab_to(page, "Pause")
    page.keyboard.press("Enter")
    expect(page.locator(".timer")).to_contain_text("Paused")
    tab_to(page, "Go on")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    tab_to(page, "Stop and save…")
    page.keyboard.press("Enter")
    tab_to(page, "Activity")
    page.keyboard.type("Care plan")
    page.screenshot(path=artefacts / "timer-by-keyboard-1280.png")
    tab_to(page, "Save to the time log")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The timer was saved to the time log.")).to_be_visible()
    assert page.locator(".timer").count() == 0


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until what is called so has the focus, as somebody without a mouse."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(NAME_OF_THE_FOCUSED) == name:
            return
    pytest.fail(f"no {name} is reached by the tab key")


def test_a_second_tab_cannot_run_a_second_timer_and_both_tell_the_same(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    nurse = visitor()
    nurse.expect_complaint("409")
    here, there = nurse.context.new_page(), nurse.context.new_page()
    first = launch_in_frame(here, demo, CARE_MANAGER, "Agnes Stalevisit")
    start_timer(first)
    expect(first.locator(".timer .clock")).to_be_visible()
    second = launch_in_frame(there, demo, CARE_MANAGER, "Theodore Novisit")

    start_timer(second)

    expect(second.get_by_role("heading", level=1)).to_have_text(
        "Which patient are you working for?"
    )
    there.screenshot(path=artefacts / "timer-switch-1280.png")
    second.get_by_role("button", name="Let that one rest and switch").click()
    expect(second.locator(".timer")).to_have_count(2)
    expect(second.locator(".timer").first).to_contain_text("Timing this patient")
    expect(first.locator(".timer").first).to_contain_text(
        "Timing Theodore Novisit", timeout=A_SIGN_LATER_MS
    )
    there.screenshot(path=artefacts / "timer-two-1280.png")
    discard_all(second)


def test_a_closed_tab_stops_the_timer_and_nothing_after_it_counts(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    nurse = visitor(width=420)
    page = nurse.context.new_page()
    inside = launch_in_frame(page, demo, CARE_MANAGER, "Clarence Partialplan")
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_have_text(SIGNED, timeout=2 * A_SIGN_LATER_MS)
    at_the_end = shown_seconds(inside)
    page.close()

    later = nurse.context.new_page()
    later.wait_for_timeout(A_LAPSE_LATER_MS)
    inside = launch_in_frame(later, demo, CARE_MANAGER, "Clarence Partialplan")

    expect(inside.locator(".timer")).to_contain_text("no page was open after that")
    lost = at_the_end - shown_seconds(inside)
    assert -A_SECOND_OF_DRAWING <= lost <= SIGN_EVERY.total_seconds() + A_SECOND_OF_DRAWING
    later.screenshot(path=artefacts / "timer-lapsed-420.png")
    discard_all(inside)


def test_a_person_who_neither_types_nor_points_is_asked(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    page.clock.install()
    inside = launch_in_frame(page, demo, CARE_MANAGER, "Sylvia Commercial")
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_be_visible()

    page.clock.fast_forward(125_000)

    question = inside.locator(".timer .asking")
    expect(question).to_be_visible()
    expect(inside.locator("#announcer")).to_contain_text("Were you still working")
    assert_fits(inside)
    page.screenshot(path=artefacts / "timer-asking-420.png")
    inside.get_by_role("button", name="Count until the last activity").click()
    expect(question).to_be_hidden()
    discard_all(inside)


def test_a_reload_neither_adds_nor_loses_a_second(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    inside = launch_in_frame(page, demo, CARE_MANAGER, RELOADS)
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_have_text(RUNNING, timeout=A_SIGN_LATER_MS)
    before, began = shown_seconds(inside), time.monotonic()

    for _ in range(3):
        inside = launch_in_frame(page, demo, CARE_MANAGER, RELOADS)
        expect(inside.locator(".timer")).to_have_count(1)

    passed = time.monotonic() - began
    assert abs(shown_seconds(inside) - before - passed) <= 2 * A_SECOND_OF_DRAWING
    discard_all(inside)


def test_a_closed_laptop_stops_the_timer_though_its_page_is_still_there(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    inside = launch_in_frame(page, demo, CARE_MANAGER, CLOSES)
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_have_text(SIGNED, timeout=2 * A_SIGN_LATER_MS)
    at_the_end = shown_seconds(inside)

    asleep(inside, A_LAPSE_LATER_MS)

    expect(inside.locator(".timer")).to_contain_text(
        "no page was open after that", timeout=A_SIGN_LATER_MS
    )
    lost = at_the_end - shown_seconds(inside)
    assert -A_SECOND_OF_DRAWING <= lost <= SIGN_EVERY.total_seconds() + A_SECOND_OF_DRAWING
    page.screenshot(path=artefacts / "timer-laptop-420.png")
    discard_all(inside)


def asleep(place: Frame, milliseconds: float) -> None:
    """Let nothing of the page run for a while, as a closed lid does: no second, and no sign."""
    place.evaluate(
        "ms => { const end = performance.now() + ms; while (performance.now() < end); }",
        milliseconds,
    )


def test_a_threshold_is_announced_once_when_it_is_crossed(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    page.clock.install()
    inside = launch_in_frame(page, demo, CARE_MANAGER, CROSSES)
    record_time(inside, minutes="19", at="04:30")
    start_timer(inside)
    expect(inside.locator(".timer .clock")).to_be_visible()
    announcer = inside.locator("#announcer")
    expect(announcer).not_to_contain_text("threshold")

    page.clock.fast_forward(61_000)

    expect(announcer).to_contain_text(
        "this timer brings the month of this patient to 20 min: the threshold of 99490"
    )
    expect(inside.locator(".timer .crossed")).to_be_visible()
    assert_fits(inside)
    page.screenshot(path=artefacts / "timer-crossed-420.png")
    announcer.evaluate("region => { region.textContent = ''; }")
    page.clock.run_for(3_000)
    assert announcer.inner_text() == ""
    discard_all(inside)
