"""The launch as a browser walks it, against the sandbox EHR over loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import BROWSER, SESSION
from tests.services.loopback_ehr import APP, Clock, Ehr, cast, running_ehr
from tests.world import DOCTOR, NURSE, READY, Site, open_site


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(2), Clock()) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, ehr: Ehr) -> Iterator[Site]:
    with open_site(f"sqlite:///{tmp_path / 'ccm.sqlite'}", ehr) as opened:
        yield opened


class Walker:
    """A browser in the EHR's frame, which gives back the cookies it was given."""

    def __init__(self, site: Site) -> None:
        told = AppSettings(base_url=APP, is_demo=True, service_now=site.clock)
        self.site = site
        self.http = TestClient(create_app(site.world, told), base_url=APP, follow_redirects=False)
        self.cookies: dict[str, str] = {}

    def get(self, address: str) -> str:
        """Return where the app sends the browser, or the page it shows."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.http.get(address, headers={"cookie": sent})
        for name, value in re.findall(r"(__Host-[\w-]+)=([\w-]*);", str(answer.headers)):
            self.cookies[name] = value
        return answer.headers.get("location", "") or answer.text

    def authorized(self, *, user: str = NURSE) -> str:
        """Walk to the EHR and back; return the callback's address."""
        leaving = self.get(f"/launch?iss={self.site.ehr.base}&launch={self._handle(user)}")
        back = self.site.authorize(self.get(leaving) if leaving.startswith("/") else leaving)
        return f"/callback?code={back.code}&state={back.state}&iss={back.iss}"

    def launch(self, *, user: str = NURSE) -> str:
        """Return the address of the open launch."""
        address = self.get(self.authorized(user=user))
        assert re.fullmatch(r"/l/[\w-]+", address)
        return address

    def _handle(self, user: str) -> str:
        with httpx2.Client(base_url=self.site.ehr.origin, trust_env=False) as chart:
            opened = chart.post("/launches", data={"user": user, "patient": READY})
        return parse_qs(urlsplit(opened.headers["location"]).query)["launch"][0]


def test_a_launch_ends_on_the_patients_page(site: Site) -> None:
    browser = Walker(site)

    page = browser.get(browser.launch())

    assert set(browser.cookies) == {BROWSER, SESSION}
    assert "Rosa Ready" in page
    assert "Nora Carewell, RN" in page


@pytest.mark.proves("R38")
def test_two_launches_of_one_person_stay_open_side_by_side(site: Site) -> None:
    browser = Walker(site)

    first, second = browser.launch(), browser.launch()

    assert first != second
    assert "Rosa Ready" in browser.get(first)
    assert "Rosa Ready" in browser.get(second)


@pytest.mark.proves("S7")
def test_another_person_in_the_same_browser_closes_what_the_first_had_open(site: Site) -> None:
    browser = Walker(site)
    nurses = browser.launch()

    doctors = browser.launch(user=DOCTOR)

    assert "Amelia Signwell, MD" in browser.get(doctors)
    assert "Your session has ended" in browser.get(nurses)


@pytest.mark.proves("R9", "S3")
def test_a_callback_is_good_once(site: Site) -> None:
    browser = Walker(site)
    callback = browser.authorized()
    browser.get(callback)

    assert "This launch is no longer open" in browser.get(callback)


@pytest.mark.proves("R9", "S3")
def test_a_callback_is_good_in_the_browser_that_began(site: Site) -> None:
    callback = Walker(site).authorized()
    other = Walker(site)
    other.cookies[BROWSER] = "c" * 43

    assert "This launch is no longer open" in other.get(callback)
