"""What is not offered, and the pages that say no: inside the frame, without a broken look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import BILLER, CARE_MANAGER, launch_alone, launch_in_frame
from tests.browser.shape import assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Route

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


def test_a_biller_is_offered_neither_time_nor_signature(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()

    launch_alone(page, demo, BILLER, "Norman Sixtyfive")

    expect(page.locator("form.entry")).to_have_count(0)
    expect(page.locator("form.sign")).to_have_count(0)
    expect(page.locator("#time")).to_contain_text("record time here")
    expect(page.get_by_role("link", name="Record time")).to_have_count(0)


def test_an_ended_session_says_so_inside_the_frame(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    window = visitor(width=420)
    window.expect_complaint("status of 404")
    page = window.context.new_page()
    frame = launch_in_frame(page, demo, CARE_MANAGER, "Norman Sixtyfive")
    window.context.clear_cookies()

    frame.goto(frame.url)

    expect(frame.get_by_role("heading", level=1)).to_have_text("Your session has ended")
    expect(frame.locator("body")).not_to_contain_text("Norman")
    assert_fits(frame)
    page.screenshot(path=artefacts / "session-ended-420.png")


def test_a_launch_from_an_unknown_ehr_is_refused_in_plain_words(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    window = visitor(width=420)
    window.expect_complaint("status of 403")
    page = window.context.new_page()

    page.goto(f"{demo.app_url}/launch?iss=https://unknown.example/fhir&launch=1")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("unknown.example")
    assert_fits(page)
    page.screenshot(path=artefacts / "unknown-iss-420.png")


def test_a_browser_that_drops_the_frames_cookies_is_told_before_the_launch_is_used_up(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    window = visitor(width=420)
    window.expect_complaint("status of 400")
    page = window.context.new_page()
    page.route(f"{demo.app_url}/launch**", _unpartitioned)

    frame = launch_in_frame(page, demo, CARE_MANAGER, "Norman Sixtyfive")

    expect(frame.get_by_role("heading", level=1)).to_have_text(
        "Your browser blocked this app’s cookie"
    )
    page.screenshot(path=artefacts / "cookie-blocked-420.png")

    page.unroute(f"{demo.app_url}/launch**")
    frame.get_by_role("link", name="Open in this same frame again").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Care management")


def test_signing_out_closes_the_chart(demo: Demo, visitor: Callable[..., Visitor]) -> None:
    window = visitor()
    window.expect_complaint("status of 404")
    page = window.context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Norman Sixtyfive")
    address = page.url

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed out")
    page.goto(address)

    expect(page.get_by_role("heading", level=1)).to_have_text("Your session has ended")


def _unpartitioned(route: Route) -> None:
    """Answer as if partitioned cookies did not exist: the browser then drops a third party's."""
    answer = route.fetch(max_redirects=0)
    headers = {name: value.replace("; Partitioned", "") for name, value in answer.headers.items()}
    route.fulfill(response=answer, headers=headers)
