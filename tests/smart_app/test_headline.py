from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ccm_fhir.domain.claims import Obstacle
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.writeback import DeliveryState, RungName
from smart_app.views.headline import headline
from smart_app.views.tones import Tone
from tests.smart_app import builders


def test_a_month_with_everything_is_ready_to_sign() -> None:
    view = headline(builders.to_be_signed())

    assert (view.tone, view.state) == (Tone.GOOD, "Ready to sign: 99490")
    assert view.why == "The month is not over: work after the signature is not on this claim."
    assert "more" not in view.why


def test_a_month_short_of_time_says_by_how_much() -> None:
    view = headline(builders.review(minutes=18))

    assert view.state == "18 of 20 minutes: 2 min to go"


def test_open_questions_are_named_beside_the_missing_time() -> None:
    found = builders.findings(consent=Answer.UNKNOWN)

    view = headline(builders.review(minutes=18, found=found))

    assert view.why == "Still open: Patient’s consent."


def test_what_is_not_met_speaks_before_the_time() -> None:
    view = headline(builders.with_gaps())

    assert (view.tone, view.state) == (Tone.BAD, "Not eligible; not met: Medicare coverage")


def test_an_open_question_keeps_a_reached_month_from_being_ready() -> None:
    found = builders.findings(consent=Answer.UNKNOWN)

    view = headline(builders.review(minutes=41, found=found))

    assert view.state == "99490 and 99439 reached; 1 question open"


def test_what_a_claim_lacks_keeps_a_month_from_being_ready() -> None:
    obstacle = Obstacle(code="charge_missing_99490", owner="admin", fix="Enter the charge.")

    view = headline(replace(builders.review(), sign_obstacles=(obstacle,)))

    assert view.state == "99490 reached; the claim needs a fix"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (DeliveryState.SENT, "Claim in the EHR: 99490 and 99439, $165.00"),
        (DeliveryState.SENDING, "Claim on its way to the EHR: 99490 and 99439"),
        (DeliveryState.REJECTED, "The claim needs a person: refused by the EHR"),
        (DeliveryState.QUARANTINE, "The claim needs a person: set aside for a person"),
    ],
)
def test_a_claim_that_exists_speaks_first(state: DeliveryState, said: str) -> None:
    assert headline(builders.signed(state)).state == said


def test_a_chart_never_read_says_what_reading_does() -> None:
    assert headline(builders.never_read()).state == "The chart has not been read yet"


def test_a_month_without_rules_says_so() -> None:
    review = replace(
        builders.review(), decision=None, decision_problem="the rulebook is loaded until 2026-12-31"
    )

    view = headline(review)

    assert view.state == "This month cannot be decided"
    assert view.why == "The rulebook is loaded until 2026-12-31."


def test_a_month_past_the_time_limit_is_not_called_ready() -> None:
    decided = msgspec.structs.replace(
        builders.decision(minutes=22), reasons=("timely_filing_expired",), lines=()
    )

    shown = headline(replace(builders.review(), decision=decided))

    assert shown.state == "The time limit for filing has passed"


@pytest.mark.parametrize(
    ("rung", "state", "tone", "said"),
    [
        (RungName.DOCUMENT, DeliveryState.SENT, Tone.GOOD, "Charge sheet in the EHR: "),
        (RungName.DOCUMENT, DeliveryState.SENDING, Tone.MOVING, "Charge sheet on its way to the "),
        (RungName.DOCUMENT, DeliveryState.HELD, Tone.BAD, "The charge sheet needs a person: "),
        (RungName.HAND_OFF, DeliveryState.HELD, Tone.OPEN, "Claim to be keyed into the EHR by "),
        (RungName.HAND_OFF, DeliveryState.SENT, Tone.GOOD, "Claim keyed into the EHR by hand: "),
        (RungName.CHARGE_ITEM, DeliveryState.PLANNED, Tone.MOVING, "Charges on their way "),
        (RungName.CHARGE_ITEM_OPERATION, DeliveryState.SENT, Tone.GOOD, "Charges in the EHR: "),
        (RungName.CHARGE_ITEM, DeliveryState.HELD, Tone.BAD, "The charges need a person: "),
    ],
)
def test_a_claim_that_took_another_way_says_which(
    rung: RungName, state: DeliveryState, tone: Tone, said: str
) -> None:
    review = builders.signed(state)
    assert review.claim is not None
    assert review.claim.delivery is not None
    way = replace(review.claim.delivery, rung=rung)

    view = headline(replace(review, claim=replace(review.claim, deliveries=(way,))))

    assert (view.tone, view.anchor) == (tone, "claim")
    assert view.state.startswith(said)


@pytest.mark.parametrize(
    ("state", "tone", "said"),
    [
        (DeliveryState.HELD, Tone.MOVING, "Claim waits for the claim file: "),
        (DeliveryState.SENT, Tone.GOOD, "Claim in a claim file: "),
    ],
)
def test_a_claim_that_leaves_by_file_says_so(state: DeliveryState, tone: Tone, said: str) -> None:
    review = builders.signed(state)
    assert review.claim is not None
    assert review.claim.delivery is not None
    way = replace(review.claim.delivery, rung=RungName.X12_FILE)

    view = headline(replace(review, claim=replace(review.claim, deliveries=(way,))))

    assert (view.tone, view.anchor) == (tone, "claim")
    assert view.state.startswith(said)
