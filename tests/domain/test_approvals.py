"""When typed time needs a second person: below, at and above each of a practice's limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy, reasons_to_approve

NEW_YORK = ZoneInfo("America/New_York")
TYPED = datetime(2026, 11, 20, 9, 0, tzinfo=NEW_YORK)
POLICY = TypedPolicy(late_after_days=3, longest_minutes=60)


def asked(
    *, days: int = 0, seconds: int = 600, policy: TypedPolicy = POLICY, typed: datetime = TYPED
) -> tuple[ApprovalReason, ...]:
    ended = typed - timedelta(days=days, minutes=5)
    return reasons_to_approve(ended - timedelta(seconds=seconds), ended, typed, policy)


@pytest.mark.parametrize(("days", "is_late"), [(2, False), (3, False), (4, True)])
def test_work_is_late_when_more_days_have_passed_than_the_practice_allows(
    days: int, *, is_late: bool
) -> None:
    assert asked(days=days) == ((ApprovalReason.LATE,) if is_late else ())


@pytest.mark.parametrize(("seconds", "is_long"), [(3599, False), (3600, False), (3601, True)])
def test_work_is_long_by_a_second_beyond_the_limit(seconds: int, *, is_long: bool) -> None:
    assert asked(seconds=seconds) == ((ApprovalReason.LONG,) if is_long else ())


def test_a_month_that_is_over_asks_where_the_practice_wants_it() -> None:
    first = TYPED.replace(month=12, day=1)
    lax = TypedPolicy(late_after_days=3, longest_minutes=60, after_month_end=False)

    assert asked(days=1, typed=first) == (ApprovalReason.AFTER_MONTH,)
    assert asked(days=1, typed=first, policy=lax) == ()


def test_an_hour_over_the_end_of_summer_time_is_an_hour() -> None:
    began = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)  # and 1:30 comes again
    ended = datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=NEW_YORK)

    assert reasons_to_approve(began, ended, ended, POLICY) == ()
    later = ended.replace(second=1)
    assert reasons_to_approve(began, later, later, POLICY) == (ApprovalReason.LONG,)


@given(st.integers(0, 60), st.integers(60, 7200), st.integers(0, 60), st.integers(1, 120))
def test_a_laxer_policy_never_asks_for_more(
    days: int, seconds: int, late: int, longest: int
) -> None:
    strict = TypedPolicy(late_after_days=late, longest_minutes=longest)
    lax = TypedPolicy(late_after_days=late + 1, longest_minutes=longest + 1, after_month_end=False)

    assert set(asked(days=days, seconds=seconds, policy=lax)) <= set(
        asked(days=days, seconds=seconds, policy=strict)
    )
