"""The page of a month's claims: what may follow and why, and correcting one from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.claims import Frequency, Standing
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.services.patient_month import MonthState
from tests.services.correcting import chain, every, in_the_ehr, newest, related
from tests.smart_app.close import look, sign_alone, states, work
from tests.smart_app.front import Page

if TYPE_CHECKING:
    from ccm_fhir.storage.claims import ClaimRecord
    from tests.smart_app.front import Browser, Front

MONTH = "?month=2026-11"


@pytest.fixture
def sent(front: Front) -> ClaimRecord:
    """Return the patient's signed claim, which the EHR has taken."""
    work(front, front.patient_id)
    sign_alone(front, front.patient_id)
    in_the_ehr(front, newest(front, front.patient_id))
    return newest(front, front.patient_id)


def claim_page(browser: Browser) -> str:
    return browser.get(f"{browser.path}/claim{MONTH}").text


def form(browser: Browser, said: ClaimSaid, reason: str = "Billed by mistake.") -> dict[str, str]:
    """Return the form that says something, as it stands on the page."""
    (_, after) = claim_page(browser).split(f'aria-labelledby="say-{said.value}-title"', maxsplit=1)
    (mine, *_) = after.split("</section>")
    return Page(mine).forms[f"{browser.path}/claim"] | {"reason": reason}


def say(browser: Browser, said: ClaimSaid, reason: str = "Billed by mistake.") -> int:
    return browser.post(f"{browser.path}/claim", form(browser, said, reason)).status_code


def test_where_nothing_is_signed_the_page_says_so(front: Front) -> None:
    browser = front.sign_in(Role.BILLER)

    assert "there is none to correct" in claim_page(browser)
    assert "correcting one" not in browser.get(browser.path).text


def test_a_claim_on_its_way_may_not_be_followed_and_the_page_says_what_changes_that(
    front: Front,
) -> None:
    work(front, front.patient_id)
    sign_alone(front, front.patient_id)
    browser = front.sign_in(Role.BILLER)

    told = claim_page(browser)

    assert "What may not follow now" in told
    assert "still on its way; wait until it was taken or refused" in told
    assert f"{browser.path}/claim" not in Page(told).forms


def test_a_biller_sees_exactly_what_a_void_sends_and_sends_it(
    front: Front, sent: ClaimRecord
) -> None:
    biller = front.sign_in(Role.BILLER)
    assert "correcting one" in biller.get(f"{biller.path}{MONTH}").text
    told = claim_page(biller)
    assert "Void, frequency 8" in told
    assert sent.identifier in told
    assert "$95.00" in told

    assert say(biller, ClaimSaid.VOID) == 303

    assert chain(front, front.patient_id) == [
        (Frequency.ORIGINAL, Standing.SENT),
        (Frequency.VOID, Standing.PLANNED),
    ]
    assert states(front)[front.patient_id] is MonthState.VOIDED
    assert "Taken back by A biller" in biller.get(f"{biller.path}{MONTH}").text
    assert "Billed by mistake." in claim_page(biller)
    assert "Claim taken back" in biller.get(f"{biller.path}/month{MONTH}").text


def test_a_replacement_is_opened_by_a_biller_and_signed_by_the_practitioner_on_the_patients_page(
    front: Front, sent: ClaimRecord
) -> None:
    biller = front.sign_in(Role.BILLER)
    assert say(biller, ClaimSaid.REPLACE, "A call of 25 minutes was left out.") == 303
    assert states(front)[front.patient_id] is MonthState.CORRECTING
    nurse = front.sign_in(Role.CARE_MANAGER)
    assert f"{nurse.path}/time" in nurse.page(MONTH).forms
    work(front, front.patient_id, 25, day=21)
    doctor = front.sign_in(Role.PRACTITIONER)
    told = doctor.get(f"{doctor.path}{MONTH}").text
    assert "Opened for a correction by A biller" in told
    assert "is to be replaced by this one (frequency 7)" in told
    signing = Page(told).forms[f"{doctor.path}/sign"]
    ticked = {tag[1]["value"] for tag in Page(told).tags if tag[1].get("name") == "attested"}
    assert ticked

    fields: dict[str, object] = {**signing, "attested": sorted(ticked)}
    answer = doctor.post(f"{doctor.path}/sign", fields)  # type: ignore[arg-type]  # several values

    assert answer.status_code == 303
    assert newest(front, front.patient_id).total_usd == 165
    assert related(newest(front, front.patient_id)) == sent.identifier
    assert look(front).total_usd == 165
    assert f"{nurse.path}/time" not in nurse.page(MONTH).forms


@pytest.mark.usefixtures("sent")
def test_a_refused_form_is_shown_as_it_was_sent_with_the_reason(front: Front) -> None:
    biller = front.sign_in(Role.BILLER)
    stale = form(biller, ClaimSaid.VOID)
    empty = biller.post(f"{biller.path}/claim", {**stale, "reason": " "})
    assert (empty.status_code, "Say why; it stays on record." in empty.text) == (422, True)
    say(biller, ClaimSaid.VOID)

    again = {**stale, "form_key": "00000000-0000-4000-8000-000000000001"}
    late = biller.post(f"{biller.path}/claim", again)

    assert late.status_code == 409
    assert "has moved on since it was shown" in late.text
    assert len(every(front, front.patient_id)) == 2


def test_a_word_that_no_form_of_ours_sends_is_refused(front: Front, sent: ClaimRecord) -> None:
    biller = front.sign_in(Role.BILLER)
    fields = {**form(biller, ClaimSaid.VOID), "said": "twice"}

    assert biller.post(f"{biller.path}/claim", fields).status_code == 400
    assert every(front, front.patient_id) == (sent,)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("role", list(Role))
def test_only_practitioners_and_billers_have_the_forms(front: Front, role: Role) -> None:
    biller = front.sign_in(Role.BILLER)
    fields = form(biller, ClaimSaid.VOID)
    browser = front.sign_in(role)
    may = role in {Role.PRACTITIONER, Role.BILLER}

    assert (f"{browser.path}/claim" in Page(claim_page(browser)).forms) is may
    hidden = browser.page().forms[f"{browser.path}/sign-out"]
    answer = browser.post(f"{browser.path}/claim", {**fields, "csrf": hidden["csrf"]})

    assert answer.status_code == (303 if may else 403)
    assert len(every(front, front.patient_id)) == (2 if may else 1)
