"""What of a chart bounds the days that count, and what a claim may carry."""

from __future__ import annotations

from datetime import date

import msgspec

from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.decision import PatientMonth, of_chart
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from tests.builders import NEW_YORK, NOVEMBER, chart, consent, decision, eligibility, on, work
from tests.domain.test_timekeeping import at


def month_of(facts: ChartFacts) -> PatientMonth:
    return of_chart(NOVEMBER, NEW_YORK, facts, eligibility(facts), (work(60),))


def died(day: str) -> ChartFacts:
    patient = PatientFact(ref=EvidenceRef("Patient", "p1"), is_deceased=True, died_on=on(day))
    return chart(patient=patient)


def test_the_day_of_consent_is_the_first_that_counts() -> None:
    facts = chart(consents=(consent(given_on=on("2026-11-10")),))

    assert month_of(facts).consent_from == date(2026, 11, 10)
    assert month_of(chart(consents=())).consent_from is None


def test_work_on_the_day_of_consent_counts_and_work_before_it_does_not() -> None:
    facts = chart(consents=(consent(given_on=on("2026-11-10")),))

    made = decision(work(1200, at(9, 10)), work(1260, at(10, 10), entry_id="b"), facts=facts)

    assert made.counted_seconds == 1260
    assert [part.reason for part in made.tally.left_out] == [NotCounted.BEFORE_CONSENT]


def test_the_day_of_death_is_the_last_that_counts_and_that_a_claim_may_carry() -> None:
    month = month_of(died("2026-11-12"))

    assert (month.last_day, month.ends_on) == (date(2026, 11, 12), date(2026, 11, 12))
    assert (month_of(chart()).last_day, month_of(chart()).ends_on) == (None, None)


def test_work_after_death_is_left_out_by_the_practices_clock() -> None:
    made = decision(work(1200, at(12, 23, 50)), facts=died("2026-11-12"))

    assert made.counted_seconds == 600


def test_a_chart_brings_its_zone_findings_and_entries() -> None:
    facts = chart()
    month = month_of(facts)

    assert (month.month, month.zone) == (NOVEMBER, NEW_YORK)
    assert month.findings == eligibility(facts).findings
    assert [entry.id for entry in month.entries] == ["e1"]


def test_a_death_known_by_its_year_closes_the_month_at_the_earliest() -> None:
    facts = died("2026")

    assert month_of(facts).last_day == date(2026, 1, 1)
    assert msgspec.structs.replace(month_of(facts), last_day=None) != month_of(facts)
