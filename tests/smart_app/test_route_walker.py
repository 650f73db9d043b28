"""No route gives one practice anything of another; and the walk that says so can fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.storage import claims, consents, deliveries, locations, plan_tasks, sign_offs
from ccm_fhir.storage.database import Database
from ccm_fhir.storage.locations import NewLocation
from ccm_fhir.storage.migrate import upgrade
from ccm_fhir.storage.plan_tasks import NewTask
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.databases import as_app_role, fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.smart_app.front import (
    CANARY,
    NOW,
    Browser,
    Front,
    Page,
    open_front,
    open_front_at,
    with_practice,
)
from tests.smart_app.test_routes import record
from tests.smart_app.walker import FORMS, Tenant, Walk, every_route, rows_of, sign_in
from tests.storage.conftest import Tenant as StoredTenant
from tests.storage.makers import claim, consent, sign_off

CANARIES = ("Ottoline Overtheway", "Fennimore Faraway")
_OWN = re.compile(r"(\b\w+\.practice_id|\bpractice_id) = (\?|%\(\w+\)s(?:::VARCHAR)?)")


@pytest.fixture
def front(database_url: str) -> Iterator[Front]:
    upgrade(database_url)
    opened = open_front_at(database_url)
    yield opened
    opened.world.db.close()


@pytest.fixture
def guarded() -> Iterator[Front]:
    """Yield the app as in production: PostgreSQL, and a role that row-level security binds."""
    with fresh_postgres_database(postgres_admin_url()) as url:
        upgrade(url)
        opened = open_front_at(as_app_role(url))
        yield opened
        opened.world.db.close()


def neighbour(front: Front, number: int) -> Tenant:
    """Return a further practice in which somebody has recorded time."""
    theirs = with_practice(front, ehr=f"https://ehr-{number}.example", patient=CANARIES[number])
    browser = theirs.sign_in(Role.CARE_MANAGER)
    record(browser)
    entry_id = next(i.removeprefix("entry-") for i in browser.page().ids if i.startswith("entry-"))
    browser.post(f"{browser.path}/timer/start", browser.fields("/refresh"))
    timer_id = re.search(r"/timer/([\w-]+)/pause", browser.get(f"{browser.path}/timer").text)
    assert timer_id is not None
    record_id = consented(theirs)
    browser.get(f"{browser.path}/month?month=2026-11")  # what is derived of them is there, too
    ids = {
        "launch_id": browser.launch_id,
        "timer_id": timer_id[1],
        "record_id": record_id,
        "delivery_id": handed_off(theirs, entry_id),
        "correct": record_id,
        "entry_id": entry_id,
        "patient_id": theirs.patient_id,
        "user_id": theirs.people[Role.BILLER].id,
        "location_id": located(theirs),
        "ehr_id": theirs.ehr_id,
        "task_id": tasked(theirs),
        "claim_id": claimed(theirs),
    }
    return Tenant(front=theirs, ids=ids, canary=CANARIES[number])


def tasked(front: Front) -> str:
    """Give the patient a task; return its id."""
    new = NewTask(
        patient_id=front.patient_id,
        text="Call the pharmacy",
        performer=Performer.CARE_MANAGER,
        made_by=front.people[Role.CARE_MANAGER].id,
        form_key="tasked",
    )
    with front.world.db.write(front.practice_id) as session:
        return plan_tasks.record_task(session, front.practice_id, new, NOW).id


def claimed(front: Front) -> str:
    """Let a claim of an earlier month be signed; return its id."""
    tenant, month = tenant_of(front), ServiceMonth(2026, 8)
    with front.world.db.write(front.practice_id) as session:
        signed = sign_offs.record(session, front.practice_id, sign_off(tenant, month=month), NOW)
        new = claim(tenant, signed.id, month=month, identifier=f"claim-{front.practice_id}")
        return claims.record(session, front.practice_id, new, NOW).id


def tenant_of(front: Front) -> StoredTenant:
    """Return a practice as the makers of stored values know it."""
    return StoredTenant(
        practice_id=front.practice_id,
        ehr_id=front.ehr_id,
        nurse_id=front.people[Role.CARE_MANAGER].id,
        doctor_id=front.people[Role.PRACTITIONER].id,
        patient_id=front.patient_id,
    )


def located(front: Front) -> str:
    """Give the practice a second location; return its id."""
    new = NewLocation(name="Elm Street annex", place_of_service="22")
    with front.world.db.write(front.practice_id) as session:
        return locations.add(session, front.practice_id, new, NOW).id


def handed_off(front: Front, entry_id: str) -> str:
    """Let what carries an entry be a sheet that waits for a person; return the delivery's id."""
    kind = ArtefactKind.TIME_ENTRY
    with front.world.db.write(front.practice_id) as session:
        found = deliveries.of_artefact(session, front.practice_id, kind, entry_id)
        session.execute(
            text("UPDATE delivery SET rung = 'hand_off', state = 'held' WHERE id = :id"),
            {"id": found[0].id},
        )
    return found[0].id


