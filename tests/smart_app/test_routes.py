from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.storage import deliveries
from tests.smart_app.front import BASE, CANARY, EHR, NOW, Browser, Front, Page

TYPED = {
    "started_on": "2026-11-20",
    "start_time": "09:00",
    "minutes": "22",
    "activity": "patient_call",
    "contact_mode": "telephone",
    "note": "Reviewed the glucose log.",
}


def entries(front: Front) -> int:
    actor = front.sign_in(Role.CARE_MANAGER)
    return actor.get(actor.path).text.count('id="entry-')


def record(browser: Browser, **changes: str) -> dict[str, str]:
    """Record 22 minutes through the form; return what was sent."""
    sent = {**browser.fields("/time"), **TYPED, **changes}
    assert browser.post(f"{browser.path}/time", sent).status_code == 303
    return sent


def test_the_patient_page_shows_the_patient_and_every_criterion(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.get(browser.path)

    assert answer.status_code == 200
    assert CANARY in answer.text
    assert answer.text.count('<li class="criterion') == len(Criterion)


@pytest.mark.proves("S9", "S18")
def test_every_page_carries_its_headers(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    for path in (browser.path, f"{browser.path}/month", f"{browser.path}/progress"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].endswith(f"frame-ancestors {EHR}")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert "x-frame-options" not in headers


def test_recorded_time_is_in_the_log_and_on_its_way(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(f"{browser.path}/time", {**browser.fields("/time"), **TYPED})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{browser.path}?month=2026-11&done=time#time"
    html = browser.get(browser.path).text
    assert "Ready to sign: 99490" in html
    assert "2 records are on the way" in html
    assert front.queue.workflows == ["deliver_turn", "deliver_turn"]


def test_the_same_form_twice_records_once(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = record(browser)

    assert browser.post(f"{browser.path}/time", sent).status_code == 303
    assert entries(front) == 1


def test_a_refused_form_comes_back_with_what_was_typed(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **TYPED, "minutes": "a few", "activity": ""}

    answer = browser.post(f"{browser.path}/time", sent)

    assert answer.status_code == 422
    assert 'value="a few"' in answer.text
    assert "Reviewed the glucose log." in answer.text
    assert Page(answer.text).forms[f"{browser.path}/time"]["form_key"] == sent["form_key"]
    assert 'href="#time-minutes"' in answer.text
    assert 'aria-describedby="time-activity-wrong"' in answer.text
    assert entries(front) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("started_on", "2026-02-30"),
        ("started_on", "20261120"),
        ("start_time", "9:00"),
        ("start_time", "24:00"),
        ("minutes", "1_0"),
        ("minutes", "-5"),
        ("minutes", "٢٢"),
        ("minutes", "481"),
        ("activity", "golf"),
        ("contact_mode", "telepathy"),
        ("started_on", "2026-11-24"),
    ],
)
def test_a_field_that_cannot_be_is_told(front: Front, field: str, value: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(
        f"{browser.path}/time", {**browser.fields("/time"), **TYPED, field: value}
    )

    assert answer.status_code == 422
    assert "Please look again" in answer.text


def test_overlapping_work_of_one_person_is_told_beside_the_start(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    record(browser)

    answer = browser.post(
        f"{browser.path}/time", {**browser.fields("/time"), **TYPED, "start_time": "09:10"}
    )

    assert answer.status_code == 422
    assert "You already have work from 09:00 to 09:22" in answer.text


def test_an_entry_on_its_way_is_taken_back_and_goes_no_further(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    record(browser)
    entry_id = next(i.removeprefix("entry-") for i in browser.page().ids if i.startswith("entry-"))
    sent = {**browser.fields("/refresh"), "reason": "Wrong patient."}

    answer = browser.post(f"{browser.path}/time/{entry_id}/void", sent)

    assert answer.status_code == 303
    assert entries(front) == 0
    with front.world.db.read(front.practice_id) as session:
        problems = {one.last_problem for one in deliveries.unfinished(session, front.practice_id)}
    assert problems == {"taken_back"}


def test_a_practitioner_signs_and_the_claim_is_planned(front: Front) -> None:
    record(front.sign_in(Role.CARE_MANAGER))
    browser = front.sign_in(Role.PRACTITIONER)
    sent = {**browser.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}

    answer = browser.post(f"{browser.path}/sign", sent)

    assert answer.headers["location"] == f"{browser.path}?month=2026-11&done=signed#claim"
    html = browser.get(browser.path).text
    assert "Signed by A practitioner on Nov 23, 2026, 3:00 PM." in html
    assert "Claim on its way to the EHR: 99490" in html
    assert front.queue.workflows.count("deliver_turn") == 3
    assert browser.post(f"{browser.path}/sign", sent).status_code == 303
    assert front.queue.workflows.count("deliver_turn") == 3


def test_a_statement_left_unticked_signs_nothing(front: Front) -> None:
    record(front.sign_in(Role.CARE_MANAGER))
    browser = front.sign_in(Role.PRACTITIONER)

    answer = browser.post(f"{browser.path}/sign", browser.fields("/sign"))

    assert answer.status_code == 422
    assert 'aria-describedby="sign-duration_and_risk-wrong"' in answer.text
    assert "Signed by" not in browser.get(browser.path).text


def test_a_month_that_changed_since_it_was_shown_is_not_signed(front: Front) -> None:
    staff = front.sign_in(Role.CARE_MANAGER)
    record(staff)
    browser = front.sign_in(Role.PRACTITIONER)
    sent = {**browser.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}
    record(staff, start_time="13:00", minutes="20")

    answer = browser.post(f"{browser.path}/sign", sent)

    assert answer.status_code == 409
    assert "has changed since it was shown" in answer.text


@pytest.mark.proves("S12")
def test_a_care_manager_may_not_sign(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(f"{browser.path}/sign", browser.fields("/refresh"))

    assert answer.status_code == 403
    assert "Only the billing practitioner may do this." in answer.text


def test_a_chart_that_cannot_be_read_keeps_the_last_one(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(f"{browser.path}/refresh", browser.fields("/refresh"))

    assert answer.status_code == 409
    assert "The chart could not be read" in answer.text
    assert "Chart read Nov 20, 2026" in answer.text


def test_the_month_page_lists_the_patient_and_opens_it(front: Front) -> None:
    browser = front.sign_in(Role.BILLER, patient_id=None)

    first = browser.get(browser.path)
    assert first.headers["location"] == f"{browser.path}/month?month=2026-11"
    listed = browser.get(f"{browser.path}/month?month=2026-11")
    assert CANARY in listed.text
    sent = Page(listed.text).forms[f"{browser.path}/open"]
    answer = browser.post(f"{browser.path}/open", sent)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/l/")
    assert browser.launch_id not in answer.headers["location"]
    assert CANARY in browser.get(answer.headers["location"]).text


@pytest.mark.proves("S12")
def test_a_patient_of_nobody_looks_like_one_of_another_practice(front: Front) -> None:
    browser = front.sign_in(Role.BILLER)
    sent = {**browser.fields("/refresh"), "patient_id": "nobody"}

    assert browser.post(f"{browser.path}/open", sent).status_code == 404


def test_the_fragment_is_a_page_too(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    record(browser)

    page = browser.get(f"{browser.path}/progress")
    fragment = browser.get(f"{browser.path}/progress?looks=3", **{"hx-request": "true"})

    assert page.text.startswith("<!doctype html>")
    assert "<html" not in fragment.text
    assert fragment.text.count('hx-swap-oob="true"') == 2  # the headline, and the entry's place
    assert fragment.text.count('class="delivery"') == 2
    assert "looks=4" in fragment.text


def test_polling_ends_with_the_session(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    browser.post(f"{browser.path}/sign-out", browser.fields("/sign-out"))

    assert browser.get(f"{browser.path}/progress", **{"hx-request": "true"}).status_code == 286


@pytest.mark.proves("S11")
def test_signing_out_ends_everything_that_was_open(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(f"{browser.path}/sign-out", browser.fields("/sign-out"))

    assert answer.headers["location"] == "/signed-out"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert browser.get(browser.path).status_code == 404
    assert browser.get("/signed-out").status_code == 200


@pytest.mark.proves("S11", "S12")
def test_an_idle_session_answers_like_one_that_never_was(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    stranger = Browser(front=front, token="x" * 43, launch_id=browser.launch_id)
    front.clock.moment = NOW + timedelta(minutes=16)

    idle, foreign = browser.get(browser.path), stranger.get(browser.path)

    assert (idle.status_code, foreign.status_code) == (404, 404)
    assert idle.text == foreign.text
    assert idle.headers["content-security-policy"].endswith(f"frame-ancestors {EHR}")


@pytest.mark.proves("R34")
def test_a_permission_that_the_ehr_took_back_is_told_and_nothing_is_lost(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    record(browser)
    with front.world.db.write(front.practice_id) as session:
        session.execute(text("UPDATE token_grant SET expires_at = '2026-11-23 19:00:00.000000'"))

    refused = browser.post(f"{browser.path}/refresh", browser.fields("/refresh"))

    assert refused.status_code == 403
    assert "The EHR’s permission has run out" in refused.text
    assert "What you recorded is safe." in refused.text
    assert "Chart read Nov 20, 2026" in browser.get(browser.path).text
    assert entries(front) == 1


@pytest.mark.proves("S11")
def test_a_page_that_looks_by_itself_does_not_keep_a_session_alive(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    record(browser)
    statuses = []

    for minute in range(1, 17):
        front.clock.moment = NOW + timedelta(minutes=minute)
        answer = browser.get(f"{browser.path}/progress", **{"hx-request": "true"})
        statuses.append(answer.status_code)

    assert statuses == [200] * 14 + [286, 286]


@pytest.mark.proves("S11")
def test_time_recorded_before_a_session_ended_is_there_after_the_next_launch(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = record(browser)
    front.clock.moment = NOW + timedelta(minutes=16)
    late = browser.post(f"{browser.path}/time", {**sent, "start_time": "11:00"})

    again = front.sign_in(Role.CARE_MANAGER)

    assert late.status_code == 404
    assert "What you recorded is safe." in late.text
    assert again.get(again.path).text.count('id="entry-') == 1


@pytest.mark.proves("S12")
def test_one_person_does_not_open_the_launch_of_another(front: Front) -> None:
    nurse, biller = front.sign_in(Role.CARE_MANAGER), front.sign_in(Role.BILLER)
    crossed = Browser(front=front, token=biller.token, launch_id=nurse.launch_id)

    assert crossed.get(crossed.path).status_code == 404


@pytest.mark.proves("S8")
@pytest.mark.parametrize("action", ["/time", "/sign", "/refresh", "/open", "/sign-out"])
def test_every_write_is_guarded(front: Front, action: str) -> None:
    browser = front.sign_in(Role.PRACTITIONER)
    sent = browser.fields("/refresh")

    forged = (
        browser.post(f"{browser.path}{action}", sent, origin="https://evil.example"),
        browser.post(f"{browser.path}{action}", {**sent, "csrf": "another"}),
        browser.post(f"{browser.path}{action}", {}),
        browser.post(f"{browser.path}{action}", sent, **{"sec-fetch-site": "cross-site"}),
    )

    assert [answer.status_code for answer in forged] == [403] * 4
    assert browser.get(f"{browser.path}{action}").status_code == 405


def test_a_token_may_come_in_a_header(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **TYPED}
    token = sent.pop("csrf")

    assert browser.post(f"{browser.path}/time", sent, **{"x-csrf": token}).status_code == 303


@pytest.mark.parametrize("key", ["", "not-a-key", "0" * 400])
def test_a_form_without_its_key_is_refused(front: Front, key: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.post(
        f"{browser.path}/time", {**browser.fields("/time"), **TYPED, "form_key": key}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("month", ["2026-13", "november", "0001-01", "9999-12", "2026-11 "])
def test_a_month_that_is_none_is_refused_without_an_echo(front: Front, month: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.get(f"{browser.path}?month={month}")

    assert answer.status_code == 422
    assert month not in answer.text


@pytest.mark.proves("S19")
@pytest.mark.parametrize("query", ["state=lost", "page=one"])
def test_a_filter_that_is_none_is_refused_without_an_echo(front: Front, query: str) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.get(f"{browser.path}/month?{query}")

    assert answer.status_code == 422
    assert "<!doctype html>" in answer.text
    assert "lost" not in answer.text


def test_a_note_with_unprintable_characters_is_refused(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **TYPED, "note": "a\x00b"}

    assert browser.post(f"{browser.path}/time", sent).status_code == 400


@pytest.mark.proves("S22")
def test_a_body_too_large_is_refused(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **TYPED, "note": "x" * 1_000_001}

    answer = browser.post(f"{browser.path}/time", sent)

    assert answer.status_code == 413
    assert entries(front) == 0


@pytest.mark.proves("S22")
def test_a_file_is_refused(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    cookie = {"cookie": f"__Host-ccm-session={browser.token}", "origin": BASE}

    answer = front.client.post(
        f"{browser.path}/time", files={"note": ("a.txt", b"text")}, headers=cookie
    )

    assert answer.status_code == 400


def test_a_december_without_rules_is_told_in_a_sentence(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)

    answer = browser.get(f"{browser.path}?month=2031-01")

    assert answer.status_code == 200
    assert "This month cannot be decided" in answer.text
