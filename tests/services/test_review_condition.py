"""A practitioner's judgement of a Condition: by whom, of what was shown, once, and undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.condition_items import ConditionItem
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.services.review_condition import ReviewOfCondition, review_condition
from tests.services.wire import with_json
from tests.world import BILLER, DOCTOR, NOVEMBER, NURSE, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_ONLY, PROVISIONAL = "pt-textonly", "pt-provisional"
CHRONIC, NOT_CHRONIC, UNDONE = ReviewAnswer
FAMILIES = ("copd", "osteoarthritis")


@pytest.fixture
def doctor(site: Site) -> Desk:
    """Return the physician at the chart of Harold Textonly."""
    return site.launch(patient=TEXT_ONLY, user=DOCTOR)


def items(desk: Desk) -> tuple[ConditionItem, ...]:
    return desk.review().conditions


def doubtful(desk: Desk) -> ConditionItem:
    return next(item for item in items(desk) if item.verdict.chronic is Chronic.REVIEW)


def answer(desk: Desk, item: ConditionItem, **changes: Any) -> ReviewOfCondition:  # noqa: ANN401
    usual = ReviewOfCondition(
        patient_id=desk.patient_id,
        month=NOVEMBER,
        key=item.key,
        fingerprint=item.fingerprint,
        revision=item.revision,
        answer=CHRONIC,
        family="copd",
        reason="Spirometry of last year.",
        form_key=str(uuid4()),
    )
    return replace(usual, **changes)


def say(desk: Desk, said: ReviewOfCondition) -> None:
    review_condition(desk.site.world, desk.actor, said, desk.site.clock())


def finding(desk: Desk) -> Finding:
    found = desk.review().findings
    return next(f for f in found if f.criterion is Criterion.TWO_CHRONIC_CONDITIONS)


def refused_field(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        act()
    return refused.value.field


def settle_all(desk: Desk) -> None:
    for family in FAMILIES:
        say(desk, answer(desk, doubtful(desk), family=family))


def test_settling_every_doubt_turns_the_criterion_met(doctor: Desk) -> None:
    assert finding(doctor).answer is Answer.UNKNOWN

    settle_all(doctor)

    assert finding(doctor).answer is Answer.MET
    (said,) = items(doctor)[0].said
    assert (said.person, said.holds) == ("Amelia Signwell, MD", True)
    assert "Amelia Signwell, MD judged it chronic" in items(doctor)[0].verdict.why


def test_the_month_page_decides_by_it_too(doctor: Desk, site: Site) -> None:
    settle_all(doctor)

    page = overview(site.world, doctor.actor, MonthFilter(month=NOVEMBER), site.clock())

    (row,) = (row for row in page.rows if row.patient_id == doctor.patient_id)
    assert Criterion.TWO_CHRONIC_CONDITIONS not in {f.criterion for f in row.missing}


def test_the_chart_says_what_the_condition_is(doctor: Desk) -> None:
    assert all(item.verdict.display for item in items(doctor))


def test_no_settles_a_doubt_as_well(doctor: Desk) -> None:
    item = doubtful(doctor)
    say(doctor, answer(doctor, item, answer=NOT_CHRONIC, family=""))

    (after,) = (one for one in items(doctor) if one.key == item.key)
    assert after.verdict.chronic is Chronic.NOT_CHRONIC
    assert after.may_say == (UNDONE,)


def test_the_disease_that_the_code_names_needs_no_choice(site: Site) -> None:
    doctor = site.launch(patient=PROVISIONAL, user=DOCTOR)
    item = doubtful(doctor)

    assert not item.asks_family
    say(doctor, answer(doctor, item, family=""))

    assert finding(doctor).answer is Answer.MET


def test_a_chronic_condition_may_be_taken_out_and_undone(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    item = items(doctor)[0]
    assert item.may_say == (NOT_CHRONIC,)

    say(doctor, answer(doctor, item, answer=NOT_CHRONIC))
    assert items(doctor)[0].verdict.chronic is Chronic.NOT_CHRONIC
    say(doctor, answer(doctor, items(doctor)[0], answer=UNDONE, reason="On second thought."))

    restored = items(doctor)[0]
    assert restored.verdict == item.verdict
    assert [one.answer for one in restored.said] == [UNDONE, NOT_CHRONIC]


@pytest.mark.parametrize("user", [NURSE, BILLER])
def test_only_a_practitioner_judges(site: Site, doctor: Desk, user: str) -> None:
    other = site.launch(patient=TEXT_ONLY, user=user)

    with pytest.raises(NotAllowedError):
        say(other, answer(doctor, doubtful(doctor)))
    assert all(item.may_say == () for item in items(other))
    assert finding(doctor).answer is Answer.UNKNOWN


def test_yes_needs_a_disease_and_a_reason(doctor: Desk) -> None:
    item = doubtful(doctor)

    for family in ("", "no_such_family"):
        assert refused_field(lambda f=family: say(doctor, answer(doctor, item, family=f))) == (  # type: ignore[misc]  # a lambda's default has no type
            "family"
        )
    assert refused_field(lambda: say(doctor, answer(doctor, item, reason=" "))) == "reason"
    assert refused_field(lambda: say(doctor, answer(doctor, item, reason="r" * 501))) == "reason"


def test_a_code_that_is_not_chronic_is_not_raised(site: Site) -> None:
    doctor = site.launch(patient="pt-onecondition", user=DOCTOR)
    (cold,) = (i for i in items(doctor) if i.verdict.chronic is Chronic.NOT_CHRONIC)

    assert cold.may_say == ()
    for said in (CHRONIC, NOT_CHRONIC, UNDONE):
        with pytest.raises(ConflictError):
            say(doctor, answer(doctor, cold, answer=said))


def test_a_chronic_code_leaves_nothing_to_affirm(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)

    with pytest.raises(ConflictError, match="no doubt"):
        say(doctor, answer(doctor, items(doctor)[0]))


def test_the_same_form_twice_answers_once(each_site: Site) -> None:
    doctor = each_site.launch(patient=TEXT_ONLY, user=DOCTOR)
    said = answer(doctor, doubtful(doctor))

    say(doctor, said)
    say(doctor, said)

    assert [item.revision for item in items(doctor)] == [1, 0]


def test_two_people_do_not_answer_over_each_other(doctor: Desk) -> None:
    item = doubtful(doctor)
    say(doctor, answer(doctor, item))

    with pytest.raises(ConflictError, match="meanwhile"):
        say(doctor, answer(doctor, item, answer=NOT_CHRONIC))


def test_a_condition_that_changed_in_the_ehr_is_asked_about_again(site: Site, doctor: Desk) -> None:
    settle_all(doctor)
    shown = items(doctor)[0]

    site.wire.refuse_batches()
    site.wire.fail("GET", r"/fhir/Condition", with_json(_renamed), times=1)
    site.clock.advance(seconds=1)
    refresh_chart(site.world, doctor.visit, site.clock())

    assert finding(doctor).answer is Answer.UNKNOWN
    asked = items(doctor)[0]
    assert "no longer holds" in asked.verdict.why
    assert asked.may_say == (CHRONIC, NOT_CHRONIC)
    assert not asked.said[0].holds
    with pytest.raises(ConflictError, match="has changed"):
        say(doctor, answer(doctor, shown))
    say(doctor, answer(doctor, asked))
    assert items(doctor)[0].said[0].holds


def _renamed(bundle: dict[str, Any]) -> dict[str, Any]:
    for entry in bundle["entry"]:
        entry["resource"]["code"]["text"] += ", as reworded"
    return bundle


def test_a_condition_of_another_patient_is_unknown(site: Site, doctor: Desk) -> None:
    other = site.launch(user=DOCTOR)

    with pytest.raises(NotFoundError):
        say(doctor, replace(answer(doctor, items(other)[0]), patient_id=doctor.patient_id))


def test_a_month_shown_before_a_judgement_is_not_signed(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=25)
    shown = doctor.signature()
    say(doctor, answer(doctor, items(doctor)[0], answer=NOT_CHRONIC))

    with pytest.raises(ConflictError, match="changed since it was shown"):
        doctor.sign(shown)
