"""Whatever is sent to any route, by somebody signed in, the app answers without a server error.

The app publishes no OpenAPI document; here one is made of its routes, the forms of its own pages
give the bodies that FastAPI does not know, and schemathesis makes requests of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from ccm_fhir.domain.codes import Role
from tests.smart_app.front import BASE, Front, Page, open_front
from tests.smart_app.test_routes import record
from tests.smart_app.walker import ABSENT, FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import httpx2
    from schemathesis.schemas import APIOperation

    from tests.smart_app.front import Browser

Json = dict[str, Any]
EXAMPLES = 6  # of each of more than forty routes; the whole takes seconds
PAGES = ("", "/timer", "/consent", "/choice", "/month")
TEXT = {"type": "string", "maxLength": 40}
ASKS_THE_EHR = {"GET /l/{launch_id}/evidence/{key}"}
FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path)
    browser = opened.sign_in(Role.PRACTITIONER)
    record(browser)
    browser.post(f"{browser.path}/timer/start", browser.fields("/refresh"))
    yield opened
    opened.world.db.close()


def document_of(front: Front) -> Json:
    """Return the app's OpenAPI document, as FastAPI makes it."""
    app = front.client.app
    assert isinstance(app, FastAPI)
    made: Json = app.openapi()
    return made


def values_of(browser: Browser) -> dict[str, set[str]]:
    """Return what the pages' own fields are called, with the values that they offer."""
    offered = defaultdict(set, {name: {value} for name, value in FORM.items()})
    for path in PAGES:
        for _, attributes in Page(browser.get(f"{browser.path}{path}").text).tags:
            if "name" in attributes and attributes["name"] != "viewport":
                offered[attributes["name"]].add(attributes.get("value", ""))
    return offered


def ids_of(browser: Browser) -> dict[str, list[str]]:
    """Return what stands for a name in a path: rows that there are, and one that there is not."""
    page = browser.page()
    actions = [*page.forms, *Page(browser.get(f"{browser.path}/timer").text).forms]
    found = {
        "launch_id": [browser.launch_id] * 3,
        "entry_id": [i.removeprefix("entry-") for i in page.ids if i.startswith("entry-")],
        "key": [a.rsplit("/", 1)[1] for a in actions if "/conditions/" in a],
        "timer_id": [a.split("/")[4] for a in actions if "/timer/" in a and a.count("/") > 4],
        "service": ["ccm-patient-view"],
    }
    return {name: [*ids, ABSENT] for name, ids in found.items()}


def sound_or_not(values: list[str]) -> Json:
    return {"anyOf": [{"type": "string", "enum": sorted(set(values))}, TEXT]}


def with_bodies(document: Json, browser: Browser) -> Json:
    """Return the document with what may stand in each path, and with bodies for every POST."""
    ids, values = ids_of(browser), values_of(browser)
    fields: Json = {name: sound_or_not([*offered]) for name, offered in values.items()}
    fields["csrf"] = {"const": browser.fields("/refresh")["csrf"]}
    fields["form_key"] = {"type": "string", "format": "uuid"}
    body = {"type": "object", "properties": fields, "required": ["csrf", "form_key", "month"]}
    for operations in document["paths"].values():
        for method, operation in operations.items():
            for each in operation.get("parameters", ()):
                if each["in"] == "path" and each["name"] in ids:
                    each["schema"] = {"type": "string", "enum": sorted(set(ids[each["name"]]))}
            if method == "post":
                operation["requestBody"] = {"content": {FORM_TYPE: {"schema": body}}}
    return document


def sent(browser: Browser, case: schemathesis.Case[Any]) -> httpx2.Response:
    browser.front.clock.advance(seconds=10 if case.path == "/emergency" else 1)
    return browser.front.client.request(
        case.method,
        case.formatted_path,
        params=case.query,
        data=_as_typed(case.body) if isinstance(case.body, dict) else None,
        headers={"cookie": f"__Host-ccm-session={browser.token}", "origin": BASE},
    )


def _as_typed(body: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in body.items()}


def test_no_two_routes_are_the_same(front: Front) -> None:
    named = [
        operation["operationId"]
        for operations in document_of(front)["paths"].values()
        for operation in operations.values()
    ]

    assert len(named) == len(set(named))


def statuses(browser: Browser, operation: APIOperation[Any, Any, Any, Any]) -> set[int]:
    """Return the statuses of the answers to some of what may be sent."""
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        seen.add(sent(browser, case).status_code)

    ask()
    return seen


def test_nothing_that_is_sent_to_any_route_makes_a_server_error(front: Front) -> None:
    browser = front.sign_in(Role.PRACTITIONER)
    document = with_bodies(document_of(front), browser)
    found = list(schemathesis.openapi.from_dict(document).get_all_operations())
    readable = [each.ok() for each in found if isinstance(each, Ok)]
    operations = sorted(readable, key=lambda one: "sign-out" in one.path)

    answers = {each.label: statuses(browser, each) for each in operations}

    assert len(answers) == sum(len(methods) for methods in document["paths"].values())
    # No EHR stands behind this app: where one is asked, 502 is the honest answer.
    assert {label for label, seen in answers.items() if max(seen - {502}) >= 500} == set()
    assert {label for label, seen in answers.items() if 502 in seen} <= ASKS_THE_EHR
    # Not everything was turned away at the door: addresses and forms were read.
    assert sum(seen <= {401, 403, 404} for seen in answers.values()) < len(answers) / 3
