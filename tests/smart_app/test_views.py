from __future__ import annotations

from dataclasses import replace

import pytest

from ccm_fhir.domain.claims import Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.services.patient_month import MonthState, PatientMonthReview
from smart_app.views.claim import ClaimView, claim
from smart_app.views.conditions import conditions
from smart_app.views.deliveries import progress, sent_of_claim
from smart_app.views.eligibility import eligibility
from smart_app.views.forms import Attempt, time_form, wrong
from smart_app.views.meter import meter, reached_words
from smart_app.views.month_page import month_page
from smart_app.views.months import months
from smart_app.views.time_log import log, not_counted
from tests.smart_app import builders
from tests.smart_app.builders import NOVEMBER, PAGE_KEY, TODAY


def section(review: PatientMonthReview, role: Role = Role.PRACTITIONER) -> ClaimView:
    return claim(review, builders.actor(role), PAGE_KEY, None)


def test_the_bar_marks_each_threshold_and_labels_what_is_reached() -> None:
    view = meter(builders.decision(minutes=42), is_open=True)

    assert [(t.minutes, t.code, t.is_reached) for t in view.ticks] == [
        ("20", "99490", True),
        ("40", "99439", True),
        ("60", "99439", False),
    ]
    assert view.said == "42 min counted – 99490 and 99439 reached."


def test_a_bar_that_overflows_stays_within_its_frame() -> None:
    view = meter(builders.decision(minutes=600), is_open=True)

    assert float(view.filled_percent.rstrip("%")) <= 100
    assert view.said == "600 min counted – 99490 and 2 × 99439 reached."


def test_a_signed_month_has_no_next_step() -> None:
    view = meter(builders.decision(minutes=22), is_open=False)

    assert view.said == "22 min counted – 99490 reached"


def test_repeated_codes_are_counted() -> None:
    assert reached_words(("99490", "99439", "99439")) == "99490 and 2 × 99439"


def test_time_left_out_is_told_by_reason() -> None:
    parts = (builders.overlap("e1", 3), builders.overlap("e2", 2))

    assert not_counted(parts) == ("5 min at a moment already counted in another entry",)


def test_the_log_begins_with_the_latest_work() -> None:
    review = replace(
        builders.review(), entries=(builders.entry("old", 3), builders.entry("new", 9))
    )

    assert [e.entry_id for e in log(review, PAGE_KEY, None)] == ["new", "old"]


def test_each_form_of_a_printed_page_has_a_key_of_its_own() -> None:
    entries = (
        replace(builders.entry("a", 3), may_void=True),
        replace(builders.entry("b", 9), may_void=True),
    )
    review = replace(builders.review(), entries=entries)

    keys = {e.form_key for e in log(review, PAGE_KEY, None)}
    keys.add(time_form(NOVEMBER, TODAY, PAGE_KEY, None).form_key)

    assert len(keys) == 3


def test_findings_are_told_worst_first() -> None:
    view = eligibility(builders.with_gaps())

    assert [f.answer for f in view.findings[:3]] == ["Not met", "Unknown", "Met"]
    assert view.summary == "1 not met · 1 unknown · 8 met"


def test_conditions_in_doubt_come_first() -> None:
    view = conditions(builders.for_a_doctor(), PAGE_KEY, None)

    assert view.items[0].verdict == "Needs a clinician’s eye"
    assert view.items[0].display == "Long-standing trouble of the lungs"
    assert view.summary == (
        "5 conditions in the chart, 2 chronic diseases, 1 for a clinician to judge"
    )


def test_who_may_not_judge_is_offered_no_form() -> None:
    review = replace(
        builders.for_a_doctor(),
        conditions=tuple(replace(item, may_say=()) for item in builders.for_a_doctor().conditions),
    )

    assert all(item.form is None for item in conditions(review, PAGE_KEY, None).items)


def test_a_judgement_that_no_longer_holds_says_so() -> None:
    (item,) = (
        i for i in conditions(builders.for_a_doctor(), PAGE_KEY, None).items if len(i.said) > 1
    )

    assert [one.note for one in item.said] == ["", "No longer holds."]


def test_each_condition_has_a_form_key_of_its_own_and_keeps_it_when_refused() -> None:
    review = builders.for_a_doctor()
    fresh = {i.element_id: i.form for i in conditions(review, PAGE_KEY, None).items if i.form}
    attempt = Attempt(
        form="condition-key-c3",
        form_key="the-first-key",
        typed={"answer": "chronic", "family": "", "reason": "kept"},
        wrong=(wrong("condition-key-c3", "family", "choose the disease"),),
    )
    again = {i.element_id: i.form for i in conditions(review, PAGE_KEY, attempt).items if i.form}

    assert len({form.form_key for form in fresh.values()}) == len(fresh) == 3
    refused = again["item-key-c3"]
    assert (refused.form_key, refused.reason, refused.is_open) == ("the-first-key", "kept", True)
    assert refused.messages["family"] == "Choose the disease."
    assert [answer.is_chosen for answer in refused.answers] == [True, False]


