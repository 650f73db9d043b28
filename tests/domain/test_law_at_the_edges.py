"""What the shipped rules do not do today and the domain must still get right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec

from ccm_fhir.conformance.answers import Answered, answer_line
from ccm_fhir.domain.codes import Comparison, PerformerKind
from ccm_fhir.domain.coding import code_time, units_reached
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.domain.stated import Law
from ccm_fhir.domain.timekeeping import Interval, Tally, TimeEntry, tally
from ccm_fhir.rulebook import load_rulebook
from tests.builders import NEW_YORK
from tests.conformance.months import Json, law, month, staff
from tests.domain.test_timekeeping import WINDOW

BOOK = load_rulebook()
BASE = next(rule for rule in BOOK.codes if rule.code == "99490")


def answered(stated: Json, book: Rulebook) -> Answered:
    given = answer_line(1, msgspec.json.encode(stated), Law(book, law().table))
    assert isinstance(given, Answered)
    return given


def test_a_threshold_that_must_be_passed_is_not_met_at_its_second() -> None:
    rule = replace(BASE, comparison=Comparison.MORE_THAN)
    counted = Tally(
        counted=(Interval(entry_id="e", seconds=1201, on=date(2026, 3, 3)),), left_out=()
    )

    assert [units_reached(rule, seconds) for seconds in (1200, 1201)] == [0, 1]
    assert code_time((rule,), counted, 1201, NEW_YORK)[0].reached_on == date(2026, 3, 3)


def test_time_that_no_interval_shows_is_never_coded() -> None:
    assert code_time((BASE,), Tally(counted=(), left_out=()), 1200, NEW_YORK) == ()


def test_an_untimed_code_is_never_reached_by_time() -> None:
    rule = next(rule for rule in BOOK.codes if not rule.is_timed)

    assert units_reached(rule, 99999) == 0
    assert rule.thresholds == ()


def test_a_statement_that_blocks_bills_nothing_until_it_is_confirmed() -> None:
    doubtful = replace(BASE.cited[0], blocking=True)
    codes = tuple(replace(r, cited=(doubtful,)) if r.code == "99490" else r for r in BOOK.codes)

    given = answered(month(staff(25)), replace(BOOK, codes=codes))

    assert given.lines == ()
    assert given.not_billable_reasons == ("cannot_determine",)


def test_an_exclusion_of_one_family_bars_that_family_alone() -> None:
    only_staff = tuple(e for e in BOOK.exclusions if e.group == "ccm_staff")
    oversight: Json = {"code": "G0181", "by": "billing_practitioner"}
    work: Json = staff(60) | {"performer_role": "physician", "personally": True}
    book = replace(BOOK, exclusions=only_staff)

    barred = answered(month(work, other_services=[oversight]), book)
    other = answered(
        month(work, other_services=[oversight], practice_choice={"family": "practitioner"}), book
    )

    assert barred.not_billable_reasons == ("cannot_determine",)
    assert [line.code for line in other.lines] == ["99437", "99491"]


def test_an_entry_that_says_neither_when_nor_how_long_counts_nothing() -> None:
    entry = TimeEntry(id="e", performer_id="n", performer=PerformerKind.CLINICAL_STAFF)

    assert tally((entry,), WINDOW) == Tally(counted=(), left_out=())
    assert entry.total_seconds == 0


def test_without_a_first_month_or_a_consent_the_month_itself_is_the_first() -> None:
    stated = month(staff(25), consent=None, initiating_visit=None, ccm_first_month=None)

    assert answered(stated, BOOK).not_billable_reasons == ("consent_missing",)
