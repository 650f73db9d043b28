"""The month page as a biller and a care manager use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import CARE_MANAGER, launch_alone
from tests.browser.shape import assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


@pytest.mark.parametrize("width", [1280, 420, 400, 320])
def test_the_month_page_fits_its_window(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = visitor(width=width).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Carmen Almost")
    assert_fits(page)

    page.get_by_role("link", name="Month", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("all patients")
    assert_fits(page)
    page.screenshot(path=artefacts / f"month-{width}.png")


def test_a_state_shows_as_many_patients_as_it_says(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Carmen Almost")
    page.get_by_role("link", name="Month", exact=True).click()
    state = page.get_by_role("navigation", name="States").get_by_role("link", name="Short of time")
    said = int(state.locator("strong").inner_text())

    state.click()

    expect(state).to_have_attribute("aria-current", "true")
    rows = page.locator("table.panel tbody tr")
    expect(rows).to_have_count(said)
    for row in rows.all():
        expect(row).to_contain_text("Short of time")


def test_a_patient_opens_from_the_month_page_beside_the_present_one(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Carmen Almost")
    first = page.url
    page.get_by_role("link", name="Month", exact=True).click()

    page.get_by_role("button", name="Open Irene Noconsent").click()

    expect(page.locator(".banner .name")).to_have_text("Irene Noconsent")
    expect(page.locator(".headline")).to_contain_text("Not eligible")
    page.goto(first)
    expect(page.locator(".banner .name")).to_have_text("Carmen Almost")


def test_an_earlier_month_is_two_presses_away(demo: Demo, visitor: Callable[..., Visitor]) -> None:
    page = visitor().context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Carmen Almost")

    page.get_by_label("Month", exact=True).select_option(index=1)
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("heading", level=1)).not_to_contain_text("November 2026")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Care management")
