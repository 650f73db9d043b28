"""Chains of claims: what may follow what, and that never two of them are live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    Chain,
    ClaimRevision,
    Correction,
    Frequency,
    NextRevision,
    Obstacle,
    RelatedClaim,
    Standing,
)
from ccm_fhir.errors import InputError

SETTLED = (Standing.REJECTED, Standing.SENT, Standing.ADJUDICATED)


def revision(number: int, standing: Standing, **changes: object) -> ClaimRevision:
    fields: dict[str, object] = {
        "identifier": f"c{number}",
        "revision": number,
        "standing": standing,
    }
    return ClaimRevision(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def code_of(answer: NextRevision | tuple[Obstacle, ...]) -> str:
    assert isinstance(answer, tuple)
    (obstacle,) = answer
    return obstacle.code


def test_the_first_claim_of_a_month_is_new() -> None:
    assert Chain().next() == NextRevision(revision=1, frequency=Frequency.ORIGINAL, related=None)


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing.PLANNED, "earlier_claim_not_sent"),
        (Standing.UNCERTAIN, "earlier_claim_uncertain"),
    ],
)
@pytest.mark.parametrize("correction", [None, *Correction])
def test_nothing_follows_a_claim_that_is_not_settled(
    standing: Standing, code: str, correction: Correction | None
) -> None:
    assert code_of(Chain((revision(1, standing),)).next(correction)) == code


def test_after_an_unprocessable_claim_comes_a_new_one_and_no_replacement() -> None:
    chain = Chain((revision(1, Standing.REJECTED, payer_control_number="P1"),))

    assert chain.live == ()
    assert chain.next() == NextRevision(revision=2, frequency=Frequency.ORIGINAL, related=None)
    assert code_of(chain.next(Correction.REPLACE)) == "nothing_to_correct"


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing.SENT, "claim_live"),
        (Standing.ADJUDICATED, "correction_needs_a_person"),
    ],
)
def test_a_claim_that_was_taken_is_corrected_by_a_persons_decision_alone(
    standing: Standing, code: str
) -> None:
    assert code_of(Chain((revision(1, standing),)).next()) == code


@pytest.mark.parametrize(
    ("correction", "frequency"),
    [(Correction.REPLACE, Frequency.REPLACEMENT), (Correction.VOID, Frequency.VOID)],
)
def test_a_correction_names_the_claim_that_stands(
    correction: Correction, frequency: Frequency
) -> None:
    taken = revision(1, Standing.ADJUDICATED, claim_ref="Claim/9", payer_control_number="P1")

    assert Chain((taken,)).next(correction) == NextRevision(
        revision=2,
        frequency=frequency,
        related=RelatedClaim(identifier="c1", claim_ref="Claim/9", payer_control_number="P1"),
    )


def test_after_a_refused_replacement_the_first_claim_stands_still() -> None:
    first = revision(1, Standing.ADJUDICATED)
    refused = revision(2, Standing.REJECTED, prior="c1", frequency=Frequency.REPLACEMENT)
    chain = Chain((first, refused))

    assert chain.live == (first,)
    again = chain.next(Correction.REPLACE)
    assert isinstance(again, NextRevision)
    assert again.revision == 3
    assert again.related is not None
    assert again.related.identifier == "c1"


def test_after_a_void_comes_a_new_claim_once_the_payer_has_answered() -> None:
    first = revision(1, Standing.ADJUDICATED)
    sent = revision(2, Standing.SENT, prior="c1", frequency=Frequency.VOID)
    answered = revision(2, Standing.ADJUDICATED, prior="c1", frequency=Frequency.VOID)

    assert Chain((first, sent)).live == ()
    assert code_of(Chain((first, sent)).next()) == "void_not_answered"
    assert Chain((first, answered)).next() == NextRevision(
        revision=3, frequency=Frequency.ORIGINAL, related=None
    )


@pytest.mark.parametrize(
    "revisions",
    [
        (revision(2, Standing.SENT),),
        (revision(1, Standing.REJECTED), revision(2, Standing.SENT, identifier="c1")),
        (revision(1, Standing.SENT), revision(2, Standing.SENT)),
        (revision(1, Standing.SENT), revision(2, Standing.SENT, prior="c9")),
        (
            revision(1, Standing.SENT),
            revision(2, Standing.SENT, prior="c1"),
            revision(3, Standing.SENT, prior="c1"),
        ),
    ],
)
def test_a_chain_that_would_bill_twice_is_refused(revisions: tuple[ClaimRevision, ...]) -> None:
    with pytest.raises(InputError):
        Chain(revisions)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, *Correction]),
            st.sampled_from(Standing),
            st.sampled_from(SETTLED),
        ),
        max_size=12,
    )
)
def test_whatever_people_and_payers_do_at_most_one_claim_stands(
    steps: list[tuple[Correction | None, Standing, Standing]],
) -> None:
    chain = Chain()
    for correction, comes_to, settles_as in steps:
        asked = chain.next(correction)
        if isinstance(asked, NextRevision):
            prior = asked.related.identifier if asked.related else ""
            added = revision(asked.revision, comes_to, prior=prior, frequency=asked.frequency)
            chain = Chain((*chain.revisions, added))
            assert (asked.frequency is Frequency.ORIGINAL) == (asked.related is None)
        elif chain.revisions:
            *before, last = chain.revisions
            if last.standing in {Standing.PLANNED, Standing.UNCERTAIN}:
                settled = revision(
                    last.revision, settles_as, prior=last.prior, frequency=last.frequency
                )
                chain = Chain((*before, settled))
        assert len(chain.live) <= 1
