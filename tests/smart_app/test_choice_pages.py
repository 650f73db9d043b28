"""The practice's choice, exceptions and attested decision making, through the pages' own forms."""

from __future__ import annotations

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.findings import Criterion
from tests.smart_app.front import Browser, Front, Page

WORK = {
    "started_on": "2026-11-20",
    "start_time": "09:00",
    "minutes": "65",
    "activity": "care_plan",
    "contact_mode": "",
    "note": "",
}
CHOSEN = {
    "from_month": "2026-11",
    "family": "complex_if_met",
    "dos_policy": "threshold_date",
    "reason": "",
}
RATIONALE = "Insulin changed; kidney function weighed."


def record(browser: Browser, **changes: str) -> None:
    sent = {**browser.fields("/time"), **WORK, **changes}
    assert browser.post(f"{browser.path}/time", sent).status_code == 303


def choice_form(browser: Browser) -> dict[str, str]:
    page = Page(browser.get(f"{browser.path}/choice?month=2026-11").text)
    return page.forms[f"{browser.path}/choice"]


def choose(browser: Browser, **changes: str) -> dict[str, str]:
    sent = {**choice_form(browser), **CHOSEN, **changes}
    answer = browser.post(f"{browser.path}/choice", sent)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{browser.path}/choice?month=2026-11&done=choice"
    return sent


@pytest.fixture
def doctor(front: Front) -> Browser:
    """Return the practitioner's browser at a month with 65 minutes of staff time."""
    record(front.sign_in(Role.CARE_MANAGER))
    return front.sign_in(Role.PRACTITIONER)


def attest(browser: Browser, **changes: str) -> dict[str, str]:
    fields = first_form(browser)
    sent = {**fields, "answer": "moderate", "rationale": RATIONALE, **changes}
    assert browser.post(f"{browser.path}/mdm", sent).status_code == 303
    return sent


def first_form(browser: Browser) -> dict[str, str]:
    """Return the attesting form's fields; the declining one is posted to the same address."""
    html = browser.get(browser.path).text.partition('id="decision-making"')[2]
    return Page(html.partition("</form>")[0] + "</form>").forms[f"{browser.path}/mdm"]


def test_until_somebody_chooses_the_page_says_so_and_proposes_nothing(front: Front) -> None:
    browser = front.sign_in(Role.PRACTITIONER)

    html = browser.get(f"{browser.path}/choice?month=2026-11").text

    assert "Nobody has chosen" in html
    assert "Nobody has chosen yet." in html
    assert "checked" not in html
    assert " selected" not in html


def test_a_choice_is_recorded_with_its_history_and_shown_to_everyone(front: Front) -> None:
    browser = front.sign_in(Role.PRACTITIONER)

    choose(browser, reason="Agreed at the <b>team</b> meeting")
    choose(browser, family="standard", from_month="2026-12")

    html = browser.get(f"{browser.path}/choice?month=2026-11&done=choice").text
    assert "The choice is recorded." in html
    assert "Agreed at the &lt;b&gt;team&lt;/b&gt; meeting." in html
    assert "In force, until November 2026" in html
    assert "Still to come" in html
    nurse = front.sign_in(Role.CARE_MANAGER)
    seen = nurse.get(f"{nurse.path}/choice?month=2026-11").text
    assert "A billing practitioner or an administrator chooses here." in seen
    assert f"{nurse.path}/choice" not in Page(seen).forms
    month = nurse.get(f"{nurse.path}/month?month=2026-11").text
    assert "The practice reports: the complex codes where they are met" in month
    assert f"{nurse.path}/choice?month=2026-11" in month
    patient = nurse.get(nurse.path).text
    assert "Chosen by A practitioner on Nov 23, 2026, 3:00 PM, from November 2026 on." in patient


