"""Judging a condition, and opening one resource, over the whole app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import ConditionFact, EvidenceRef
from tests.builders import chart, icd
from tests.smart_app.front import Browser, Front, Page, open_front

WORDS = ConditionFact(
    ref=EvidenceRef("Condition", "ehr-condition-77"),
    text="Long-standing trouble of the lungs",
    clinical_status="active",
    verification_status="confirmed",
)


@pytest.fixture
def doubtful(tmp_path: Path) -> Iterator[Front]:
    """Yield the app with one chronic disease and one condition in words."""
    opened = open_front(tmp_path, chart(conditions=(icd("I10"), WORDS)))
    yield opened
    opened.world.db.close()


@pytest.fixture
def doctor(doubtful: Front) -> Browser:
    return doubtful.sign_in(Role.PRACTITIONER)


def judge_form(browser: Browser) -> tuple[str, dict[str, str]]:
    """Return the address and the hidden fields of the form about what is in words."""
    page = browser.page()
    found = {a: f for a, f in page.forms.items() if "/conditions/" in a and f.get("answer")}
    (action,) = (a for a in found if 'name="family"' in _form(browser, a))
    names = ("csrf", "form_key", "month", "fingerprint", "revision")
    return action, {name: found[action][name] for name in names}


def _form(browser: Browser, action: str) -> str:
    html = browser.get(browser.path).text
    return html.partition(f'action="{action}"')[2].partition("</form>")[0]


def test_a_condition_is_shown_by_the_charts_own_words(doctor: Browser) -> None:
    assert "<h3>Long-standing trouble of the lungs</h3>" in doctor.get(doctor.path).text


def test_a_judgement_turns_the_criterion_met_and_is_told(doctor: Browser) -> None:
    action, sent = judge_form(doctor)
    assert "1 distinct chronic condition" in doctor.get(doctor.path).text

    answer = doctor.post(
        action, {**sent, "answer": "chronic", "family": "copd", "reason": "Spirometry 2025"}
    )

    assert answer.status_code == 303
    assert answer.headers["location"].endswith("done=condition#eligibility")
    html = doctor.get(answer.headers["location"].partition("#")[0]).text
    assert "Your judgement is recorded." in html
    assert "2 distinct chronic conditions" in html
    assert "A practitioner judged it chronic (COPD" in html
    assert "Undo this judgement…" in html


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"answer": ""}, "answer"),
        ({"answer": "maybe"}, "answer"),
        ({"family": ""}, "family"),
        ({"family": "golf"}, "family"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_refused_judgement_comes_back_open_with_what_was_typed(
    doctor: Browser, changes: dict[str, str], field: str
) -> None:
    action, sent = judge_form(doctor)
    said = {"answer": "chronic", "family": "copd", "reason": "Spirometry 2025"}

    answer = doctor.post(action, {**sent, **said, **changes})

    key = action.rpartition("/")[2]
    assert answer.status_code == 422
    assert '<details class="conditions" id="conditions" open>' in answer.text
    assert f'href="#condition-{key}-{field}"' in answer.text
    assert f'id="condition-{key}-{field}"' in answer.text
    assert Page(answer.text).forms[action]["form_key"] == sent["form_key"]


def test_a_condition_that_somebody_answered_meanwhile_is_told(doctor: Browser) -> None:
    action, sent = judge_form(doctor)
    said = {"answer": "not_chronic", "reason": "A passing cough"}
    doctor.post(action, {**sent, **said})
    another = {**sent, **said, "form_key": "0d1f6a0e-8f1c-4c56-9f0e-2f1f6f0c7a11"}

    answer = doctor.post(action, another)

    assert answer.status_code == 409
    assert "answered about this condition meanwhile" in answer.text


def test_a_broken_judgement_is_refused_without_an_echo(doctor: Browser) -> None:
    action, sent = judge_form(doctor)
    said = {**sent, "answer": "not_chronic", "reason": "why"}

    assert doctor.post(action, {**said, "revision": "-1"}).status_code == 400
    assert doctor.post(f"{doctor.path}/conditions/none", said).status_code == 404


def test_a_care_manager_is_offered_no_judgement_and_may_not_make_one(
    doubtful: Front, doctor: Browser
) -> None:
    action, _ = judge_form(doctor)
    nurse = doubtful.sign_in(Role.CARE_MANAGER)
    sent = {
        **nurse.fields("/refresh"),
        "fingerprint": "f",
        "revision": "0",
        "answer": "not_chronic",
        "reason": "why",
    }

    assert "/conditions/" not in nurse.get(nurse.path).text
    own = action.replace(doctor.path, nurse.path)
    assert nurse.post(own, sent).status_code == 403


def test_a_judgement_is_guarded(doctor: Browser) -> None:
    action, sent = judge_form(doctor)

    assert doctor.post(action, sent, origin="https://evil.example").status_code == 403
    assert doctor.post(action, {**sent, "csrf": "another"}).status_code == 403


def evidence_links(browser: Browser) -> list[str]:
    html = browser.get(browser.path).text
    return re.findall(r'href="([^"]*/evidence/[^"]+)"', html)


def test_chips_lead_to_addresses_without_an_id_of_the_ehr(doctor: Browser) -> None:
    links = evidence_links(doctor)

    assert len(set(links)) >= 5
    assert not any("ehr-condition-77" in link for link in links)


def test_an_ehr_that_does_not_answer_is_told_on_a_page_of_its_own(doctor: Browser) -> None:
    answer = doctor.get(evidence_links(doctor)[0])

    assert answer.status_code == 502
    assert "The EHR did not answer" in answer.text
    assert "Back to the patient" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_key_of_nothing_is_told(doctor: Browser) -> None:
    answer = doctor.get(f"{doctor.path}/evidence/nothing")

    assert answer.status_code == 404
    assert "not among what was last read" in answer.text


def test_a_launch_without_a_patient_has_neither_page(doubtful: Front) -> None:
    biller = doubtful.sign_in(Role.BILLER, patient_id=None)

    assert biller.get(f"{biller.path}/consent").status_code == 404
    assert biller.get(f"{biller.path}/evidence/nothing").status_code == 404