def consented(front: Front) -> str:
    """Record a consent of the practice's patient; return the record's id."""
    with front.world.db.write(front.practice_id) as session:
        return consents.record(session, front.practice_id, consent(tenant_of(front)), NOW).id


def addressed(path: str, browser: Browser) -> str:
    """Return an address with the browser's own launch, and ids of nothing."""
    return re.sub(r"{(\w+)}", lambda n: browser.launch_id if n[1] == "launch_id" else "x", path)


def walked(front: Front) -> list[str]:
    """Walk as the first practice with the ids of two others."""
    leaks: list[str] = []
    for theirs in (neighbour(front, 0), neighbour(front, 1)):
        leaks += Walk(ours=sign_in(front), theirs=theirs).leaks()
    return leaks


def forget_whose(database: Database) -> None:
    """Take the practice out of every condition, as a store function that forgot it would."""

    def without(_c: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> tuple[str, Any]:  # noqa: ANN401
        if not sql.lstrip().startswith(("SELECT", "UPDATE")):
            return sql, parameters
        return _OWN.sub(r"(\1 = \2 OR 1=1)", sql), parameters

    for engine in {database.engine, database.reader_engine}:
        event.listen(engine, "before_cursor_execute", without, retval=True)


@pytest.mark.proves("S12", "S14")
def test_no_route_gives_or_changes_anything_of_another_practice(front: Front) -> None:
    assert walked(front) == []


@pytest.mark.proves("S12")
@pytest.mark.parametrize("role", [one for one in Role if one is not Role.PRACTITIONER])
def test_no_role_is_given_anything_of_another_practice(tmp_path: Path, role: Role) -> None:
    front = open_front(tmp_path)
    theirs = neighbour(front, 0)

    assert list(Walk(ours=front.sign_in(role), theirs=theirs).leaks()) == []


@pytest.mark.proves("S12")
@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.ADMIN, "/practice/person"),
        (Role.ADMIN, "/practice/sessions/end"),
        (Role.ADMIN, "/practice/ehrs/{ehr_id}/client"),
        (Role.ADMIN, "/practice/ehrs/{ehr_id}/disconnect"),
        (Role.ADMIN, "/practice/ehrs/{ehr_id}/reconnect"),
        (Role.CARE_MANAGER, "/timer/{timer_id}/pause"),
        (Role.CARE_MANAGER, "/timer/{timer_id}/answer"),
        (Role.CARE_MANAGER, "/time/{entry_id}/void"),
        (Role.CARE_MANAGER, "/consent/{record_id}/back"),
        (Role.CARE_MANAGER, "/hand-off/{delivery_id}"),
        (Role.PRACTITIONER, "/choice"),
        (Role.BILLER, "/open"),
        (Role.BILLER, "/claim"),
    ],
)
def test_the_walkers_forms_come_as_far_as_the_id(tmp_path: Path, role: Role, path: str) -> None:
    front = open_front(tmp_path)
    ours = neighbour(front, 0)
    walk = Walk(ours=ours.front.sign_in(role), theirs=ours)
    (step,) = (
        s for s in every_route(front) if s.path == f"/l/{{launch_id}}{path}" and s.method == "POST"
    )

    ids = {name: value for name, value in ours.ids.items() if name != "launch_id"}

    assert walk.sent(step, ids).status_code in {303, 409}  # done, or clashes with what is there


@pytest.mark.proves("S12")
def test_an_admins_walk_finds_what_forgetful_store_functions_give_away(tmp_path: Path) -> None:
    front = open_front(tmp_path)
    theirs, ours = neighbour(front, 0), front.sign_in(Role.ADMIN)
    forget_whose(front.world.db)

    leaks = list(Walk(ours=ours, theirs=theirs).leaks())

    assert any(leak.startswith("POST /l/{launch_id}/practice/person") for leak in leaks)
    assert any("rows of the other practice have changed" in leak for leak in leaks)


