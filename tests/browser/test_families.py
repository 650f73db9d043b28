"""Which codes a month reports, in a real browser: chosen, attested, signed, and in the EHR."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
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
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Frame, Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
RATIONALE = "Five problems addressed; anticoagulation weighed after the stay in hospital."


@pytest.fixture(scope="module")
def choosing() -> Iterator[Demo]:
    """Yield a demo of this module's own: a practice's choice is for everybody in it."""
    with running_demo("--today=2026-11-23") as ready:
        yield ready


def test_a_practitioner_chooses_attests_and_signs_complex_care(
    choosing: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    pictures = partial(take, artefacts, 1280)
    doctor = visitor().context.new_page()
    frame = launch_in_frame(doctor, choosing, PHYSICIAN, "Norman Sixtyfive")
    choose_complex(frame)
    pictures(doctor, "1-choosing")
    frame.get_by_role("button", name="Set this choice").click()
    expect(frame.get_by_text("The choice is recorded.")).to_be_visible()
    expect(frame.get_by_role("table")).to_contain_text("Amelia Signwell, MD")
    pictures(doctor, "2-chosen")
    frame.get_by_role("link", name="Patient", exact=True).click()

    see_that_it_waits(frame)
    pictures(doctor, "3-asked")
    nurse = visitor().context.new_page()
    nurses = launch_in_frame(nurse, choosing, CARE_MANAGER, "Norman Sixtyfive")
    expect(nurses.locator("#decision-making")).to_contain_text("waits for the billing practitioner")
    pictures(nurse, "4-waiting")
    attest(frame)
    frame.get_by_text("The ways to report this month, side by side").click()
    pictures(doctor, "5-attested")
    sign(frame)

    see_the_claim(doctor, frame)
    pictures(doctor, "6-signed")


def test_at_420_pixels_one_month_is_excepted_attested_and_signed(
    choosing: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    pictures = partial(take, artefacts, 420)
    nurse = visitor(width=420).context.new_page()
    nurses = launch_in_frame(nurse, choosing, CARE_MANAGER, "Edith Fortyone")
    record_time(nurses, minutes="20", at="11:00")
    wait_until_delivered(nurses)
    doctor = visitor(width=420).context.new_page()
    frame = launch_in_frame(doctor, choosing, PHYSICIAN, "Edith Fortyone")
    report_otherwise(frame, "complex_if_met")

    see_that_it_waits(frame)
    pictures(doctor, "3-asked")
    attest(frame)
    pictures(doctor, "5-attested")
    sign(frame)

    see_the_claim(doctor, frame)
    pictures(doctor, "6-signed")


def test_without_javascript_a_month_is_signed_with_the_practitioners_own_codes(
    choosing: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420, java_script_enabled=False).context.new_page()
    launch_alone(page, choosing, PHYSICIAN, "Rosa Ready")
    record_time(page, minutes="31", at="08:00", note="Talked the plan through with the patient.")

    report_otherwise(page, "practitioner")

    expect(page.locator(".headline")).to_contain_text("Ready to sign: 99491")
    expect(page.locator(".statement")).to_contain_text("in person")
    take(artefacts, 420, page, "7-own-codes")
    sign(page)
    for _ in range(60):
        page.reload()
        if "Claim in the EHR: 99491" in page.locator(".headline").inner_text():
            break
        page.wait_for_timeout(500)
    expect(page.locator(".headline")).to_contain_text("Claim in the EHR: 99491")
    take(artefacts, 420, page, "8-own-signed")


@pytest.mark.parametrize("width", [420, 1280])
def test_the_choice_page_fits_and_anyone_can_use_it(
    choosing: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    window = visitor(width=width)
    window.expect_complaint("status of 422")
    page = launch_alone(window.context.new_page(), choosing, PHYSICIAN, "Carmen Almost")
    page.get_by_role("link", name="All choices").click()
    assert_accessible(page)
    assert_fits(page)

    # What the browser itself would stop, sent all the same.
    page.locator("form.stack").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Set this choice").click()

    expect(page.get_by_role("alert")).to_contain_text("What is reported")
    expect(page.locator("#summary")).to_be_focused()
    assert_accessible(page)
    take(artefacts, width, page, "9-refused")


def choose_complex(place: Page | Frame) -> None:
    """Fill in the practice's choice: complex codes from November on, where they are met."""
    place.get_by_role("link", name="Month", exact=True).click()
    place.get_by_role("link", name="The practice’s choice").click()
    place.get_by_label("From", exact=True).select_option("2026-11")
    place.get_by_label(re.compile("The complex codes where they are met")).check()
    place.get_by_label(re.compile("The day on which the last reported unit")).check()
    place.get_by_label("Note").fill("Agreed by the practice’s physicians.")


def report_otherwise(place: Page | Frame, family: str) -> None:
    """Make an exception for the month that is shown."""
    place.get_by_text("Report this month otherwise…").click()
    place.get_by_label("What this month reports").select_option(family)
    place.get_by_label("Why", exact=True).fill(
        "Most of the care was the practitioner’s own this month."
    )
    place.get_by_role("button", name="Record the exception").click()
    expect(place.get_by_text("What this month reports is recorded.")).to_be_visible()


def see_that_it_waits(place: Page | Frame) -> None:
    """See that the month cannot be signed before the question is answered."""
    expect(place.locator(".headline")).to_contain_text("decision making is open")
    expect(place.get_by_role("button", name="Sign and send the claim")).to_have_count(0)


def attest(place: Page | Frame) -> None:
    """Attest moderate decision making."""
    place.get_by_label("Decision making this month").select_option("moderate")
    place.get_by_label("Rationale").fill(RATIONALE)
    place.get_by_role("button", name="Attest", exact=True).click()
    expect(place.locator(".headline")).to_contain_text("Ready to sign: 99487")


def see_the_claim(page: Page, frame: Frame) -> None:
    """See the claim of complex care in the app and in the EHR beside it."""
    expect(frame.locator(".headline")).to_contain_text(
        "Claim in the EHR: 99487", timeout=DELIVERY_MS
    )
    claim_id = frame.locator("#claim .chip").inner_text().removeprefix("Claim/")
    expect(page.locator("#record")).to_contain_text(claim_id, timeout=DELIVERY_MS)
    expect(frame.locator("#claim")).to_contain_text(RATIONALE)


def take(folder: Path, width: int, page: Page, step: str) -> None:
    """Assert that the page and the frame in it fit, and take a picture of what is in it."""
    for frame in page.frames:
        assert_fits(frame)
    inside = page.frames[-1].locator("main")
    inside.screenshot(path=folder / f"families-{width}-{step}.png", animations="disabled")
