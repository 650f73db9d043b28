"""Two open questions settled in a real browser: a missing consent, and conditions in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import CARE_MANAGER, PHYSICIAN, launch_alone, launch_in_frame
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Frame, Locator, Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


def criterion(place: Page | Frame, title: str) -> Locator:
    heading = place.get_by_role("heading", name=title, exact=True)
    return place.locator(".criterion").filter(has=heading).first


def choose(one: Locator) -> None:
    """Choose a box or a button of a group.

    Not by the mouse, which aims at a place on the screen: a frame that is laid out again moves
    under it. (A picture of the full page does that, too: none is taken of a frame before a click.)
    """
    one.evaluate("chosen => chosen.click()")
    expect(one).to_be_checked()


def fill_in(place: Page | Frame, day: str = "2026-11-20") -> None:
    """Tick every statement and say the rest of a verbal consent."""
    for box in place.locator("[name=told]").all():
        choose(box)
    form = place.locator("form.consent", has=place.locator("[name=told]"))
    choose(form.get_by_label("Yes: the patient agrees"))
    choose(form.get_by_label("Verbally, documented by this record"))
    form.get_by_label("Language in which it was explained").select_option("es")
    form.get_by_label("Day on which the patient decided").fill(day)
    choose(form.get_by_label("The patient", exact=True))


def judge(page: Page, disease: str, reason: str) -> None:
    """Say yes to the first condition in doubt."""
    page.locator("#conditions > summary").click()
    item = page.locator("#conditions .item", has_text="Needs a clinician’s eye").first
    item.get_by_text("Say whether it is chronic…").click()
    choose(item.get_by_label("Yes, it is a chronic condition"))
    if disease:
        item.get_by_label("Which disease it is").select_option(label=disease)
    item.get_by_label("What it rests on").fill(reason)
    item.get_by_role("button", name="Record my judgement").click()
    expect(page.get_by_text("Your judgement is recorded.")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "patient", "has_script"),
    [(1280, "Stanley Otherpractice", True), (420, "Victor Revoked", False)],
)
def test_a_missing_consent_is_recorded_and_the_finding_turns_met(
    demo: Demo,
    visitor: Callable[..., Visitor],
    artefacts: Path,
    width: int,
    patient: str,
    *,
    has_script: bool,
) -> None:
    page = visitor(width=width, java_script_enabled=has_script).context.new_page()
    frame = launch_in_frame(page, demo, CARE_MANAGER, patient)
    expect(criterion(frame, "Patient’s consent")).to_contain_text("Not met")

    frame.get_by_role("link", name="Record consent").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Consent to care management")
    expect(frame.locator("input:checked")).to_have_count(0)
    page.screenshot(path=artefacts / f"consent-{width}-1-blank.png")
    fill_in(frame)
    frame.get_by_role("button", name="Record", exact=True).click()

    expect(frame.get_by_text("Consent recorded.")).to_be_visible()
    expect(frame.locator(".history > li")).to_contain_text("Kept here")
    page.screenshot(path=artefacts / f"consent-{width}-2-recorded.png")
    frame.get_by_role("link", name="Back to the patient").click()
    expect(criterion(frame, "Patient’s consent")).to_contain_text("Met")
    expect(criterion(frame, "Patient’s consent")).to_contain_text("recorded here")


def test_a_statement_left_unticked_brings_the_form_back_and_takes_one_there(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    window = visitor(width=420)
    window.expect_complaint("status of 422")
    page = window.context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Beatrice Yearonly")
    page.get_by_role("link", name="Record consent").click()
    fill_in(page)
    page.get_by_label("Cost sharing").uncheck()

    page.get_by_role("button", name="Record", exact=True).click()

    expect(page.locator("#summary")).to_be_focused()
    expect(page.locator("#summary li")).to_have_count(1)
    expect(page.get_by_label("Right to stop")).to_be_checked()
    assert_fits(page)
    assert_accessible(page)
    page.locator("#summary").get_by_role("link").click()
    expect(page.get_by_label("Cost sharing")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 420])
def test_the_consent_page_is_accessible_before_and_after(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = visitor(width=width).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Harriet Halftold")
    page.goto(f"{page.url.partition('?')[0]}/consent")
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    fill_in(page, "2026-11-19" if width == 420 else "2026-11-20")
    page.get_by_role("button", name="Record", exact=True).click()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert_fits(page)
    assert_accessible(page)
    page.screenshot(path=artefacts / f"consent-{width}-3-open.png", full_page=True)


@pytest.mark.parametrize(
    ("width", "has_script", "patient", "diseases"),
    [
        (1280, True, "Harold Textonly", ("Diabetes mellitus", "Asthma")),
        (420, False, "Priscilla Provisional", ("",)),
    ],
)
def test_conditions_in_doubt_are_settled_and_the_finding_turns_met(
    demo: Demo,
    visitor: Callable[..., Visitor],
    artefacts: Path,
    width: int,
    patient: str,
    diseases: tuple[str, ...],
    *,
    has_script: bool,
) -> None:
    page = visitor(width=width, java_script_enabled=has_script).context.new_page()
    launch_alone(page, demo, PHYSICIAN, patient)
    expect(criterion(page, "Chronic conditions")).to_contain_text("Unknown")

    for disease in diseases:
        judge(page, disease, "Known to this practice for years.")

    expect(criterion(page, "Chronic conditions")).to_contain_text("Met")
    page.locator("#conditions > summary").click()
    expect(page.locator("#conditions .said-of").first).to_contain_text("Amelia Signwell, MD")
    assert_fits(page)
    page.screenshot(path=artefacts / f"judged-{width}.png", full_page=True)


def test_a_chip_leads_to_the_resource_and_back(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor(width=420).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Calvin Heartpair")
    chip = page.locator("#eligibility .chip:visible", has_text="Condition/").first
    ref = chip.inner_text()

    chip.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Condition in the EHR")
    expect(page.locator("main")).to_contain_text(ref)
    assert ref.rpartition("/")[2] not in page.url
    page.get_by_text("The whole resource").click()
    expect(page.locator("pre")).to_contain_text('"resourceType": "Condition"')
    assert_fits(page)
    assert_accessible(page)
    page.screenshot(path=artefacts / "evidence-420.png", full_page=True)
    page.get_by_role("link", name="Back to the patient").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Care management")
