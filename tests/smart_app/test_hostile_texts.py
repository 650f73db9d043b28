"""Texts that would run, break out or query, wherever a chart, form or address can hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ccm_fhir.domain.codes import Role
from ccm_fhir.services.patient_month import MonthState
from smart_app.views import rendering
from smart_app.views.rendering import STATIC
from tests.builders import chart, icd
from tests.smart_app.front import Front, Page, open_front, with_practice
from tests.smart_app.test_routes import TYPED

SCRIPTS = (
    "<script>alert(1)</script>",
    "<ScRiPt/src=//evil.example>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "<svg/onload=alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "<!--<img src='--><img src=x onerror=alert(1)>'>",
    "<div hx-get='/l/x' hx-trigger='load'>",
    "\u202e<b>reversed</b>",
)
QUERIES = (
    "' OR '1'='1",
    "'; DROP TABLE patient; --",
    "1); DELETE FROM time_entry; --",
    "name DESC, (SELECT 1)",
    "practice_id",
    "' UNION SELECT * FROM token_grant --",
    "%27%20OR%201=1",
    "\\'; SELECT pg_sleep(9); --",
)


def assert_nothing_runs(html: str) -> None:
    """Assert that a page has our own scripts and no handler, frame or foreign address."""
    for tag, attributes in Page(html).tags:
        assert tag not in {"iframe", "object", "embed", "svg:script", "math", "base", "img"}
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.get("href", "").lower().startswith(("javascript:", "data:"))
        if tag == "script":
            assert attributes["src"].startswith("/static/")
        if any(name.startswith("hx-") for name in attributes):
            assert attributes.get("hx-get", "/l/").startswith("/l/")


@pytest.mark.proves("S18")
@pytest.mark.parametrize("hostile", SCRIPTS)
def test_nothing_that_a_chart_says_runs_on_any_page(tmp_path: Path, hostile: str) -> None:
    facts = msgspec.structs.replace(
        chart(), conditions=(icd("E11.9", 1, text=hostile), icd("I10", 2, text=hostile))
    )
    front = with_practice(
        open_front(tmp_path), ehr="https://hostile.example", patient=hostile, facts=facts
    )
    browser = front.sign_in(Role.PRACTITIONER)
    browser.post(f"{browser.path}/time", {**browser.fields("/time"), **TYPED, "note": hostile})

    for path in (browser.path, f"{browser.path}/month", f"{browser.path}/progress"):
        page = browser.get(path)
        assert page.status_code == 200
        assert_nothing_runs(page.text)
    front.world.db.close()


@pytest.mark.proves("S18")
@pytest.mark.parametrize("hostile", SCRIPTS)
def test_nothing_that_is_typed_runs_when_a_form_comes_back(front: Front, hostile: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **dict.fromkeys(TYPED, hostile)}

    page = browser.post(f"{browser.path}/time", sent)

    assert page.status_code in {400, 422}
    assert_nothing_runs(page.text)


@pytest.mark.proves("S18")
@pytest.mark.parametrize("hostile", SCRIPTS)
def test_nothing_in_an_address_runs(front: Front, hostile: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    path = browser.path

    for address in (path, f"{path}/month", f"{path}/progress", "/launch", "/callback", "/nowhere"):
        named = ("month", "done", "state", "page", "iss", "launch", "code", "error")
        page = front.client.get(
            address,
            params=dict.fromkeys(named, hostile),
            headers={"cookie": f"__Host-ccm-session={browser.token}"},
        )
        assert_nothing_runs(page.text)
        assert not page.headers.get("location", "/").startswith("javascript")


@pytest.mark.proves("S18")
def test_templates_escape_everything_and_refuse_what_is_missing() -> None:
    templates = sorted((STATIC.parent / "templates").rglob("*.html"))
    opened = re.compile(r"\|\s*safe\b|autoescape|Markup")
    careless = [path.name for path in templates if opened.search(path.read_text(encoding="utf-8"))]

    assert templates
    assert careless == []
    with pytest.raises(jinja2.UndefinedError):
        rendering.render("problem.html")


@pytest.mark.proves("S10")
def test_no_script_of_ours_posts_or_hears_messages_between_windows() -> None:
    # The ticker is a worker: it has no window, and speaks to the page that made it alone.
    scripts = [path for path in STATIC.glob("*.js") if path.name != "ticker.js"]

    assert scripts
    for path in scripts:
        assert not re.search(
            r"postMessage|[\"']message[\"']|window\.(parent|opener|top)",
            path.read_text(encoding="utf-8"),
        )


@pytest.fixture
def whole(front: Front) -> Iterator[Front]:
    """Yield the app, and see afterwards that every table is there with its rows."""
    before = counts(front)
    yield front
    assert counts(front) == before


def counts(front: Front) -> dict[str, int]:
    with front.world.db.read() as session:
        return {
            name: int(session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608
            for name in ("patient", "practice", "time_entry", "ehr", "app_user", "claim")
        }


@pytest.mark.proves("S19")
@pytest.mark.parametrize("query", QUERIES)
def test_no_text_of_a_request_becomes_a_query(whole: Front, query: str) -> None:
    browser = whole.sign_in(Role.CARE_MANAGER)
    named = dict.fromkeys(("month", "state", "page", "looks", "done", "sort", "order"), query)

    for path in ("", "/month", "/progress"):
        answer = whole.client.get(
            f"{browser.path}{path}",
            params=named,
            headers={"cookie": f"__Host-ccm-session={browser.token}"},
        )
        assert answer.status_code == 422
    sent = {**browser.fields("/refresh"), "patient_id": query, "decision_hash": query}
    assert browser.post(f"{browser.path}/open", sent).status_code == 404
    assert browser.post(f"{browser.path}/time/{query.replace('/', '')}/void", sent).status_code in {
        404,
        422,
    }
    assert whole.client.get(f"/l/{query}").status_code == 404


@pytest.mark.proves("S19")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=st.text(max_size=40), page=st.integers() | st.text(max_size=12))
def test_whatever_a_filter_is_given_it_answers_with_a_page_of_ours(
    front: Front, state: str, page: int | str
) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = front.client.get(
        f"{browser.path}/month",
        params={"month": "2026-11", "state": state, "page": page},
        headers={"cookie": f"__Host-ccm-session={browser.token}"},
    )

    assert answer.status_code in {200, 422}
    assert answer.status_code == 422 or state in {*MonthState}


@pytest.mark.proves("R24")
@pytest.mark.parametrize(("needs_banner", "identifiers"), [(True, 4), (False, 2)])
def test_the_banner_names_the_patient_and_more(
    front: Front,
    *,
    needs_banner: bool,
    identifiers: int,
) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    with front.world.db.write(front.practice_id) as session:
        told = {"needed": needs_banner, "id": browser.launch_id}
        session.execute(
            text("UPDATE launch SET need_patient_banner = :needed WHERE id = :id"), told
        )

    page = browser.get(browser.path).text
    banner = page.split('aria-label="Patient"')[1].split("</section>")[0]

    named = ("Zyxxandra Quillfeather", "1951", "MRN-7", "Sex")
    assert sum(one in banner for one in named) == identifiers
