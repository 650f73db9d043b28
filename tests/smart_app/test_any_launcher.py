"""A launch from any SMART launcher, walked as a browser walks it; which one is told from outside.

``SMART_LAUNCHER_URL`` is its FHIR base, and ``SMART_LAUNCHER_LAUNCH`` the launch parameter that
it gives an app, where the app is to be opened from a chart. The launcher is set to approve by
itself: nobody is there to press a button. It lies on loopback, or ``--allow-hosts`` names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import BROWSER, SESSION
from tests.parts import launcher_launch, launcher_url
from tests.services.loopback_ehr import APP, Ehr, RealClock
from tests.world import Site, open_site

MOST_STEPS = 10


@dataclass(frozen=True, kw_only=True)
class Launcher(Ehr):
    """A launcher that we did not start; its FHIR base is as it was given."""

    fhir_base: str

    @property
    def base(self) -> str:
        return self.fhir_base


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    address = urlsplit(launcher_url())
    origin = f"{address.scheme}://{address.netloc}"
    launcher = Launcher(origin=origin, clock=RealClock(), fhir_base=launcher_url())
    with open_site(f"sqlite:///{tmp_path / 'ccm.sqlite'}", launcher) as opened:
        with opened.world.db.write(opened.practice_id) as session:  # our keys are not known there
            session.execute(text("UPDATE ehr SET client_auth = 'public'"))
        yield opened


def approved(address: str) -> str:
    """Go where a browser is sent until it comes back to us; return the callback with its query."""
    with httpx2.Client(trust_env=False, follow_redirects=False) as http:
        for _ in range(MOST_STEPS):
            if address.startswith(f"{APP}/callback?"):
                return address.removeprefix(APP)
            answer = http.get(address)
            assert answer.is_redirect, f"the launcher asks a person ({answer.status_code})"
            address = urljoin(address, answer.headers["location"])
    message = "the launcher never came back to the callback"
    raise AssertionError(message)


@pytest.mark.needs("launcher")
def test_a_launch_from_the_launcher_ends_on_a_page_of_ours(site: Site) -> None:
    told = AppSettings(base_url=APP, is_demo=True, service_now=site.clock)
    app = TestClient(create_app(site.world, told), base_url=APP, follow_redirects=False)
    launch = {"launch": launcher_launch()} if launcher_launch() else {}
    asked = f"/launch?{urlencode({'iss': launcher_url(), **launch})}"
    browser = {"cookie": f"{BROWSER}={'b' * 43}"}

    leaving = app.get(asked, headers=browser)
    assert leaving.status_code == 303
    sent = parse_qs(urlsplit(leaving.headers["location"]).query)
    finished = app.get(approved(leaving.headers["location"]), headers=browser)

    assert sent["code_challenge_method"] == ["S256"]
    assert finished.status_code in {303, 403}, finished.text
    if finished.status_code == 403:  # who signed in there is of no profession that works here
        assert re.findall("<h1>(.*)</h1>", finished.text) == ["You have no role here yet"]
        return
    session = finished.headers["set-cookie"].partition(f"{SESSION}=")[2].partition(";")[0]
    page = app.get(finished.headers["location"], headers={"cookie": f"{SESSION}={session}"})
    assert page.status_code in {200, 303}
    assert "Your session has ended" not in page.text
