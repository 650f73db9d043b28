"""An entry's page and the list of approvals, through their own forms."""

from __future__ import annotations

import pytest

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.services.approvals import policy_of
from ccm_fhir.services.time_ledger import verified
from ccm_fhir.storage import deliveries, sending
from ccm_fhir.storage.sending import Intent, Receipt
from tests.smart_app.front import NOW, Browser, Front, Page
from tests.smart_app.test_routes import TYPED, record

LATE = {"started_on": "2026-11-03"}


@pytest.fixture
def nurse(front: Front) -> Browser:
    return front.sign_in(Role.CARE_MANAGER)


@pytest.fixture
def doctor(front: Front) -> Browser:
    return front.sign_in(Role.PRACTITIONER)


def entry_of(browser: Browser) -> str:
    return next(i.removeprefix("entry-") for i in browser.page().ids if i.startswith("entry-"))


def page_of(browser: Browser, entry_id: str) -> Page:
    answer = browser.get(f"{browser.path}/time/{entry_id}")
    assert answer.status_code == 200
    return Page(answer.text)


def text_of(browser: Browser, path: str) -> str:
    return " ".join(browser.get(f"{browser.path}{path}").text.split())


def waits(browser: Browser) -> str:
    """Record time that waits for approval, and so is in no EHR; return its entry."""
    record(browser, **LATE)
    return entry_of(browser)


def test_an_entry_is_corrected_on_its_page_and_shows_what_changed(nurse: Browser) -> None:
    entry_id = waits(nurse)
    form = page_of(nurse, entry_id).forms[f"{nurse.path}/time/{entry_id}/correct"]
    assert (form["started_on"], form["start_time"], form["minutes"]) == (
        "2026-11-03",
        "09:00:00",
        "22",
    )
    sent = {**form, **TYPED, "minutes": "31", "seconds": "5", "reason": "I misread the clock."}

    answer = nurse.post(f"{nurse.path}/time/{entry_id}/correct", sent)

    assert answer.status_code == 303
    shown = " ".join(nurse.get(answer.headers["location"]).text.split())
    assert "The correction is recorded." in shown
    assert "I misread the clock." in shown
    assert "Time: 9:00 AM – 9:22 AM, 22 min → 9:00 AM – 9:31 AM, 31 min 5 s" in shown
    assert "No longer holds." in shown
    assert "Corrected: history" in text_of(nurse, "")
    assert verified(nurse.front.world)[0].problem == ""


def test_a_refused_correction_stands_as_it_was_sent_with_its_problem(nurse: Browser) -> None:
    entry_id = waits(nurse)
    action = f"{nurse.path}/time/{entry_id}/correct"
    form = page_of(nurse, entry_id).forms[action]

    unread = nurse.post(action, {**form, **TYPED, "minutes": "x", "reason": "Typing"})
    unreasoned = nurse.post(action, {**form, **TYPED, "reason": " "})

    assert (unread.status_code, unreasoned.status_code) == (422, 422)
    assert "Minutes: Give whole minutes, as a number." in unread.text
    assert 'value="Typing"' in unread.text
    assert 'href="#correct-reason"' in unreasoned.text


def test_an_entry_is_taken_back_on_its_page(nurse: Browser) -> None:
    entry_id = waits(nurse)
    action = f"{nurse.path}/time/{entry_id}/void"
    form = page_of(nurse, entry_id).forms[action]

    unreasoned = nurse.post(action, {**form, "reason": ""})
    answer = nurse.post(action, {**form, "reason": "Another patient."})

    assert (unreasoned.status_code, answer.status_code) == (422, 303)
    shown = nurse.get(answer.headers["location"]).text
    assert "Taken back" in shown
    assert "It counts no more." in shown
    assert action not in Page(shown).forms


def test_each_version_tells_its_way_into_the_ehr(front: Front, nurse: Browser) -> None:
    record(nurse)
    entry_id = entry_of(nurse)
    planned = text_of(nurse, f"/time/{entry_id}")
    with front.world.db.write(front.practice_id) as session:
        for one in deliveries.unfinished(session, front.practice_id):
            intent = Intent(delivery_id=one.id, tries=one.tries)
            sending.mark_intent(session, front.practice_id, intent, NOW)
            receipt = Receipt(delivery_id=one.id, remote_id="77")
            sending.mark_sent(session, front.practice_id, receipt, NOW)

    sent = text_of(nurse, f"/time/{entry_id}")

    assert "Procedure" in planned
    assert "Correct it" in planned
    assert "Procedure/77" in sent