def test_a_refused_form_keeps_what_was_typed_and_its_key() -> None:
    attempt = Attempt(
        form="time",
        form_key="the-first-key",
        typed={"minutes": "abc", "note": "kept"},
        wrong=(wrong("time", "minutes", "give whole minutes"),),
    )

    view = time_form(NOVEMBER, TODAY, PAGE_KEY, attempt)

    assert view.form_key == "the-first-key"
    assert (view.values["minutes"], view.values["note"]) == ("abc", "kept")
    assert view.messages["minutes"] == "Give whole minutes."
    assert attempt.wrong[0].summary == "Minutes: Give whole minutes."


def test_a_past_month_proposes_no_day() -> None:
    assert time_form(NOVEMBER.previous(), TODAY, PAGE_KEY, None).values["started_on"] == ""
    assert time_form(NOVEMBER, TODAY, PAGE_KEY, None).latest == "2026-11-23"


def test_no_statement_is_ticked_before_a_person_ticks_it() -> None:
    form = section(builders.to_be_signed()).sign_form

    assert form is not None
    assert len(form.statements) == 2
    assert not any(statement.is_ticked for statement in form.statements)


def test_someone_who_may_not_sign_is_told_who_may() -> None:
    view = section(replace(builders.to_be_signed(), may_sign=False), Role.CARE_MANAGER)

    assert view.sign_form is None
    assert "billing practitioner signs" in view.who_signs


def test_an_obstacle_is_told_with_its_owner() -> None:
    obstacle = Obstacle(code="charge_missing_99490", owner="admin", fix="Enter the charge.")

    view = section(replace(builders.review(), sign_obstacles=(obstacle,)))

    assert [(o.what, o.owner) for o in view.obstacles] == [
        ("Charge missing 99490", "administrator")
    ]
    assert view.sign_form is None


def test_only_a_practitioner_hears_of_their_own_missing_npi() -> None:
    obstacle = Obstacle(code="practitioner_npi_missing", owner="admin", fix="Record the NPI.")
    review = replace(builders.review(), sign_obstacles=(obstacle,))

    assert section(review, Role.CARE_MANAGER).obstacles == ()
    assert len(section(review, Role.PRACTITIONER).obstacles) == 1


def test_missing_time_is_an_obstacle_in_minutes() -> None:
    view = section(builders.review(minutes=18))

    assert view.obstacles[0].what == "Not enough time yet: 2 min short"
    assert view.proposed is None


def test_progress_rests_when_nothing_moves() -> None:
    assert progress(builders.signed(DeliveryState.SENT)).next_look == 0
    assert progress(builders.signed(DeliveryState.SENDING)).next_look == 1
    assert progress(builders.signed(DeliveryState.SENDING), looks=60).next_look == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (DeliveryState.SENT, "Everything recorded here is in the EHR."),
        (DeliveryState.UNCERTAIN, "1 record is on the way to the EHR."),
        (DeliveryState.HELD, "1 record did not reach the EHR; see below."),
    ],
)
def test_progress_is_told_in_a_sentence(state: DeliveryState, said: str) -> None:
    assert progress(builders.signed(state)).said == said


def test_the_month_page_offers_only_states_that_someone_is_in() -> None:
    counts = {MonthState.READY: 2}

    view = month_page(replace(builders.overview(), counts=counts))

    assert [(s.label, s.count) for s in view.states] == [("All", 2), ("Ready to sign", 2)]


def test_a_row_says_what_is_missing_and_by_whom() -> None:
    rows = {row.state: row for row in month_page(builders.overview()).rows}

    assert rows["Short of time"].hint == "8 min of care time"
    assert rows["Chart not read"].hint == "The chart"
    assert rows["Needs a fix"].further == "and 1 more"
    assert rows["Needs a fix"].missing[0].owner == "care manager"


def test_the_switcher_knows_its_neighbours() -> None:
    offered = (NOVEMBER, NOVEMBER.previous())

    assert (months(NOVEMBER, offered).earlier, months(NOVEMBER, offered).later) == ("2026-10", "")
    assert months(NOVEMBER.plus(-9), offered).later == "2026-10"


def test_each_charge_of_a_claim_is_a_chip_that_names_its_code() -> None:
    review = builders.signed()
    assert review.claim is not None
    ways = tuple(
        replace(builders.delivered("ChargeItem", state), rung=RungName.CHARGE_ITEM, code=code)
        for state, code in ((DeliveryState.SENT, "99490"), (DeliveryState.REJECTED, "99439"))
    )
    claim = replace(review.claim, deliveries=ways)

    shown = sent_of_claim(claim, {})

    assert [one.what for one in shown.deliveries] == ["Charge 99490", "Charge 99439"]
    assert claim.delivery is ways[1]
    said = progress(replace(review, claim=claim)).said
    assert said == "1 record did not reach the EHR; see below."
