"""Nobody asks faster than people work; who does is told when to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ccm_fhir.domain.codes import Role
from smart_app.session.cookies import BROWSER
from smart_app.session.rates import (
    LAUNCHES_OF_A_BROWSER,
    LAUNCHES_OF_A_PRACTICE,
    LAUNCHES_OF_AN_ADDRESS,
    PAGES_OF_A_SESSION,
    Rate,
    RateLimiter,
)
from tests.smart_app.front import BASE, EHR, Front

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
RATE = Rate(of="test", a_minute=60, at_once=3)
SECRET = "b" * 43


def launch_from(front: Front, number: int) -> int:
    """Launch from an address and a browser of their own; the EHR of these tests never answers."""
    client = TestClient(
        front.client.app, base_url=BASE, client=(f"203.0.113.{number % 250}", 5000 + number)
    )
    cookie = {"cookie": f"{BROWSER}={number:043d}"}
    return client.get("/launch", params={"iss": f"{EHR}/fhir"}, headers=cookie).status_code


def test_a_burst_passes_and_then_one_a_second() -> None:
    limiter = RateLimiter()

    waits = [limiter.wait_seconds(RATE, "a", NOW) for _ in range(5)]
    later = [limiter.wait_seconds(RATE, "a", NOW + timedelta(seconds=1)) for _ in range(2)]

    assert waits == [0, 0, 0, 1, 1]
    assert later == [0, 1]


def test_one_who_is_too_fast_holds_up_nobody_else() -> None:
    limiter = RateLimiter()
    for _ in range(9):
        limiter.wait_seconds(RATE, "a", NOW)

    assert limiter.wait_seconds(RATE, "b", NOW) == 0
    assert limiter.wait_seconds(Rate(of="other", a_minute=1, at_once=1), "a", NOW) == 0


def test_what_is_remembered_is_bounded_and_holds_no_secret() -> None:
    limiter = RateLimiter(most_keys=10)

    for number in range(100):
        limiter.wait_seconds(RATE, f"secret-{number}", NOW)

    assert len(limiter._due) == 10  # noqa: SLF001  # its size is the promise
    assert "secret" not in str(limiter._due)  # noqa: SLF001


@given(st.lists(st.integers(0, 5_000), max_size=200))
def test_no_minute_has_more_than_a_burst_and_the_steady_pace(gaps: list[int]) -> None:
    limiter, now, passed = RateLimiter(), NOW, list[datetime]()
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        if not limiter.wait_seconds(RATE, "a", now):
            passed.append(now)

    for start in passed:
        within = [one for one in passed if start <= one < start + timedelta(minutes=1)]
        assert len(within) <= RATE.at_once + RATE.a_minute


@pytest.mark.proves("S22")
def test_a_browser_that_launches_again_and_again_is_told_to_wait(front: Front) -> None:
    cookie = {"cookie": f"{BROWSER}={SECRET}"}
    for _ in range(LAUNCHES_OF_A_BROWSER.at_once):
        front.client.get("/launch", params={"iss": f"{EHR}/fhir"}, headers=cookie)

    refused = front.client.get("/launch", params={"iss": f"{EHR}/fhir"}, headers=cookie)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3"
    assert "That was too often" in refused.text


@pytest.mark.proves("S22")
def test_an_address_that_asks_without_end_is_told_to_wait_and_others_are_not(front: Front) -> None:
    for _ in range(LAUNCHES_OF_AN_ADDRESS.at_once):
        assert front.client.get("/callback").status_code == 400

    assert front.client.get("/callback").status_code == 429
    assert front.client.get("/launch").status_code == 429
    assert front.client.get("/health/live").status_code == 200
    front.clock.moment += timedelta(minutes=1)
    assert front.client.get("/callback").status_code == 400


@pytest.mark.proves("S22")
def test_the_launches_of_one_practice_are_limited_from_whatever_browser(front: Front) -> None:
    allowed = LAUNCHES_OF_A_PRACTICE.at_once

    statuses = [launch_from(front, number) for number in range(allowed + 1)]

    assert statuses == [504] * allowed + [429]


@pytest.mark.proves("S22")
def test_a_session_that_asks_without_end_is_told_to_wait(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    other = front.sign_in(Role.BILLER)
    style = f"/style/{browser.launch_id}.css"

    statuses = [browser.get(style).status_code for _ in range(PAGES_OF_A_SESSION.at_once + 1)]

    assert statuses[:-1] == [200] * PAGES_OF_A_SESSION.at_once
    assert statuses[-1] == 429
    assert other.get(other.path).status_code == 200