@pytest.mark.proves("S12")
def test_the_walk_finds_what_store_functions_that_forget_the_practice_give_away(
    front: Front,
) -> None:
    theirs, ours = neighbour(front, 0), sign_in(front)
    forget_whose(front.world.db)

    leaks = list(Walk(ours=ours, theirs=theirs).leaks())

    assert any(leak.startswith("GET /l/{launch_id}/month shows") for leak in leaks)
    assert any(leak.startswith("POST /l/{launch_id}/open tells") for leak in leaks)
    assert any(leak.startswith("POST /l/{launch_id}/time/{entry_id}/void") for leak in leaks)


@pytest.mark.needs("postgres")
@pytest.mark.proves("S12", "S13")
def test_row_level_security_holds_where_store_functions_forget_the_practice(
    guarded: Front,
) -> None:
    theirs, ours = neighbour(guarded, 0), sign_in(guarded)
    forget_whose(guarded.world.db)

    assert list(Walk(ours=ours, theirs=theirs).leaks()) == []


@pytest.mark.needs("postgres")
@pytest.mark.proves("S13")
def test_the_pages_work_under_row_level_security(guarded: Front) -> None:
    nurse, doctor = guarded.sign_in(Role.CARE_MANAGER), guarded.sign_in(Role.PRACTITIONER)
    record(nurse)
    signing = {**doctor.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}

    signed = doctor.post(f"{doctor.path}/sign", signing)
    months = doctor.get(f"{doctor.path}/month?month=2026-11")
    opened = doctor.post(f"{doctor.path}/open", Page(months.text).forms[f"{doctor.path}/open"])
    left = nurse.post(f"{nurse.path}/sign-out", nurse.fields("/sign-out"))

    assert "done=signed" in signed.headers["location"]
    assert CANARY in months.text
    assert CANARY in doctor.get(opened.headers["location"]).text
    assert left.headers["location"] == "/signed-out"
    assert nurse.get(nurse.path).status_code == 404


@pytest.mark.proves("S8")
def test_no_route_writes_anything_of_a_chart_by_get(front: Front) -> None:
    browser = sign_in(front)
    record(browser)
    browser.get(f"{browser.path}/month")
    may_change = {"audit", "web_session"}  # who looked, and that somebody is there
    before = rows_of(front.world.db, front.practice_id)

    for step in every_route(front):
        if step.method == "GET":
            browser.get(addressed(step.path, browser))

    after = rows_of(front.world.db, front.practice_id)
    assert {name for name in after if after[name] != before[name]} <= may_change


@pytest.mark.proves("S21")
def test_every_page_that_shows_a_patient_leaves_a_line_of_who_looked(front: Front) -> None:
    browser = sign_in(front)
    shown = []

    for step in every_route(front):
        if step.method != "GET":
            continue
        before = len(rows_of(front.world.db, front.practice_id)["audit"])
        answer = browser.get(addressed(step.path, browser))
        if CANARY in answer.text:
            shown.append(step.path)
            assert len(rows_of(front.world.db, front.practice_id)["audit"]) > before, step.path

    assert {"/l/{launch_id}", "/l/{launch_id}/month"} <= set(shown)


def test_a_running_timer_is_on_every_page_of_a_launch(front: Front) -> None:
    """Fragments and files aside: what has a frame has the timer."""
    browser = sign_in(front)
    target = f"{browser.path}/timer/start"
    assert browser.post(target, {**browser.fields("/timer/start"), "on_call": "no"}).is_redirect
    without, shown = [], 0

    for step in every_route(front):
        if step.method != "GET" or not step.path.startswith("/l/{launch_id}"):
            continue
        answer = browser.get(addressed(step.path, browser))
        if answer.status_code == 200 and "<main" in answer.text:
            shown += 1
            without += [] if 'role="timer"' in answer.text else [step.path]

    assert without == []
    assert shown > 10


def test_every_route_is_walked(front: Front) -> None:
    paths = {step.path for step in every_route(front)}

    assert {"/launch", "/callback", "/l/{launch_id}", "/l/{launch_id}/sign"} <= paths
    newest = {"/practice/person", "/connection", "/timer/{timer_id}/sign", "/evidence/{key}"}
    newest |= {"/consent/{record_id}/back", "/choice", "/except", "/conditions/{key}"}
    assert {f"/l/{{launch_id}}{path}" for path in newest} | {"/emergency"} <= paths
    known = {f"/l/{{launch_id}}{path}" for path in FORMS}
    assert known <= paths  # a form of a route that is no more
