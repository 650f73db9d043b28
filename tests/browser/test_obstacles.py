"""A claim that cannot be signed yet, in a real browser: on the patient's page and the month's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import BILLER, PHYSICIAN, launch_alone
from tests.browser.running_demo import running_demo
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
PATIENT = "Norman Sixtyfive"
AHEAD = "Date of service still ahead"


@pytest.fixture(scope="module")
def dated_at_the_end() -> Iterator[Demo]:
    """Yield a demo of this module's own: its practice's choice is for everybody in it."""
    with running_demo("--today=2026-11-23") as ready:
        yield ready


def date_at_the_months_end(page: Page) -> None:
    page.get_by_role("link", name="Month", exact=True).click()
    page.get_by_role("link", name="The practice’s choice").click()
    page.get_by_label("From", exact=True).select_option("2026-11")
    page.get_by_label(re.compile("The clinical staff’s codes")).check()
    page.get_by_label(re.compile("The last day of the month")).check()
    page.get_by_role("button", name="Set this choice").click()
    expect(page.get_by_text("The choice is recorded.")).to_be_visible()


def test_what_stands_in_a_claims_way_is_told_with_its_owner_and_found_from_the_month(
    dated_at_the_end: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    doctor = launch_alone(visitor().context.new_page(), dated_at_the_end, PHYSICIAN, PATIENT)
    expect(doctor.get_by_role("button", name="Sign and send the claim")).to_be_visible()
    date_at_the_months_end(doctor)

    for width, person in ((1280, PHYSICIAN), (420, BILLER)):
        page = launch_alone(
            visitor(width=width).context.new_page(), dated_at_the_end, person, PATIENT
        )
        expect(page.locator("#claim .obstacles")).to_contain_text(AHEAD)
        expect(page.locator("#claim .obstacles")).to_contain_text("For the biller.")
        expect(page.locator("#claim")).to_contain_text("Date of service Nov 30, 2026")
        expect(page.get_by_role("button", name="Sign and send the claim")).to_have_count(0)
        see_that_it_is_well_made(page, artefacts / f"obstacles-{width}-1-patient.png")
        page.get_by_role("link", name="Month", exact=True).click()
        page.locator("details.why").evaluate("details => { details.open = true; }")
        see_that_it_is_well_made(page, artefacts / f"obstacles-{width}-2-month.png")
        page.get_by_role("link", name=re.compile(AHEAD)).click()
        expect(page.locator("main")).to_contain_text(PATIENT)


def see_that_it_is_well_made(page: Page, picture: Path) -> None:
    assert_accessible(page)
    assert_fits(page)
    page.locator("main").screenshot(path=picture, animations="disabled")
