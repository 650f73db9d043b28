"""The month's end in a real browser: ten patients of different fates, one list, one lock."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ccm_fhir.services.packet_file import check
from tests.browser.acts import (
    BILLER,
    CARE_MANAGER,
    PHYSICIAN,
    launch_alone,
    sign,
    type_time,
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
TODAY = "2026-11-23"
LISTED = "Calvin Heartpair"
HELD = "Norman Sixtyfive"
FATES = {
    LISTED: "Signed|Claim in the EHR",
    HELD: "Held",
    "Dolores Exactly": "Ready to sign",
    "Edith Fortyone": "Ready to sign",
    "Carmen Almost": "Short of time",
    "Rosa Ready": "Short of time",
    "Harold Textonly": "Needs a fix",
    "Irene Noconsent": "Not eligible",
    "Gloria Nopartb": "Not eligible",
    "Raymond Deceased": "Not eligible",
}


@pytest.fixture(scope="module")
def closing() -> Iterator[Demo]:
    """Yield a demo of this module's own: a lock would stop everybody else's work."""
    with running_demo(f"--today={TODAY}") as ready:
        yield ready


def to_month(page: Page) -> None:
    page.get_by_role("link", name="Month", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("all patients")


def work_and_sign_october(nurse: Page, doctor: Page) -> None:
    """Let the practitioner attest the patient's risk in October, beside the chart."""
    for day in ("2026-10-20", "2026-11-20"):
        nurse.goto(f"{nurse.url.partition('?')[0]}?month={day[:7]}")
        type_time(nurse, minutes="22", at="09:00", note="Home readings reviewed")
        nurse.get_by_label("Date", exact=True).first.fill(day)
        nurse.get_by_role("button", name="Record time").click()
        expect(nurse.get_by_text("Time recorded.")).to_be_visible()
    chart = doctor.url.partition("?")[0]
    doctor.get_by_role("link", name="Approvals", exact=True).click()  # October is over
    doctor.get_by_role("button", name="Approve Calvin").first.click()
    expect(doctor.get_by_text("The time is approved")).to_be_visible()
    doctor.goto(f"{chart}?month=2026-10")
    sign(doctor)


def test_ten_patients_of_different_fates_go_through_the_close(
    closing: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    nurse = visitor().context.new_page()
    doctor = visitor().context.new_page()
    launch_alone(nurse, closing, CARE_MANAGER, LISTED)
    launch_alone(doctor, closing, PHYSICIAN, LISTED)
    work_and_sign_october(nurse, doctor)
    doctor.goto(f"{doctor.url.partition('?')[0]}?month=2026-11")
    to_month(doctor)
    doctor.screenshot(path=artefacts / "close-1280.png", full_page=True)
    assert_accessible(doctor)

    doctor.get_by_role("link", name=re.compile(r"Sign clean months")).click()
    row = doctor.locator("li", has_text=LISTED)
    expect(row.get_by_role("checkbox").first).not_to_be_checked()
    expect(row).to_contain_text("Attested for October 2026")
    assert_accessible(doctor)
    doctor.screenshot(path=artefacts / "sign-all-1280.png", full_page=True)
    for box in row.get_by_role("checkbox").all():
        box.check()
    doctor.get_by_role("button", name=re.compile("Sign the ticked months")).click()
    expect(doctor.get_by_role("status").first).to_contain_text("1 month is signed")
    doctor.screenshot(path=artefacts / "signed-all-1280.png")

    hold(closing, visitor)
    biller = visitor().context.new_page()
    launch_alone(biller, closing, BILLER, "Rosa Ready")
    to_month(biller)
    for name, state in FATES.items():
        shown = biller.locator("tbody tr", has_text=name).filter(has=biller.locator("form"))
        expect(shown).to_contain_text(re.compile(state))


def hold(closing: Demo, visitor: Callable[..., Visitor]) -> None:
    """Let a biller hold one patient's month, with a reason."""
    page = visitor().context.new_page()
    launch_alone(page, closing, BILLER, HELD)
    page.get_by_role("link", name="Hold or lock this month").click()
    page.locator("#hold-reason").fill("The daughter calls back about the plan.")
    page.get_by_role("button", name="Lock the patient’s month").click()
    expect(page.get_by_text("The lock is recorded.")).to_be_visible()


def test_a_reason_leads_to_everybody_whom_it_holds_up(
    closing: Demo, visitor: Callable[..., Visitor]
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, closing, BILLER, "Carmen Almost")
    to_month(page)
    reasons = page.locator("details.why tbody tr")
    first = reasons.filter(has_text="consent").first
    said = int(first.locator("td").first.inner_text())

    first.get_by_role("link").click()

    expect(page.get_by_text("Only patients with:")).to_be_visible()
    expect(page.locator("table.panel tbody tr")).to_have_count(said)


@pytest.mark.parametrize("width", [420, 1280])
def test_every_page_of_the_close_fits_its_window(
    closing: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = visitor(width=width).context.new_page()
    launch_alone(page, closing, PHYSICIAN, "Edith Fortyone")
    launch = page.url.partition("?")[0]
    for name in ("month", "sign-all", "inbox", "lock"):
        page.goto(f"{launch}/{name}?month=2026-11")
        assert_fits(page)
        assert_accessible(page)
        page.screenshot(path=artefacts / f"close-{name}-{width}.png", full_page=True)


def test_a_locked_month_says_why_time_is_refused_until_it_is_unlocked(
    closing: Demo, visitor: Callable[..., Visitor]
) -> None:
    biller, nursing = visitor().context.new_page(), visitor()
    launch_alone(biller, closing, BILLER, "Rosa Ready")
    to_month(biller)
    biller.get_by_role("link", name="Lock the month").click()
    biller.locator("#lock-reason").fill("All claims are sent.")
    biller.get_by_role("button", name="Lock the month").click()
    nurse = nursing.context.new_page()
    nursing.expect_complaint("409")
    launch_alone(nurse, closing, CARE_MANAGER, "Rosa Ready")
    type_time(nurse, minutes="5", at="07:00")
    nurse.get_by_role("button", name="Record time").click()
    expect(nurse.locator("#summary")).to_contain_text("All claims are sent.")

    biller.locator("#lock-reason").fill("A late call.")
    biller.get_by_role("button", name="Unlock the month").click()

    expect(biller.get_by_text("November 2026 is open.")).to_be_visible()


def test_the_audit_packet_is_one_press_away_and_whole(
    closing: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    page = visitor().context.new_page()
    launch_alone(page, closing, BILLER, LISTED)

    with page.expect_download() as coming:
        page.get_by_role("button", name="Audit packet (ZIP)").click()

    kept = artefacts / "audit-packet.zip"
    coming.value.save_as(kept)
    assert check(kept.read_bytes()).problems == ()
    with zipfile.ZipFile(kept) as archive:
        told = archive.read("packet.html").decode()
    assert "What the references below stood for as it left" in told
    assert LISTED.split()[1] not in coming.value.suggested_filename
