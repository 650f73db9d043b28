"""The launch as a browser walks it, against the sandbox EHR over loopback."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import BROWSER, SESSION
from tests.services.loopback_ehr import APP, Clock, Ehr, cast, running_ehr
from tests.services.wire import answers, with_json
from tests.smart_app.front import Page
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
        self.policy = ""

    def get(self, address: str) -> str:
        """Return where the app sends the browser, or the page it shows."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.http.get(address, headers={"cookie": sent})
        self.policy = answer.headers["content-security-policy"]
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
    kept = browser.cookies[SESSION]

    doctors = browser.launch(user=DOCTOR)

    assert "Amelia Signwell, MD" in browser.get(doctors)
    assert "Your session has ended" in browser.get(nurses)
    browser.cookies[SESSION] = kept
    assert "Your session has ended" in browser.get(nurses)


@pytest.mark.proves("R25")
@pytest.mark.parametrize(
    ("intent", "entrance"),
    [("log-time", "#time"), ("review-month", "/month"), ("reconcile-everything", ""), ("", "")],
)
def test_an_intent_opens_its_own_view_and_an_unknown_one_the_usual(
    site: Site, intent: str, entrance: str
) -> None:
    site.wire.fail("POST", "/oauth/token", with_json(lambda t: {**t, "intent": intent}))
    browser = Walker(site)

    address = browser.get(browser.authorized())

    assert re.fullmatch(rf"/l/[\w-]+{entrance}", address)
    assert "Nora Carewell, RN" in browser.get(address)


@pytest.mark.proves("R12")
def test_what_the_ehr_says_of_a_refusal_is_not_repeated_and_leads_nowhere(site: Site) -> None:
    browser = Walker(site)
    browser.authorized()
    state = re.search(r"state=([\w-]+)", browser.authorized())
    assert state is not None
    said = urlencode(
        {
            "state": state[1],
            "error": "<script>alert(1)</script>",
            "error_description": "<b>canary</b>",
            "error_uri": "https://evil.example",
            "next": "https://evil.example",
        }
    )

    page = browser.get(f"/callback?{said}")

    assert "Access was not granted" in page
    assert "alert(1)" not in page
    assert "canary" not in page
    assert "evil.example" not in page


@pytest.mark.proves("R13", "S6")
def test_no_token_of_the_ehr_reaches_the_browser_or_a_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    issued: list[dict[str, str]] = []

    def keep(token: dict[str, str]) -> dict[str, str]:
        issued.append(token)
        return token

    site.wire.fail("POST", "/oauth/token", with_json(keep))
    caplog.set_level(logging.DEBUG)
    browser = Walker(site)
    address = browser.launch()
    shown = [
        browser.get(address),
        browser.get(f"{address}/month"),
        address,
        *browser.cookies.values(),
    ]

    tokens = [issued[0][name] for name in ("access_token", "refresh_token", "id_token")]
    seen = "\n".join([*shown, *(f"{r.getMessage()} {vars(r)}" for r in caplog.records)])
    assert not [token for token in tokens if token in seen]


@pytest.mark.proves("R8", "R10", "S3")
def test_state_nonce_and_verifier_are_fresh_and_unguessable_in_every_launch(site: Site) -> None:
    asked = [parse_qs(urlsplit(site.begin()).query) for _ in range(20)]

    for name in ("state", "nonce", "code_challenge"):
        values = {one[name][0] for one in asked}
        assert len(values) == 20
        assert all(re.fullmatch(r"[\w-]{43}", value) for value in values)  # 256 bits in base64url
    assert {one["code_challenge_method"][0] for one in asked} == {"S256"}


@pytest.mark.proves("R11")
def test_a_long_request_goes_by_post_where_the_ehr_takes_it(site: Site) -> None:
    browser, launch = Walker(site), "x" * 1_500
    browser.cookies[BROWSER] = "b" * 43
    short = browser.get(f"/launch?iss={site.ehr.base}&launch=x")

    page = browser.get(f"/launch?iss={site.ehr.base}&launch={launch}")

    assert short.startswith(f"{site.ehr.origin}/oauth/authorize?")
    (form,) = [tag for name, tag in Page(page).tags if name == "form"]
    sent = Page(page).forms[form["action"]]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(short).query).items()}
    assert (form["method"], form["action"]) == ("post", f"{site.ehr.origin}/oauth/authorize")
    assert sent.keys() == asked.keys()
    assert sent["launch"] == launch
    assert sent["scope"] == asked["scope"]
    assert f"form-action 'self' {site.ehr.origin};" in browser.policy


@pytest.mark.proves("R11")
def test_a_long_request_goes_by_get_where_the_ehr_takes_nothing_else(site: Site) -> None:
    site.clock.advance(hours=25)
    site.wire.fail(
        "GET", "/.well-known/smart-configuration", with_json(lambda d: {**d, "capabilities": []})
    )
    browser = Walker(site)
    browser.cookies[BROWSER] = "b" * 43

    address = browser.get(f"/launch?iss={site.ehr.base}&launch={'x' * 1_500}")

    assert address.startswith(f"{site.ehr.origin}/oauth/authorize?")


@pytest.mark.proves("R11")
def test_a_posted_request_ends_on_the_patients_page(site: Site) -> None:
    browser = Walker(site)
    asked = parse_qs(urlsplit(site.begin()).query)
    fields = {name: values[0] for name, values in asked.items()}

    with httpx2.Client(trust_env=False) as http:
        back = http.post(f"{site.ehr.origin}/oauth/authorize", data=fields)

    sent = parse_qs(urlsplit(back.headers["location"]).query)
    browser.cookies[BROWSER] = "b" * 43
    address = browser.get(f"/callback?code={sent['code'][0]}&state={sent['state'][0]}")
    assert "Rosa Ready" in browser.get(address)


@pytest.mark.proves("R30")
def test_a_launch_asks_for_nothing_that_an_ehr_did_not_offer(site: Site) -> None:
    asked = parse_qs(urlsplit(site.begin()).query)

    assert set(asked) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "aud",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "launch",
    }


@pytest.mark.proves("R27")
def test_a_launch_wears_the_style_of_its_ehr(site: Site) -> None:
    style = {"color_highlight": "#7a0b5c", "color_text": "red; } body { display: none"}
    site.wire.fail("GET", r"/smart-style-1\.json", answers(200, body=style))
    browser = Walker(site)
    address = browser.launch()

    css = [browser.get(f"/style/{address.removeprefix('/l/')}.css") for _ in range(2)]

    assert css[0] == css[1] == ":root {\n  --smart-color-highlight: #7a0b5c;\n}\n"
    (asked,) = site.wire.sent("GET", "smart-style")
    assert "authorization" not in asked.headers


@pytest.mark.proves("R27")
@pytest.mark.parametrize("url", ["https://evil.example/s.json", "javascript:alert(1)", "/s.json"])
def test_a_style_elsewhere_is_not_asked_for(site: Site, url: str) -> None:
    site.wire.fail("POST", "/oauth/token", with_json(lambda t: {**t, "smart_style_url": url}))
    browser = Walker(site)
    address = browser.launch()
    site.wire.mend()

    css = browser.get(f"/style/{address.removeprefix('/l/')}.css")

    assert "the defaults of app.css hold" in css
    assert site.wire.requests == []


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
