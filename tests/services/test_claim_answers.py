"""Answers to claim files: matched to the register by control number, kept once, foreign refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.errors import X12FileError
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.claim_register import FilingState, claims_of_month, state_of
from ccm_fhir.storage.claim_answers import ClaimAnswer
from ccm_fhir.storage.vocabulary import AnswerKind, FilingVerdict
from tests.builders import NOVEMBER
from tests.services.filing import ON_EACH, hand, run, set_up_for_files, signed
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.smart_app.front import NOW, Front, open_front_at, with_practice
from tests.world import migrate
from tests.x12.answers import remittance_text, status_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.services.claim_answers import AnswerRead
    from ccm_fhir.storage.claims import ClaimRecord

STRANGER = "ZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    set_up_for_files(opened)
    yield opened
    opened.world.db.close()


@pytest.fixture
def filed(front: Front) -> tuple[ClaimRecord, ClaimRecord]:
    """Return two claims that are in one file."""
    both = (signed(front, 1), signed(front, 2))
    run(front)
    return both


def read(front: Front, told: str) -> AnswerRead:
    return read_answer(front.world, hand(front), told.encode(), NOW)


def number(claim: ClaimRecord) -> str:
    return claim_number(claim.identifier)


def statuses(*answers: tuple[str, str], to: str = "EX1", **changes: str) -> str:
    """Return a 277CA to who sent our files."""
    return status_text(*answers, **changes).replace(f"{'EXAMPLE':<15}", f"{to:<15}")


def syntax(
    group: int = 1, *sets: str, code: str = "A", to: str = "EX1", controls: str = "000000001"
) -> str:
    """Return a 999 about a group of ours; ``sets`` are the segments between AK1 and AK9."""
    inner = (f"AK1*HC*{group}*005010X222A1", *sets, f"AK9*{code}*1*1*{1 if code == 'A' else 0}")
    parts = [
        (
            f"ISA*00*{' ' * 10}*00*{' ' * 10}*ZZ*{'HOUSE':<15}*ZZ*{to:<15}*261220*0800*^*00501*"
            f"{controls}*0*P*:"
        ),
        f"GS*FA*HOUSE*{to}*20261220*0800*1*X*005010X231A1",
        "ST*999*0001*005010X231A1",
        *inner,
        f"SE*{len(inner) + 2}*0001",
        "GE*1*1",
        f"IEA*1*{controls}",
    ]
    return "".join(f"{part}~" for part in parts)


REFUSED_SET = ("AK2*837*000000001*005010X222A1", "IK3*CLM*35**8", "IK4*2*782*7", "IK5*R*5")


def states(front: Front) -> dict[str, FilingState]:
    found = claims_of_month(front.world, hand(front), NOVEMBER)
    return {one.identifier: one.state for one in found}


def kept(front: Front) -> tuple[int, int]:
    """Return how many answer files and answers are kept."""
    return count(front, "answer_file"), count(front, "claim_answer")


def count(front: Front, table: str) -> int:
    with front.world.db.read(front.practice_id) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_a_signed_claim_is_not_filed_until_it_is(front: Front) -> None:
    claim = signed(front)
    assert states(front) == {claim.identifier: FilingState.NOT_FILED}

    run(front)

    assert states(front) == {claim.identifier: FilingState.NO_ANSWER}


def test_a_999_that_accepts_is_kept_for_every_claim_of_the_file(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    found = read(front, syntax(1))

    assert (found.kind, found.taken, found.refused, found.unmatched) == (
        AnswerKind.SYNTAX,
        2,
        0,
        (),
    )
    assert set(states(front).values()) == {FilingState.FILE_ACCEPTED}
    assert len(filed) == 2


def test_a_999_that_refuses_says_where(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    found = read(front, syntax(1, *REFUSED_SET, code="R"))

    assert (found.taken, found.refused) == (0, 2)
    every = claims_of_month(front.world, hand(front), NOVEMBER)
    assert {one.state for one in every} == {FilingState.REFUSED}
    assert {one.codes for one in every} == {"999 R CLM/35/:8 CLM/35/2:7"}
    assert len(every) == len(filed)


@pytest.mark.parametrize(
    ("code", "state"),
    [("E", FilingState.FILE_ACCEPTED), ("P", FilingState.UNCLEAR), ("R", FilingState.REFUSED)],
)
def test_a_999_that_names_no_set_speaks_of_all_of_them(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord], code: str, state: FilingState
) -> None:
    read(front, syntax(1, code=code))

    assert set(states(front).values()) == {state}
    assert len(filed) == 2


@ON_EACH
def test_a_277ca_says_of_each_claim_whether_it_was_taken(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    first, second = filed
    told = statuses((number(first), "A2:20:PR"), (number(second), "A7:164:IL"))

    found = read(front, told)

    assert (found.kind, found.taken, found.refused) == (AnswerKind.CLAIMS, 1, 1)
    every = {one.identifier: one for one in claims_of_month(front.world, hand(front), NOVEMBER)}
    assert every[first.identifier].state is FilingState.TAKEN
    assert every[first.identifier].payer_control_number == "1126329000123"
    assert every[second.identifier].state is FilingState.REFUSED
    assert every[second.identifier].codes == "277CA A7:164:IL"


@ON_EACH
def test_the_same_answer_again_changes_nothing(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    told = statuses((number(filed[0]), "A2:20:PR"))
    first = read(front, told)
    before = kept(front)

    again = read(front, told)

    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert kept(front) == before == (1, 1)


def test_what_is_not_ours_is_told_by_its_place_and_what_is_ours_is_kept(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    told = statuses(
        ("CANARY-ACCOUNT-7", "A2:20:PR"), (STRANGER, "A2:20:PR"), (number(filed[0]), "A2:20:PR")
    )

    found = read(front, told)

    assert found.taken == 1
    assert [one.number for one in found.unmatched] == ["", STRANGER]
    assert len({one.place for one in found.unmatched}) == 2
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize(
    "told",
    [
        statuses((STRANGER, "A2:20:PR")),
        syntax(2),
        syntax(1, to="ANOTHER"),
        syntax(1, "AK2*837*000000009*005010X222A1", "IK5*A"),
    ],
    ids=["no claim of ours", "no file of ours", "another sender", "a set that is not ours"],
)
@ON_EACH
def test_a_foreign_answer_is_refused_and_nothing_is_changed(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord], told: str
) -> None:
    del filed
    lines = count(front, "audit")

    with pytest.raises(X12FileError, match="about a claim file of this practice"):
        read(front, told)

    assert kept(front) == (0, 0)
    assert count(front, "audit") == lines


def test_a_file_that_was_cut_off_anywhere_is_refused_and_nothing_is_changed(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    whole = statuses((number(filed[0]), "A7:164:IL"), (number(filed[1]), "A2:20:PR"))

    for end in range(1, len(whole) - 1, 37):
        with pytest.raises(X12FileError):
            read(front, whole[:end])

    assert kept(front) == (0, 0)
    assert set(states(front).values()) == {FilingState.NO_ANSWER}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("", "empty"),
        ("Dear biller, all went well.", "ISA"),
        (remittance_text(), "835"),
    ],
)
def test_what_is_no_answer_is_refused_with_what_it_is(
    front: Front, told: str, problem: str
) -> None:
    with pytest.raises(X12FileError, match=problem):
        read(front, told)


@ON_EACH
def test_another_practice_cannot_take_our_answer(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    theirs = with_practice(front, ehr="https://other.example", patient="Somebody Else")
    set_up_for_files(theirs)
    told = statuses((number(filed[0]), "A2:20:PR"))

    with pytest.raises(X12FileError):
        read(theirs, told)
    assert read(front, told).taken == 1


@ON_EACH
def test_a_batch_refused_as_a_whole_refuses_each_of_its_claims(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    found = read(front, statuses(receiver="A3:24:41"))

    assert found.refused == len(filed) == 2
    assert set(states(front).values()) == {FilingState.REFUSED}


def test_a_batch_refused_for_somebody_else_is_not_ours(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    del filed
    with pytest.raises(X12FileError):
        read(front, statuses(receiver="A3:24:41", to="ANOTHER"))


@ON_EACH
def test_a_claim_that_was_filed_again_is_answered_in_the_file_that_the_answer_names(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    first, _ = filed
    read(front, statuses((number(first), "A7:164:IL")))  # its batch is the first set
    run(front, first.identifier, reason="The Medicare number was mended.")

    of_first = [
        one.state
        for one in claims_of_month(front.world, hand(front), NOVEMBER)
        if one.identifier == first.identifier
    ]
    assert of_first == [FilingState.REFUSED, FilingState.NO_ANSWER]
    second = statuses((number(first), "A2:20:PR")).replace("TRN*2*000000001", "TRN*2*000000002")
    assert read(front, second).taken == 1
    of_first = [
        one.state
        for one in claims_of_month(front.world, hand(front), NOVEMBER)
        if one.identifier == first.identifier
    ]
    assert of_first == [FilingState.REFUSED, FilingState.TAKEN]


def test_words_in_place_of_codes_are_not_kept(
    front: Front, filed: tuple[ClaimRecord, ClaimRecord]
) -> None:
    read(front, statuses((number(filed[0]), "A7:CANARY NAME QUILL:IL")))
    read(front, syntax(1, "AK2*837*000000001", "IK3*CANARY-QUILL-X*35**8", "IK5*R", code="R"))

    with front.world.db.read(front.practice_id) as session:
        rows = session.execute(text("SELECT * FROM claim_answer")).all()
    assert "CANARY" not in str(rows)


ANSWERS = st.builds(
    ClaimAnswer,
    filed_id=st.just("f"),
    kind=st.sampled_from(AnswerKind),
    verdict=st.sampled_from(FilingVerdict),
    codes=st.just(""),
)


@given(st.lists(ANSWERS), st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_no_state(answers: list[ClaimAnswer], random: object) -> None:
    before = state_of(answers)
    random.shuffle(answers)  # type: ignore[attr-defined]

    assert state_of(answers) is before


@given(st.lists(ANSWERS))
def test_only_the_payers_own_answer_says_that_a_claim_was_taken(
    answers: list[ClaimAnswer],
) -> None:
    if state_of(answers) is FilingState.TAKEN:
        assert any(
            one.kind is AnswerKind.CLAIMS and one.verdict is FilingVerdict.TAKEN for one in answers
        )
        assert all(one.verdict is not FilingVerdict.REFUSED for one in answers)
