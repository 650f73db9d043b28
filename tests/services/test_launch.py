"""A SMART launch against a real EHR: what opens it, what refuses it, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import inspect

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.errors import ConflictError, LaunchError
from ccm_fhir.services.launch import Callback, LaunchRequest, begin_launch, complete_launch
from ccm_fhir.services.month import MonthFilter, open_patient, overview
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.services.sessions import IDLE, LONGEST, end, resolve
from ccm_fhir.storage import users
from fhir_fixtures.practice.model import User
from tests.services.loopback_ehr import NOW, Clock, cast, running_ehr, with_more
from tests.services.wire import (
    Fault,
    Send,
    answers,
    changed,
    nothing_is_sent,
    the_answer_is_lost,
    with_json,
)
from tests.world import BILLER, BROWSER, DOCTOR, NOVEMBER, NURSE, READY, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "/oauth/token"
DISCOVERY = "/.well-known/smart-configuration"
HTML = "<html><body>Please log in again</body></html>"


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(LaunchError) as refused:
        act()
    return refused.value.reason


def finish(site: Site, callback: Callback) -> None:
    complete_launch(site.world, callback, site.clock())


def rows(site: Site, table: str) -> int:
    with site.world.db.read() as session:
        return int(
            session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
        )


def everything_stored(site: Site) -> str:
    with site.world.db.read() as session:
        connection = session.connection()
        tables = inspect(connection).get_table_names()
        found = [
            str(row)
            for table in tables
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')  # noqa: S608
        ]
    return "\n".join(found)


def test_a_launch_opens_the_patient_for_the_person_the_ehr_names(each_site: Site) -> None:
    site = each_site
    desk = site.launch(user=DOCTOR)

    shown = desk.review()

    assert shown.patient.name == "Rosa Ready"
    assert desk.actor.role is Role.PRACTITIONER
    assert desk.actor.npi
    assert shown.chart.read_at is not None
    assert shown.chart.unread == ()


@pytest.mark.parametrize(
    ("user", "role"),
    [(NURSE, Role.CARE_MANAGER), (DOCTOR, Role.PRACTITIONER), (BILLER, Role.BILLER)],
)
def test_a_persons_taxonomy_gives_the_role(site: Site, user: str, role: Role) -> None:
    assert site.launch(user=user).actor.role is role


@pytest.mark.proves("R4", "S1")
def test_an_unknown_issuer_causes_no_request(site: Site) -> None:
    stranger = LaunchRequest(iss="https://elsewhere.example/fhir", launch="x", browser=BROWSER)

    assert refusal(lambda: begin_launch(site.world, stranger)) == "unknown_issuer"
    assert site.wire.requests == []


@pytest.mark.proves("R4", "S1")
def test_a_launch_without_issuer_causes_no_request(site: Site) -> None:
    nobody = LaunchRequest(iss="", launch="x", browser=BROWSER)

    assert refusal(lambda: begin_launch(site.world, nobody)) == "missing_parameter"
    assert site.wire.requests == []


def test_a_slash_at_the_end_of_the_issuer_is_the_same_ehr(site: Site) -> None:
    request = LaunchRequest(iss=f"{site.ehr.base}/", launch="x", browser=BROWSER)

    assert begin_launch(site.world, request).startswith(f"{site.ehr.origin}/oauth/authorize?")


@pytest.mark.proves("R9", "S3")
def test_a_replayed_state_is_refused_before_anything_is_asked(each_site: Site) -> None:
    site = each_site
    callback = site.authorize(site.begin())
    finish(site, callback)
    site.wire.mend()

    assert refusal(lambda: finish(site, callback)) == "state_unknown"
    assert site.wire.requests == []
    assert rows(site, "launch") == 1


@pytest.mark.proves("S3")
def test_a_state_is_refused_after_ten_minutes(site: Site) -> None:
    callback = site.authorize(site.begin())
    site.clock.advance(minutes=10)

    assert refusal(lambda: finish(site, callback)) == "state_unknown"


@pytest.mark.proves("R9", "S3")
def test_a_state_of_another_browser_is_refused_and_used_up(site: Site) -> None:
    callback = site.authorize(site.begin())
    site.wire.mend()

    assert refusal(lambda: finish(site, replace(callback, browser="c" * 43))) == "state_unknown"
    assert refusal(lambda: finish(site, callback)) == "state_unknown"
    assert site.wire.requests == []


@pytest.mark.proves("R9")
def test_an_invented_state_is_refused(site: Site) -> None:
    callback = Callback(state="never-ours", code="x", browser=BROWSER)

    assert refusal(lambda: finish(site, callback)) == "state_unknown"


@pytest.mark.proves("S3")
def test_a_callback_of_another_issuer_is_refused_before_the_code_is_sent(site: Site) -> None:
    callback = replace(site.authorize(site.begin()), iss="https://elsewhere.example")
    site.wire.mend()

    assert refusal(lambda: finish(site, callback)) == "state_unknown"
    assert site.wire.requests == []


def test_an_authorization_error_is_told_and_nothing_is_kept(site: Site) -> None:
    callback = replace(site.authorize(site.begin()), code="", error="access_denied")

    assert refusal(lambda: finish(site, callback)) == "authorization_refused"
    assert rows(site, "web_session") == 0
    assert rows(site, "token_grant") == 0


def test_a_callback_with_neither_code_nor_error_is_a_refusal(site: Site) -> None:
    callback = replace(site.authorize(site.begin()), code="")

    assert refusal(lambda: finish(site, callback)) == "authorization_refused"


def test_a_code_that_the_ehr_does_not_know_is_a_refusal(site: Site) -> None:
    callback = replace(site.authorize(site.begin()), code="made-up")

    assert refusal(lambda: finish(site, callback)) == "authorization_refused"


@pytest.mark.proves("R23")
def test_a_token_response_without_patient_opens_without_one_and_shows_the_month(
    site: Site,
) -> None:
    site.wire.fail("POST", TOKEN, with_json(without("patient")))

    desk = site.launch()

    assert desk.visit.patient_id is None
    shown = overview(site.world, desk.actor, MonthFilter(month=NOVEMBER), site.clock())
    assert shown.rows == ()


@pytest.mark.proves("R23")
def test_a_patient_is_opened_from_the_month_page_of_a_launch_without_one(site: Site) -> None:
    known = site.launch()
    site.wire.fail("POST", TOKEN, with_json(without("patient")))
    desk = site.launch(session_token=known.session_token)

    launch_id = open_patient(site.world, desk.visit, known.patient_id, desk.session_token)

    opened = resolve(site.world, desk.session_token, launch_id)
    assert opened is not None
    assert opened.patient_id == known.patient_id


@pytest.mark.proves("S4")
def test_a_token_response_without_id_token_is_refused(site: Site) -> None:
    site.wire.fail("POST", TOKEN, with_json(without("id_token")))

    assert refusal(site.launch) == "id_token_invalid"
    assert rows(site, "web_session") == 0


@pytest.mark.proves("R29")
def test_an_id_token_that_names_no_person_is_told_as_such(site: Site) -> None:
    callback = site.authorize(site.begin().replace("fhirUser", ""))

    assert refusal(lambda: finish(site, callback)) == "fhir_user_missing"
    assert rows(site, "web_session") == 0


@pytest.mark.proves("R28", "S4")
def test_an_id_token_whose_signature_does_not_hold_is_refused(site: Site) -> None:
    site.wire.fail("POST", TOKEN, with_json(lambda t: {**t, "id_token": t["id_token"][:-8] + "AA"}))

    assert refusal(site.launch) == "id_token_invalid"


@pytest.mark.proves("R28", "S4")
def test_an_id_token_of_another_launch_is_refused(site: Site) -> None:
    earlier: list[str] = []

    def keep(token: dict[str, Any]) -> dict[str, Any]:
        earlier.append(token["id_token"])
        return {**token, "id_token": earlier[0]}

    site.wire.fail("POST", TOKEN, with_json(keep))
    site.launch()

    assert refusal(site.launch) == "id_token_invalid"


def test_a_token_response_without_access_token_is_refused(site: Site) -> None:
    site.wire.fail("POST", TOKEN, with_json(without("access_token")))

    assert refusal(site.launch) == "token_response_invalid"


def test_a_person_without_a_recognised_taxonomy_gets_no_session(sqlite_url: str) -> None:
    student = {
        "resourceType": "Practitioner",
        "id": "prac-sam-student",
        "name": [{"family": "Student", "given": ["Sam"]}],
    }
    role = {
        "resourceType": "PractitionerRole",
        "id": "role-sam-student",
        "active": True,
        "practitioner": {"reference": "Practitioner/prac-sam-student"},
        "specialty": [
            {"coding": [{"system": "http://nucc.org/provider-taxonomy", "code": "390200000X"}]}
        ],
    }
    user = User(
        id="prac-sam-student",
        name="Sam Student",
        fhir_user="Practitioner/prac-sam-student",
        role="student",
    )
    practice = with_more(cast(1), student, role, users=(user,))

    with (
        running_ehr(practice, Clock()) as ehr,
        open_site(sqlite_url, ehr) as site,
    ):
        assert refusal(lambda: site.launch(user="prac-sam-student")) == "user_not_approved"
        assert rows(site, "web_session") == 0
        assert rows(site, "chart_snapshot") == 0


def test_a_physician_of_another_practice_is_nobody_here(sqlite_url: str) -> None:
    user = User(
        id="prac-owen-elsewhere",
        name="Owen Elsewhere, MD",
        fhir_user="Practitioner/prac-owen-elsewhere",
        role="billing practitioner",
    )

    with (
        running_ehr(with_more(cast(1), users=(user,)), Clock()) as ehr,
        open_site(sqlite_url, ehr) as site,
    ):
        assert refusal(lambda: site.launch(user="prac-owen-elsewhere")) == "user_not_approved"
        assert rows(site, "web_session") == 0


BROKEN: dict[str, tuple[Fault, str]] = {
    "down": (nothing_is_sent, "ehr_unreachable"),
    "losing its answer": (the_answer_is_lost, "ehr_unreachable"),
    "answering 500": (answers(500, text="oops"), "ehr_invalid"),
    "answering HTML": (answers(200, text=HTML), "ehr_invalid"),
    "answering broken JSON": (answers(200, text='{"token_endpoint": '), "ehr_invalid"),
    "answering a list": (answers(200, text="[]"), "ehr_invalid"),
    "redirecting": (answers(302, headers={"location": "https://x.example"}), "ehr_invalid"),
}


@pytest.mark.proves("S2")
@pytest.mark.parametrize(("fault", "reason"), BROKEN.values(), ids=BROKEN)
def test_an_ehr_that_is_broken_at_discovery_is_told_and_nothing_is_kept(
    site: Site, fault: Fault, reason: str
) -> None:
    site.clock.advance(hours=25)  # what was discovered is a day old
    site.wire.fail("GET", DISCOVERY, fault)

    assert refusal(site.begin) == reason
    assert rows(site, "launch_attempt") == 0


@pytest.mark.proves("S2")
def test_an_ehr_that_discovers_a_foreign_token_endpoint_is_refused(site: Site) -> None:
    site.clock.advance(hours=25)
    foreign = "https://evil.example/token"
    site.wire.fail("GET", DISCOVERY, with_json(lambda d: {**d, "token_endpoint": foreign}))

    assert refusal(site.begin) == "ehr_invalid"


def without_batches(statement: dict[str, Any]) -> dict[str, Any]:
    rest = [{**each, "interaction": []} for each in statement["rest"]]
    return {**statement, "rest": rest}


def test_what_an_ehr_can_do_is_read_again_with_its_discovery(site: Site) -> None:
    site.clock.advance(hours=25)
    site.wire.fail("GET", "/fhir/metadata", with_json(without_batches))

    desk = site.launch()

    assert site.wire.sent("POST", "/fhir/?$") == []
    assert len(site.wire.sent("GET", "/fhir/Observation")) == 3
    assert desk.review().chart.unread == ()


@pytest.mark.parametrize("fault", [answers(500), answers(200, text="<html>"), nothing_is_sent])
def test_an_ehr_that_no_longer_tells_what_it_can_do_is_asked_as_before(
    site: Site, fault: Fault
) -> None:
    site.clock.advance(hours=25)
    site.wire.fail("GET", "/fhir/metadata", fault)

    site.launch()

    assert len(site.wire.sent("POST", "/fhir/?$")) == 1


@pytest.mark.proves("S2")
def test_an_ehr_that_discovers_another_issuer_than_was_registered_is_refused(site: Site) -> None:
    site.clock.advance(hours=25)
    site.wire.fail("GET", DISCOVERY, with_json(lambda d: {**d, "issuer": f"{d['issuer']}/other"}))

    assert refusal(site.begin) == "ehr_invalid"
    site.wire.mend()
    assert site.begin()


AT_THE_TOKEN = {
    **BROKEN,
    "answering an OAuth error": (
        answers(400, body={"error": "invalid_client"}),
        "authorization_refused",
    ),
}


@pytest.mark.parametrize(("fault", "reason"), AT_THE_TOKEN.values(), ids=AT_THE_TOKEN)
def test_an_ehr_that_is_broken_at_the_token_endpoint_is_told(
    site: Site, fault: Fault, reason: str
) -> None:
    callback = site.authorize(site.begin())
    site.wire.fail("POST", TOKEN, fault)

    assert refusal(lambda: finish(site, callback)) == reason
    assert rows(site, "web_session") == 0


def test_an_ehr_that_breaks_while_it_tells_who_launches_is_told(site: Site) -> None:
    callback = site.authorize(site.begin())
    site.wire.fail("GET", "/fhir/Practitioner/", answers(500))

    assert refusal(lambda: finish(site, callback)) == "ehr_invalid"
    assert rows(site, "launch") == 0


CHART = r"/fhir/(Patient|Condition|Coverage|Consent|Encounter|CarePlan|Procedure|Claim)"


@pytest.mark.parametrize("fault", [fault for fault, _ in BROKEN.values()], ids=BROKEN)
def test_a_launch_opens_though_the_chart_cannot_be_read_and_says_so(
    site: Site, fault: Fault
) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", CHART, fault)

    shown = site.launch().review()

    assert shown.chart.read_at is None
    assert shown.chart.problem.startswith("The chart could not be read: the EHR")
    assert shown.decision is None
    assert not shown.may_sign


def test_why_a_chart_could_not_be_read_is_forgotten_once_it_is(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", CHART, answers(403))
    desk = site.launch()
    assert "answered 403 while reading Patient" in desk.review().chart.problem

    site.wire.mend()
    refresh_chart(site.world, desk.visit, site.clock())

    assert desk.review().chart.problem == ""


def test_a_chart_that_can_no_longer_be_read_is_shown_with_the_reason(site: Site) -> None:
    desk = site.launch()
    site.wire.refuse_batches()
    site.wire.fail("GET", CHART, answers(403))

    with pytest.raises(ConflictError):
        refresh_chart(site.world, desk.visit, site.clock())

    shown = desk.review().chart
    assert shown.read_at is not None
    assert "answered 403" in shown.problem


def test_a_launch_reads_the_whole_chart_in_one_request(site: Site) -> None:
    site.launch()

    assert len(site.wire.sent("POST", "/fhir/?$")) == 1
    assert site.wire.sent("GET", CHART) == []


@pytest.mark.parametrize("fault", [fault for fault, _ in BROKEN.values()], ids=BROKEN)
def test_one_kind_of_record_that_cannot_be_read_is_named_and_the_rest_is_shown(
    site: Site, fault: Fault
) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Consent", fault)

    shown = site.launch().review()

    assert [unread.resource_type for unread in shown.chart.unread] == ["Consent"]
    assert shown.decision is not None
    assert shown.patient.name == "Rosa Ready"


def test_coverage_that_an_ehr_refuses_is_unknown_and_names_its_scope(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Coverage", answers(403))

    findings = {f.criterion: f for f in site.launch().review().findings}

    coverage = findings[Criterion.MEDICARE_COVERAGE]
    assert coverage.answer is Answer.UNKNOWN
    assert "patient/Coverage.rs" in coverage.reason
    assert findings[Criterion.TWO_CHRONIC_CONDITIONS].answer is Answer.MET


def test_a_busy_ehr_is_given_the_time_it_asks_for(site: Site) -> None:
    busy = answers(429, headers={"Retry-After": "3"})
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Condition", busy, times=1)

    shown = site.launch().review()

    assert site.slept == [3.0]
    assert shown.chart.unread == ()


def test_an_ehr_that_stays_busy_leaves_that_kind_unread(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Condition", answers(429, headers={"Retry-After": "7"}))

    (unread,) = site.launch().review().chart.unread

    assert (unread.resource_type, unread.reason) == ("Condition", "the EHR answered 429")


def test_a_resource_that_does_not_parse_is_counted_and_the_others_are_read(site: Site) -> None:
    def break_one(bundle: dict[str, Any]) -> dict[str, Any]:
        bundle["entry"][0]["resource"]["code"] = "not a CodeableConcept"
        return bundle

    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Condition", with_json(break_one))

    shown = site.launch().review()

    assert [skipped.resource_type for skipped in shown.chart.skipped] == ["Condition"]
    assert shown.decision is not None


@pytest.mark.proves("R23")
def test_another_patients_chart_in_the_answer_is_never_taken(site: Site) -> None:
    other = site.launch(patient="pt-almost").review().patient

    def other_patient(answer: httpx2.Response) -> httpx2.Response:
        text = answer.text.replace("pt-ready", "pt-almost")
        return httpx2.Response(200, text=text, headers={"content-type": "application/fhir+json"})

    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Patient/pt-ready", changed(other_patient))
    shown = site.launch(patient=READY).review()

    assert shown.chart.read_at is None
    assert shown.patient.name != other.name


@pytest.mark.proves("R38")
def test_two_patients_are_open_at_once_in_one_session(site: Site) -> None:
    first = site.launch(patient=READY)
    second = site.launch(patient="pt-almost", session_token=first.session_token)

    again = resolve(site.world, first.session_token, first.visit.launch_id)

    assert second.session_token == first.session_token
    assert again is not None
    assert again.patient_id == first.patient_id
    assert second.patient_id != first.patient_id


@pytest.mark.proves("S7")
def test_another_person_in_the_same_browser_gets_a_session_of_their_own(site: Site) -> None:
    nurse = site.launch()
    doctor = site.launch(user=DOCTOR, session_token=nurse.session_token)

    assert doctor.session_token != nurse.session_token
    assert resolve(site.world, doctor.session_token, nurse.visit.launch_id) is None
    assert resolve(site.world, nurse.session_token, doctor.visit.launch_id) is None


@pytest.mark.proves("S11")
def test_a_session_ends_after_a_quarter_of_an_hour_without_anything_done(site: Site) -> None:
    desk = site.launch()

    site.clock.now = NOW + IDLE - timedelta(seconds=1)
    assert resolve(site.world, desk.session_token, desk.visit.launch_id) is not None
    site.clock.now += IDLE

    assert resolve(site.world, desk.session_token, desk.visit.launch_id) is None


@pytest.mark.proves("S11")
def test_a_session_ends_after_ten_hours_however_busy(site: Site) -> None:
    desk = site.launch()
    while site.clock.now < NOW + LONGEST - IDLE:
        site.clock.now += IDLE - timedelta(seconds=1)
        assert resolve(site.world, desk.session_token, desk.visit.launch_id) is not None

    site.clock.now = NOW + LONGEST

    assert resolve(site.world, desk.session_token, desk.visit.launch_id) is None


@pytest.mark.proves("S11")
def test_signing_out_closes_every_chart_of_the_session(site: Site) -> None:
    first = site.launch(patient=READY)
    second = site.launch(patient="pt-almost", session_token=first.session_token)

    end(site.world, first.session_token)

    for desk in (first, second):
        assert resolve(site.world, desk.session_token, desk.visit.launch_id) is None
    end(site.world, first.session_token)  # again: no error


@pytest.mark.proves("S11")
def test_a_person_whose_role_is_taken_away_has_nothing_open_any_more(site: Site) -> None:
    desk = site.launch()

    with site.world.db.write(site.practice_id) as session:
        users.set_role(session, site.practice_id, desk.actor.user_id, None)

    assert resolve(site.world, desk.session_token, desk.visit.launch_id) is None


@pytest.mark.proves("S7")
def test_a_launch_after_signing_out_starts_a_new_session(site: Site) -> None:
    first = site.launch()
    end(site.world, first.session_token)

    second = site.launch(session_token=first.session_token)

    assert second.session_token != first.session_token


@pytest.mark.proves("R33")
def test_a_persons_token_is_renewed_once_it_nears_its_end(site: Site) -> None:
    desk = site.launch()
    site.wire.mend()
    site.clock.advance(minutes=59, seconds=30)

    refresh_chart(site.world, desk.visit, site.clock())
    refresh_chart(site.world, desk.visit, site.clock())

    assert len(site.wire.sent("POST", TOKEN)) == 1


def bearers(site: Site) -> list[str]:
    """Return the tokens that went to the EHR's record, in order, each run of one told once."""
    sent = [r.headers.get("authorization", "") for r in site.wire.requests if "/fhir" in r.url.path]
    return [one for before, one in pairwise(["", *sent]) if one != before]