def test_the_same_choice_form_twice_records_once(front: Front) -> None:
    browser = front.sign_in(Role.ADMIN)
    sent = choose(browser)

    assert browser.post(f"{browser.path}/choice", sent).status_code == 303
    html = browser.get(f"{browser.path}/choice?month=2026-11").text
    assert html.count('data-label="Standing"') == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from_month", ""),
        ("from_month", "2026-13"),
        ("family", ""),
        ("family", "most_money"),
        ("dos_policy", "yesterday"),
        ("reason", "x" * 501),
    ],
)
def test_a_choice_that_cannot_be_read_is_told_beside_its_field(
    front: Front, field: str, value: str
) -> None:
    browser = front.sign_in(Role.PRACTITIONER)
    form = choice_form(browser)
    sent = {**form, **CHOSEN, "reason": "kept", field: value}

    answer = browser.post(f"{browser.path}/choice", sent)

    assert answer.status_code == 422
    assert f'href="#choice-{field}"' in answer.text
    assert f'aria-describedby="choice-{field}-wrong"' in answer.text
    assert f'id="choice-{field}"' in answer.text
    page = Page(answer.text)
    assert page.forms[f"{browser.path}/choice"]["form_key"] == form["form_key"]
    if field != "reason":
        assert 'value="kept"' in answer.text
    assert "Nobody has chosen yet." in answer.text


def test_a_care_manager_chooses_nothing(front: Front) -> None:
    nurse = front.sign_in(Role.CARE_MANAGER)
    sent = {**nurse.fields("/refresh"), **CHOSEN}

    assert nurse.post(f"{nurse.path}/choice", sent).status_code == 403
    exception = {**sent, "family": "practitioner", "reason": "why"}
    assert nurse.post(f"{nurse.path}/except", exception).status_code == 403
    word = {**sent, "answer": "high", "rationale": RATIONALE}
    assert nurse.post(f"{nurse.path}/mdm", word).status_code == 403


@pytest.mark.parametrize("path", ["/choice", "/except", "/mdm"])
def test_a_write_without_its_token_or_from_elsewhere_is_refused(front: Front, path: str) -> None:
    browser = front.sign_in(Role.PRACTITIONER)
    sent = {**choice_form(browser), **CHOSEN}

    assert browser.post(f"{browser.path}{path}", {**sent, "csrf": "x"}).status_code == 403
    elsewhere = browser.post(f"{browser.path}{path}", sent, origin="https://evil.example")
    assert elsewhere.status_code == 403


def test_a_month_that_is_signed_takes_no_choice_and_the_page_says_which(
    front: Front, doctor: Browser
) -> None:
    form = choice_form(doctor)
    signing = {**doctor.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}
    assert doctor.post(f"{doctor.path}/sign", signing).status_code == 303

    answer = doctor.post(f"{doctor.path}/choice", {**form, **CHOSEN})

    assert answer.status_code == 409
    assert "Choose from 2026-12 on" in answer.text
    assert "Months of patients are signed up to November 2026." in answer.text
    html = doctor.get(f"{doctor.path}/choice?month=2026-11").text
    assert 'value="2026-11"' not in html.partition("<select")[2].partition("</select>")[0]
    assert f"{doctor.path}/except" not in doctor.page().forms
    assert front.queue.workflows


def test_the_practitioner_is_asked_and_the_others_see_that_it_waits(
    front: Front, doctor: Browser
) -> None:
    choose(doctor)
    nurse = front.sign_in(Role.CARE_MANAGER)

    asked, waiting = doctor.get(doctor.path).text, nurse.get(nurse.path).text

    assert "decision making is open" in asked
    assert "The time of complex care is met." in asked
    assert f"{doctor.path}/sign" not in Page(asked).forms
    assert "This waits for the billing practitioner" in waiting
    assert "For the billing practitioner." in waiting
    assert f"{nurse.path}/mdm" not in Page(waiting).forms
    row = nurse.get(f"{nurse.path}/month?month=2026-11").text
    assert "The billing practitioner’s word on the decision making" in row


