"""Stated months, one stroke from complete: what each stroke does to the decision."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.conformance.months import (
    REMOVED,
    Json,
    answer,
    decision,
    own,
    refusal,
    staff,
    timed,
    units,
)

OTHER_GROUP, SAME_GROUP = "other_practitioner_other_group", "other_practitioner_same_group"
SELF = "billing_practitioner"


def service(code: str, by: str | None = SELF, **more: object) -> Json:
    return {"code": code, **({} if by is None else {"by": by}), **more}


NOT_MET = [
    ({"consent": None}, "consent_missing"),
    ({"consent__to_billing_practitioner": False}, "consent_not_for_billing_practitioner"),
    ({"consent__date": "2026-04-01"}, "consent_after_service"),
    ({"consent__date": "2026-03-09"}, "consent_after_service"),
    ({"consent__mode": "verbal"}, "consent_invalid"),
    ({"consent__revoked": "2026-02-28"}, "consent_revoked"),
    ({"initiating_visit__code": "99211"}, "initiating_visit_code_not_qualifying"),
    (
        {"initiating_visit__by": "clinical_staff"},
        "initiating_visit_missing",
    ),
    (
        {"initiating_visit": None, "last_seen_by_billing_practitioner": None},
        "initiating_visit_missing",
    ),
    (
        {"initiating_visit__date": "2024-10-01", "last_seen_by_billing_practitioner": "2024-10-01"},
        "initiating_visit_missing",
    ),
    ({"care_plan": None}, "care_plan_missing"),
    ({"care_plan__date": "2026-04-01"}, "care_plan_missing"),
    ({"care_plan__copy_given": False}, "care_plan_copy_not_given"),
    ({"practice_attestations__access_24_7": False}, "no_24_7_access"),
    ({"practice_attestations__certified_ehr": False}, "certified_ehr_missing"),
    (
        {"practice_attestations__continuity_designated_team_member": False},
        "continuity_missing",
    ),
    ({"payer": "other"}, "payer_not_medicare"),
    ({"patient__enrolled_part_b": False}, "no_part_b"),
    ({"billing_practitioner__role": "psychologist"}, "practitioner_type_not_eligible"),
    ({"conditions_meet_risk_and_12mo": False}, "risk_or_duration_criterion_not_documented"),
    ({"conditions": []}, "fewer_than_two_chronic_conditions"),
    (
        {"other_services": [service("99487", OTHER_GROUP)]},
        "ccm_already_billed_by_other_practitioner",
    ),
    ({"other_services": [service("99490")]}, "ccm_already_billed_by_other_practitioner"),
    ({"other_services": [service("99426")]}, "pcm_same_practitioner"),
    ({"other_services": [service("G0557", SAME_GROUP)]}, "apcm_same_month"),
    ({"other_services": [service("90960")]}, "esrd_mcp_same_practitioner"),
    ({"today": "2027-03-04"}, "timely_filing_expired"),
]


@pytest.mark.parametrize(("changes", "reason"), NOT_MET, ids=lambda value: str(value)[:60])
def test_what_is_not_met_is_the_only_reason(changes: Json, reason: str) -> None:
    given = answer(staff(25), **changes)

    assert given.lines == ()
    assert given.not_billable_reasons == (reason,)


UNSAID = [
    "consent",
    "consent__date",
    "consent__mode",
    "consent__to_billing_practitioner",
    "care_plan",
    "care_plan__date",
    "care_plan__copy_given",
    "practice_attestations",
    "practice_attestations__access_24_7",
    "patient__enrolled_part_b",
    "billing_practitioner__role",
    "conditions_meet_risk_and_12mo",
]


@pytest.mark.parametrize("name", UNSAID)
def test_what_is_needed_and_not_said_is_unknown_and_never_bills(name: str) -> None:
    given = answer(staff(25), **{name: REMOVED})

    assert given.lines == ()
    assert given.not_billable_reasons == ("cannot_determine",)
    assert any(fact.startswith(name.replace("__", ".")) for fact in given.unknown)


@pytest.mark.parametrize("field", ["date", "code", "by"])
def test_a_visit_of_which_something_is_not_said_is_unknown(field: str) -> None:
    changes = {f"initiating_visit__{field}": REMOVED, "last_seen_by_billing_practitioner": None}

    assert answer(staff(25), **changes).unknown == (f"initiating_visit.{field}",)


def test_no_word_of_a_visit_and_none_of_being_seen_is_unknown() -> None:
    unsaid = {"last_seen_by_billing_practitioner": REMOVED}

    assert answer(staff(25), initiating_visit=None, **unsaid).unknown == (
        "last_seen_by_billing_practitioner",
    )
    assert answer(staff(25), initiating_visit=REMOVED, **unsaid).unknown == ("initiating_visit",)


def test_a_patient_seen_within_the_year_needs_no_initiating_visit_since_2017() -> None:
    assert units(answer(staff(25), initiating_visit=None)) == {"99490": 1}
    early = {
        "service_month": "2016-03",
        "consent__date": "2015-11-05",
        "consent__mode": "written",
        "last_seen_by_billing_practitioner": "2015-11-05",
        "ccm_first_month": "2015-12",
        "care_plan__date": "2015-11-05",
        "initiating_visit": None,
    }
    assert answer(staff(25, "2016-03-03"), **early).not_billable_reasons == (
        "initiating_visit_missing",
    )


def test_without_a_first_month_the_year_is_counted_from_the_consent_or_the_month() -> None:
    assert answer(staff(25), ccm_first_month=REMOVED).lines
    assert answer(staff(25), ccm_first_month=None, consent=None).not_billable_reasons == (
        "consent_missing",
    )


def test_verbal_consent_of_2016_is_unknown_in_later_years() -> None:
    given = answer(staff(25), consent__date="2016-11-05")

    assert given.unknown == ("consent.mode",)


def test_consent_revoked_later_than_the_month_still_holds_without_a_word() -> None:
    given = answer(staff(25), consent__revoked="2026-04-02")

    assert units(given) == {"99490": 1}
    assert "consent_revoked_effective_month_end" not in given.warnings


def test_consent_in_the_middle_of_the_month_that_leaves_too_little_is_below_the_threshold() -> None:
    given = answer(staff(15), staff(10, "2026-03-20"), consent__date="2026-03-10")

    assert given.not_billable_reasons == ("below_time_threshold",)
    assert "minutes_before_consent_excluded" in given.warnings


WARNED = [
    ({"patient__qmb": True}, "qmb_no_cost_sharing"),
    ({"billing_practitioner__role": "np"}, "npp_85_percent"),
    ({"setting": "rhc_fqhc", "pos": "72"}, "institutional_claim_837I"),
    (
        {"setting": "rhc_fqhc", "practice_choice": {"family": "standard", "rhc_coding": "g0511"}},
        "g0511_retired_use_individual",
    ),
    ({"other_services": [service("99457", distinct_time=True)]}, "concurrent_rpm_no_double_count"),
    ({"last_seen_by_billing_practitioner": "2026-03-01"}, None),
]


@pytest.mark.parametrize(("changes", "warning"), WARNED, ids=lambda value: str(value)[:60])
def test_what_a_person_should_look_at_is_named_and_the_month_is_reported(
    changes: Json, warning: str | None
) -> None:
    given = answer(staff(25), **changes)

    assert units(given) == {"99490": 1}
    told = set(given.warnings) - {"institutional_claim_837I"} or set(given.warnings)
    assert told == (set() if warning is None else {warning})


ENTRY_WARNED = [
    (staff(9, "2026-03-05", performer_role="nonclinical_staff"), "nonclinical_time_excluded"),
    (staff(9, "2026-03-05", located_outside_us=True), "offshore_time_excluded"),
    (staff(9, "2026-03-05", part_of_billed_em=True), "em_time_excluded"),
    (staff(9, "2026-03-05", also_counted_to="99457"), "double_counted_time_removed"),
    (staff(9, "2026-03-19"), "minutes_after_death_excluded"),
    (staff(9, "2026-03-09"), "inpatient_minutes_excluded"),
    (staff(9, "2026-03-11"), "snf_minutes_excluded"),
    (timed("2026-03-31", "23:51:00", "00:10:00", end_date="2026-04-01"), None),
]


@pytest.mark.parametrize(("entry", "warning"), ENTRY_WARNED, ids=lambda value: str(value)[:70])
def test_time_that_does_not_count_is_left_out_and_named(entry: Json, warning: str | None) -> None:
    given = answer(
        staff(12),
        entry,
        patient__died="2026-03-18",
        patient__inpatient_spans=[["2026-03-08", "2026-03-09"]],
        patient__snf_part_a_spans=[["2026-03-10", "2026-03-12"]],
    )

    assert given.counted_seconds == 12 * 60
    assert given.not_billable_reasons == ("below_time_threshold",)
    assert (warning or "entry_split_at_month_end") in given.warnings


def test_work_over_the_months_end_is_cut_there_and_named() -> None:
    given = answer(timed("2026-03-31", "23:40:00", "00:10:00", end_date="2026-04-01"))

    assert given.counted_seconds == 20 * 60
    assert given.warnings == ("entry_split_at_month_end",)
    assert units(given) == {"99490": 1}


def test_a_stay_cuts_an_entry_that_runs_over_midnight_into_it() -> None:
    night = timed("2026-03-07", "23:50:00", "00:20:00", end_date="2026-03-08")
    given = answer(night, patient__inpatient_spans=[["2026-03-08", "2026-03-08"]])

    assert given.counted_seconds == 600
    morning = timed("2026-03-08", "23:50:00", "00:20:00", end_date="2026-03-09")
    assert (
        answer(morning, patient__inpatient_spans=[["2026-03-08", "2026-03-08"]]).counted_seconds
        == 20 * 60
    )


def test_a_stay_of_another_month_changes_nothing() -> None:
    assert units(
        answer(
            timed("2026-03-07", "10:00:00", "10:20:00"),
            patient__inpatient_spans=[["2026-01-08", "2026-01-09"]],
        )
    ) == {"99490": 1}


def test_face_to_face_time_counts_and_is_named() -> None:
    assert answer(staff(20, mode="face_to_face")).warnings == ("face_to_face_time_counted",)


def test_minutes_another_service_used_are_taken_from_the_earliest() -> None:
    used = service("99457", minutes=10, distinct_time=False)
    given = answer(staff(5), staff(25, "2026-03-09"), other_services=[used])

    assert given.counted_seconds == 20 * 60
    assert given.earliest_date_of_service == date(2026, 3, 9)
    assert "double_counted_time_removed" in given.warnings
    begun = timed("2026-03-09", "10:00:00", "10:35:00")
    assert answer(begun, other_services=[used]).counted_seconds == 25 * 60


def test_minutes_already_marked_as_used_are_not_taken_twice() -> None:
    used = service("99457", minutes=10, distinct_time=False)
    given = answer(
        staff(10, also_counted_to="99457"), staff(20, "2026-03-09"), other_services=[used]
    )

    assert given.counted_seconds == 20 * 60
    marked = timed("2026-03-05", "10:00:00", "10:10:00", also_counted_to="99457")
    assert answer(marked, staff(20), other_services=[used]).counted_seconds == 20 * 60


def test_minutes_another_service_used_must_be_said() -> None:
    unsaid = service("99457", distinct_time=False)

    assert answer(staff(40), other_services=[unsaid]).unknown == ("other_services[0].minutes",)


def test_who_billed_an_excluding_service_must_be_said() -> None:
    assert answer(staff(25), other_services=[service("G0181", None)]).unknown == (
        "other_services[0].by",
    )
    assert answer(staff(25), other_services=[service("99457", None)]).lines


def test_advanced_primary_care_of_another_practice_waits_for_a_source() -> None:
    given = answer(staff(25), other_services=[service("G0557", OTHER_GROUP)])

    assert given.not_billable_reasons == ("cannot_determine",)
    assert given.unknown == ("other_services[0]",)
    assert "rule_source_unconfirmed" in given.warnings


def test_advanced_primary_care_of_the_same_practice_excludes_for_good() -> None:
    given = answer(staff(25), other_services=[service("G0557")])

    assert given.not_billable_reasons == ("apcm_same_month",)


@pytest.mark.parametrize("code", ["90960", "G0182", "99495", "93000", "G0180"])
def test_services_of_another_practitioner_that_exclude_only_the_same_one_are_allowed(
    code: str,
) -> None:
    assert units(answer(staff(25), other_services=[service(code, OTHER_GROUP)])) == {"99490": 1}


def test_transitional_care_excludes_before_2020() -> None:
    changes = {
        "service_month": "2019-03",
        "consent__date": "2018-11-05",
        "initiating_visit__date": "2018-11-05",
        "ccm_first_month": "2018-12",
        "care_plan__date": "2018-11-05",
        "other_services": [service("99496")],
    }

    assert answer(staff(25, "2019-03-03"), **changes).not_billable_reasons == (
        "tcm_same_period_pre2020",
    )


def test_codes_in_doubt_are_unknown_and_no_conditions_suggest_nothing() -> None:
    assert answer(staff(25), conditions=["I10", "A18.1"]).unknown == ("conditions",)
    assert "consider_pcm" not in answer(staff(25), conditions=[]).warnings


def test_at_most_one_family_is_reported_and_all_stand_side_by_side() -> None:
    made = decision(staff(60), own(40), mdm_level="high", practice_choice={"family": "standard"})

    assert {outcome.family: outcome.allowed_usd for outcome in made.alternatives} == {
        "ccm_staff": Decimal("167.01"),
        "ccm_complex": Decimal("222.45"),
        "ccm_practitioner": Decimal("89.18"),
    }
    assert made.family == "ccm_staff"
    assert "complex_criteria_met_but_noncomplex_reported" in made.cautions


def test_staff_time_beside_practitioner_codes_is_named_as_unbilled() -> None:
    given = answer(staff(15), own(30), practice_choice={"family": "practitioner"})

    assert units(given) == {"99491": 1}
    assert given.warnings == ("staff_time_unbilled",)


def test_staff_time_never_tops_up_the_practitioners() -> None:
    given = answer(staff(15), own(29), practice_choice={"family": "practitioner"})

    assert given.counted_seconds == 29 * 60
    assert given.not_billable_reasons == ("below_time_threshold",)


def test_a_practitioners_time_not_in_person_counts_as_staff_time() -> None:
    given = answer(own(30, personally=False), practice_choice={"family": "practitioner"})

    assert given.counted_seconds == 0
    assert given.warnings == ("staff_family_would_support_99490",)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({}, "mdm_not_attested"), ({"mdm_level": "low"}, "mdm_too_low")],
    ids=["no level", "low"],
)
def test_complex_care_is_never_derived(changes: Json, why: str) -> None:
    made = decision(staff(90), practice_choice={"family": "complex_if_met"}, **changes)

    assert [line.code for line in made.lines] == ["99490", "99439"]
    assert made.alternatives[1].reasons == (why,)


def test_complex_care_before_2020_needs_the_plan_revised() -> None:
    changes = {
        "service_month": "2018-06",
        "consent__date": "2017-11-05",
        "initiating_visit__date": "2017-11-05",
        "ccm_first_month": "2017-12",
        "care_plan__date": "2017-11-05",
        "mdm_level": "high",
        "practice_choice": {"family": "complex_if_met"},
    }
    made = decision(staff(60, "2018-06-03"), **changes)

    assert [line.code for line in made.lines] == ["99490"]
    assert made.alternatives[1].reasons == ("plan_not_revised",)


def test_highest_allowed_takes_what_qualifies_and_never_bills_what_is_unknown() -> None:
    highest = {"practice_choice": {"family": "highest_allowed"}}

    assert units(answer(own(30), **highest)) == {"99491": 1}
    assert answer(own(90), consent=None, **highest).lines == ()
    assert answer(staff(1), **highest).counted_seconds == 60


def test_month_end_is_the_date_of_service_and_never_passes_death() -> None:
    policy = {"practice_choice": {"family": "standard", "dos_policy": "month_end"}}

    assert decision(staff(20), **policy).date_of_service == date(2026, 3, 31)
    died = decision(staff(20), patient__died="2026-03-20", **policy)
    assert died.date_of_service == date(2026, 3, 20)
    assert died.earliest_date_of_service == date(2026, 3, 3)


def test_the_time_limit_is_one_calendar_year_to_the_day() -> None:
    assert answer(staff(20), today="2027-03-03").lines
    assert answer(staff(20), today="2027-03-04").lines == ()
    leap = {
        "service_month": "2024-02",
        "consent__date": "2023-11-05",
        "initiating_visit__date": "2023-11-05",
        "ccm_first_month": "2023-12",
        "care_plan__date": "2023-11-05",
    }
    assert answer(staff(20, "2024-02-29"), today="2025-02-28", **leap).lines
    assert answer(staff(20, "2024-02-29"), today="2025-03-01", **leap).lines == ()


CLINIC = [
    ("2015-11", {}, None),
    ("2016-11", {"99490": 1}, None),
    ("2018-11", {"G0511": 1}, "individual"),
    ("2025-06", {"99490": 1, "99439": 1}, None),
    ("2025-09", {"G0511": 1}, "g0511"),
    ("2025-10", {"99490": 1, "99439": 1}, "g0511"),
]


@pytest.mark.parametrize(("service_month", "lines", "coding"), CLINIC, ids=lambda v: str(v)[:9])
def test_clinics_report_as_the_law_of_the_month_has_it(
    service_month: str, lines: dict[str, int], coding: str | None
) -> None:
    year = int(service_month[:4]) - 1
    choice = {"family": "standard"} | ({} if coding is None else {"rhc_coding": coding})
    given = answer(
        staff(45, f"{service_month}-03"),
        service_month=service_month,
        consent__date=f"{year}-10-05",
        consent__mode="written",
        initiating_visit__date=f"{year}-10-05",
        last_seen_by_billing_practitioner=f"{year}-10-05",
        ccm_first_month=f"{year}-11",
        care_plan__date=f"{year}-10-05",
        setting="rhc_fqhc",
        pos="72",
        practice_choice=choice,
    )

    assert units(given) == lines
    assert given.not_billable_reasons == (() if lines else ("code_not_effective",))


def test_the_hour_that_autumn_repeats_is_read_as_the_shorter_work() -> None:
    fall = {
        "service_month": "2025-11",
        "consent__date": "2025-10-05",
        "initiating_visit__date": "2025-10-05",
        "ccm_first_month": "2025-11",
        "care_plan__date": "2025-10-05",
    }

    def seconds(start: str, end: str) -> int | None:
        return answer(timed("2025-11-02", start, end), **fall).counted_seconds

    assert seconds("00:50:00", "01:10:00") == 20 * 60
    assert seconds("01:50:00", "02:10:00") == 20 * 60
    assert seconds("01:50:00", "01:10:00") == 20 * 60
    assert seconds("00:30:00", "02:30:00") == 3 * 3600
    assert "time_entries[0].end" in refusal(timed("2025-11-02", "02:50:00", "02:10:00"), **fall)


def test_work_that_ends_when_spring_skips_an_hour_is_whole() -> None:
    assert answer(timed("2026-03-08", "01:30:00", "02:00:00")).counted_seconds == 1800
    assert answer(timed("2026-03-08", "01:30:00", "03:30:00")).counted_seconds == 3600
    assert "clocks went forward" in refusal(timed("2026-03-08", "01:30:00", "02:30:00"))


def test_two_people_at_the_same_moment_count_once_and_no_minutes_twice() -> None:
    first = timed("2026-03-03", "10:00:00", "10:20:00", kind="RN")
    second = timed("2026-03-03", "10:10:00", "10:30:00", kind="LPN")

    given = answer(first, second)

    assert given.counted_seconds == 30 * 60
    assert given.warnings == ("overlap_merged", "rule_source_unconfirmed")


def test_a_month_of_many_entries_is_named_by_place_to_the_last() -> None:
    entries = [staff(1, f"2026-03-{1 + n % 28:02d}", kind=f"n{n}") for n in range(70)]

    assert answer(*entries).counted_seconds == 70 * 60
