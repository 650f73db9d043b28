"""SNOMED CT codes outside the shipped map: asked once, in time, and never required."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.testclient import TestClient

from ccm_fhir.domain.codes import ICD10CM, SNOMED, Role
from ccm_fhir.domain.conditions import Chronic, ConditionVerdict, classify
from ccm_fhir.domain.facts import ChartFacts, Coding
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.installation import Installation, SiteTerminology
from ccm_fhir.services.site_terminology import BUDGET, MOST_CODES, ask_site, table_for
from smart_app.main import AppSettings, create_app
from tests.builders import chart, icd
from tests.smart_app.front import BASE, NOW, Clock, Front, open_front
from tests.storage.conftest import NOW as LONG_AGO

SERVER = "https://terminology.example/fhir"
UNMAPPED, ALSO_UNMAPPED = "368581000119106", "15777000"
NOWHERE = httpx2.Response(404)


def snomed(code: str, number: int = 1) -> ChartFacts:
    """Return a chart whose first Condition is known by a SNOMED CT code alone."""
    coded = msgspec.structs.replace(icd("x", number), codings=(Coding(system=SNOMED, code=code),))
    return chart(conditions=(coded, icd("I10", 9)))


def translated(code: str) -> httpx2.Response:
    coding = {"system": ICD10CM, "code": code}
    parts = [
        {"name": "equivalence", "valueCode": "equivalent"},
        {"name": "concept", "valueCoding": coding},
    ]
    return httpx2.Response(
        200, json={"resourceType": "Parameters", "parameter": [{"name": "match", "part": parts}]}
    )


class Server:
    """A terminology server that answers as told, and remembers which codes it was asked for."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.answer: Callable[[str], httpx2.Response] = lambda _: translated("E11.40")

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        sent = {p["name"]: p for p in json.loads(request.content)["parameter"]}
        self.codes.append(sent["code"]["valueCode"])
        answer = self.answer(self.codes[-1])
        return httpx2.Response(answer.status_code, content=answer.content)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path, snomed(UNMAPPED))
    yield opened
    opened.world.db.close()


@pytest.fixture
def world(front: Front, server: Server) -> Installation:
    return replace(
        front.world,
        terminology=SiteTerminology(base_url=SERVER),
        open_gate=lambda origins, _: OutgoingGate(
            origins=origins, transport=httpx2.MockTransport(server)
        ),
    )


def verdict(world: Installation, front: Front, facts: ChartFacts) -> ConditionVerdict:
    table = table_for(world, front.practice_id, facts)
    return classify(facts.conditions[0], table, NOW.date())


def test_a_code_outside_the_map_is_asked_for_once_and_then_counts(
    world: Installation, front: Front, server: Server
) -> None:
    facts = snomed(UNMAPPED)
    before = verdict(world, front, facts)

    for _ in range(2):
        ask_site(world, front.practice_id, facts, NOW)
    after = verdict(world, front, facts)

    assert (before.chronic, after.chronic, after.family) == (
        Chronic.REVIEW,
        Chronic.CHRONIC,
        "diabetes",
    )
    assert "site's terminology server maps it" in after.why
    assert server.codes == [UNMAPPED]


def test_the_patient_page_says_that_the_sites_server_mapped_it(
    world: Installation, front: Front
) -> None:
    ask_site(world, front.practice_id, snomed(UNMAPPED), NOW)
    told = AppSettings(base_url=BASE, is_demo=False, service_now=lambda: NOW)
    client = TestClient(create_app(world, told), base_url=BASE)

    page = replace(front, world=world, client=client).sign_in(Role.PRACTITIONER)

    assert "terminology server maps it to ICD-10-CM E11.40" in page.get(page.path).text


def test_a_code_that_the_server_places_nowhere_is_remembered_and_asked_again_later(
    world: Installation, front: Front, server: Server
) -> None:
    server.answer = lambda _: NOWHERE
    facts = snomed(UNMAPPED)

    for day in (0, 13, 15):
        ask_site(world, front.practice_id, facts, NOW + timedelta(days=day))

    assert len(server.codes) == 2
    assert verdict(world, front, facts).chronic is Chronic.REVIEW


