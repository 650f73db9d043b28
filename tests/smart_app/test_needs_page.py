"""What needs a person: who sees it, who settles it, and that nothing is settled twice."""

from __future__ import annotations

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.needs_person import HANDS
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.storage import audit, deliveries, keyed, sending, turns
from ccm_fhir.storage.sending import Problem
from tests.smart_app.front import NOW, Browser, Front, takes_work
from tests.smart_app.test_routes import record


@pytest.fixture
def stopped(front: Front) -> str:
    """Return the id of a delivery that was refused."""
    return stop(front, "refused_invalid")


def stop(front: Front, code: str) -> str:
    record(front.sign_in(Role.CARE_MANAGER))
    with front.world.db.write(front.practice_id) as session:
        (one, *_) = deliveries.unfinished(session, front.practice_id)
        mark = sending.mark_quarantined if code == "duplicate" else sending.mark_rejected
        mark(session, front.practice_id, Problem(delivery_id=one.id, code=code), NOW)
    return one.id


def sent(browser: Browser, act: str, delivery_id: str, **fields: str) -> int:
    form = {
        **browser.page().forms[f"{browser.path}/sign-out"],
        "month": "2026-11",
        "form_key": "00000000-0000-4000-8000-000000000000",
        "delivery_id": delivery_id,
        **fields,
    }
    return browser.post(f"{browser.path}/needs/{act}", form).status_code


def state(front: Front, delivery_id: str) -> DeliveryState:
    with front.world.db.read(front.practice_id) as session:
        return deliveries.get(session, front.practice_id, delivery_id).state


def test_where_nothing_needs_a_person_the_page_says_so(front: Front) -> None:
    browser = front.sign_in(Role.BILLER)

    text = browser.get(f"{browser.path}/needs").text

    assert "Nothing needs a person" in text
    assert "were not compared yet" in text
    assert "all patients" in browser.get(f"{browser.path}/month?month=2026-11").text


def test_what_was_refused_is_listed_with_reason_owner_and_age(front: Front, stopped: str) -> None:
    browser = front.sign_in(Role.BILLER)

    text = browser.get(f"{browser.path}/needs").text

    assert stopped in text
    assert "The EHR refused it (invalid)." in text
    assert f"looked at by {front.people[Role.CARE_MANAGER].name}" in text
    assert "1 record needs a person" in browser.get(f"{browser.path}/month?month=2026-11").text


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_settle_have_the_forms_and_may_send_them(
    front: Front, stopped: str, role: Role
) -> None:
    browser = front.sign_in(role)
    text = browser.get(f"{browser.path}/needs").text

    assert ("/needs/retry" in text) == (role in HANDS)
    assert sent(browser, "retry", stopped) == (303 if role in HANDS else 403)


def test_trying_again_plans_it_wakes_it_and_is_audited(front: Front, stopped: str) -> None:
    browser = front.sign_in(Role.BILLER)

    assert sent(browser, "retry", stopped) == 303

    assert state(front, stopped) is DeliveryState.PLANNED
    with front.world.db.read(front.practice_id) as session:
        assert turns.find(session, front.practice_id, stopped) is not None
        acts = [line.act for line in audit.records(session, front.practice_id, after=0, most=500)]
    assert acts.count("retry_delivery") == 1
    assert front.queue.workflows.count("deliver_turn") >= 2
    assert sent(browser, "retry", stopped) == 409


def test_what_was_set_aside_can_be_looked_at_again(front: Front) -> None:
    delivery_id = stop(front, "duplicate")

    assert sent(front.sign_in(Role.BILLER), "retry", delivery_id) == 303

    assert state(front, delivery_id) is DeliveryState.PLANNED


def test_what_was_entered_by_hand_leaves_the_list_and_is_never_sent(
    front: Front, stopped: str
) -> None:
    browser = front.sign_in(Role.BILLER)

    assert sent(browser, "keyed", stopped, ehr_number=" C-1234 ") == 303

    assert "Nothing needs a person" in browser.get(f"{browser.path}/needs").text
    with front.world.db.read(front.practice_id) as session:
        assert keyed.of_practice(session, front.practice_id)[stopped].ehr_number == "C-1234"
    assert sent(browser, "retry", stopped) == 409
    assert sent(browser, "keyed", stopped, ehr_number="C-1234") == 303
    assert sent(browser, "keyed", stopped, ehr_number="another") == 409


@pytest.mark.parametrize("number", ["", "   ", "x" * 65])
def test_entering_by_hand_needs_the_number(front: Front, stopped: str, number: str) -> None:
    browser = front.sign_in(Role.BILLER)

    assert sent(browser, "keyed", stopped, ehr_number=number) == 422

    assert state(front, stopped) is DeliveryState.REJECTED


def test_the_newest_comparison_is_shown_with_where_each_row_stands(
    front: Front, stopped: str
) -> None:
    assert stopped
    reconcile(front.world, Scope(practice_id=front.practice_id))
    browser = front.sign_in(Role.BILLER)

    text = browser.get(f"{browser.path}/needs").text

    assert "refused by the EHR" in text
    assert "was compared" in text


def test_another_way_takes_over_what_was_refused(front: Front, stopped: str) -> None:
    browser = front.sign_in(Role.BILLER)
    assert "Send it another way" in browser.get(f"{browser.path}/needs").text

    assert sent(browser, "another-way", stopped) == 303

    with front.world.db.read(front.practice_id) as session:
        left = deliveries.get(session, front.practice_id, stopped)
        (taker,) = deliveries.unfinished(session, front.practice_id)
    assert left.fell_to is taker.rung
    assert (taker.state, taker.artefact_id) == (DeliveryState.PLANNED, left.artefact_id)
    assert stopped not in browser.get(f"{browser.path}/needs").text


def test_what_waits_for_hands_is_listed_and_can_be_keyed_but_not_tried_again(front: Front) -> None:
    takes_work(front, kinds=())
    record(front.sign_in(Role.CARE_MANAGER))
    with front.world.db.read(front.practice_id) as session:
        (sheet,) = deliveries.unfinished(session, front.practice_id)
    browser = front.sign_in(Role.BILLER)
    text = browser.get(f"{browser.path}/needs").text
    assert sheet.id in text
    assert "/needs/retry" not in text

    assert sent(browser, "retry", sheet.id) == 409
    assert sent(browser, "keyed", sheet.id, ehr_number="A-17") == 303

    assert state(front, sheet.id) is DeliveryState.SENT
    assert sheet.id not in browser.get(f"{browser.path}/needs").text
