"""Payers' files: read whole by whatever delimiters, or refused with the segment's number."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
import pyx12.params
import pyx12.x12n_document
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.remittance import (
    UNPROCESSABLE,
    Adjustment,
    AnswerStatus,
    ProviderAdjustment,
    group_in_words,
    reason_in_words,
    remark_in_words,
)
from ccm_fhir.errors import X12FileError
from ccm_fhir.x12.acknowledgement import read_acknowledgements
from ccm_fhir.x12.claim_status import StatusCode, Taken, read_claim_statuses
from ccm_fhir.x12.remittance import read_remittances
from ccm_fhir.x12.segments import read_sets
from tests.x12.answers import Paid, interchange, payment, remittance_text, status_text
from tests.x12.filings import filing, generated, text_of
from tests.x12.test_professional import objections

ONE = remittance_text(Paid(number="N1"))
DENIED = Paid(
    number="N2",
    status="4",
    paid="0",
    patient="0",
    lines=("SVC*HC:99490*90*0**0", "DTM*472*20261110", "CAS*CO*B20*90", "LQ*HE*M86"),
)


# --- 835 ----------------------------------------------------------------------------------------


def test_the_files_of_these_tests_are_valid_to_somebody_else() -> None:
    taken = ("PLB*1999999018*20261231*WO:123*-5.5",)

    assert objections(remittance_text(Paid(number="N1"), DENIED, total="57.34", plb=taken)) == []
    assert objections(status_text(("N1", "A2:20:PR"), ("N2", "A7:562:85"))) == []


def test_a_payment_is_read_with_its_claims_lines_and_reasons() -> None:
    (read,) = read_remittances(ONE)

    assert (read.trace, read.payer, read.payee_npi) == ("8800001", "1999999999", "1999999018")
    assert (read.paid_on, read.total_usd) == (date(2026, 12, 20), Decimal("51.84"))
    (claim,) = read.claims
    assert (claim.claim_number, claim.status, claim.status_code) == (
        "N1",
        AnswerStatus.PROCESSED,
        "1",
    )
    assert (claim.charge_usd, claim.paid_usd, claim.patient_usd) == (
        Decimal(90),
        Decimal("51.84"),
        Decimal("13.22"),
    )
    assert claim.payer_control_number == "1126329000123"
    assert claim.remarks == ("MA01",)
    assert claim.is_balanced
    (line,) = claim.lines
    assert (line.code, line.units_paid, line.line_number) == ("99490", Decimal(1), "LINE1")
    assert (line.serviced_on, line.allowed_usd) == (date(2026, 11, 10), Decimal("66.12"))
    assert line.adjustments == (
        Adjustment(group="CO", reason="45", amount_usd=Decimal("23.88")),
        Adjustment(group="CO", reason="253", amount_usd=Decimal("1.06")),
        Adjustment(group="PR", reason="2", amount_usd=Decimal("13.22")),
    )
    assert claim.allowed_usd == Decimal("66.12")


def test_a_denial_says_why() -> None:
    (read,) = read_remittances(remittance_text(DENIED))
    (claim,) = read.claims

    assert claim.status is AnswerStatus.DENIED
    assert [a.reason for a in claim.all_adjustments] == ["B20"]
    assert claim.all_remarks == ("MA01", "M86")


def test_a_claim_may_be_decided_without_its_lines() -> None:
    whole = Paid(number="N3", lines=(), adjustments=("CAS*CO*45*24.94", "CAS*PR*2*13.22"))
    ((claim,),) = [each.claims for each in read_remittances(remittance_text(whole))]

    assert claim.lines == ()
    assert claim.is_balanced


def test_adjustments_of_a_claim_come_off_what_its_lines_were_paid() -> None:
    both = Paid(
        number="N3",
        paid="50",
        adjustments=("CAS*OA*23*1.84",),
        lines=("SVC*HC:99490*90*51.84", "CAS*CO*45*38.16"),
    )
    ((claim,),) = [each.claims for each in read_remittances(remittance_text(both))]

    assert claim.is_balanced
    assert claim.lines[0].units_paid == Decimal(1)


def test_a_code_that_the_payer_changed_keeps_the_one_that_was_submitted() -> None:
    changed = Paid(number="N", lines=("SVC*HC:99490*90*51.84**1*HC:99491", "CAS*CO*45*38.16"))
    ((claim,),) = [each.claims for each in read_remittances(remittance_text(changed))]

    assert claim.lines[0].code == "99491"


def test_a_claim_that_does_not_add_up_says_so_and_is_kept() -> None:
    wrong = Paid(number="N", lines=("SVC*HC:99490*90*51.84", "CAS*CO*45*10"))
    ((claim,),) = [each.claims for each in read_remittances(remittance_text(wrong))]

    assert not claim.is_balanced


def test_a_reversal_and_its_correction_are_two_answers() -> None:
    reversal = Paid(
        number="N1",
        status="22",
        charge="-90",
        paid="-51.84",
        patient="0",
        lines=("SVC*HC:99490*-90*-51.84", "CAS*CO*45*-38.16"),
    )
    denied = Paid(
        **{name: getattr(DENIED, name) for name in ("status", "paid", "lines")}, number="N1"
    )
    text = remittance_text(
        reversal, denied, total="0", plb=("PLB*1999999018*20261231*FB:X*-51.84",)
    )

    (read,) = read_remittances(text)

    assert [c.status for c in read.claims] == [AnswerStatus.REVERSED, AnswerStatus.DENIED]
    assert all(claim.is_balanced for claim in read.claims)
    assert read.provider_adjustments == (
        ProviderAdjustment(reason="FB", reference="X", amount_usd=Decimal("-51.84")),
    )


def test_several_adjustments_of_a_payment_stand_in_one_segment() -> None:
    plb = ("PLB*1999999018*20261231*WO:A*1.5*72*2*L6:B*-0.5",)

    (read,) = read_remittances(remittance_text(Paid(number="N1"), total="48.84", plb=plb))

    assert [(one.reason, one.amount_usd) for one in read.provider_adjustments] == [
        ("WO", Decimal("1.5")),
        ("72", Decimal(2)),
        ("L6", Decimal("-0.5")),
    ]


def test_a_file_may_hold_several_payments() -> None:
    text = interchange(
        "835", payment(Paid(number="N1")), payment(Paid(number="N2"), trace="8800002")
    )

    assert [(each.trace, len(each.claims)) for each in read_remittances(text)] == [
        ("8800001", 1),
        ("8800002", 1),
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("2", AnswerStatus.PROCESSED),
        ("19", AnswerStatus.PROCESSED),
        ("23", AnswerStatus.FORWARDED),
        ("25", AnswerStatus.PENDING),
        ("99", AnswerStatus.UNKNOWN),
    ],
)
def test_a_status_is_known_or_unknown(code: str, status: AnswerStatus) -> None:
    ((claim,),) = [
        each.claims for each in read_remittances(remittance_text(Paid(number="N", status=code)))
    ]

    assert (claim.status, claim.status_code) == (status, code)


def test_a_payment_that_does_not_add_up_refuses_the_file_with_its_figures() -> None:
    plb = ("PLB*1999999018*20261231*WO:A*1.5",)

    with pytest.raises(X12FileError) as refused:
        read_remittances(remittance_text(Paid(number="N1"), total="60", plb=plb))

    assert "BPR says 60, its claims come to 51.84" in str(refused.value)
    assert "take 1.5, which leaves 50.34" in str(refused.value)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("*51.84**1", "*fifty**1", r"\(SVC\).*element 3 is no amount"),
        ("*51.84**1", "*-**1", r"\(SVC\).*element 3 is no amount"),
        ("DTM*472*20261110", "DTM*472*20261340", r"\(DTM\).*element 2 is no date"),
        ("CLP*N1*1", "CLP*N1*", r"\(CLP\).*no status"),
        ("SVC*HC:99490", "SVC*99490", r"\(SVC\).*names no code"),
        ("BPR*I", "BPX*I", "no BPR"),
        ("LX*1~", "LX*1~CAS*CO*45*1~", "."),
        ("ST*835", "ST*837", "no remittance"),
    ],
)
def test_what_cannot_be_read_is_refused_by_segment_and_element(
    right: str, wrong: str, says: str
) -> None:
    with pytest.raises(X12FileError, match=says) as refused:
        read_remittances(ONE.replace(right, wrong, 1))

    assert "CANARY" not in str(refused.value)
    assert "fifty" not in str(refused.value)


def test_no_patient_is_in_what_is_kept_of_a_payment() -> None:
    (read,) = read_remittances(ONE)

    assert "CANARY" not in repr(read)
    assert "1EG4" not in repr(read)


# --- delimiters and cut-off files ---------------------------------------------------------------


@given(
    st.sampled_from("*|\x1d!"),
    st.sampled_from(":>\x1f"),
    st.sampled_from(["~", "~\n", "~\r\n", "\n", "\r\n", "\x1c", "'"]),
    st.booleans(),
)
def test_delimiters_are_those_of_the_isa(
    element: str,
    component: str,
    terminator: str,
    is_trimmed: bool,  # noqa: FBT001
) -> None:
    table = {"*": element, ":": component, "~": terminator}
    text = "".join(table.get(character, character) for character in ONE)
    if is_trimmed:
        text = text.replace("HOUSE          ", "HOUSE").replace("EXAMPLE        ", "EXAMPLE")

    assert read_remittances(text) == read_remittances(ONE)


@given(st.integers(60, 120), st.sampled_from(["\n", "\r\n"]))
def test_lines_wrapped_anywhere_are_unwrapped(width: int, wrap: str) -> None:
    head, rest = ONE[:106], ONE[106:]
    wrapped = wrap.join(rest[at : at + width] for at in range(0, len(rest), width))

    assert read_remittances(head + wrap + wrapped) == read_remittances(ONE)


@given(st.integers(0, len(ONE) - 2))
def test_a_file_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(X12FileError):
        read_remittances(ONE[:length])


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_file_with_a_segment_left_out_or_doubled_is_refused_or_reads_whole(
    out: int, twice: int
) -> None:
    segments = ONE.split("~")[:-1]
    without = segments[: out % len(segments)] + segments[out % len(segments) + 1 :]
    doubled = [
        *segments[: twice % len(segments)],
        *segments[twice % len(segments) :][:1],
        *segments[twice % len(segments) :],
    ]

    for changed in (without, doubled):
        with pytest.raises(X12FileError):
            read_remittances("".join(segment + "~" for segment in changed))


def test_a_cut_off_file_names_the_segment_at_which_it_ends() -> None:
    segments = ONE.split("~")
    cut = "~".join(segments[:12]) + "~" + segments[12][:5]

    with pytest.raises(X12FileError, match=r"segment 13 \(") as refused:
        read_remittances(cut)

    assert refused.value.segment == 13


@pytest.mark.parametrize(
    "text", ["", "  \n", "ISA", "hello", "ISA*00*", "%PDF-1.7", "ISA" + "*" * 40]
)
def test_what_is_no_x12_is_refused(text: str) -> None:
    with pytest.raises(X12FileError):
        read_remittances(text)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("SE*2", "SE*3"),
        ("GE*1*1", "GE*2*1"),
        ("GE*1*1", "GE*1*7"),
        ("IEA*1*000000901", "IEA*1*000000902"),
        ("IEA*1*", "IEA*x*"),
    ],
)
def test_an_envelope_that_closes_wrongly_is_refused(right: str, wrong: str) -> None:
    assert right in ONE
    with pytest.raises(X12FileError):
        read_remittances(ONE.replace(right, wrong))


def test_an_answer_to_the_interchange_itself_is_passed_over() -> None:
    with_answer = ONE.replace("~GS*", "~TA1*000000017*261201*0930*A*000~GS*", 1)

    assert read_sets(with_answer)[0].control == "0001"
    assert len(read_remittances(with_answer)) == 1


def test_delimiters_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(X12FileError, match="told apart"):
        read_sets(ONE.replace("*P*:~", "*P***", 1))


def test_interchanges_may_follow_one_another_with_their_own_delimiters() -> None:
    second = remittance_text(Paid(number="N2"), trace="2").replace("*", "|").replace("~", "~\n")

    assert [each.trace for each in read_remittances(ONE + "\n" + second)] == ["8800001", "2"]


@given(st.text(max_size=400))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with suppress(X12FileError):
        read_sets("ISA" + text)


# --- 999 ----------------------------------------------------------------------------------------


def acknowledged(text: str) -> str:
    """Return the 999 that pyx12 gives to a file of ours."""
    answer = io.StringIO()
    pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(), src_file=io.StringIO(text), fd_997=answer, fd_html=None
    )
    return answer.getvalue()


def test_an_accepted_file_is_acknowledged_by_group_and_set() -> None:
    (group,) = read_acknowledgements(acknowledged(text_of(filing(*generated(3)))))

    assert (group.control, group.is_accepted, group.code) == ("5", True, "A")
    assert (group.received_sets, group.accepted_sets) == (1, 1)
    assert [(one.control, one.is_accepted, one.errors) for one in group.sets] == [
        ("000000001", True, ())
    ]


def test_a_refused_file_says_in_which_segment_and_element() -> None:
    broken = text_of(filing()).replace("*UN*1", "*XX*1", 1)
    (group,) = read_acknowledgements(acknowledged(broken))

    assert not group.is_accepted
    (answer,) = group.sets
    assert not answer.is_accepted
    assert ("SV1", "3") in [(error.segment, error.element) for error in answer.errors]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("ST*999", "ST*997"), ("AK9*A*1*1", "AK9*A*1*x"), ("AK1*", "AKX*"), ("AK2*837*", "AKX*837*")],
)
def test_an_acknowledgement_that_is_none_is_refused(right: str, wrong: str) -> None:
    text = acknowledged(text_of(filing()))

    assert right in text
    with pytest.raises(X12FileError):
        read_acknowledgements(text.replace(right, wrong, 1))


# --- 277CA --------------------------------------------------------------------------------------


def test_claims_are_taken_or_refused_one_by_one() -> None:
    answers = read_claim_statuses(
        status_text(("N1", "A2:20:PR"), ("N2", "A7:562:85"), ("N3", "A3:21"), ("N4", "D0:1"))
    )
    claims = {one.trace: one for one in answers if one.level == "claim"}

    assert {number: one.taken for number, one in claims.items()} == {
        "N1": Taken.TAKEN,
        "N2": Taken.REFUSED,
        "N3": Taken.REFUSED,
        "N4": Taken.UNKNOWN,
    }
    assert claims["N1"].payer_control_number == "1126329000123"
    assert claims["N1"].amount_usd == Decimal(90)
    assert claims["N2"].codes == (StatusCode(category="A7", status="562", entity="85"),)
    assert "CANARY" not in repr(answers)


def test_a_whole_file_may_be_refused_above_its_claims() -> None:
    answers = read_claim_statuses(status_text(receiver="A8:746:40"))

    assert [(one.level, one.trace, one.taken) for one in answers] == [
        ("receiver", "000000001", Taken.REFUSED),
        ("provider", "0", Taken.TAKEN),
    ]


def test_two_claims_of_one_patient_are_two_answers() -> None:
    text = status_text(("N1", "A2:20:PR"))
    extra = "TRN*2*N2~STC*A7:562:85*20261202*U*90~"
    text = text.replace("DTP*472*D8*20261110~", f"DTP*472*D8*20261110~{extra}")
    count = int(text.split("~SE*")[1].split("*")[0])
    text = text.replace(f"~SE*{count}*", f"~SE*{count + 2}*")

    claims = [one for one in read_claim_statuses(text) if one.level == "claim"]

    assert [(one.trace, one.taken) for one in claims] == [
        ("N1", Taken.TAKEN),
        ("N2", Taken.REFUSED),
    ]


def test_a_status_without_a_level_is_refused() -> None:
    with pytest.raises(X12FileError, match="HL"):
        read_claim_statuses(interchange("277", ("STC*A1:19",)))


def test_what_is_no_status_file_is_refused() -> None:
    with pytest.raises(X12FileError, match="277CA"):
        read_claim_statuses(ONE)


# --- words --------------------------------------------------------------------------------------


def test_codes_are_told_in_words_and_unknown_ones_as_they_are() -> None:
    assert reason_in_words("2") == "coinsurance"
    assert reason_in_words("ZZ9") == "ZZ9"
    assert remark_in_words(UNPROCESSABLE).endswith("new claim")
    assert remark_in_words("N999") == "N999"
    assert group_in_words("CO").startswith("the practice")
    assert group_in_words("XX") == "XX"
