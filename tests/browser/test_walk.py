"""The walk of a month in a real browser: from the EHR's launcher to the Claim beside the frame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    CARE_MANAGER,
    DELIVERY_MS,
    PHYSICIAN,
    launch_in_frame,
    record_time,
    sign,
    wait_until_delivered,
)
from tests.browser.shape import assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Frame, Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
CRITERIA = 10


@pytest.mark.proves("R39")
@pytest.mark.parametrize(
    ("width", "patient", "at"), [(1280, "Rosa Ready", "09:00"), (420, "Marcus Qmb", "10:00")]
)
def test_a_month_goes_from_launch_to_claim_in_the_ehrs_frame(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int, patient: str, at: str
) -> None:
    nurse = visitor(width=width).context.new_page()
    doctor = visitor(width=width).context.new_page()
    pictures = partial(_take, artefacts, width)

    nurses = launch_in_frame(nurse, demo, CARE_MANAGER, patient)
    _see_the_criteria(nurses)
    pictures(nurse, "1-launched")
    record_time(nurses, minutes="22", at=at, note="Home readings reviewed; refill arranged.")
    _see_the_time_arrive(nurses)
    pictures(nurse, "2-recorded")

    doctors = launch_in_frame(doctor, demo, PHYSICIAN, patient)
    claims = doctor.locator("#record h3", has_text="Claim").locator(".count")
    before = int(claims.inner_text())
    _be_stopped_without_a_tick(doctors)
    pictures(doctor, "3-not-ticked")
    sign(doctors)
    claim_id = _see_the_claim_arrive(doctors)

    expect(claims).to_have_text(str(before + 1), timeout=DELIVERY_MS)
    expect(doctor.locator("#record")).to_contain_text(claim_id)
    pictures(doctor, "4-signed")


@pytest.mark.proves("R39", "S7")
def test_the_frame_is_another_site_and_its_cookies_come_back_partitioned(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    window = visitor()
    page = window.context.new_page()

    frame = launch_in_frame(page, demo, CARE_MANAGER, "Leon Advantage")

    assert urlsplit(page.url).hostname == "localhost"
    assert urlsplit(frame.url).hostname == "127.0.0.1"
    cookies = [c for c in window.context.cookies() if c["name"].startswith("__Host-ccm-")]
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie["partitionKey"] == "http://localhost"
        assert cookie["httpOnly"]
        assert cookie["secure"]
        assert cookie["sameSite"] == "None"


def test_the_record_beside_the_frame_is_brought_up_to_date_by_its_button(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    launch_in_frame(page, demo, CARE_MANAGER, "Leon Advantage")

    with page.expect_response("**/ehr/record/fragment*") as answer:
        page.get_by_role("link", name="Refresh").click()

    assert answer.value.ok
    assert urlsplit(page.url).path == "/ehr"


def test_an_unticked_statement_is_refused_by_the_server_too(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    window = visitor()
    window.expect_complaint("status of 422")
    page: Page = window.context.new_page()
    frame = launch_in_frame(page, demo, PHYSICIAN, "Calvin Heartpair")
    record_time(frame, minutes="20", at="08:30")
    frame.locator("form.sign").evaluate("form => { form.noValidate = true; }")

    frame.get_by_role("button", name="Sign and send the claim").click()

    expect(frame.locator("#summary")).to_be_focused()
    expect(frame.locator("#claim [aria-invalid]")).not_to_have_count(0)


def _see_the_criteria(frame: Frame) -> None:
    expect(frame.locator(".criterion")).to_have_count(CRITERIA)
    expect(frame.locator(".criterion", has_text="Patient’s consent")).to_contain_text("Met")
    assert_fits(frame)


def _see_the_time_arrive(frame: Frame) -> None:
    expect(frame.locator(".headline")).to_contain_text("99490")
    expect(frame.locator("#time")).to_contain_text("22 min counted – 99490 reached")
    wait_until_delivered(frame)
    entry = frame.locator(".log tbody tr").first
    expect(entry).to_contain_text("Procedure in the EHR")
    expect(entry).to_contain_text("Encounter in the EHR")
    assert_fits(frame)


def _be_stopped_without_a_tick(frame: Frame) -> None:
    expect(frame.locator(".headline")).to_contain_text("Ready to sign: 99490")
    frame.get_by_role("button", name="Sign and send the claim").click()
    expect(frame.locator("form.sign input:invalid")).not_to_have_count(0)
    expect(frame.locator("form.sign input:invalid").first).to_be_focused()


def _see_the_claim_arrive(frame: Frame) -> str:
    expect(frame.locator(".headline")).to_contain_text(
        "Claim in the EHR: 99490", timeout=DELIVERY_MS
    )
    assert_fits(frame)
    return frame.locator("#claim .chip").inner_text().removeprefix("Claim/")


def _take(folder: Path, width: int, page: Page, step: str) -> None:
    assert_fits(page)
    page.screenshot(path=folder / f"walk-{width}-{step}.png", full_page=True)
