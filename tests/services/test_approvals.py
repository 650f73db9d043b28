"""Typed time past the practice's limits: flagged, not counted, and approved by somebody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.approvals import (
    AnswerApproval,
    answer_approval,
    policy_of,
    set_policy,
    waiting_entries,
)
from ccm_fhir.services.change_time import VoidEntry, void_entry
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.services.time_ledger import verified
from tests.services.loopback_ehr import TODAY
from tests.world import BILLER, DOCTOR, NOVEMBER, Desk, Site

LATE = TODAY - timedelta(days=8)
OCTOBER = ServiceMonth(2026, 10)


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


@pytest.fixture
def doctor(site: Site) -> Desk:
    return site.launch(user=DOCTOR)


def answer(desk: Desk, entry_id: str, *, yes: bool = True, note: str = "") -> None:
    said = AnswerApproval(entry_id=entry_id, is_approved=yes, note=note)
    answer_approval(desk.site.world, desk.actor, said, desk.site.clock())


def reasons_of(desk: Desk, month: ServiceMonth = NOVEMBER) -> list[tuple[ApprovalReason, ...]]:
    return [e.approval.reasons if e.approval else () for e in desk.review(month).entries]


def counted(desk: Desk) -> int:
    decision = desk.review().decision
    assert decision is not None
    return decision.counted_seconds


def test_time_typed_on_its_day_waits_for_nobody(nurse: Desk) -> None:
    nurse.record()

    assert reasons_of(nurse) == [()]
    assert counted(nurse) == 1320


@pytest.mark.parametrize(
    ("days", "minutes", "reasons"),
    [
        (7, 22, ()),
        (8, 22, (ApprovalReason.LATE,)),
        (0, 120, ()),
        (0, 121, (ApprovalReason.LONG,)),
        (8, 121, (ApprovalReason.LATE, ApprovalReason.LONG)),
        (30, 22, (ApprovalReason.LATE, ApprovalReason.AFTER_MONTH)),
    ],
)
def test_late_long_or_past_months_work_needs_approval(
    nurse: Desk, days: int, minutes: int, reasons: tuple[ApprovalReason, ...]
) -> None:
    worked_on = TODAY - timedelta(days=days)
    nurse.record(started_on=worked_on, start_time=time(8), minutes=minutes)

    assert reasons_of(nurse, ServiceMonth.containing(worked_on)) == [reasons]


def test_unapproved_time_is_neither_counted_nor_told_to_the_ehr(nurse: Desk) -> None:
    nurse.record(started_on=LATE)

    assert counted(nurse) == 0
    assert nurse.states() == {}
    month = overview(nurse.site.world, nurse.actor, MonthFilter(month=NOVEMBER), nurse.site.clock())
    assert [row.counted_seconds for row in month.rows] == [0]


def test_approved_time_counts_and_goes_to_the_ehr_under_the_name_of_who_worked(
    nurse: Desk, doctor: Desk
) -> None:
    entry_id = nurse.call(started_on=LATE)

    answer(doctor, entry_id)

    assert counted(nurse) == 1320
    assert nurse.states() == {"Encounter": "planned", "Procedure": "planned"}
    bodies = [d.body_json for d in nurse.site.deliveries(nurse.patient_id)]
    assert all(nurse.actor.fhir_user in body for body in bodies)
    shown = nurse.review().entries[0].approval
    assert shown is not None
    assert (shown.is_approved, shown.answered_by) == (True, doctor.actor.name)
    assert verified(nurse.site.world)[0].problem == ""
    assert verified(nurse.site.world)[0].entries == 3


def test_refused_time_never_counts_and_may_be_taken_back(nurse: Desk, doctor: Desk) -> None:
    entry_id = nurse.record(started_on=LATE)

    with pytest.raises(InputError, match="Say why"):
        answer(doctor, entry_id, yes=False)
    answer(doctor, entry_id, yes=False, note="No call is in the phone log.")

    assert counted(nurse) == 0
    entry = nurse.review().entries[0]
    assert entry.approval is not None
    assert (entry.approval.is_approved, entry.approval.note) == (
        False,
        "No call is in the phone log.",
    )
    assert entry.may_void
    gone = VoidEntry(entry_id=entry_id, form_key=str(uuid4()), reason="It was another day.")
    void_entry(nurse.site.world, nurse.actor, gone, nurse.site.clock())
    assert nurse.review().entries == ()


def test_nobody_approves_what_they_typed_and_a_nurse_or_biller_approves_nothing(
    site: Site, nurse: Desk, doctor: Desk
) -> None:
    own = doctor.record(started_on=LATE)
    other = nurse.record(started_on=LATE - timedelta(days=1))

    with pytest.raises(NotAllowedError, match="who did not type it"):
        answer(doctor, own)
    for person in (nurse, site.launch(user=BILLER), site.launch(user="prac-luis-helper")):
        with pytest.raises(NotAllowedError):
            answer(person, other)
        with pytest.raises(NotAllowedError):
            waiting_entries(site.world, person.actor)
    assert [entry.is_own for entry in waiting_entries(site.world, doctor.actor)] == [False, True]


def test_an_approval_is_answered_once(nurse: Desk, doctor: Desk) -> None:
    entry_id = nurse.record(started_on=LATE)
    answer(doctor, entry_id)

    with pytest.raises(ConflictError, match="answered this already"):
        answer(doctor, entry_id, yes=False, note="On second thoughts.")
    assert waiting_entries(doctor.site.world, doctor.actor) == ()


def test_what_needs_no_approval_or_was_taken_back_cannot_be_approved(
    nurse: Desk, doctor: Desk
) -> None:
    plain, late = nurse.record(), nurse.record(started_on=LATE)
    gone = VoidEntry(entry_id=late, form_key=str(uuid4()), reason="Wrong patient")
    void_entry(nurse.site.world, nurse.actor, gone, nurse.site.clock())

    with pytest.raises(ConflictError, match="needs no approval"):
        answer(doctor, plain)
    with pytest.raises(ConflictError, match="taken back meanwhile"):
        answer(doctor, late)
    assert waiting_entries(doctor.site.world, doctor.actor) == ()


def test_time_in_a_month_that_was_signed_meanwhile_is_not_approved(
    nurse: Desk, doctor: Desk
) -> None:
    nurse.record()
    late = nurse.record(started_on=LATE)
    doctor.sign()

    with pytest.raises(ConflictError, match="2026-11 is signed"):
        answer(doctor, late)


def test_the_practice_sets_its_limits_and_what_was_typed_before_stands(
    nurse: Desk, doctor: Desk
) -> None:
    world, hand = nurse.site.world, operator(nurse.site.world)
    late = nurse.record(started_on=LATE)

    set_policy(
        world, hand, TypedPolicy(late_after_days=30, longest_minutes=10), doctor.site.clock()
    )

    assert policy_of(world, nurse.site.practice_id).longest_minutes == 10
    nurse.record(started_on=LATE - timedelta(days=1), minutes=10)
    nurse.record(minutes=11)
    assert reasons_of(nurse) == [(), (ApprovalReason.LATE,), (ApprovalReason.LONG,)]
    assert waiting_entries(world, doctor.actor)[0].entry_id == late


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (TypedPolicy(late_after_days=-1), "late_after_days"),
        (TypedPolicy(late_after_days=367), "late_after_days"),
        (TypedPolicy(longest_minutes=0), "longest_minutes"),
        (TypedPolicy(longest_minutes=481), "longest_minutes"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_its_field(
    site: Site, policy: TypedPolicy, name: str
) -> None:
    with pytest.raises(InputError) as refused:
        set_policy(site.world, operator(site.world), policy, site.clock())

    assert refused.value.field == name


def test_a_past_month_may_be_typed_into_where_the_practice_allows_it(nurse: Desk) -> None:
    world, clock = nurse.site.world, nurse.site.clock
    clock.now = datetime(2026, 12, 1, 15, tzinfo=UTC)
    allowed = TypedPolicy(after_month_end=False)

    nurse.record(started_on=date(2026, 11, 30))
    set_policy(world, operator(world), allowed, clock())
    nurse.record(started_on=date(2026, 11, 29))

    assert reasons_of(nurse) == [(), (ApprovalReason.AFTER_MONTH,)]


def test_the_same_form_sent_again_keeps_its_approval(nurse: Desk, doctor: Desk) -> None:
    typed = nurse.typed(started_on=LATE)
    entry_id = nurse.record(typed)
    nurse.site.clock.advance(seconds=60)

    assert nurse.record(typed) == entry_id
    assert nurse.states() == {}
    answer(doctor, entry_id)
    assert nurse.record(typed) == entry_id
    assert len(nurse.states()) == 1
