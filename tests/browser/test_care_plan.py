"""A care plan in a real browser: few clicks to a complete one, autosaved, at both widths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import CARE_MANAGER, launch_alone
from tests.browser.running_demo import running_demo
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Yield a demo of this module's own: its patients are other tests' patients, too."""
    with running_demo() as ready:
        yield ready


MOST_CLICKS = 40
PATIENTS = (
    "Carmen Almost",
    "Edith Fortyone",
    "Frank Refuted",
    "Gloria Nopartb",
    "Leon Advantage",
    "Sylvia Commercial",
    "Marcus Qmb",
    "Winifred Whichpart",
    "Agnes Stalevisit",
    "Mabel Noplan",
)
TABS = (
    "Who does what",
    "Symptoms and outlook",
    "Medicines",
    "Home and support",
    "Check and adopt",
)


class Clicks:
    """Counts every click of a person on one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.number = 0

    def on(self, what: Locator) -> None:
        what.click()
        self.number += 1


def build(page: Page) -> int:
    """Go from the patient's page to an adopted plan; return how many clicks it took."""
    clicks = Clicks(page)
    clicks.on(page.get_by_role("link", name="Open the care plan"))
    for title in TABS:
        clicks.on(page.get_by_role("button", name="Take in all that is ready"))
        expect(page.get_by_text("The draft is saved.")).to_be_visible()
        clicks.on(page.get_by_role("link", name=re.compile(f"^Next: {title}")).first)
        expect(page.get_by_role("heading", level=2).first).not_to_have_text("")
    clicks.on(page.get_by_role("button", name="Adopt the plan"))
    expect(page.get_by_text("The plan is adopted.")).to_be_visible()
    return clicks.number


def add_a_task(page: Page, what: str) -> None:
    """Write a task for a week from now, at the month's review."""
    page.get_by_label("What is to be done").fill(what)
    page.locator("#task-performer").select_option("care_manager")
    page.get_by_role("button", name="Add the task").click()
    expect(page.get_by_text("The task is recorded.")).to_be_visible()


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_complete_plan_takes_few_clicks(
    demo: Demo, visitor: Callable[..., Visitor], patient: str
) -> None:
    page = visitor(java_script_enabled=False).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, patient)

    clicks = build(page)

    assert clicks <= MOST_CLICKS
    expect(page.locator("main")).not_to_contain_text("Not met")
    expect(page.locator("main")).to_contain_text("Version 1")


def test_what_is_ticked_is_saved_without_a_button(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor(width=420).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Theodore Novisit")
    page.get_by_role("link", name="Open the care plan").click()
    box = page.locator("input[name=in]").first

    box.press("Space")
    expect(page.locator("#saved")).to_contain_text("Draft saved at")

    page.reload()
    expect(page.locator("input[name=in]").first).to_be_checked()


@pytest.mark.parametrize("width", [1280, 420])
def test_every_tab_is_accessible_and_fits(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    patient = "Eleanor Snomedonly" if width == 420 else "Estelle Elsewhere"
    page = visitor(width=width).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, patient)
    build(page)
    base = page.url.partition("?")[0]
    page.goto(f"{base}?tab=month")
    add_a_task(page, "Call the pharmacy about the refill")
    for tab in ("goals", "doing", "symptoms", "medicines", "home", "adopt", "month", "copy"):
        page.goto(f"{base}?tab={tab}")
        page.screenshot(path=artefacts / f"plan-{width}-{tab}.png", full_page=True)
        assert_fits(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert_fits(page)
        assert_accessible(page)
    for address in ("versions?older=0&newer=1", "copy?language=en", "copy?language=es"):
        page.goto(f"{base}/{address}")
        name = re.sub(r"\W+", "-", address)
        page.screenshot(path=artefacts / f"plan-{width}-{name}.png", full_page=True)
        assert_fits(page)
        assert_accessible(page)


@pytest.mark.parametrize("width", [1280, 420])
def test_a_months_review_is_done_on_one_tab(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    patient = "Clarence Partialplan" if width == 420 else "Irene Noconsent"
    page = visitor(width=width, java_script_enabled=False).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, patient)
    build(page)
    page.goto(f"{page.url.partition('?')[0]}?tab=month")

    page.get_by_label("What came of it").select_option("reached")
    page.locator("#call-note").fill("Feels well; wants help with the refill.")
    page.get_by_role("button", name="Record the call").click()
    add_a_task(page, "Call the pharmacy about the refill")
    page.get_by_text("End this task").click()
    page.get_by_role("button", name="It is done").click()
    expect(page.get_by_text("The task is ended.")).to_be_visible()
    page.locator("#review-note").fill("Nothing to change.")
    page.get_by_role("button", name="End the review").click()

    expect(page.get_by_text("The review is ended; the plan is dated today.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Nothing to change.")
    expect(page.locator("main")).to_contain_text("Feels well")
    page.screenshot(path=artefacts / f"review-{width}.png", full_page=True)
    assert_fits(page)


@pytest.mark.parametrize("width", [1280, 420])
def test_the_consent_page_is_accessible_and_fits(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = visitor(width=width).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Carmen Almost")
    page.goto(f"{page.url.partition('?')[0]}/consent")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.screenshot(path=artefacts / f"consent-{width}.png", full_page=True)

    assert_fits(page)
    assert_accessible(page)
