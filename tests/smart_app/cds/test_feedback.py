"""What people do with cards is kept once, append-only, and only for cards that were given."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.storage import cds_cards
from tests.cds import (
    FEEDBACK,
    FHIR,
    KEYS_URL,
    Json,
    call_of,
    claims,
    prefetch_of,
    record_of,
    signed,
)
from tests.smart_app.front import NOW

if TYPE_CHECKING:
    from ccm_fhir.storage.cds_cards import FeedbackRecord
    from tests.cds import Hooks

WHEN = "2026-11-23T19:59:00Z"


@pytest.fixture
def card(hooks: Hooks) -> str:
    """Return the id of a card that was given."""
    return str(hooks.card(call_of(prefetch_of(record_of("pt-ready"))))["uuid"])


def told(card: str, outcome: str = "overridden", **changes: object) -> Json:
    return {"card": card, "outcome": outcome, "outcomeTimestamp": WHEN} | changes


def kept(hooks: Hooks, card: str) -> tuple[FeedbackRecord, ...]:
    with hooks.world.db.read() as session:
        return cds_cards.feedback_of(session, hooks.front.practice_id, card)


@pytest.mark.proves("CDS9")
def test_feedback_is_kept_with_its_reason_and_its_time(hooks: Hooks, card: str) -> None:
    reason = {"reason": {"code": "patient-declined", "system": "x"}}

    answer = hooks.post({"feedback": [told(card, overrideReason=reason)]}, FEEDBACK)

    (record,) = kept(hooks, card)
    assert answer.status_code == 200
    assert (record.outcome.value, record.reason) == ("overridden", "patient-declined")
    assert record.happened_at.isoformat() == "2026-11-23T19:59:00+00:00"
    assert record.received_at == NOW


@pytest.mark.proves("CDS9")
def test_an_accepted_card_is_kept(hooks: Hooks, card: str) -> None:
    accepted = told(card, "accepted", acceptedSuggestions=[{"id": str(uuid4())}])

    assert hooks.post({"feedback": [accepted]}, FEEDBACK).status_code == 200
    assert [record.outcome.value for record in kept(hooks, card)] == ["accepted"]


def test_the_same_told_again_is_kept_once(hooks: Hooks, card: str) -> None:
    for _ in range(3):
        assert hooks.post({"feedback": [told(card), told(card)]}, FEEDBACK).status_code == 200

    assert len(kept(hooks, card)) == 1


def test_what_happens_later_is_kept_beside_it(hooks: Hooks, card: str) -> None:
    later = told(card, "accepted", outcomeTimestamp="2026-11-23T15:05:00-05:00")

    hooks.post({"feedback": [told(card), later]}, FEEDBACK)

    assert [record.outcome.value for record in kept(hooks, card)] == ["overridden", "accepted"]


def test_a_comment_and_an_ehrs_own_reason_are_not_kept_in_words(hooks: Hooks, card: str) -> None:
    reason = {"reason": {"code": "canary-code"}, "userComment": "canary-comment"}

    assert hooks.post({"feedback": [told(card, overrideReason=reason)]}, FEEDBACK).is_success

    file = hooks.world.db.url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as database:
        assert "canary" not in "\n".join(database.iterdump())
    database.close()
    assert kept(hooks, card)[0].reason == "other"


def test_a_card_that_was_never_given_is_not_found_and_the_others_are_kept(
    hooks: Hooks, card: str
) -> None:
    answer = hooks.post({"feedback": [told(str(uuid4())), told(card)]}, FEEDBACK)

    assert (answer.status_code, answer.json()["error"]) == (404, "card_unknown")
    assert len(kept(hooks, card)) == 1


def test_another_caller_cannot_speak_of_a_card(hooks: Hooks, card: str) -> None:
    other = CdsRegistration(fhir_base=FHIR, issuer="https://other.example", jwks_url=KEYS_URL)
    register_caller(hooks.world, other, NOW)
    theirs = signed(claims(FEEDBACK, iss=other.issuer))

    answer = hooks.post({"feedback": [told(card)]}, FEEDBACK, theirs)
    absent = hooks.post({"feedback": [told(str(uuid4()))]}, FEEDBACK)

    assert answer.status_code == 404
    assert answer.json() == absent.json()
    assert kept(hooks, card) == ()


BROKEN = {
    "no outcome": ({"outcome": None}, "feedback"),
    "another outcome": ({"outcome": "ignored"}, "feedback.outcome"),
    "no UUID": ({"card": "17"}, "feedback.card"),
    "no time": ({"outcomeTimestamp": "yesterday"}, "feedback.outcomeTimestamp"),
    "a time without a zone": (
        {"outcomeTimestamp": "2026-11-23T19:59:00"},
        "feedback.outcomeTimestamp",
    ),
    "a time before all dates": (
        {"outcomeTimestamp": "0001-01-01T00:00:00+14:00"},
        "feedback.outcomeTimestamp",
    ),
    "a reason without a code": (
        {"overrideReason": {"reason": {"display": "no"}}},
        "feedback",
    ),
    "a reason without end": (
        {"overrideReason": {"reason": {"code": "x" * 201}}},
        "feedback.overrideReason.reason.code",
    ),
}


@pytest.mark.parametrize(("changes", "member"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_feedback_is_refused_and_nothing_is_kept(
    hooks: Hooks, card: str, changes: Json, member: str
) -> None:
    answer = hooks.post({"feedback": [told(card), told(card) | changes]}, FEEDBACK)

    assert (answer.status_code, answer.json()["error"]) == (400, "request_invalid")
    assert answer.json()["detail"].startswith(member)
    assert kept(hooks, card) == ()


@pytest.mark.parametrize("count", [0, 101])
def test_no_feedback_and_far_too_much_are_refused(hooks: Hooks, card: str, count: int) -> None:
    answer = hooks.post({"feedback": [told(card)] * count}, FEEDBACK)

    assert answer.status_code == 400


def test_feedback_reaches_the_practice_from_another_worker(hooks: Hooks, card: str) -> None:
    other = replace(hooks.beside())

    assert other.post({"feedback": [told(card)]}, FEEDBACK).status_code == 200
    assert len(kept(hooks, card)) == 1
