"""An entry's page and the list of approvals in a real browser, wide and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    CARE_MANAGER,
    PHYSICIAN,
    launch_alone,
    record_time,
    type_time,
    wait_until_delivered,
)
from tests.browser.running_demo import running_demo
from tests.browser.shape import assert_accessible, assert_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.conftest import Visitor
    from tests.browser.running_demo import Demo

pytestmark = pytest.mark.needs("browser")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Yield a demo of this module's own: its patients are other tests' patients, too."""
    with running_demo() as ready:
        yield ready


LONG, SHARED, WATCHED = "Gloria Nopartb", "Beatrice Yearonly", "Leon Advantage"


@pytest.mark.parametrize("width", [420, 1280])
def test_late_time_is_approved_corrected_and_told_at_every_width(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    nurse = launch_alone(visitor(width=width).context.new_page(), demo, CARE_MANAGER, LONG)
    hour = "00:10" if width == 420 else "02:20"
    record_time(nurse, minutes="125", at=hour, note=f"Seen at {width}.")

    expect(nurse.locator("#time")).to_contain_text("wait for approval and are not counted")
    nurse.locator("#time").screenshot(path=artefacts / f"time-waiting-{width}.png")
    nurse.locator(".log tbody tr", has_text=f"Seen at {width}.").get_by_role(
        "link", name="History"
    ).click()
    nurse.get_by_label("and seconds").fill("30")
    nurse.get_by_label("Why is it corrected?").fill("I read the clock wrongly.")
    nurse.get_by_role("button", name="Record the correction").click()
    expect(nurse.get_by_text("The correction is recorded.")).to_be_visible()
    assert_fits(nurse)
    assert_accessible(nurse)
    nurse.screenshot(path=artefacts / f"entry-{width}.png", full_page=True)

    doctor = launch_alone(visitor(width=width).context.new_page(), demo, PHYSICIAN, LONG)
    doctor.get_by_role("link", name="Approvals", exact=True).click()
    assert_fits(doctor)
    assert_accessible(doctor)
    doctor.screenshot(path=artefacts / f"approvals-{width}.png", full_page=True)
    doctor.get_by_role("button", name="Approve Gloria").first.click()
    expect(doctor.get_by_text("The time is approved")).to_be_visible()


LOOK = """
([path]) => htmx.ajax("GET", path, {target: "#progress", swap: "outerHTML"})
"""


def test_a_watching_page_tells_its_own_entries_while_another_window_adds_one(
    demo: Demo, visitor: Callable[..., Visitor]
) -> None:
    nurse = launch_alone(visitor().context.new_page(), demo, CARE_MANAGER, WATCHED)
    record_time(nurse, minutes="6", at="05:10")
    doctor = launch_alone(visitor().context.new_page(), demo, PHYSICIAN, WATCHED)
    record_time(doctor, minutes="8", at="05:40")
    wait_until_delivered(doctor)
    path = f"{urlsplit(nurse.url).path}/progress?looks=1"

    with nurse.expect_response(f"**{path}") as looked:  # as the page does by itself
        nurse.evaluate(LOOK, [path])

    assert looked.value.text().count('id="sent-') == 2
    wait_until_delivered(nurse)
    expect(nurse.locator(".log tbody tr")).to_have_count(1)
    expect(nurse.locator(".log tbody tr")).to_contain_text("Procedure in the EHR")


def test_work_beside_somebody_elses_is_told_before_it_is_saved(
    demo: Demo, visitor: Callable[..., Visitor], artefacts: Path
) -> None:
    doctor = launch_alone(visitor().context.new_page(), demo, PHYSICIAN, SHARED)
    record_time(doctor, minutes="20", at="07:20")
    window = visitor(width=420)
    window.expect_complaint("409")
    nurse = launch_alone(window.context.new_page(), demo, CARE_MANAGER, SHARED)

    type_time(nurse, minutes="22", at="07:10")
    nurse.get_by_role("button", name="Record time").click()

    tick = nurse.get_by_label("Record it all the same")
    expect(nurse.locator("#summary")).to_contain_text("12 min of these 22 min are in the time log")
    assert_fits(nurse)
    assert_accessible(nurse)
    nurse.locator("form.entry").screenshot(path=artefacts / "time-overlap-420.png")
    tick.check()
    nurse.get_by_role("button", name="Record time").click()
    expect(nurse.get_by_text("Time recorded.")).to_be_visible()
