"""A claim that was sent wrong: opened by the biller, signed anew, and what was paid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    BILLER,
    CARE_MANAGER,
    PHYSICIAN,
    launch_alone,
    record_time,
    sign,
    wait_until_delivered,
)
from tests.browser.running_demo import running_demo
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")
PATIENT = "Rosa Ready"
WIDTHS = (1280, 420)


@pytest.fixture(scope="module")
def correcting() -> Iterator[Demo]:
    """Yield a demo of its own, whose month is not yet over."""
    with running_demo("--today=2026-11-23") as ready:
        yield ready


def look(page: Page, artefacts: Path, name: str) -> None:
    """See that a page fits a wide and a narrow window, and hurts nobody."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)
        assert_accessible(page)
        page.screenshot(path=artefacts / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def signed_and_sent(demo: Demo, visitor: Callable[..., Visitor]) -> tuple[Page, Page]:
    """Let the nurse record a call and the doctor sign; return their pages."""
    nurse = launch_alone(visitor().context.new_page(), demo, CARE_MANAGER, PATIENT)
    record_time(nurse, minutes="22", at="08:00")
    doctor = launch_alone(visitor().context.new_page(), demo, PHYSICIAN, PATIENT)
    sign(doctor)
    wait_until_delivered(doctor)
    return nurse, doctor


def open_for_a_replacement(biller: Page) -> None:
    place = biller.get_by_role("region", name="Send a corrected claim in its place")
    place.get_by_label("Reason").fill("A call of 25 minutes was left out.")
    place.get_by_role("button", name="Open the month for a replacement").click()
    expect(biller.get_by_text("The month is open again")).to_be_visible()


def read_a_file_that_is_cut_off(biller: Page) -> None:
    cut_off = {"name": "era.txt", "mimeType": "text/plain", "buffer": b"ISA*00*cut off"}
    biller.get_by_label("The file").set_input_files(cut_off)  # type: ignore[arg-type]  # its own
    biller.get_by_role("button", name="Read the file").click()
    expect(biller.get_by_role("alert")).to_contain_text("The file")


def test_a_claim_is_replaced_and_what_was_paid_is_shown(
    correcting: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    nurse, doctor = signed_and_sent(correcting, visitor)
    window = visitor()
    window.expect_complaint("422")
    biller = launch_alone(window.context.new_page(), correcting, BILLER, PATIENT)
    biller.get_by_role("link", name="This month’s claims, and correcting one").click()
    expect(biller.get_by_text("Stands with the payer", exact=True)).to_be_visible()
    for one in biller.get_by_text("Exactly what would be sent").all():
        one.click()
    look(biller, artefacts, "claim")

    open_for_a_replacement(biller)
    look(biller, artefacts, "claim-opened")

    nurse.reload()
    record_time(nurse, minutes="25", at="09:00")
    doctor.reload()
    expect(doctor.get_by_text("is to be replaced by this one (frequency 7)")).to_be_visible()
    sign(doctor)
    wait_until_delivered(doctor)
    doctor.get_by_role("link", name="This month’s claims, and correcting one").click()
    expect(doctor.get_by_role("heading", name="Claim 2: Replacement, frequency 7")).to_be_visible()
    look(doctor, artefacts, "claim-replaced")

    biller.get_by_role("link", name="Month", exact=True).click()
    biller.get_by_role("link", name="What was paid").click()
    expect(biller.get_by_role("heading", level=1)).to_contain_text("What was paid")
    look(biller, artefacts, "payments")
    read_a_file_that_is_cut_off(biller)
    look(biller, artefacts, "payments-refused")
