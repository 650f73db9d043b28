"""When time that was typed needs a second person before it counts: the practice's own policy.

No payer's rule says so; the limits are each practice's to set, and to lift.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import Fact


class ApprovalReason(Word):
    """Why typed time needs approval."""

    LATE = "late"
    LONG = "long"
    AFTER_MONTH = "after_month"


class TypedPolicy(Fact, frozen=True, kw_only=True):
    """What a practice lets people type without a second person.

    ``late_after_days``: days from the work to the typing; ``longest_minutes``: of one entry;
    ``after_month_end``: whether typing into a month that is over needs approval.
    """

    late_after_days: int = 7
    longest_minutes: int = 120
    after_month_end: bool = True


def reasons_to_approve(
    started_at: datetime, ended_at: datetime, typed_at: datetime, policy: TypedPolicy
) -> tuple[ApprovalReason, ...]:
    """Return why work typed at a moment needs approval, if it does; all in the practice's zone."""
    worked_on, typed_on = started_at.date(), typed_at.date()
    is_late = (typed_on - worked_on).days > policy.late_after_days
    is_long = ended_at.timestamp() - started_at.timestamp() > _seconds(policy.longest_minutes)
    is_over = ServiceMonth.containing(typed_on) > ServiceMonth.containing(worked_on)
    found = (
        (is_late, ApprovalReason.LATE),
        (is_long, ApprovalReason.LONG),
        (is_over and policy.after_month_end, ApprovalReason.AFTER_MONTH),
    )
    return tuple(reason for holds, reason in found if holds)


def _seconds(minutes: int) -> float:
    return timedelta(minutes=minutes).total_seconds()
