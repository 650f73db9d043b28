"""Decision making and the bar of a month whose add-on repeats, as views."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ccm_fhir.domain.codes import FamilyChoice
from ccm_fhir.domain.decision import Choice, Threshold
from smart_app.views.decision_making import MdmView, decision_making
from smart_app.views.meter import meter
from tests.smart_app import builders
from tests.smart_app.builders import PAGE_KEY


def view(family: FamilyChoice = FamilyChoice.COMPLEX_IF_MET, *, answered: bool = False) -> MdmView:
    review = builders.asked_for_mdm(answered=answered)
    assert review.decision is not None
    decided = msgspec.structs.replace(review.decision, choice=Choice(family=family))
    shown = decision_making(review.mdm, decided, PAGE_KEY, None)
    assert shown is not None
    return shown


def test_nothing_is_picked_or_ticked_before_the_practitioner_does_it() -> None:
    form = view().form

    assert form is not None
    assert not any(level.is_chosen for level in form.levels)
    assert not form.is_plan_revised
    assert form.form_key != form.decline_key
    assert form.is_open


@pytest.mark.parametrize("family", FamilyChoice)
def test_the_practitioner_is_told_what_the_answer_changes_and_never_an_amount(
    family: FamilyChoice,
) -> None:
    effect = view(family).effect

    assert effect
    assert "$" not in effect
    assert ("either way" in effect) is (
        family in {FamilyChoice.STANDARD, FamilyChoice.PRACTITIONER}
    )


def test_the_answer_that_holds_comes_first_and_tells_of_the_plan() -> None:
    shown = view(answered=True)

    assert shown.holds.startswith("High decision making: Dr. Amir Haddad, Nov 20, 2026, 5:00 PM.")
    assert "The care plan was not made or substantially revised." in shown.holds
    assert [told.partition(":")[0] for told in shown.earlier] == [
        "The non-complex codes are reported"
    ]
    assert "care plan" not in shown.earlier[0]


def test_an_answer_that_nothing_asks_for_any_more_is_still_told() -> None:
    review = builders.asked_for_mdm(answered=True)
    assert review.mdm is not None
    told = replace(review.mdm, may_attest=False)

    shown = decision_making(told, review.decision, PAGE_KEY, None)

    assert shown is not None
    assert shown.holds
    assert (shown.why, shown.waits, shown.form) == ("", "", None)


def test_anothers_answer_is_told_to_count_for_them_alone() -> None:
    review = builders.asked_for_mdm(answered=True)
    assert review.mdm is not None

    shown = decision_making(replace(review.mdm, is_anothers=True), review.decision, PAGE_KEY, None)

    assert shown is not None
    assert "counts when they sign, not for you" in shown.why


def test_a_month_without_a_decision_asks_nothing() -> None:
    assert decision_making(builders.asked_for_mdm().mdm, None, PAGE_KEY, None) is None


@pytest.mark.parametrize(("minutes", "marks"), [(0, 3), (95, 3), (150, 5), (400, 11)])
def test_the_bar_marks_what_is_behind_and_one_ahead(minutes: int, marks: int) -> None:
    thresholds = tuple(
        Threshold(seconds=60 * at, code="99487" if at == 60 else "99489")
        for at in range(60, 361, 30)
    )
    decided = msgspec.structs.replace(builders.decision(minutes), thresholds=thresholds)

    assert len(meter(decided, is_open=True).ticks) == marks
