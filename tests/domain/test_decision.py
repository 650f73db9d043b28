"""The decision on 99490 and 99439: thresholds, caps, dates, and what never bills."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import STANDARD_CHOICE, decide, of_chart
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.rules import CodeRule
from ccm_fhir.errors import NoRuleInForceError, RuleTableMissingError
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import NEW_YORK, decision, work

MINUTE = 60
RULES = load_rulebook().codes_of_family("ccm_staff", date(2026, 11, 30))


def lines(*seconds: int) -> dict[str, int]:
    start = datetime(2026, 11, 3, 9, 0, tzinfo=NEW_YORK)
    entries = [
        work(s, start + timedelta(days=day), entry_id=f"e{day}") for day, s in enumerate(seconds)
    ]
    return {line.code: line.units for line in decision(*entries).lines}


def test_twenty_two_minutes_of_staff_work_are_99490() -> None:
    made = decision(work(22 * MINUTE))

    assert [(line.code, line.units) for line in made.lines] == [("99490", 1)]
    assert made.date_of_service == date(2026, 11, 10)
    assert made.allowed_total_usd == Decimal("66.13")
    assert made.reasons == ()


def thresholds() -> list[tuple[CodeRule, int, int]]:
    return [
        (rule, unit + 1, rule.threshold_seconds + unit * rule.increment_seconds)
        for rule in RULES
        for unit in range(rule.cap)
    ]


@pytest.mark.parametrize(("rule", "units", "seconds"), thresholds(), ids=lambda v: str(v)[:12])
def test_each_threshold_of_the_rulebook_is_met_at_its_second_and_not_before(
    rule: CodeRule, units: int, seconds: int
) -> None:
    assert lines(seconds - 1).get(rule.code, 0) == units - 1
    assert lines(seconds)[rule.code] == units
    assert lines(seconds + 1)[rule.code] == units


def test_units_stop_at_the_monthly_maximum() -> None:
    assert lines(200 * MINUTE) == {"99490": 1, "99439": 2}


def test_the_add_on_is_dated_when_its_last_unit_was_reached() -> None:
    first = work(20 * MINUTE, entry_id="a")
    second = work(25 * MINUTE, datetime(2026, 11, 17, 9, 0, tzinfo=NEW_YORK), entry_id="b")

    made = decision(first, second)

    assert [line.reached_on for line in made.lines] == [date(2026, 11, 10), date(2026, 11, 17)]
    assert made.date_of_service == date(2026, 11, 17)


def test_time_alone_is_told_apart_from_what_may_be_reported() -> None:
    facts = builders.chart(consents=())

    made = decision(work(20 * MINUTE), facts=facts)

    assert made.lines == ()
    assert [line.code for line in made.reached] == ["99490"]
    assert made.reasons == ("consent_missing",)


def test_an_unattested_risk_is_unknown_and_never_bills() -> None:
    facts = builders.chart()
    made = decide(
        of_chart(
            builders.NOVEMBER,
            NEW_YORK,
            facts,
            builders.unattested(facts),
            (work(60 * MINUTE),),
        ),
        load_rulebook(),
        STANDARD_CHOICE,
    )

    assert made.lines == ()
    assert made.reasons == ("cannot_determine",)
    assert made.unknown == (Criterion.DURATION_AND_RISK,)


def test_nineteen_minutes_and_fifty_nine_seconds_are_below_the_threshold() -> None:
    made = decision(work(20 * MINUTE - 1))

    assert made.reasons == ("below_time_threshold",)
    assert made.next_threshold_seconds == 20 * MINUTE


def test_a_month_before_the_code_existed_cannot_be_decided() -> None:
    with pytest.raises(NoRuleInForceError):
        builders.eligibility(month=ServiceMonth(2014, 12))


def test_in_2020_the_further_minutes_are_g2058() -> None:
    month = ServiceMonth(2020, 12)
    facts = builders.chart(
        consents=(builders.consent(given_on=builders.on("2020-11-01")),),
        encounters=(builders.visit("2020-10-30"),),
        care_plans=(builders.care_plan(established_on=builders.on("2020-11-02")),),
    )
    entry = work(45 * MINUTE, datetime(2020, 12, 8, 9, 0, tzinfo=NEW_YORK))

    made = decision(entry, facts=facts, month=month)

    assert [(line.code, line.units) for line in made.lines] == [("99490", 1), ("G2058", 1)]
    assert made.allowed_total_usd is None


def test_a_month_past_the_loaded_tables_is_refused() -> None:
    with pytest.raises(RuleTableMissingError, match="CY2027"):
        load_rulebook().codes_of_family("ccm_staff", date(2027, 1, 31))


@given(st.lists(st.integers(1, 40 * MINUTE), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_entries_is_irrelevant(durations: list[int], shuffle: object) -> None:
    start = datetime(2026, 11, 3, 9, 0, tzinfo=NEW_YORK)
    entries = [
        work(s, start + timedelta(hours=3 * n), entry_id=f"e{n}") for n, s in enumerate(durations)
    ]
    shuffled = list(entries)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random

    assert decision(*entries) == decision(*shuffled)


@given(st.integers(2, 90 * MINUTE), st.data())
def test_splitting_an_entry_keeps_the_decision(seconds: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, seconds - 1))
    start = datetime(2026, 11, 10, 10, 0, tzinfo=NEW_YORK)
    whole = work(seconds, start)
    first = work(cut, start, entry_id="a")
    second = work(seconds - cut, start + timedelta(seconds=cut), entry_id="b")

    split, uncut = decision(first, second), decision(whole)

    assert split.counted_seconds == uncut.counted_seconds
    assert split.lines == uncut.lines


@given(st.integers(0, 90 * MINUTE), st.integers(1, 90 * MINUTE))
def test_more_counted_time_never_lowers_the_allowed_amount(seconds: int, more: int) -> None:
    less = decision(work(seconds)).allowed_total_usd or Decimal(0)
    greater = decision(work(seconds + more)).allowed_total_usd or Decimal(0)

    assert greater >= less


@given(
    st.sets(st.sampled_from(["conditions", "coverages", "consents", "encounters", "care_plans"]))
)
def test_anything_missing_yields_no_line(missing: set[str]) -> None:
    facts = builders.chart(**dict.fromkeys(missing, ()))

    made = decision(work(60 * MINUTE), facts=facts)

    assert bool(made.lines) is not bool(missing)
    assert (made.eligible is Answer.MET) is not bool(missing)


def test_practitioner_time_tops_up_staff_time() -> None:
    nurse = work(12 * MINUTE, entry_id="a")
    doctor = work(
        8 * MINUTE,
        datetime(2026, 11, 11, 10, 0, tzinfo=NEW_YORK),
        PerformerKind.BILLING_PRACTITIONER,
        "b",
    )

    assert [line.code for line in decision(nurse, doctor).lines] == ["99490"]
