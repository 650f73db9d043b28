"""An administrator registers a second EHR and takes it off, at a desk and on a telephone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ccm_fhir.domain.codes import Role
from ccm_fhir.storage import users
from smart_app.main import AppSettings, create_app
from tests.browser.acts import CARE_MANAGER
from tests.browser.shape import assert_accessible, assert_fits
from tests.services.loopback_ehr import RealClock, cast, running_ehr
from tests.services.wire import answers
from tests.serving import listen, serving
from tests.world import open_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visitor
    from tests.services.loopback_ehr import Ehr
    from tests.world import Site

pytestmark = pytest.mark.needs("browser")
WIDTHS = pytest.mark.parametrize("width", [1280, 420])
NAME = "The hospital’s EHR"
# Playwright looks at no page that is being left: the answer is as good as never coming.
NEVER_LEAVES = """document.querySelector("#add form")
    .addEventListener("submit", event => event.preventDefault())"""
SECRET = "correct-horse-battery"


@dataclass(frozen=True, kw_only=True)
class Office:
    """A practice of one EHR, whose nurse is its administrator too, and an EHR it could add."""

    site: Site
    app_url: str
    second: Ehr

    def open(self, page: Page) -> Page:
        """Open the app as the administrator, from a chart."""
        page.goto(f"{self.app_url}/launch?iss={self.site.ehr.base}")
        page.get_by_role("button", name=f"Sign in as {CARE_MANAGER}").click()
        page.get_by_role("button", name="Choose Rosa Ready").click()
        page.get_by_role("link", name="Practice", exact=True).click()
        return page


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    listener, origin = listen()
    clock, url = RealClock(), f"sqlite:///{tmp_path / 'ccm.sqlite'}"
    with (
        running_ehr(cast(3), clock, app_url=origin) as ehr,
        running_ehr(cast(1), clock, app_url=origin) as second,
        open_site(url, ehr, app_url=origin) as site,
    ):
        nurse = site.launch().actor
        with site.world.db.write(site.practice_id) as session:
            users.set_role(session, site.practice_id, nurse.user_id, Role.ADMIN)
        told = AppSettings(base_url=origin, is_demo=True, service_now=site.clock)
        with serving(create_app(site.world, told), listener):
            yield Office(site=site, app_url=origin, second=second)


def fill(page: Page, address: str) -> None:
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("FHIR base URL").fill(address)
    page.get_by_label("Client id").fill("ccm-fhir")


def picture(page: Page, artefacts: Path, name: str) -> None:
    assert_fits(page)
    assert_accessible(page)
    page.screenshot(path=artefacts / f"{name}.png", full_page=True)


@WIDTHS
def test_a_refused_registration_keeps_what_was_typed_but_the_secret(
    office: Office, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    window = visitor(width=width)
    window.expect_complaint("status of 422")
    page = office.open(window.context.new_page())
    picture(page, artefacts, f"practice-{width}")
    page.get_by_role("link", name="EHRs", exact=True).click()
    picture(page, artefacts, f"ehrs-{width}")

    fill(page, f"{office.second.origin}/nothing")
    page.get_by_label("Confidential, by a secret").check()
    page.locator("#add-client_secret").fill(SECRET)
    page.get_by_role("button", name="Ask the EHR and register it").click()

    expect(page.locator("#summary")).to_be_focused()
    expect(page.locator("#summary")).to_contain_text("there is no SMART configuration")
    expect(page.get_by_label("Name")).to_have_value(NAME)
    expect(page.locator("#add-client_secret")).to_have_value("")
    picture(page, artefacts, f"ehrs-refused-{width}")


@WIDTHS
def test_an_ehr_is_registered_handed_out_taken_off_and_put_back(
    office: Office, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    page = office.open(visitor(width=width).context.new_page())
    page.get_by_role("link", name="EHRs", exact=True).click()
    fill(page, office.second.base)
    page.get_by_role("button", name="Ask the EHR and register it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(page.locator("main")).to_contain_text(f"{office.app_url}/callback")
    page.get_by_text("Change the client, or give a new secret…").click()
    picture(page, artefacts, f"ehr-added-{width}")

    page.get_by_role("button", name="Look the EHR over now").click()
    expect(page.get_by_role("button", name="Look the EHR over again")).to_be_visible()
    picture(page, artefacts, f"ehr-checked-{width}")

    page.get_by_label("I want to disconnect").check()
    page.get_by_role("button", name="Disconnect this EHR").click()
    expect(page.get_by_text("The EHR is disconnected")).to_be_visible()
    picture(page, artefacts, f"ehr-off-{width}")
    page.get_by_label("I want to connect").check()
    page.get_by_role("button", name="Connect this EHR again").click()
    expect(page.get_by_text("what waited for it goes on")).to_be_visible()


def test_while_an_ehr_is_asked_the_page_says_that_it_waits(
    office: Office, visitor: Callable[..., Visitor]
) -> None:
    page = office.open(visitor().context.new_page())
    page.get_by_role("link", name="EHRs", exact=True).click()
    fill(page, office.second.base)
    page.evaluate(NEVER_LEAVES)

    page.get_by_role("button", name="Ask the EHR and register it").click()

    expect(page.get_by_role("status").filter(has_text="The EHR is being asked")).to_be_visible()


@WIDTHS
def test_a_persons_sessions_are_ended_and_their_next_page_says_so(
    office: Office, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    window = visitor(width=width)
    window.expect_complaint("status of 404")
    page = office.open(window.context.new_page())
    page.get_by_role("link", name="Who is signed in").click()
    page.locator("summary", has_text="End your own sessions").click()
    picture(page, artefacts, f"sessions-{width}")

    page.get_by_role("button", name="End my sessions").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your session has ended")
    picture(page, artefacts, f"sessions-ended-{width}")


@WIDTHS
def test_a_permission_that_the_ehr_took_back_is_a_page_with_the_way_back_in(
    office: Office, visitor: Callable[..., Visitor], artefacts: Path, width: int
) -> None:
    window = visitor(width=width)
    window.expect_complaint("status of 403")
    page = office.open(window.context.new_page())
    page.get_by_role("link", name="Patient", exact=True).click()
    office.site.wire.fail("POST", "/fhir/?$", answers(401))
    office.site.wire.fail("POST", "/oauth/token", answers(400, body={"error": "invalid_grant"}))

    page.get_by_role("button", name="Read again").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("taken its permission back")
    picture(page, artefacts, f"withdrawn-{width}")
    office.site.wire.mend()
    page.get_by_role("link", name="Open again through the EHR").click()
    expect(page.get_by_role("button", name=f"Sign in as {CARE_MANAGER}")).to_be_visible()
