"""The words of approving typed time, and of work that two people did at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy
from ccm_fhir.services.overlap import Overlap, OverlapWarningError
from ccm_fhir.services.patient_month import ApprovalShown
from smart_app.views.formats import clock, count, listed, minutes, moment, sentence
from smart_app.views.forms import Attempt, wrong
from smart_app.views.tones import Tone

REASONS: dict[ApprovalReason, str] = {
    ApprovalReason.LATE: "typed long after the work",
    ApprovalReason.LONG: "longer than the practice lets one entry be",
    ApprovalReason.AFTER_MONTH: "typed when its month was over",
}
_CONFLICT = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """Where an entry's approval stands, in words."""

    tone: Tone
    state: str
    said: str


def approval(shown: ApprovalShown | None) -> ApprovalView | None:
    """Return an approval in words; None where none is needed."""
    if shown is None:
        return None
    why = why_asked(shown.reasons)
    if shown.is_approved is None:
        who = listed(shown.approvers)
        by = f"Who can: {who}." if who else "Nobody else here can yet."
        return ApprovalView(
            tone=Tone.OPEN,
            state="Waits for approval",
            said=f"{why} It is not counted until somebody else approves it. {by}",
        )
    when = "" if shown.answered_at is None else f", {moment(shown.answered_at)}"
    note = f" {sentence(shown.note)}" if shown.note else ""
    if shown.is_approved:
        said = f"{why} Approved by {shown.answered_by}{when}.{note}"
        return ApprovalView(tone=Tone.GOOD, state="Approved", said=said)
    return ApprovalView(
        tone=Tone.BAD,
        state="Not approved",
        said=f"{why} {shown.answered_by} did not approve it{when}, so it never counts.{note}",
    )


def why_asked(reasons: tuple[ApprovalReason, ...]) -> str:
    """Return why an entry needs approval, as a sentence."""
    return sentence(listed(tuple(REASONS[reason] for reason in reasons)))


def policy_words(policy: TypedPolicy) -> str:
    """Return what the practice lets people type without a second person."""
    over = " or when the month was over" if policy.after_month_end else ""
    days = count(policy.late_after_days, "day", "days")
    return (
        f"By the practice’s own setting: time typed more than {days} after the work{over}, and "
        f"any entry longer than {minutes(policy.longest_minutes * 60)}."
    )


def overlapping(
    form: str, form_key: str, typed: Mapping[str, str], warned: OverlapWarningError
) -> Attempt:
    """Return a form that asks whether work beside somebody else's is to be recorded."""
    told = wrong(form, "overlap_seen", overlap_words(warned.overlap))
    return Attempt(form=form, form_key=form_key, typed=typed, wrong=(told,), status=_CONFLICT)


def overlap_words(overlap: Overlap) -> str:
    """Return who worked at the same time, and what will count."""
    others = listed(
        tuple(
            f"{one.person} worked for this patient from {clock(one.started_at)} to "
            f"{clock(one.ended_at)}"
            for one in overlap.others
        )
    )
    shared = (
        f"A moment counts once: {minutes(overlap.shared_seconds)} of these "
        f"{minutes(overlap.seconds)} are in the time log already."
    )
    if overlap.counted_before is None or overlap.counted_after is None:
        return f"{others}. {shared} Tick the box to record it all the same."
    counted = (
        f"would stay {minutes(overlap.counted_before)}"
        if overlap.counted_before == overlap.counted_after
        else f"would go from {minutes(overlap.counted_before)} to {minutes(overlap.counted_after)}"
    )
    return (
        f"{others}. {shared} What is counted of the month {counted}. Tick the box to record it "
        "all the same."
    )
