"""Reading in an emergency: with a code, for an hour, one practice, nothing changed, all audited."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from ccm_fhir.errors import InputError, NotFoundError
from ccm_fhir.services.emergency import open_emergency
from smart_app.session.rates import EMERGENCIES_OF_AN_ADDRESS
from tests.smart_app.front import BASE, CANARY, Front, with_practice
from tests.smart_app.walker import rows_of

REASON = "The EHR is down and a patient called."


def opened(front: Front) -> str:
    return open_emergency(front.world, front.practice_id, "Olive Operator", REASON).code


def give(front: Front, code: str, *, origin: str = BASE) -> httpx2.Response:
    return front.client.post("/emergency", data={"code": code}, headers={"origin": origin})


@pytest.mark.proves("S23")
def test_a_code_shows_the_practice_it_was_opened_for_and_no_other(front: Front) -> None:
    with_practice(front, ehr="https://other.example", patient="Fennimore Faraway")

    page = give(front, opened(front))

    assert page.status_code == 200
    assert CANARY in page.text
    assert "MRN-7" in page.text
    assert "E11.9" in page.text
    assert "opened by Olive Operator" in page.text
    assert "Fennimore" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'none'")


@pytest.mark.proves("S23")
def test_a_code_is_good_for_an_hour(front: Front) -> None:
    code = opened(front)
    front.clock.moment += timedelta(minutes=59, seconds=59)
    assert give(front, code).status_code == 200

    front.clock.moment += timedelta(seconds=1)

    assert give(front, code).status_code == 403
    assert CANARY not in give(front, code).text


@pytest.mark.proves("S21", "S23")
def test_opening_and_every_look_are_in_the_trail_and_nothing_else_changes(front: Front) -> None:
    code = opened(front)
    before = rows_of(front.world.db, front.practice_id)

    give(front, code)

    after = rows_of(front.world.db, front.practice_id)
    assert {name for name in after if after[name] != before[name]} == {"audit"}
    assert any("emergency_opened" in line for line in after["audit"])
    assert any("emergency_view" in line and front.patient_id in line for line in after["audit"])
    assert any(REASON in line and "Olive Operator" in line for line in after["emergency_access"])
    assert code not in str(after)


@pytest.mark.proves("S23")
@pytest.mark.parametrize(("by", "reason"), [("", REASON), ("  ", REASON), ("Olive", "because")])
def test_nobody_opens_a_practice_without_a_name_and_a_reason(
    front: Front, by: str, reason: str
) -> None:
    with pytest.raises(InputError):
        open_emergency(front.world, front.practice_id, by, reason)


def test_a_practice_that_is_not_there_cannot_be_opened(front: Front) -> None:
    with pytest.raises(NotFoundError):
        open_emergency(front.world, "nobody", "Olive", REASON)


@pytest.mark.parametrize("code", ["", "guess", "x" * 43])
def test_a_wrong_code_opens_nothing_and_is_not_repeated(front: Front, code: str) -> None:
    page = give(front, code)

    assert page.status_code == 403
    assert "This code opens nothing" in page.text
    assert not code or f'value="{code}"' not in page.text


@pytest.mark.proves("S22")
def test_codes_cannot_be_tried_one_after_another(front: Front) -> None:
    statuses = [give(front, "guess").status_code for _ in range(EMERGENCIES_OF_AN_ADDRESS.at_once)]

    assert statuses == [403] * EMERGENCIES_OF_AN_ADDRESS.at_once
    assert give(front, opened(front)).status_code == 429


@pytest.mark.proves("S8")
def test_another_sites_page_cannot_ask_for_it(front: Front) -> None:
    assert give(front, opened(front), origin="https://evil.example").status_code == 403


def test_the_form_asks_for_a_code_and_names_no_practice(front: Front) -> None:
    page = front.client.get("/emergency")

    assert page.status_code == 200
    assert 'name="code"' in page.text
    assert "Harbor Street" not in page.text
