"""Forms under real hands: twice, backwards, wrong, without a script, with two patients open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    CARE_MANAGER,
    PHYSICIAN,
    launch_alone,
    launch_in_frame,
    record_time,
    sign,
    type_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


@pytest.mark.proves("R38")
def test_two_patients_open_at_once_do_not_mix(demo: Demo, visitor: Callable[..., Visitor]) -> None:
    window = visitor().context
    leon = launch_in_frame(window.new_page(), demo, CARE_MANAGER, "Leon Advantage")
    winifred = launch_in_frame(window.new_page(), demo, CARE_MANAGER, "Winifred Whichpart")

    record_time(leon, minutes="7", at="06:00", note="For Leon alone.")
    winifred.goto(winifred.url)

    expect(leon.locator(".banner .name")).to_have_text("Leon Advantage")
    expect(leon.locator(".log tbody tr")).to_have_count(1)
    expect(winifred.locator(".banner .name")).to_have_text("Winifred Whichpart")
    expect(winifred.get_by_text("No time has been recorded")).to_be_visible()


@pytest.mark.parametrize(
    ("patient", "at", "has_script"),
    [("Walter Onecondition", "06:10", True), ("Gloria Nopartb", "06:20", False)],
)
def test_a_double_click_records_once(
    demo: Demo, visitor: Callable[..., Visitor], patient: str, at: str, *, has_script: bool
) -> None:
    page = visitor(java_script_enabled=has_script).context.new_page()
    launch_alone(page, demo, CARE_MANAGER, patient)
    type_time(page, minutes="9", at=at)

    page.get_by_role("button", name="Record time").dblclick()

    expect(page.get_by_text("Time recorded.")).to_be_visible()
    expect(page.locator(".log tbody tr")).to_have_count(1)


def test_a_form_sent_again_after_back_records_once(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Dorothy Samedisease")
    key = page.locator("form.entry [name=form_key]").input_value()
    record_time(page, minutes="9", at="06:30")

    page.go_back()
    # What a browser that kept the page would send once more.
    page.locator("form.entry [name=form_key]").evaluate("(field, key) => field.value = key", key)
    record_time(page, minutes="9", at="06:30")

    expect(page.locator(".log tbody tr")).to_have_count(1)


def test_the_same_call_typed_again_after_back_is_refused(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    window = visitor()
    window.expect_complaint("status of 422")
    page = window.context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Priscilla Provisional")
    record_time(page, minutes="9", at="06:40")

    page.go_back()
    type_time(page, minutes="9", at="06:40")
    page.get_by_role("button", name="Record time").click()

    expect(page.locator("#summary")).to_contain_text("You already have work")
    expect(page.locator(".log tbody tr")).to_have_count(1)


def test_without_a_script_one_can_launch_record_and_sign(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    nurse = visitor(java_script_enabled=False).context.new_page()
    nurses = launch_in_frame(nurse, demo, CARE_MANAGER, "Dolores Exactly")
    record_time(nurses, minutes="21", at="05:00")
    doctor = visitor(java_script_enabled=False).context.new_page()
    doctors = launch_in_frame(doctor, demo, PHYSICIAN, "Dolores Exactly")

    sign(doctors)
    doctors.get_by_role("link", name="Look again").click()

    expect(doctors.get_by_role("heading", level=1)).to_have_text("On the way to the EHR")
    expect(doctors.locator("main")).to_contain_text("Claim")
    doctors.get_by_role("link", name="Back to the patient").click()
    expect(doctors.locator("#claim")).to_contain_text("Signed by Amelia Signwell, MD")


def test_a_refused_form_keeps_what_was_typed_and_moves_focus_to_the_summary(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    window = visitor()
    window.expect_complaint("status of 422")
    page = window.context.new_page()
    launch_alone(page, demo, CARE_MANAGER, "Frank Refuted")
    type_time(page, minutes="0", at="08:15", note="Typed with care.")

    page.get_by_role("button", name="Record time").click()

    expect(page.locator("#summary")).to_be_focused()
    expect(page).to_have_title("Error: Patient, November 2026 · Chronic care management")
    expect(page.get_by_label("Minutes", exact=True)).to_have_value("0")
    expect(page.get_by_label("Minutes", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Start time")).to_have_value("08:15")
    expect(page.get_by_label("Activity")).to_have_value("patient_call")
    expect(page.get_by_label("Note")).to_have_value("Typed with care.")
    page.locator("#summary").get_by_role("link").click()
    expect(page.get_by_label("Minutes", exact=True)).to_be_focused()
