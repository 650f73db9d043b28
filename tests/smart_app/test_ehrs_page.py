"""Registering EHRs on the practice's page, and ending sessions there: through the page's forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrPausedError,
    EhrUnreachableError,
    FhirError,
    ForbiddenOriginError,
)
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.practice_ehrs import CLIENT_KINDS, EhrShown
from ccm_fhir.storage import audit, ehrs, users
from ccm_fhir.storage.migrate import upgrade
from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import SESSION
from smart_app.views.ehr_words import CLIENT_KINDS as WORDS
from smart_app.views.ehr_words import CLIENTS, why_not
from smart_app.views.ehrs_page import EhrsPrinting, ehr_page, ehrs_page
from smart_app.views.page import bare_frame
from smart_app.views.rendering import render
from tests.databases import as_app_role, fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.services.loopback_ehr import APP, Clock, cast, running_ehr
from tests.smart_app.front import (
    BASE,
    NOW,
    Browser,
    Front,
    Page,
    open_front_at,
    with_practice,
)
from tests.smart_app.walker import rows_of
from tests.world import Site, open_site

SECRET = "correct-horse-battery"
TYPED = {
    "name": "The hospital’s",
    "url": "https://ehr-2.example/fhir",
    "client_auth": "secret",
    "client_id": "ccm-2",
    "client_secret": SECRET,
}


@pytest.fixture
def admin(front: Front) -> Browser:
    return front.sign_in(Role.ADMIN)


def html(browser: Browser, path: str = "/practice/ehrs") -> str:
    answer = browser.get(f"{browser.path}{path}?month=2026-11")
    assert answer.status_code == 200
    return answer.text


def sent(browser: Browser, form: str, fields: dict[str, str], page: str) -> tuple[int, str]:
    hidden = Page(html(browser, page)).forms[f"{browser.path}{form}"]
    answer = browser.post(f"{browser.path}{form}", {**hidden, **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


def is_active(front: Front) -> bool:
    with front.world.db.read(front.practice_id) as session:
        return ehrs.get(session, front.practice_id, front.ehr_id).is_active


def acts(front: Front) -> list[tuple[str, str | None]]:
    with front.world.db.read(front.practice_id) as session:
        lines = audit.records(session, front.practice_id, after=0, most=1000)
    words = ("add_ehr", "disconnect_ehr", "reconnect_ehr", "set_ehr_client", "end_sessions")
    return [(line.act, line.user_id) for line in lines if line.act.startswith(words)]


def with_its_own_gate(front: Front) -> Front:
    """Return the app as it goes out in earnest: names are resolved, and addresses looked at."""
    world = replace(front.world, open_gate=lambda origins, _: OutgoingGate(origins=origins))
    told = AppSettings(base_url=BASE, is_demo=False, service_now=front.work_clock)
    client = TestClient(create_app(world, told), base_url=BASE, follow_redirects=False)
    return replace(front, world=world, client=client)


@pytest.mark.proves("S12")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_ehrs_and_sessions_are_for_administrators(front: Front, role: Role) -> None:
    other = front.sign_in(role)
    one = f"/practice/ehrs/{front.ehr_id}"
    fields = other.fields("/sign-out") | {"month": "2026-11", "sure": "yes", **TYPED}
    fields |= {"user_id": front.people[Role.ADMIN].id}
    posts = ["/practice/ehrs", "/practice/sessions/end"]
    posts += [f"{one}/{act}" for act in ("check", "client", "disconnect", "reconnect")]

    for path in ("/practice/ehrs", one, "/practice/sessions"):
        assert other.get(f"{other.path}{path}").status_code == 403
    for path in posts:
        assert other.post(f"{other.path}{path}", fields).status_code == 403
    assert acts(front) == []


@pytest.mark.proves("S8")
def test_every_form_is_refused_without_its_token_and_from_elsewhere(
    front: Front, admin: Browser
) -> None:
    one = f"{admin.path}/practice/ehrs/{front.ehr_id}"
    fields = admin.fields("/sign-out") | {"month": "2026-11", "sure": "yes"}
    paths = [f"{one}/{act}" for act in ("check", "client", "disconnect", "reconnect")]
    paths += [f"{admin.path}/practice/ehrs", f"{admin.path}/practice/sessions/end"]

    for path in paths:
        assert admin.post(path, fields | {"csrf": "another"}).status_code == 403
        assert admin.post(path, fields, origin="https://evil.example").status_code == 403
    assert is_active(front)


def test_the_list_names_each_ehr_its_state_and_the_one_that_opened_the_app(
    admin: Browser,
) -> None:
    page = html(admin)

    assert "An EHR" in page
    assert "Connected" in page
    assert "You opened the app from it." in page
    assert f"{BASE}/callback" in page
    assert f"{BASE}/.well-known/jwks.json" in page
    assert f"{admin.path}/practice/ehrs?" in html(admin, "/practice")
    assert f"{admin.path}/practice/sessions?" in html(admin, "/practice")


def test_looking_at_the_pages_asks_no_ehr_and_keeps_nothing(front: Front, admin: Browser) -> None:
    before = rows_of(front.world.db, front.practice_id)

    html(admin)
    html(admin, f"/practice/ehrs/{front.ehr_id}")
    html(admin, "/practice/sessions")

    after = rows_of(front.world.db, front.practice_id)
    assert {name for name in after if after[name] != before[name]} <= {"web_session"}


def test_an_ehr_that_gives_no_answer_is_told_and_all_that_was_typed_stays_but_the_secret(
    front: Front, admin: Browser
) -> None:
    status, page = sent(admin, "/practice/ehrs", TYPED, "/practice/ehrs")

    assert status == 422
    assert "No answer came from this address." in page
    assert "Nothing was stored." in page
    for name in ("name", "url", "client_id"):
        assert f'value="{TYPED[name]}"' in page
    assert re.search(r'value="secret"[^>]* checked', page)
    assert SECRET not in page
    assert acts(front) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": "http://ehr-2.example/fhir"}, "Plain http is refused"),
        ({"url": "https://10.0.0.7/fhir"}, "private network"),
        ({"url": "ehr"}, "Not an absolute http or https address"),
        ({"client_secret": ""}, "proves itself by a secret"),
        ({"client_auth": "nothing"}, "Choose how we prove who we are"),
        ({"name": ""}, "Give the EHR a name"),
    ],
)
def test_what_cannot_be_registered_says_why(
    front: Front, change: dict[str, str], told: str
) -> None:
    admin = with_its_own_gate(front).sign_in(Role.ADMIN)

    status, page = sent(admin, "/practice/ehrs", TYPED | change, "/practice/ehrs")

    assert status == 422
    assert told in page


def test_an_ehr_that_is_registered_already_is_told(admin: Browser) -> None:
    again = TYPED | {"url": "https://ehr.example/fhir/"}

    status, page = sent(admin, "/practice/ehrs", again, "/practice/ehrs")

    assert status == 409
    assert "This EHR is registered already." in page


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (EhrUnreachableError("x"), "No answer"),
        (EhrHttpError("x", 404), "no SMART configuration"),
        (EhrHttpError("x", 401), "open to all"),
        (EhrHttpError("x", 503), "Try again later"),
        (EhrFormatError("x", "it is not JSON"), "it is not JSON"),
        (ForbiddenOriginError("x"), "private network"),
        (EhrPausedError(3), "3 more seconds"),
    ],
)
def test_every_reason_is_a_sentence_that_says_nothing_was_stored(
    problem: FhirError, told: str
) -> None:
    assert told in why_not(problem)
    assert why_not(problem).endswith("Nothing was stored.")


def test_every_kind_of_client_has_its_words() -> None:
    assert tuple(WORDS) == tuple(CLIENTS)
    assert set(WORDS) == set(CLIENT_KINDS)


def test_disconnecting_needs_the_tick_and_is_undone_by_connecting(
    front: Front, admin: Browser
) -> None:
    page = f"/practice/ehrs/{front.ehr_id}"
    own = front.people[Role.ADMIN].id

    assert "only EHR that is connected" in html(admin, page)
    status, told = sent(admin, f"{page}/disconnect", {}, page)
    assert status == 422
    assert "Tick that this is meant; nothing was changed." in told
    assert is_active(front)
    status, there = sent(admin, f"{page}/disconnect", {"sure": "yes"}, page)
    assert (status, there) == (303, f"{admin.path}{page}?month=2026-11&done=ehr-off")
    assert not is_active(front)
    assert "nobody opens the app from it" in admin.get(there).text
    assert "Disconnected" in html(admin)
    assert sent(admin, f"{page}/reconnect", {"sure": "yes"}, page)[0] == 303
    assert is_active(front)
    assert acts(front) == [
        (f"disconnect_ehr {front.ehr_id}", own),
        (f"reconnect_ehr {front.ehr_id}", own),
    ]


def test_a_client_is_changed_and_its_secret_shown_nowhere(front: Front, admin: Browser) -> None:
    page = f"/practice/ehrs/{front.ehr_id}"
    client = {"client_auth": "secret", "client_id": "ccm-9", "client_secret": SECRET}

    wrong = sent(admin, f"{page}/client", client | {"client_id": "two words"}, page)
    done = sent(admin, f"{page}/client", client, page)

    assert wrong[0] == 422
    assert 'value="two words"' in wrong[1]
    assert done[0] == 303
    shown = html(admin, page)
    assert "Client ccm-9, by a secret" in shown
    assert SECRET not in wrong[1] + shown
    assert SECRET not in str(rows_of(front.world.db, front.practice_id))


def test_without_an_ehr_the_list_leads_to_the_form() -> None:
    view = ehrs_page((), (), EhrsPrinting(own_ehr="", page_key="0" * 32))

    page = render("ehrs.html", page=bare_frame("EHRs", is_demo=False), view=view)

    assert "No EHR is registered yet." in page
    assert 'href="#add"' in page


def test_another_ehr_that_is_connected_is_no_reason_to_warn_of_the_last() -> None:
    shown = EhrShown(
        id="e",
        name="An EHR",
        fhir_base="https://ehr.example/fhir",
        client_kind="public",
        client_id="ccm",
        is_active=True,
        added_at=NOW,
        read_at=None,
        waiting=1,
        others=1,
    )

    view = ehr_page(shown, None, None, EhrsPrinting(own_ehr="e", page_key="0" * 32))

    assert "what is on its way (1 delivery now) waits" in view.consequence
    assert "only EHR" not in view.consequence
    assert view.ehr.read == "Its configuration was never read."


@pytest.mark.proves("S11")
def test_an_administrator_ends_a_persons_sessions_and_their_browser_is_told_in_the_usual_words(
    front: Front, admin: Browser
) -> None:
    nurse = front.sign_in(Role.CARE_MANAGER)
    nurse_id = front.people[Role.CARE_MANAGER].id
    page = html(admin, "/practice/sessions")
    assert "A care manager" in page
    assert "2 people have the app open now." in page
    form = Page(page).forms[f"{admin.path}/practice/sessions/end"]

    done = admin.post(f"{admin.path}/practice/sessions/end", form | {"user_id": nurse_id})

    assert done.status_code == 303
    assert "The sessions are ended." in admin.get(done.headers["location"]).text
    told = nurse.get(nurse.path)
    assert told.status_code == 404
    assert "Your session has ended" in told.text
    assert "an administrator of your practice ended your session" in told.text
    assert acts(front) == [(f"end_sessions {nurse_id}", front.people[Role.ADMIN].id)]


@pytest.mark.proves("S11")
def test_an_administrator_who_ends_their_own_sessions_is_out_too(
    front: Front, admin: Browser
) -> None:
    own = front.people[Role.ADMIN].id
    form = Page(html(admin, "/practice/sessions")).forms[f"{admin.path}/practice/sessions/end"]

    done = admin.post(f"{admin.path}/practice/sessions/end", form | {"user_id": own})

    assert admin.get(done.headers["location"]).status_code == 404


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path / 'ccm.sqlite'}"
    with running_ehr(cast(1), Clock()) as ehr, open_site(url, ehr) as opened:
        yield opened


def test_an_ehr_is_registered_looked_over_and_handed_out_by_the_page(site: Site) -> None:
    desk = site.launch()
    with site.world.db.write(site.practice_id) as session:
        users.set_role(session, site.practice_id, desk.actor.user_id, Role.ADMIN)
    told = AppSettings(base_url=APP, is_demo=True, service_now=site.clock)
    browser = TestClient(create_app(site.world, told), base_url=APP, follow_redirects=False)
    headers = {"cookie": f"{SESSION}={desk.session_token}", "origin": APP}
    path = f"/l/{desk.visit.launch_id}/practice/ehrs"

    with running_ehr(cast(1), Clock()) as second:
        form = Page(browser.get(path, headers=headers).text).forms[path]
        typed = {"name": "Second", "url": second.base, "client_auth": "private_key"}
        typed |= {"client_id": "ccm-fhir", "client_secret": ""}
        added = browser.post(path, data={**form, **typed}, headers=headers)
        page = browser.get(added.headers["location"], headers=headers)
        here = page.url.path
        checked = browser.post(
            f"{here}/check", data=Page(page.text).forms[f"{here}/check#checks"], headers=headers
        )

    assert page.status_code == 200
    assert "The EHR answered and is registered." in page.text
    for part in (f"{APP}/launch", f"{APP}/callback", "openid fhirUser", "system/Claim.", "Second"):
        assert part in page.text
    assert checked.status_code == 200
    assert "Discovery" in checked.text
    assert "nothing was written" in checked.text


@pytest.mark.needs("postgres")
@pytest.mark.proves("S13")
def test_ehrs_and_sessions_are_kept_apart_under_row_level_security() -> None:
    with fresh_postgres_database(postgres_admin_url()) as url:
        upgrade(url)
        front = open_front_at(as_app_role(url))
        theirs = with_practice(front, ehr="https://ehr-1.example")
        stranger, admin = theirs.sign_in(Role.ADMIN), front.sign_in(Role.ADMIN)
        nurse, nurse_id = front.sign_in(Role.CARE_MANAGER), front.people[Role.CARE_MANAGER].id
        page = f"/practice/ehrs/{front.ehr_id}"

        taken = TYPED | {"url": "https://ehr-1.example/fhir"}
        refused = sent(admin, "/practice/ehrs", taken, "/practice/ehrs")
        end = Page(html(stranger, "/practice/sessions")).forms[
            f"{stranger.path}/practice/sessions/end"
        ]
        foreign = stranger.post(
            f"{stranger.path}/practice/sessions/end", end | {"user_id": nurse_id}
        )

        assert refused[0] == 409
        assert foreign.status_code == 404
        assert stranger.get(f"{stranger.path}{page}").status_code == 404
        assert nurse.get(nurse.path).status_code == 200
        assert "ehr-1.example" not in html(admin)
        assert sent(admin, f"{page}/disconnect", {"sure": "yes"}, page)[0] == 303
        assert sent(admin, f"{page}/client", TYPED, page)[0] == 303
        own = Page(html(admin, "/practice/sessions")).forms[f"{admin.path}/practice/sessions/end"]
        admin.post(f"{admin.path}/practice/sessions/end", own | {"user_id": nurse_id})
        assert nurse.get(nurse.path).status_code == 404
        front.world.db.close()