def test_an_entry_of_another_person_is_read_and_not_changed(nurse: Browser, front: Front) -> None:
    entry_id = waits(nurse)
    biller = front.sign_in(Role.BILLER)

    shown = page_of(biller, entry_id)

    assert f"{biller.path}/time/{entry_id}/correct" not in shown.forms
    assert "or a billing practitioner does" in text_of(biller, f"/time/{entry_id}")


def test_late_time_is_flagged_and_says_who_can_approve_it(nurse: Browser) -> None:
    waits(nurse)

    shown = text_of(nurse, "")

    assert "22 min that were typed wait for approval and are not counted." in shown
    assert "Who can approve: A admin and A practitioner." in shown
    assert "Typed long after the work." in shown
    assert nurse.get(f"{nurse.path}/approvals").status_code == 403


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ADMIN])
def test_somebody_else_approves_it_and_it_counts(front: Front, nurse: Browser, role: Role) -> None:
    entry_id = waits(nurse)
    approver = front.sign_in(role)
    action = f"{approver.path}/approvals/{entry_id}"
    assert front.queue.workflows == []
    form = Page(approver.get(f"{approver.path}/approvals").text).forms[action]

    answer = approver.post(action, {**form, "answer": "approve"})
    again = approver.post(action, {**form, "answer": "approve"})

    assert answer.status_code == 303
    assert "it counts, and goes to the EHR" in approver.get(answer.headers["location"]).text
    assert again.status_code == 409
    assert len(front.queue.workflows) == 2
    assert "22 min counted" in text_of(nurse, "")


def test_a_refusal_needs_its_reason_and_is_shown(nurse: Browser, doctor: Browser) -> None:
    entry_id = waits(nurse)
    action = f"{doctor.path}/approvals/{entry_id}"
    form = Page(doctor.get(f"{doctor.path}/approvals").text).forms[action]

    unreasoned = doctor.post(action, {**form, "answer": "refuse"})
    answer = doctor.post(action, {**form, "answer": "refuse", "note": "No such call."})

    assert (unreasoned.status_code, answer.status_code) == (422, 303)
    assert "Say why this time is not approved." in unreasoned.text
    assert "did not approve it" in text_of(nurse, "")
    assert "No such call." in text_of(nurse, "")


def test_ones_own_typed_time_is_listed_without_a_form(doctor: Browser) -> None:
    entry_id = waits(doctor)

    listed = doctor.get(f"{doctor.path}/approvals").text

    assert "somebody else approves it" in listed
    assert f"{doctor.path}/approvals/{entry_id}" not in Page(listed).forms
    sent = {**doctor.fields("/refresh"), "answer": "approve", "note": ""}
    assert doctor.post(f"{doctor.path}/approvals/{entry_id}", sent).status_code == 403


def test_work_beside_somebody_elses_asks_for_a_tick_and_then_is_recorded(
    nurse: Browser, doctor: Browser
) -> None:
    record(doctor, start_time="09:10", minutes="20")
    sent = {**nurse.fields("/time"), **TYPED}

    asked = nurse.post(f"{nurse.path}/time", sent)
    ticked = nurse.post(f"{nurse.path}/time", {**sent, "overlap_seen": "yes"})

    assert (asked.status_code, ticked.status_code) == (409, 303)
    told = " ".join(asked.text.split())
    assert "A practitioner worked for this patient from 9:10 AM to 9:30 AM." in told
    assert "A moment counts once: 12 min of these 22 min are in the time log already." in told
    assert 'name="overlap_seen"' in told
    assert 'name="overlap_seen"' not in nurse.get(nurse.path).text


def test_an_administrator_sets_what_may_be_typed(front: Front) -> None:
    admin = front.sign_in(Role.ADMIN)
    action = f"{admin.path}/practice/typed"
    form = Page(admin.get(f"{admin.path}/practice").text).forms[action]
    assert (form["late_after_days"], form["longest_minutes"]) == ("7", "120")
    limits = {"late_after_days": "3", "longest_minutes": "60", "after_month_end": "no"}

    answer = admin.post(action, {**form, **limits})
    refused = [
        admin.post(action, {**form, **limits, name: value})
        for name, value in (
            ("late_after_days", "x"),
            ("longest_minutes", "0"),
            ("after_month_end", ""),
        )
    ]

    assert answer.status_code == 303
    assert policy_of(front.world, front.practice_id) == TypedPolicy(
        late_after_days=3, longest_minutes=60, after_month_end=False
    )
    assert [one.status_code for one in refused] == [422, 422, 422]
    assert front.work_clock() == NOW


def test_nobody_but_an_administrator_sets_the_limits(front: Front, doctor: Browser) -> None:
    sent = {**doctor.fields("/refresh"), "late_after_days": "300"}

    assert doctor.post(f"{doctor.path}/practice/typed", sent).status_code == 403
    assert policy_of(front.world, front.practice_id) == TypedPolicy()