@pytest.mark.proves("R33", "R32")
def test_a_token_that_the_ehr_refuses_is_renewed_once_and_its_rotation_kept(site: Site) -> None:
    desk = site.launch()
    site.wire.mend()
    site.clock.advance(minutes=1)
    site.wire.fail("POST", "/fhir/?$", answers(401), times=1)

    refresh_chart(site.world, desk.visit, site.clock())

    assert desk.review().chart.unread == ()
    assert len(site.wire.sent("POST", TOKEN)) == 1
    assert len(bearers(site)) == 2
    site.clock.advance(minutes=59, seconds=30)  # only the rotated refresh token is good now
    refresh_chart(site.world, desk.visit, site.clock())
    assert len(site.wire.sent("POST", TOKEN)) == 2


@pytest.mark.proves("R33")
def test_many_searches_that_are_refused_at_once_renew_the_token_once(site: Site) -> None:
    desk = site.launch()
    site.wire.mend()
    site.clock.advance(minutes=1)
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/[A-Z]", refusing_the_first_token())

    refresh_chart(site.world, desk.visit, site.clock())

    assert desk.review().chart.unread == ()
    assert len(site.wire.sent("POST", TOKEN)) == 1


@pytest.mark.proves("R33")
def test_an_ehr_that_answers_401_whatever_the_token_costs_one_refresh_token(site: Site) -> None:
    desk = site.launch()
    site.wire.mend()
    site.clock.advance(minutes=1)
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Condition", answers(401))

    refresh_chart(site.world, desk.visit, site.clock())

    assert [unread.resource_type for unread in desk.review().chart.unread] == ["Condition"]
    assert len(site.wire.sent("POST", TOKEN)) == 1


