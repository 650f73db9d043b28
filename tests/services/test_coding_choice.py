"""The practice's choice: by whom, from when, and that no signed month is ever touched by it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import PRACTITIONER_FAMILY, STAFF_FAMILY, STANDARD_CHOICE
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.choice_shapes import ChoiceStanding, PracticeChoice
from ccm_fhir.services.coding_choice import in_force, would_reach_back
from ccm_fhir.services.practice_choice import practice_choice
from ccm_fhir.storage import coding_choices
from ccm_fhir.storage.coding_choices import ChoiceRecord
from tests.services.reporting import choose, report_otherwise
from tests.world import BILLER, DOCTOR, NOVEMBER, NURSE, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

OCTOBER, DECEMBER = NOVEMBER.plus(-1), NOVEMBER.next()
MONTHS = st.integers(0, 5).map(NOVEMBER.plus)
MADE = st.tuples(
    st.sampled_from([None, None, "p1", "p2"]),
    MONTHS,
    st.sampled_from([FamilyChoice.STANDARD, FamilyChoice.PRACTITIONER, None]),
    st.sampled_from(DosPolicy),
)


def records(
    made: Iterable[tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy]],
) -> list[ChoiceRecord]:
    """Number what was chosen; a practice always names a family."""
    return [
        ChoiceRecord(
            patient_id=patient_id,
            month=month,
            family=family or (None if patient_id else FamilyChoice.COMPLEX_IF_MET),
            dos_policy=None if patient_id else day,
            reason="",
            user_id="u",
            form_key=str(number),
            id=str(number),
            practice_id="p",
            sequence=number,
            chosen_at=datetime(2026, 11, 1, tzinfo=UTC),
        )
        for number, (patient_id, month, family, day) in enumerate(made, start=1)
    ]


@given(st.lists(MADE, max_size=6), MADE, MONTHS, st.sampled_from([None, "p1", "p2"]))
def test_a_choice_never_reaches_back_nor_to_another_patient(
    before: list[tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy]],
    new: tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy],
    month: ServiceMonth,
    patient_id: str | None,
) -> None:
    old, after = records(before), records([*before, new])

    held, holds = in_force(old, month, patient_id), in_force(after, month, patient_id)

    of_patient, begins = new[0], new[1]
    if of_patient is None and begins > month:
        assert holds == held
    if of_patient is not None and (of_patient != patient_id or begins != month):
        assert holds == held


@given(st.lists(MADE, max_size=6), st.sets(MONTHS), MADE)
def test_a_choice_that_is_not_refused_leaves_every_signed_month_as_it_was(
    before: list[tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy]],
    signed: set[ServiceMonth],
    new: tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy],
) -> None:
    chosen = (None, *new[1:])
    if would_reach_back(signed, new[1]):
        return

    for month in signed:
        assert in_force(records([*before, chosen]), month) == in_force(records(before), month)


@given(st.lists(MADE, max_size=6), MONTHS, st.sampled_from([None, "p1"]))
def test_the_highest_amount_is_never_in_force_unless_somebody_chose_it(
    before: list[tuple[str | None, ServiceMonth, FamilyChoice | None, DosPolicy]],
    month: ServiceMonth,
    patient_id: str | None,
) -> None:
    held = in_force(records(before), month, patient_id)

    assert held.choice.family is not FamilyChoice.HIGHEST_ALLOWED
    if held.of_practice is None and held.exception is None:
        assert held.choice == STANDARD_CHOICE


@pytest.fixture
def doctor(site: Site) -> Desk:
    return site.launch(user=DOCTOR)


def seen(desk: Desk, month: ServiceMonth = NOVEMBER) -> PracticeChoice:
    return practice_choice(desk.site.world, desk.actor, month, desk.site.clock())


def test_until_somebody_chooses_the_staff_codes_are_reported(doctor: Desk) -> None:
    found = seen(doctor)

    assert found.shown.choice == STANDARD_CHOICE
    assert found.shown.of_practice is None
    assert found.history == ()


def test_a_choice_holds_from_its_month_on_and_says_who_made_it(doctor: Desk) -> None:
    choose(doctor, FamilyChoice.PRACTITIONER, dos_policy=DosPolicy.MONTH_END, reason="As agreed.")

    shown = doctor.review().choice
    assert shown is not None
    assert shown.of_practice is not None
    assert shown.of_practice.by == "Amelia Signwell, MD"
    assert shown.of_practice.reason == "As agreed."
    assert shown.choice.dos_policy is DosPolicy.MONTH_END
    october = doctor.review(OCTOBER).choice
    assert october is not None
    assert october.of_practice is None
    assert seen(doctor, DECEMBER).shown.choice.family is FamilyChoice.PRACTITIONER


def test_an_administrator_may_choose_and_nobody_else_does(site: Site, doctor: Desk) -> None:
    choose(doctor.acting(role=Role.ADMIN))

    for user in (NURSE, BILLER):
        other = site.launch(user=user)
        with pytest.raises(NotAllowedError):
            choose(other)
        with pytest.raises(NotAllowedError):
            report_otherwise(other, FamilyChoice.STANDARD)
        assert not seen(other).may_choose
    assert len(seen(doctor).history) == 1


def test_the_same_choice_sent_twice_is_recorded_once_even_after_a_signature(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    request = choose(doctor, FamilyChoice.STANDARD)
    doctor.record()
    doctor.sign()

    choose(doctor, request.family, form_key=request.form_key)

    assert len(seen(doctor).history) == 1


def test_a_choice_from_a_month_that_is_signed_is_refused_with_the_way_out(doctor: Desk) -> None:
    doctor.record()
    doctor.sign()

    for month in (OCTOBER, NOVEMBER):
        with pytest.raises(ConflictError, match="Choose from 2026-12 on"):
            choose(doctor, month=month)
    choose(doctor, month=DECEMBER)
    found = seen(doctor)
    assert found.newest_signed == NOVEMBER
    assert found.months[0] == DECEMBER
    assert [made.standing for made in found.history] == [ChoiceStanding.AHEAD]


def test_a_signed_month_is_shown_under_the_choice_it_was_signed_under(doctor: Desk) -> None:
    doctor.record(minutes=35)
    doctor.sign()
    choose(doctor, FamilyChoice.PRACTITIONER, month=DECEMBER)

    signed = doctor.review()

    assert signed.decision is not None
    assert signed.decision.family == STAFF_FAMILY
    assert signed.claim is not None
    assert [code for code, *_ in signed.claim.lines] == ["99490"]


def test_choices_are_told_by_where_they_stand(doctor: Desk) -> None:
    choose(doctor, FamilyChoice.STANDARD, month=OCTOBER)
    choose(doctor, FamilyChoice.PRACTITIONER)
    choose(doctor, FamilyChoice.COMPLEX_IF_MET)
    choose(doctor, FamilyChoice.STANDARD, month=DECEMBER)

    told = [(made.family, made.standing, made.until) for made in seen(doctor).history]

    assert told == [
        (FamilyChoice.STANDARD, ChoiceStanding.AHEAD, None),
        (FamilyChoice.COMPLEX_IF_MET, ChoiceStanding.IN_FORCE, NOVEMBER),
        (FamilyChoice.PRACTITIONER, ChoiceStanding.REPLACED, None),
        (FamilyChoice.STANDARD, ChoiceStanding.ENDED, OCTOBER),
    ]


def test_an_exception_holds_for_one_patients_month_and_can_be_taken_back(doctor: Desk) -> None:
    doctor.record(minutes=35)
    report_otherwise(doctor, FamilyChoice.PRACTITIONER)

    shown = doctor.review()
    assert shown.decision is not None
    assert shown.decision.family == PRACTITIONER_FAMILY
    assert shown.choice is not None
    assert shown.choice.exception is not None
    assert shown.choice.exception.reason == "a synthetic reason"
    december = doctor.review(DECEMBER).choice
    assert december is not None
    assert december.exception is None

    report_otherwise(doctor, None)
    back = doctor.review()
    assert back.decision is not None
    assert back.decision.family == STAFF_FAMILY
    with pytest.raises(ConflictError, match="no exception"):
        report_otherwise(doctor, None)


@pytest.mark.parametrize(
    ("family", "reason", "field"),
    [
        (FamilyChoice.HIGHEST_ALLOWED, "why", "family"),
        (FamilyChoice.STANDARD, "  ", "reason"),
        (FamilyChoice.STANDARD, "x" * 501, "reason"),
    ],
)
def test_an_exception_names_its_codes_and_its_reason(
    doctor: Desk, family: FamilyChoice, reason: str, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        report_otherwise(doctor, family, reason=reason)

    assert refused.value.field == field


def test_a_note_that_is_too_long_is_refused(doctor: Desk) -> None:
    with pytest.raises(InputError) as refused:
        choose(doctor, reason="x" * 501)

    assert refused.value.field == "reason"


def test_a_signed_month_has_no_exceptions(doctor: Desk) -> None:
    doctor.record()
    doctor.sign()

    with pytest.raises(ConflictError, match="2026-11 is signed"):
        report_otherwise(doctor, FamilyChoice.PRACTITIONER)
    shown = doctor.review().choice
    assert shown is not None
    assert not shown.may_except


def test_two_who_choose_at_once_are_both_recorded_in_some_order(each_site: Site) -> None:
    doctor = each_site.launch(user=DOCTOR)

    with ThreadPoolExecutor(2) as people:
        list(people.map(lambda family: choose(doctor, family), list(FamilyChoice)[:2]))

    with each_site.world.db.read() as session:
        kept = coding_choices.of_practice(session, each_site.practice_id)
    assert [one.sequence for one in kept] == [1, 2]


def test_a_choice_made_while_a_month_is_signed_is_refused_or_shown_to_the_signer(
    each_site: Site,
) -> None:
    doctor = each_site.launch(user=DOCTOR)
    doctor.record(minutes=35)
    form = doctor.signature()

    def act(what: str) -> str:
        try:
            if what == "choose":
                choose(doctor, FamilyChoice.PRACTITIONER)
            else:
                doctor.sign(form)
        except ConflictError:
            return "refused"
        return what

    with ThreadPoolExecutor(2) as people:
        outcome = set(people.map(act, ("choose", "sign")))

    assert outcome in ({"choose", "refused"}, {"refused", "sign"})