def test_an_answer_past_its_time_counts_until_a_new_one_comes(
    world: Installation, front: Front, server: Server
) -> None:
    facts = snomed(UNMAPPED)
    ask_site(world, front.practice_id, facts, LONG_AGO - timedelta(days=400))
    server.answer = lambda _: httpx2.Response(503)

    ask_site(world, front.practice_id, facts, NOW)

    assert (verdict(world, front, facts).chronic, len(server.codes)) == (Chronic.CHRONIC, 2)


@pytest.mark.parametrize(
    "answer",
    [httpx2.Response(503), httpx2.Response(401), httpx2.Response(200, text="<html>")],
)
def test_a_server_that_fails_leaves_the_code_for_review_and_is_not_remembered(
    world: Installation, front: Front, server: Server, answer: httpx2.Response
) -> None:
    server.answer = lambda _: answer
    facts = snomed(UNMAPPED)

    ask_site(world, front.practice_id, facts, NOW)
    assert verdict(world, front, facts).chronic is Chronic.REVIEW

    server.answer = lambda _: translated("E11.40")
    ask_site(world, front.practice_id, facts, NOW)
    assert verdict(world, front, facts).chronic is Chronic.CHRONIC


def test_a_server_that_is_down_is_asked_one_code_and_no_more(
    world: Installation, front: Front, server: Server
) -> None:
    server.answer = lambda _: httpx2.Response(503)
    conditions = (*snomed(UNMAPPED).conditions, *snomed(ALSO_UNMAPPED, 2).conditions)

    ask_site(world, front.practice_id, chart(conditions=conditions), NOW)

    assert server.codes == [UNMAPPED]


def test_one_broken_answer_does_not_keep_the_next_code_from_being_asked(
    world: Installation, front: Front, server: Server
) -> None:
    server.answer = lambda code: (
        httpx2.Response(200, text="<html>") if code == UNMAPPED else translated("J44.9")
    )
    conditions = (*snomed(UNMAPPED).conditions, *snomed(ALSO_UNMAPPED, 2).conditions)

    ask_site(world, front.practice_id, chart(conditions=conditions), NOW)

    assert server.codes == [UNMAPPED, ALSO_UNMAPPED]


def test_only_so_many_codes_are_asked_for_at_once(
    world: Installation, front: Front, server: Server
) -> None:
    coded = [snomed(str(9_900_000 + n), n).conditions[0] for n in range(MOST_CODES + 5)]

    ask_site(world, front.practice_id, chart(conditions=tuple(coded)), NOW)

    assert len(server.codes) == MOST_CODES


def test_asking_ends_when_its_time_is_up(world: Installation, front: Front, server: Server) -> None:
    clock = Clock()
    slow = replace(world, clock=clock)

    def answer(_: str) -> httpx2.Response:
        clock.moment += BUDGET
        return translated("E11.40")

    server.answer = answer
    conditions = (*snomed(UNMAPPED).conditions, *snomed(ALSO_UNMAPPED, 2).conditions)

    ask_site(slow, front.practice_id, chart(conditions=conditions), NOW)

    assert server.codes == [UNMAPPED]


@pytest.mark.parametrize(
    "codings",
    [
        (Coding(system=SNOMED, code="44054006"),),
        (Coding(system=SNOMED, code=UNMAPPED), Coding(system=ICD10CM, code="E11.40")),
        (Coding(system=SNOMED, code="Jane Canary, diabetes"),),
        (),
    ],
    ids=["mapped", "ICD-10-CM beside it", "no SNOMED CT id", "no code"],
)
def test_what_needs_no_answer_or_is_no_code_is_never_sent(
    world: Installation, front: Front, server: Server, codings: tuple[Coding, ...]
) -> None:
    facts = chart(conditions=(msgspec.structs.replace(icd("x"), codings=codings),))

    ask_site(world, front.practice_id, facts, NOW)

    assert server.codes == []


def test_without_a_server_nothing_is_asked_and_nothing_read(front: Front) -> None:
    facts = snomed(UNMAPPED)

    ask_site(front.world, front.practice_id, facts, NOW)

    assert table_for(front.world, front.practice_id, facts) is front.world.table