def test_an_attested_month_is_signed_with_the_complex_code(doctor: Browser) -> None:
    choose(doctor)
    sent = attest(doctor)
    assert doctor.post(f"{doctor.path}/mdm", sent).status_code == 303

    html = doctor.get(f"{doctor.path}?month=2026-11&done=mdm").text
    assert "What you said of the decision making is recorded." in html
    assert f"Moderate decision making: A practitioner, Nov 23, 2026, 3:00 PM. {RATIONALE}" in html
    assert "Ready to sign: 99487" in html
    signing = {**doctor.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}
    assert doctor.post(f"{doctor.path}/sign", signing).status_code == 303
    after = doctor.get(doctor.path).text
    assert "Claim on its way to the EHR: 99487" in after
    assert "$190.00" in after
    assert f"{doctor.path}/mdm" not in Page(after).forms
    assert RATIONALE in after


def test_declining_takes_one_button_and_the_answer_may_change(doctor: Browser) -> None:
    choose(doctor)
    declining = doctor.fields("/mdm")
    assert declining["answer"] == "not_met"

    assert doctor.post(f"{doctor.path}/mdm", declining).status_code == 303
    html = doctor.get(doctor.path).text
    assert "The non-complex codes are reported: A practitioner" in html
    assert "Ready to sign: 99490 and 2 × 99439" in html
    assert "Answer anew…" in html
    attest(doctor)
    html = doctor.get(doctor.path).text
    assert "Earlier answers" in html
    assert "Ready to sign: 99487" in html


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"answer": ""}, "answer"), ({"answer": "low"}, "answer"), ({"rationale": " "}, "rationale")],
)
def test_a_level_or_rationale_left_out_is_told_and_the_rest_is_kept(
    doctor: Browser, changes: dict[str, str], field: str
) -> None:
    form = first_form(doctor)
    sent = {**form, "answer": "high", "rationale": RATIONALE, **changes}

    answer = doctor.post(f"{doctor.path}/mdm", sent)

    assert answer.status_code == 422
    assert f'href="#mdm-{field}"' in answer.text
    assert f'aria-describedby="mdm-{field}-wrong"' in answer.text
    assert form["form_key"] in answer.text
    assert (RATIONALE if field == "answer" else 'value="high" selected') in answer.text


def test_an_exception_needs_its_reason_and_can_be_taken_back(doctor: Browser) -> None:
    form = doctor.fields("/except")
    for changes, field in (
        ({"family": "practitioner", "reason": ""}, "reason"),
        ({"family": "highest_allowed", "reason": "more"}, "family"),
        ({"family": "as_practice", "reason": "nothing to take back"}, ""),
        ({"family": "", "reason": "why"}, "family"),
    ):
        answer = doctor.post(f"{doctor.path}/except", {**form, **changes})
        assert answer.status_code == (422 if field else 409)
        assert f'aria-describedby="except-{field}-wrong"' in answer.text or not field

    record(doctor, start_time="13:00", minutes="31")
    sent = {**form, "family": "practitioner", "reason": "My own month."}
    assert doctor.post(f"{doctor.path}/except", sent).status_code == 303
    html = doctor.get(doctor.path).text
    assert "This month alone: the practitioner’s own codes, by A practitioner" in html
    assert "Ready to sign: 99491" in html
    assert "gave this patient’s care management that is counted above in person" in html
    back = {**doctor.fields("/except"), "family": "as_practice", "reason": "A mistake."}
    assert doctor.post(f"{doctor.path}/except", back).status_code == 303
    assert "This month alone" not in doctor.get(doctor.path).text


def test_families_stand_in_their_own_order_with_the_picked_one_marked(doctor: Browser) -> None:
    html = doctor.get(doctor.path).text
    argument = html.partition("side by side")[2].partition("</details>")[0]

    places = [
        argument.index(title)
        for title in ("Clinical staff’s time", "Complex care", "Practitioner’s own time")
    ]
    assert places == sorted(places)
    assert argument.count("Picked by the choice above") == 1


def test_a_patientless_launch_has_the_choice_page_too(front: Front) -> None:
    browser = front.sign_in(Role.PRACTITIONER, patient_id=None)

    assert browser.get(f"{browser.path}/choice").status_code == 200
