"""What a person does with a mouse: launch from the EHR, record time, sign."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

    from tests.browser.running_demo import Demo

CARE_MANAGER = "Nora Carewell, RN"
PHYSICIAN = "Amelia Signwell, MD"
BILLER = "Bianca Ledger, CPC"
DELIVERY_MS = 30_000


def launch_in_frame(page: Page, demo: Demo, person: str, patient: str) -> Frame:
    """Launch the app inside the EHR's chart and return the frame it is in."""
    page.goto(f"{demo.ehr_url}/")
    page.get_by_label(person).check()
    page.get_by_role("button", name=f"Launch inside the EHR: {patient}").click()
    frame = page.wait_for_selector("iframe", state="attached")
    assert frame is not None
    inside = frame.content_frame()
    assert inside is not None
    expect(inside.get_by_role("heading", level=1)).to_be_visible(timeout=DELIVERY_MS)
    inside.wait_for_load_state()
    return inside


def launch_alone(page: Page, demo: Demo, person: str, patient: str) -> Page:
    """Open the app by itself; the EHR asks who one is and which patient it is about."""
    page.goto(f"{demo.app_url}/launch?{urlencode({'iss': f'{demo.ehr_url}/fhir'})}")
    page.get_by_role("button", name=f"Sign in as {person}").click()
    page.get_by_role("button", name=f"Choose {patient}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Care management")
    page.wait_for_load_state()
    return page


def type_time(place: Page | Frame, *, minutes: str, at: str, note: str = "") -> None:
    """Fill in a telephone call with the patient, without sending it."""
    place.get_by_label("Start time").fill(at)
    place.get_by_label("Minutes", exact=True).fill(minutes)
    place.get_by_label("Activity").select_option("patient_call")
    place.get_by_label("Contact with the patient").select_option("telephone")
    place.get_by_label("Note").fill(note)


def record_time(place: Page | Frame, *, minutes: str, at: str, note: str = "") -> None:
    """Record a telephone call and wait for the page that says so."""
    type_time(place, minutes=minutes, at=at, note=note)
    place.get_by_role("button", name="Record time").click()
    expect(place.get_by_text("Time recorded.")).to_be_visible()


def sign(place: Page | Frame) -> None:
    """Tick every statement and sign."""
    for box in place.locator("form.sign input[type=checkbox]").all():
        box.check()
    place.get_by_role("button", name="Sign and send the claim").click()
    expect(place.get_by_text("The month is signed.")).to_be_visible()


def wait_until_delivered(place: Page | Frame) -> None:
    """Wait, without touching the page, until it says that everything is in the EHR."""
    expect(place.locator("#progress")).to_have_text(
        "Everything recorded here is in the EHR.", timeout=DELIVERY_MS
    )