@pytest.mark.proves("R33")
def test_a_403_renews_nothing(site: Site) -> None:
    desk = site.launch()
    site.wire.mend()
    site.wire.fail("POST", "/fhir/?$", answers(403))
    site.wire.fail("GET", "/fhir/", answers(403))

    with pytest.raises(ConflictError):
        refresh_chart(site.world, desk.visit, site.clock())

    assert site.wire.sent("POST", TOKEN) == []


@pytest.mark.proves("R34")
def test_a_refused_renewal_asks_for_a_new_launch_and_keeps_the_last_reading(site: Site) -> None:
    desk = site.launch()
    site.clock.advance(hours=2)
    site.wire.fail("POST", TOKEN, answers(400, body={"error": "invalid_grant"}))

    def read_again() -> None:
        refresh_chart(site.world, desk.visit, site.clock())

    assert refusal(read_again) == "reauthorise"
    assert desk.review().chart.read_at is not None
    site.wire.mend()
    assert refusal(read_again) == "reauthorise"
    assert site.wire.sent("POST", TOKEN) == []  # a refused refresh token is not tried again
    again = site.launch()
    refresh_chart(site.world, again.visit, site.clock())
    assert again.review().chart.unread == ()


@pytest.mark.proves("R13", "S6")
def test_nothing_secret_of_a_launch_is_stored_in_clear(each_site: Site) -> None:
    site = each_site
    issued: list[dict[str, Any]] = []

    def keep(token: dict[str, Any]) -> dict[str, Any]:
        issued.append(token)
        return token

    site.wire.fail("POST", TOKEN, with_json(keep))
    desk = site.launch()

    stored = everything_stored(site)
    secrets = {issued[0]["access_token"], issued[0]["refresh_token"], issued[0]["id_token"]}
    secrets |= {desk.session_token, desk.visit.csrf_token, BROWSER}
    assert not [secret for secret in secrets if secret in stored]


def refusing_the_first_token() -> Fault:
    """Return a fault: the token of the first request that comes by is refused from now on."""
    first: list[str] = []

    def fault(request: httpx2.Request, send: Send) -> httpx2.Response:
        first.append(request.headers["authorization"])
        same = request.headers["authorization"] == first[0]
        return httpx2.Response(401) if same else send(request)

    return fault


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda token: {key: value for key, value in token.items() if key != name}
