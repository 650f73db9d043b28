"""Money back: every answer in exactly one list, nothing twice, and what a claim came to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import claim_number, line_number
from ccm_fhir.domain.remittance import (
    UNPROCESSABLE,
    Adjustment,
    AnsweredClaim,
    AnsweredLine,
    AnswerStatus,
    BilledClaim,
    BilledLine,
    Incoming,
    MatchedBy,
    Matching,
    Outcome,
    Remittance,
    WhyNot,
    group_in_words,
    incoming_of,
    key_of,
    match,
    reason_in_words,
    remark_in_words,
    settle,
)

OURS = frozenset({"1999999018"})
D = Decimal


def billed(name: str = "a", **changes: object) -> BilledClaim:
    made = BilledClaim(
        identifier=name,
        claim_number=claim_number(name),
        lines=(
            BilledLine(code="99490", units=1, charge_usd=D(90)),
            BilledLine(code="99439", units=2, charge_usd=D(141)),
        ),
        claim_ref=f"Claim/{name}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def answered_line(
    code: str, charge: str, allowed: str, units: int = 1, **changes: object
) -> AnsweredLine:
    """Return a line of which Medicare allowed an amount, and paid 80 %, less sequestration."""
    share = (D(allowed) * D("0.8")).quantize(D("0.01"))
    held = (share * D("0.02")).quantize(D("0.01"))
    made = AnsweredLine(
        code=code,
        charge_usd=D(charge),
        paid_usd=share - held,
        units_paid=D(units),
        adjustments=(
            Adjustment(group="CO", reason="45", amount_usd=D(charge) - D(allowed)),
            Adjustment(group="CO", reason="253", amount_usd=held),
            Adjustment(group="PR", reason="2", amount_usd=D(allowed) - share),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def denied_line(code: str, charge: str, reason: str = "B20") -> AnsweredLine:
    return AnsweredLine(
        code=code,
        charge_usd=D(charge),
        paid_usd=D(0),
        units_paid=D(0),
        adjustments=(Adjustment(group="CO", reason=reason, amount_usd=D(charge)),),
    )


PAID = (answered_line("99490", "90", "66.13"), answered_line("99439", "141", "100.88", 2))


def answer(*lines: AnsweredLine, name: str = "a", **changes: object) -> AnsweredClaim:
    lines = lines or PAID
    made = AnsweredClaim(
        claim_number=claim_number(name),
        status=AnswerStatus.PROCESSED,
        status_code="1",
        charge_usd=sum((line.charge_usd for line in lines), D(0)),
        paid_usd=sum((line.paid_usd for line in lines), D(0)),
        lines=lines,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def reversal(of: AnsweredClaim) -> AnsweredClaim:
    return replace(
        of,
        status=AnswerStatus.REVERSED,
        status_code="22",
        charge_usd=-of.charge_usd,
        paid_usd=-of.paid_usd,
        lines=tuple(
            replace(
                line,
                charge_usd=-line.charge_usd,
                paid_usd=-line.paid_usd,
                adjustments=tuple(replace(a, amount_usd=-a.amount_usd) for a in line.adjustments),
            )
            for line in of.lines
        ),
    )


def payment(*claims: AnsweredClaim, trace: str = "T1", npi: str = "1999999018") -> Remittance:
    return Remittance(
        payer="P",
        trace=trace,
        payee_npi=npi,
        paid_on=None,
        total_usd=sum((claim.paid_usd for claim in claims), D(0)),
        claims=claims,
    )


def matched(*claims: AnsweredClaim, npi: str = "1999999018") -> Matching:
    incoming = incoming_of([payment(*claims, npi=npi)], "hash")
    return match(incoming, [billed(), billed("b")], seen=frozenset(), our_npis=OURS)


def why(one: AnsweredClaim, npi: str = "1999999018") -> WhyNot:
    (unmatched,) = matched(one, npi=npi).unmatched
    return unmatched.why


# --- matching -----------------------------------------------------------------------------------


def test_an_answer_is_matched_by_our_number() -> None:
    (found,) = matched(answer()).matched

    assert (found.identifier, found.by) == ("a", MatchedBy.CLAIM_NUMBER)


def test_an_answer_whose_number_was_lost_is_matched_by_its_lines() -> None:
    lines = tuple(
        replace(line, line_number=line_number("b", place))
        for place, line in enumerate(PAID, start=1)
    )
    (found,) = matched(answer(*lines, claim_number="")).matched

    assert (found.identifier, found.by) == ("b", MatchedBy.LINE_NUMBER)


def test_an_answer_is_matched_by_the_payers_number_where_it_is_known() -> None:
    ours = [billed(payer_control_number="ICN1"), billed("b")]
    incoming = incoming_of([payment(answer(claim_number="0", payer_control_number="ICN1"))], "h")
    (found,) = match(incoming, ours, seen=frozenset(), our_npis=OURS).matched

    assert (found.identifier, found.by) == ("a", MatchedBy.PAYER_CONTROL_NUMBER)


@pytest.mark.parametrize("names", [{"claim_ref": "Claim/b"}, {"identifiers": ("https://ours|b",)}])
def test_an_answer_in_the_ehr_is_matched_by_the_claim_it_names(names: dict[str, object]) -> None:
    named = replace(answer(claim_number=""), **names)  # type: ignore[arg-type]  # one of two
    (found,) = matched(named).matched

    assert (found.identifier, found.by) == ("b", MatchedBy.RESOURCE)


def test_a_number_that_is_not_ours_is_listed() -> None:
    assert why(answer(claim_number="VISIT-7")) is WhyNot.UNKNOWN_NUMBER
    assert why(answer(claim_number="")) is WhyNot.UNKNOWN_NUMBER


def test_names_that_lead_to_two_claims_are_a_persons_to_settle() -> None:
    lines = (replace(PAID[0], line_number=line_number("b", 1)), PAID[1])

    assert why(answer(*lines)) is WhyNot.SEVERAL_CLAIMS


@pytest.mark.parametrize(
    "one",
    [
        answer(answered_line("99214", "231", "66.13")),
        answer(answered_line("99490", "300", "66.13")),
        answer(lines=(), charge_usd=D(90)),
    ],
)
def test_a_number_of_ours_on_other_codes_or_charges_is_not_believed(one: AnsweredClaim) -> None:
    assert why(one) is WhyNot.OTHER_FIGURES


def test_a_part_that_the_payer_split_off_is_matched() -> None:
    assert len(matched(answer(PAID[0]), answer(PAID[1])).matched) == 2


def test_an_answer_for_somebody_elses_claim_is_listed_as_such() -> None:
    found = matched(answer(claim_number="X"), npi="1245319599")

    assert len(found.elsewhere) == 1
    assert found.unmatched == ()


def test_our_claim_paid_to_somebody_else_is_a_persons_to_look_at() -> None:
    assert why(answer(), npi="1245319599") is WhyNot.OTHER_PAYEE


def test_a_payment_read_again_is_matched_to_nothing() -> None:
    first = matched(answer())
    keys = frozenset(one.incoming.key for one in first.matched)
    again = incoming_of([payment(answer())], "another file's hash")

    found = match(again, [billed()], seen=keys, our_npis=OURS)

    assert found.matched == ()
    assert len(found.repeated) == 1


def test_a_payment_without_a_trace_is_known_by_its_file() -> None:
    (once,) = incoming_of([payment(answer(), trace="")], "one")
    (again,) = incoming_of([payment(answer(), trace="")], "one")
    (other,) = incoming_of([payment(answer(), trace="")], "two")

    assert once.key == again.key != other.key


def test_two_equal_answers_in_one_payment_are_two() -> None:
    assert len(matched(answer(PAID[0]), answer(PAID[0])).matched) == 2


def test_no_number_of_a_claim_is_in_a_message() -> None:
    found = matched(answer(payer_control_number="CANARY"))

    assert "CANARY" not in repr(found)
    assert claim_number("a") not in repr(found)


NUMBERS = st.sampled_from(["a", "b", "c", ""])
ANSWERS = st.builds(
    lambda name, lines, is_taken_back: (
        reversal(answer(*lines, name=name)) if is_taken_back else answer(*lines, name=name)
    ),
    NUMBERS,
    st.sampled_from([PAID, PAID[:1], (denied_line("99490", "90"),)]),
    st.booleans(),
)


@given(
    st.lists(
        st.tuples(st.lists(ANSWERS, max_size=4), st.sampled_from(["T1", "T2", ""]), st.booleans()),
        max_size=4,
    )
)
def test_every_answer_is_in_one_list_and_a_second_reading_adds_nothing(
    files: list[tuple[list[AnsweredClaim], str, bool]],
) -> None:
    ours = [billed(), billed("b")]
    seen = frozenset[object]()
    settled: list[Incoming] = []
    for claims, trace, is_ours in files:
        npi = "1999999018" if is_ours else "1245319599"
        incoming = incoming_of([payment(*claims, trace=trace, npi=npi)], str(claims))
        found = match(incoming, ours, seen=seen, our_npis=OURS)  # type: ignore[arg-type]
        lists = (
            [one.incoming for one in found.matched],
            list(found.repeated),
            [one.incoming for one in found.unmatched],
            list(found.elsewhere),
        )
        assert sorted(map(repr, incoming)) == sorted(repr(one) for each in lists for one in each)
        assert sum(one.answer.paid_usd for each in lists for one in each) == sum(
            claim.paid_usd for claim in claims
        )
        settled += lists[0]
        seen |= {one.key for one in lists[0]}
        again = match(incoming, ours, seen=seen, our_npis=OURS)  # type: ignore[arg-type]
        assert again.matched == ()
    assert len({one.key for one in settled}) == len(settled)


# --- settling -----------------------------------------------------------------------------------


def outcome(*answers: AnsweredClaim, claim: BilledClaim | None = None) -> Outcome:
    return settle(claim or billed(), answers).outcome


def test_a_claim_that_nobody_has_answered_is_awaited() -> None:
    assert outcome() is Outcome.AWAITED
    assert outcome(answer(status=AnswerStatus.PENDING)) is Outcome.AWAITED


def test_a_paid_claim_tells_what_was_paid_and_what_the_patient_owes() -> None:
    found = settle(billed(expected_usd=D("167.01")), [answer()])

    assert found.outcome is Outcome.PAID
    assert found.allowed_usd == D("167.01")
    assert found.coinsurance_usd == D("33.41")
    assert found.paid_usd == D("130.93")
    assert found.short_usd == 0
    assert found.reasons == ("CO-45", "CO-253", "PR-2")


def test_a_deductible_takes_the_payment_and_is_no_denial() -> None:
    line = AnsweredLine(
        code="99490",
        charge_usd=D(90),
        paid_usd=D(0),
        adjustments=(
            Adjustment(group="PR", reason="1", amount_usd=D("66.13")),
            Adjustment(group="CO", reason="45", amount_usd=D("23.87")),
        ),
    )
    one = billed(lines=(BilledLine(code="99490", units=1, charge_usd=D(90)),))
    found = settle(one, [answer(line)])

    assert (found.outcome, found.deductible_usd) == (Outcome.PAID, D("66.13"))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((PAID[0], denied_line("99439", "141")), None),
        ((PAID[0], replace(PAID[1], units_paid=D(1))), None),
        (PAID, D("167.02")),
    ],
)
def test_less_than_was_billed_or_expected_is_short(
    lines: tuple[AnsweredLine, ...], expected: Decimal | None
) -> None:
    assert outcome(answer(*lines), claim=billed(expected_usd=expected)) is Outcome.SHORT


def test_a_denied_claim_and_one_that_was_never_processed_are_told_apart() -> None:
    denied = answer(denied_line("99490", "90"), denied_line("99439", "141", "97"))

    assert outcome(denied) is Outcome.DENIED
    assert settle(billed(), [denied]).reasons == ("CO-B20", "CO-97")
    assert outcome(replace(denied, remarks=(UNPROCESSABLE,))) is Outcome.UNPROCESSABLE


def test_a_part_of_the_charge_that_only_the_patient_bears_is_a_denial() -> None:
    line = replace(
        denied_line("99490", "90"),
        adjustments=(Adjustment(group="PR", reason="204", amount_usd=D(90)),),
    )

    assert outcome(answer(line, denied_line("99439", "141"))) is Outcome.DENIED


def test_a_reversal_leaves_nothing_and_its_correction_stands() -> None:
    paid = answer()
    denied = answer(denied_line("99490", "90"), denied_line("99439", "141"))

    assert outcome(paid, reversal(paid)) is Outcome.REVERSED
    found = settle(billed(), [paid, reversal(paid), denied])
    assert (found.outcome, found.paid_usd) == (Outcome.DENIED, D(0))
    assert found.reasons == ("CO-B20",)


@pytest.mark.parametrize(
    "answers",
    [
        (reversal(answer()),),
        (answer(paid_usd=D(1)),),
        (answer(status=AnswerStatus.UNKNOWN, status_code="99"),),
    ],
)
def test_what_does_not_add_up_is_unclear(answers: tuple[AnsweredClaim, ...]) -> None:
    assert outcome(*answers) is Outcome.UNCLEAR


def test_two_parts_that_the_payer_split_are_one_payment() -> None:
    assert outcome(answer(PAID[0]), answer(PAID[1])) is Outcome.PAID


@given(
    st.lists(ANSWERS, max_size=5).flatmap(
        lambda some: st.tuples(st.just(some), st.permutations(some))
    )
)
def test_the_order_of_answers_changes_nothing(
    both: tuple[list[AnsweredClaim], list[AnsweredClaim]],
) -> None:
    some, shuffled = both

    found = settle(billed(), some)
    assert found == settle(billed(), shuffled)
    assert found.paid_usd == sum(one.paid_usd for one in some)
    assert found.short_usd >= 0


def test_an_answers_key_holds_its_figures() -> None:
    assert key_of(answer(), "s") != key_of(answer(paid_usd=D(1)), "s")


@pytest.mark.parametrize(
    ("code", "words"),
    [("2", "coinsurance"), ("B9", "the patient is in hospice"), ("ZZ9", "ZZ9"), ("", "")],
)
def test_a_reason_is_told_in_words_and_an_unlisted_one_as_it_is(code: str, words: str) -> None:
    assert reason_in_words(code) == words


@pytest.mark.parametrize(
    ("code", "words"), [("MA07", "passed on to Medicaid"), ("N999", "N999"), ("", "")]
)
def test_a_remark_is_told_in_words_and_an_unlisted_one_as_it_is(code: str, words: str) -> None:
    assert remark_in_words(code) == words


@pytest.mark.parametrize(
    ("group", "words"), [("PI", "the payer's own decision"), ("XX", "XX"), ("", "")]
)
def test_who_bears_a_sum_is_told_in_words_and_an_unlisted_group_as_it_is(
    group: str, words: str
) -> None:
    assert group_in_words(group) == words


@given(st.permutations(["97", "B20", "B9"]))
def test_reasons_of_answers_that_say_the_same_otherwise_stand_in_one_order(
    order: list[str],
) -> None:
    denials = [answer(denied_line("99490", "90", reason)) for reason in order]

    assert settle(billed(), denials).reasons == ("CO-97", "CO-B20", "CO-B9")
