"""The timer in the browser's hands, without a script: forms alone; and the page's signs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.storage import audit, patients
from tests.builders import on
from tests.smart_app.front import CANARY, NOW, Browser, Front, Page

SAVING = {"activity": "chart_review", "contact_mode": "", "note": ""}
SECOND_NAME = "Otherwise Unmistakable"


@pytest.fixture
def nurse(front: Front) -> Browser:
    return front.sign_in(Role.CARE_MANAGER)


def forms(browser: Browser, path: str = "") -> dict[str, dict[str, str]]:
    return Page(browser.get(f"{browser.path}{path}").text).forms


def action(browser: Browser, verb: str, path: str = "") -> str:
    (found,) = (
        one
        for one in forms(browser, path)
        if one.endswith(f"/{verb}") and one.startswith(f"{browser.path}/timer/")
    )
    return found


def send(browser: Browser, verb: str, path: str = "", **fields: str) -> str:
    """Send the page's own form of a verb; return where it leads."""
    target = action(browser, verb, path)
    answer = browser.post(target, {**forms(browser, path)[target], **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def start(browser: Browser) -> None:
    send(browser, "start", on_call="no")


class Signs:
    """A page that gives signs of the timer which it showed when it was opened."""

    def __init__(self, browser: Browser) -> None:
        pause = action(browser, "pause")
        self.browser, self.fields = browser, forms(browser)[pause]
        self.target = pause.replace("/pause", "/sign")

    def give(self, awake: int = 15, quiet: int = 0) -> dict[str, object]:
        sent = {**self.fields, "awake": str(awake), "quiet": str(quiet)}
        answer = self.browser.post(self.target, sent)
        assert answer.status_code == 200
        found: dict[str, object] = json.loads(answer.text)
        return found


def second_patient(front: Front) -> str:
    named = PatientFact(
        ref=EvidenceRef("Patient", "p2"), name=SECOND_NAME, birth_date=on("1950-01-02"), mrn="M-2"
    )
    with front.world.db.write() as session:
        return patients.upsert(session, front.practice_id, front.ehr_id, named, NOW).id


def test_a_timer_is_started_stopped_and_saved_by_forms_alone(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=22, seconds=5)
    shown = nurse.get(nurse.path).text
    assert "22:05" in shown
    assert "Timing this patient" in shown

    where = send(nurse, "save", **SAVING)

    assert where.endswith("done=timer-saved#time")
    assert "22 min 5 s" in nurse.get(nurse.path).text
    assert "/timer/start" in str(forms(nurse))


def test_the_bar_is_on_every_page_and_the_start_is_not_offered_twice(nurse: Browser) -> None:
    start(nurse)

    for path in ("", "/month", "/progress", "/timer"):
        assert 'role="timer"' in nurse.get(f"{nurse.path}{path}").text
    assert f"{nurse.path}/timer/start" not in forms(nurse)


def test_a_second_patient_asks_which_of_the_two_it_is(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=3)
    other = front.sign_in(Role.CARE_MANAGER, patient_id=second_patient(front))
    target = f"{other.path}/timer/start"
    asked = other.post(target, {**forms(other)[target], "on_call": "no"})
    assert asked.status_code == 409
    assert CANARY in asked.text
    assert "03:00" in asked.text

    again = Page(asked.text).forms[target]
    assert other.post(target, again).status_code == 303

    bars = other.get(other.path).text
    assert "Timing this patient" in bars
    assert f"Paused for {CANARY}" in bars


def test_a_paused_timer_goes_on_where_it_was(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=5)
    send(nurse, "pause")
    front.work_clock.advance(minutes=30)
    assert "05:00" in nurse.get(nurse.path).text

    send(nurse, "resume")
    front.work_clock.advance(minutes=1)

    assert "06:00" in nurse.get(nurse.path).text


def test_a_discarded_timer_is_brought_back_from_ones_own_time(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=5)
    target = next(one for one in forms(nurse) if one.endswith("/discard"))
    assert nurse.post(target, forms(nurse)[target]).status_code == 303
    assert "Discarded today" in nurse.get(f"{nurse.path}/timer").text

    send(nurse, "save", "/timer", **SAVING)

    assert "5 min in the time log" in nurse.get(f"{nurse.path}/timer").text


def test_a_save_without_an_activity_says_so_and_keeps_the_note(
    front: Front, nurse: Browser
) -> None:
    start(nurse)
    front.work_clock.advance(minutes=5)
    target = action(nurse, "save")

    refused = nurse.post(target, {**forms(nurse)[target], "note": "Kept words", "activity": ""})

    assert refused.status_code == 422
    assert "Choose what the time was spent on." in refused.text
    assert "Kept words" in refused.text
    assert 'role="timer"' in refused.text


def test_a_sign_is_answered_with_how_the_timer_stands(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(seconds=15)

    signs = Signs(nurse)
    assert signs.give() == {"state": "running", "seconds": 15}

    front.work_clock.advance(seconds=120)
    assert signs.give(awake=135, quiet=120) == {"state": "asking", "seconds": 135}
    target = action(nurse, "answer")
    shown = Page(nurse.get(nurse.path).text)
    assert ("div", {"class": "asking"}) in shown.tags
    assert nurse.post(target, {**shown.forms[target], "answer": "count_all"}).status_code == 303
    assert signs.give() == {"state": "running", "seconds": 135}


@pytest.mark.parametrize("field", ["awake", "quiet"])
@pytest.mark.parametrize("value", ["", "-1", "1.5", "1e3", "99999999", "٣", "x"])
def test_a_sign_that_makes_no_sense_is_refused(nurse: Browser, field: str, value: str) -> None:
    start(nurse)
    pause = action(nurse, "pause")
    fields = {**forms(nurse)[pause], "awake": "1", "quiet": "1", field: value}

    assert nurse.post(pause.replace("/pause", "/sign"), fields).status_code == 400


def test_a_sign_of_a_timer_that_is_no_more_says_closed(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=1)
    gone = action(nurse, "pause").replace("/pause", "/sign")
    fields = forms(nurse)[action(nurse, "pause")]
    send(nurse, "save", **SAVING)

    answer = nurse.post(gone, {**fields, "awake": "1", "quiet": "1"})

    assert json.loads(answer.text) == {"state": "closed", "seconds": 0}


def test_a_script_may_ask_for_the_bar_alone(nurse: Browser) -> None:
    start(nurse)

    bar = nurse.get(f"{nurse.path}/timer?month=2026-11", **{"x-bar": "yes"})

    assert "<html" not in bar.text
    assert 'id="timers"' in bar.text
    assert bar.headers["vary"] == "X-Bar"


def looks(front: Front) -> list[tuple[str | None, str | None]]:
    """Return who saw whose name beside a timer, a line of the trail each."""
    with front.world.db.read(front.practice_id) as session:
        lines = audit.records(session, front.practice_id, after=0, most=500)
    return [(one.user_id, one.patient_id) for one in lines if one.act == "view_timer"]


@pytest.mark.proves("S21")
def test_a_name_beside_a_timer_is_a_line_of_the_trail_once_a_session(
    front: Front, nurse: Browser
) -> None:
    start(nurse)
    me, patient = front.people[Role.CARE_MANAGER].id, front.patient_id
    for path in ("", "/timer", "/month"):
        assert nurse.get(f"{nurse.path}{path}").status_code == 200
    before = looks(front)
    other = front.sign_in(Role.CARE_MANAGER, patient_id=second_patient(front))

    pages = [other.get(f"{other.path}{path}").text for path in ("", "/consent", "/timer", "")]
    polled = (f"{other.path}/timer?month=2026-11" for _ in range(3))
    pages += [other.get(path, **{"x-bar": "yes"}).text for path in polled]

    assert before == []  # beside their own chart a timer says: this patient
    assert all(CANARY in page for page in pages)
    assert looks(front) == [(me, patient)]
    front.clock.advance(minutes=1)
    again = front.sign_in(Role.CARE_MANAGER, patient_id=None)
    assert CANARY in again.get(f"{again.path}/timer").text
    assert looks(front) == [(me, patient)] * 2


@pytest.mark.proves("S21")
def test_the_names_of_ones_own_day_are_lines_of_the_trail(front: Front, nurse: Browser) -> None:
    start(nurse)
    front.work_clock.advance(minutes=5)
    send(nurse, "save", **SAVING)
    assert looks(front) == []

    assert CANARY in nurse.get(f"{nurse.path}/timer").text
    assert CANARY in nurse.get(f"{nurse.path}/timer").text

    assert looks(front) == [(front.people[Role.CARE_MANAGER].id, front.patient_id)]


def test_who_keeps_no_time_sees_no_timer(front: Front) -> None:
    biller = front.sign_in(Role.BILLER)

    assert "timers" not in Page(biller.get(biller.path).text).ids
    assert "My time" not in biller.get(biller.path).text


def test_an_answer_that_no_form_gives_is_refused(nurse: Browser) -> None:
    start(nurse)
    target = next(one for one in forms(nurse) if one.endswith("/answer"))

    assert nurse.post(target, {**forms(nurse)[target], "answer": "double"}).status_code == 400


@pytest.mark.proves("S11")
def test_a_timers_signs_do_not_keep_a_session_alive_and_the_timer_outlives_it(
    front: Front, nurse: Browser
) -> None:
    start(nurse)
    signs, statuses = Signs(nurse), []
    sent = {**signs.fields, "awake": "60", "quiet": "0"}

    for minute in range(1, 17):
        front.clock.moment = NOW + timedelta(minutes=minute)
        statuses.append(nurse.post(signs.target, sent, **{"x-poll": "yes"}).status_code)

    assert statuses == [200] * 14 + [404, 404]
    assert action(front.sign_in(Role.CARE_MANAGER), "discard", "/timer")
