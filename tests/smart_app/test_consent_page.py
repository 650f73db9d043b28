"""The consent page over the whole app: a yes, a no, a revocation, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consent_script import SCRIPT_VERSION, SENTENCES
from tests.builders import ALL_TOLD, chart
from tests.smart_app.front import Browser, Front, Page, open_front

TICKED = list(ALL_TOLD)
SAID = {
    "decision": "given",
    "mode": "verbal",
    "language": "es",
    "decided_on": "2026-11-20",
    "given_by": "patient",
}
NO = {"decision": "declined", "decided_on": "2026-11-20", "given_by": "patient"}
NOT_YET = "Kept here, not yet in the EHR"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Front]:
    """Yield the app with a chart that holds no consent."""
    opened = open_front(tmp_path, chart(consents=()))
    yield opened
    opened.world.db.close()


@pytest.fixture
def nurse(bare: Front) -> Browser:
    return bare.sign_in(Role.CARE_MANAGER)


def consent_path(browser: Browser) -> str:
    return f"{browser.path}/consent"


def hidden(browser: Browser, action: str = "") -> dict[str, str]:
    """Return the hidden fields of a form of the consent page."""
    page = Page(browser.get(consent_path(browser)).text)
    sent = page.forms[f"{consent_path(browser)}{action}"]
    return {name: sent[name] for name in ("csrf", "form_key", "month")}


def send(browser: Browser, action: str = "", **fields: object) -> tuple[int, str, str]:
    """Send a form of the consent page; return status, address and text of the answer."""
    sent = {**hidden(browser, action), **fields}
    answer = browser.post(f"{consent_path(browser)}{action}", sent)  # type: ignore[arg-type]  # lists are repeated fields
    return answer.status_code, answer.headers.get("location", ""), answer.text


def told(browser: Browser) -> str:
    return browser.get(consent_path(browser)).text


def record_id(html: str) -> str:
    found = re.search(r'id="record-([0-9a-f-]+)"', html)
    assert found is not None
    return found[1]


def test_the_script_is_told_in_both_languages_and_nothing_is_chosen_beforehand(
    nurse: Browser,
) -> None:
    html = told(nurse)

    for sentences in SENTENCES.values():
        assert all(sentence in html for sentence in sentences.values())
    assert 'lang="es"' in html
    assert f"Script {SCRIPT_VERSION}" in html
    assert " checked" not in html
    assert " selected" not in html


def test_a_recorded_consent_turns_the_criterion_met_and_says_where_it_is_kept(
    nurse: Browser,
) -> None:
    assert "No consent to chronic care management is on record." in nurse.get(nurse.path).text

    status, location, _ = send(nurse, told=TICKED, **SAID)

    assert (status, location) == (303, f"{consent_path(nurse)}?month=2026-11&done=consent")
    page = nurse.get(location).text
    assert "Consent recorded." in page
    assert "Consent given, Nov 20, 2026" in page
    assert "By the patient, verbally." in page
    assert "In Spanish." in page
    assert page.count(NOT_YET) == 1
    patient = nurse.get(nurse.path).text
    assert "Consent given on 2026-11-20 (verbal, recorded here)" in patient
    assert "its record says where it stands with the EHR" in patient


def test_evidence_of_what_is_recorded_here_leads_to_this_page(nurse: Browser) -> None:
    send(nurse, told=TICKED, **SAID)

    patient = nurse.get(nurse.path).text

    assert f'href="{consent_path(nurse)}?month=2026-11" rel="noreferrer">RecordedConsent' in patient


@pytest.mark.parametrize("left_out", TICKED)
def test_a_statement_left_unticked_is_named_and_the_rest_is_kept(
    nurse: Browser, left_out: str
) -> None:
    ticked = [one for one in TICKED if one != left_out]

    status, _, html = send(nurse, told=ticked, **SAID, note="Explained twice.")

    assert status == 422
    assert f'href="#consent-{left_out}"' in html
    assert html.count('name="told"') == len(TICKED)
    assert html.count("checked") >= len(ticked) + 3
    assert "Explained twice." in html
    assert "Nothing has been recorded here." in told(nurse)


def test_everything_that_is_missing_is_told_at_once(nurse: Browser) -> None:
    status, _, html = send(nurse, decision="given")

    assert status == 422
    wanted = {*TICKED, "decided_on", "mode", "language", "given_by"}
    assert {name for name in wanted if f'href="#consent-{name}"' in html} == wanted


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision": ""}, "decision"),
        ({"decision": "revoked"}, "decision"),
        ({"decided_on": "2026-02-30"}, "decided_on"),
        ({"decided_on": "2026-11-24"}, "decided_on"),
        ({"decided_on": "1951-04-11"}, "decided_on"),
        ({"mode": "telepathy"}, "mode"),
        ({"language": "xx"}, "language"),
        ({"language": "other", "other_language": "a tongue"}, "language"),
        ({"given_by": "neighbour"}, "given_by"),
        ({"given_by": "representative"}, "representative_name"),
    ],
)
def test_a_field_that_cannot_be_is_told_beside_itself(
    nurse: Browser, changes: dict[str, str], field: str
) -> None:
    status, _, html = send(nurse, told=TICKED, **{**SAID, **changes})

    assert status == 422
    assert f'id="consent-{field}-wrong"' in html
    assert "Nothing has been recorded here." in told(nurse)


def test_another_language_and_a_representative_are_told(nurse: Browser) -> None:
    status, _, _ = send(
        nurse,
        told=TICKED,
        **{**SAID, "language": "other", "given_by": "representative"},
        other_language="so",
        representative_name="Grace Example",
        representative_relation="daughter",
    )

    html = told(nurse)
    assert status == 303
    assert "By Grace Example (daughter), verbally." in html
    assert "In so." in html


def test_a_no_may_leave_statements_unticked(nurse: Browser) -> None:
    status, location, _ = send(
        nurse, decision="declined", decided_on="2026-11-20", given_by="patient"
    )

    assert status == 303
    assert "Recorded that the patient declined." in nurse.get(location).text
    assert "The patient declined on 2026-11-20" in nurse.get(nurse.path).text


def test_the_same_form_twice_records_once(nurse: Browser) -> None:
    sent = {**hidden(nurse), **SAID, "told": TICKED}

    for _ in range(2):
        answer = nurse.post(consent_path(nurse), sent)  # type: ignore[arg-type]  # lists are repeated fields
        assert answer.status_code == 303
    assert told(nurse).count("Recorded by") == 1


def test_a_revocation_names_the_day_on_which_it_takes_effect(nurse: Browser) -> None:
    assert f'action="{consent_path(nurse)}/revoke"' not in told(nurse)
    send(nurse, told=TICKED, **{**SAID, "decided_on": "2026-11-02"})

    status, location, _ = send(nurse, "/revoke", decided_on="2026-11-20", given_by="patient")

    assert status == 303
    html = nurse.get(location).text
    assert "takes effect with the end of its month" in html
    assert "Takes effect with the end of Nov 30, 2026." in html
    assert "ends with that month" in html


def test_a_refused_revocation_comes_back_open(nurse: Browser) -> None:
    send(nurse, told=TICKED, **SAID)

    status, _, html = send(nurse, "/revoke", decided_on="2026-11-01", given_by="patient")

    assert status == 422
    assert '<details class="revoke" open>' in html
    assert 'href="#revoke-decided_on"' in html


def test_a_record_is_corrected_and_says_what_it_stands_for(nurse: Browser) -> None:
    send(nurse, **NO)
    wrong = record_id(told(nurse))
    form = nurse.get(f"{consent_path(nurse)}?correct={wrong}").text
    assert "declined on Nov 20, 2026" in form

    unsaid, _, again = send(nurse, told=TICKED, **SAID, corrects_id=wrong)
    done, location, _ = send(
        nurse, told=TICKED, **SAID, corrects_id=wrong, change_reason="The wrong box."
    )

    assert (unsaid, done) == (422, 303)
    assert 'href="#consent-change_reason"' in again
    html = nurse.get(location).text
    assert "Corrected by a later record." in html
    assert "The wrong box." in html


def test_a_record_taken_back_stays_in_the_history(nurse: Browser) -> None:
    send(nurse, told=TICKED, **SAID)
    kept = record_id(told(nurse))

    empty, _, html = send(nurse, f"/{kept}/back", reason="")
    done, location, _ = send(nurse, f"/{kept}/back", reason="Another patient’s.")

    assert (empty, done) == (422, 303)
    assert f'id="back-{kept}-reason-wrong"' in html
    page = nurse.get(location).text
    assert "Taken back: entered in error" in page
    assert "Another patient’s." in page
    assert "No consent to chronic care management is on record." in page


def test_a_link_to_correct_what_is_no_record_shows_the_plain_form(nurse: Browser) -> None:
    html = nurse.get(f"{consent_path(nurse)}?correct=nothing").text

    assert "Record what the patient decides" in html
    assert "corrects_id" not in html


def test_a_biller_sees_the_page_and_may_record_nothing(bare: Front) -> None:
    biller = bare.sign_in(Role.BILLER)
    html = told(biller)

    assert "Care managers and billing practitioners record consent here." in html
    assert "<form class" not in html.replace('<form class="leave"', "")
    sent = {**biller.fields("/refresh"), **SAID, "told": TICKED}
    for action in ("", "/revoke", "/some-record/back"):
        answer = biller.post(f"{consent_path(biller)}{action}", {**sent, "reason": "x"})  # type: ignore[dict-item]
        assert answer.status_code == 403


def test_consents_of_the_ehr_are_counted(front: Front) -> None:
    assert "The EHR shows 1 consent record about care management." in told(
        front.sign_in(Role.CARE_MANAGER)
    )


@pytest.mark.parametrize("action", ["", "/revoke", "/some-record/back"])
def test_every_write_is_guarded(bare: Front, action: str) -> None:
    nurse = bare.sign_in(Role.CARE_MANAGER)
    sent = {**hidden(nurse), "reason": "x"}

    for changes, origin in (({}, "https://evil.example"), ({"csrf": "another"}, None)):
        where = {} if origin is None else {"origin": origin}
        answer = nurse.post(f"{consent_path(nurse)}{action}", {**sent, **changes}, **where)
        assert answer.status_code == 403


def test_a_pause_its_end_and_another_practice_are_recorded_and_told(nurse: Browser) -> None:
    send(nurse, told=TICKED, **{**SAID, "decided_on": "2026-11-02"})
    for decision, day, said in (
        ("paused", "2026-11-10", "Paused, Nov 10, 2026"),
        ("resumed", "2026-11-12", "Taken up again, Nov 12, 2026"),
        ("elsewhere", "2026-11-20", "With another practice, Nov 20, 2026"),
    ):
        status, location, text = send(nurse, decision=decision, decided_on=day, given_by="patient")
        assert (status, location.rpartition("=")[2]) == (303, decision), text
        html = told(nurse)
        assert said in html
        assert "In effect from that day." in html
    assert "only one practitioner is paid for a month" in told(nurse)
