"""How far a claim came by all that is known of it, and what a person may say of it then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    Chain,
    ClaimRevision,
    Frequency,
    NextRevision,
    Standing,
)
from ccm_fhir.domain.corrections import (
    ClaimKnown,
    ClaimSaid,
    standing_of,
    what_follows,
)
from ccm_fhir.domain.remittance import (
    Adjustment,
    AnsweredClaim,
    AnswerStatus,
    Outcome,
    answers_that_count,
)
from ccm_fhir.domain.writeback import DeliveryState

SENT = ClaimKnown(delivery=DeliveryState.SENT)
known = st.builds(
    ClaimKnown,
    delivery=st.sampled_from([None, *DeliveryState]),
    frequency=st.sampled_from(Frequency),
    waits_outside=st.booleans(),
    is_keyed=st.booleans(),
    is_refused_in_file=st.booleans(),
    outcome=st.sampled_from(Outcome),
    prior_outcome=st.sampled_from(Outcome),
    said=st.frozensets(st.sampled_from(ClaimSaid)),
)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (DeliveryState.PLANNED, Standing.PLANNED),
        (DeliveryState.SENDING, Standing.PLANNED),
        (DeliveryState.SENT, Standing.SENT),
        (DeliveryState.UNCERTAIN, Standing.UNCERTAIN),
        (DeliveryState.HELD, Standing.UNCERTAIN),
        (DeliveryState.QUARANTINE, Standing.UNCERTAIN),
        (DeliveryState.REJECTED, Standing.REJECTED),
        (None, Standing.UNCERTAIN),
    ],
)
def test_where_nothing_else_is_known_the_delivery_says_how_far_a_claim_came(
    state: DeliveryState | None, standing: Standing
) -> None:
    assert standing_of(ClaimKnown(delivery=state)) is standing


def test_what_waits_for_a_person_or_a_file_is_on_its_way() -> None:
    waiting = ClaimKnown(delivery=DeliveryState.HELD, waits_outside=True)

    assert standing_of(waiting) is Standing.PLANNED


def test_what_was_keyed_by_hand_was_sent_whatever_the_ehr_had_refused() -> None:
    keyed = ClaimKnown(delivery=DeliveryState.REJECTED, is_keyed=True)

    assert standing_of(keyed) is Standing.SENT


@pytest.mark.parametrize(
    "changes",
    [
        {"is_refused_in_file": True},
        {"said": frozenset({ClaimSaid.REFUSED})},
        {"outcome": Outcome.UNPROCESSABLE},
    ],
)
def test_a_claim_that_was_returned_undecided_is_refused(changes: dict[str, object]) -> None:
    assert standing_of(replace(SENT, **changes)) is Standing.REJECTED  # type: ignore[arg-type]  # a test's shorthand


@given(known, st.sampled_from([o for o in Outcome if o is not Outcome.AWAITED]))
def test_what_a_payer_decided_outweighs_whatever_else_is_said(
    known: ClaimKnown, outcome: Outcome
) -> None:
    decided = standing_of(replace(known, outcome=outcome))

    is_returned = outcome is Outcome.UNPROCESSABLE
    assert decided is (Standing.REJECTED if is_returned else Standing.ADJUDICATED)


@given(known)
def test_what_is_not_known_to_have_arrived_or_been_refused_holds_a_second_claim_back(
    known: ClaimKnown,
) -> None:
    found = standing_of(known)

    if found in {Standing.PLANNED, Standing.UNCERTAIN}:
        chain = Chain((ClaimRevision(identifier="c1", revision=1, standing=found),))
        assert not any(isinstance(one, NextRevision) for one in what_follows(chain).values())


@pytest.mark.parametrize(
    "told",
    [
        {"prior_outcome": Outcome.REVERSED},
        {"said": frozenset({ClaimSaid.VOID_TAKEN})},
    ],
)
def test_a_void_is_answered_by_the_reversal_of_what_it_takes_back_or_by_a_persons_word(
    told: dict[str, object],
) -> None:
    void = replace(SENT, frequency=Frequency.VOID)
    assert standing_of(void) is Standing.SENT

    assert standing_of(replace(void, **told)) is Standing.ADJUDICATED  # type: ignore[arg-type]  # a test's shorthand
    assert standing_of(replace(SENT, **told)) is Standing.SENT  # type: ignore[arg-type]  # a test's shorthand


def said(*revisions: ClaimRevision) -> set[ClaimSaid]:
    """Return what may be said of a chain."""
    follows = what_follows(Chain(revisions))
    return {said for said, what in follows.items() if not isinstance(what, tuple)}


def test_what_may_be_said_follows_from_how_far_the_newest_claim_came() -> None:
    first = ClaimRevision(identifier="c1", revision=1, standing=Standing.SENT)
    void = ClaimRevision(
        identifier="c2",
        revision=2,
        standing=Standing.SENT,
        frequency=Frequency.VOID,
        prior="c1",
    )

    assert said(first) == {ClaimSaid.REPLACE, ClaimSaid.VOID, ClaimSaid.REFUSED}
    assert said(replace(first, standing=Standing.REJECTED)) == {ClaimSaid.NEW}
    decided = replace(first, standing=Standing.ADJUDICATED)
    assert said(decided) == {ClaimSaid.REPLACE, ClaimSaid.VOID}
    assert said(first, void) == {ClaimSaid.REFUSED, ClaimSaid.VOID_TAKEN}
    assert said(first, replace(void, standing=Standing.ADJUDICATED)) == {ClaimSaid.NEW}
    assert said() == {ClaimSaid.NEW}


def answer(paid: str = "51.84", **changes: object) -> AnsweredClaim:
    fields: dict[str, object] = {
        "claim_number": "",
        "status": AnswerStatus.PROCESSED,
        "status_code": "1",
        "charge_usd": Decimal(95),
        "paid_usd": Decimal(paid),
        "adjustments": (
            Adjustment(group="CO", reason="45", amount_usd=Decimal(95) - Decimal(paid)),
        ),
    }
    return AnsweredClaim(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def test_a_remittance_and_the_ehr_that_tell_one_payment_are_never_added_up() -> None:
    told, shown = answer("51.84"), answer("52.00")

    assert answers_that_count((told,), {"ExplanationOfBenefit/1": shown}) == (told,)
    assert answers_that_count((), {"ClaimResponse/1": told, "ExplanationOfBenefit/1": shown}) == (
        shown,
    )
    assert answers_that_count((), {"ClaimResponse/1": told}) == (told,)
    assert answers_that_count((), {}) == ()


def test_two_resources_that_say_the_same_count_once_and_others_each() -> None:
    one, other = answer("51.84"), answer("0")
    shown = {"ExplanationOfBenefit/1": one, "ExplanationOfBenefit/2": one}

    assert answers_that_count((), shown) == (one,)
    assert answers_that_count((), shown | {"ExplanationOfBenefit/3": other}) == (one, other)
