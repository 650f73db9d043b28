"""The month's review in words: what is new, what was not shown, calls, and copies given."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.findings import Answer
from ccm_fhir.services.care_plan import PlanDesk, StandingPlan
from smart_app.views import plan_words as words
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import day, listed, moment, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsView:
    """One thing that is new."""

    kind: str
    text: str = field(repr=False)
    on: str
    is_unsure: bool
    evidence: tuple[EvidenceView, ...]


def news_views(desk: PlanDesk, standing: StandingPlan | None) -> tuple[NewsView, ...]:
    """Return what is new since the plan was last looked at."""
    if standing is None or standing.since is None:
        return ()
    return tuple(
        NewsView(
            kind=words.NEWS[one.kind],
            text=sentence(one.text),
            on="" if one.on is None else str(one.on),
            is_unsure=one.answer is not Answer.MET,
            evidence=tuple(evidence(ref, desk.paths) for ref in one.evidence),
        )
        for one in standing.since.news
    )


def unread_words(standing: StandingPlan | None) -> str:
    """Return what the EHR did not show, as a sentence; empty where it showed all."""
    if standing is None or standing.since is None or not standing.since.unread:
        return ""
    return f"The EHR did not show {listed(standing.since.unread)}, so there may be more."


def call_line(desk: PlanDesk, number: int) -> str:
    """Return one attempt to reach the patient, by its place."""
    call = desk.outreach[number]
    again = f" Next: {day(call.next_on)}." if call.next_on else ""
    note = f" {call.note}" if call.note else ""
    who = desk.people.get(call.tried_by, "")
    return f"{words.OUTCOMES[call.outcome]}, {moment(call.tried_at)}, {who}.{note}{again}"


def copy_line(desk: PlanDesk, number: int) -> str:
    """Return one copy that was given, by its place."""
    copy = desk.copies[number]
    version = next((v.number for v in desk.versions if v.id == copy.version_id), 0)
    who = desk.people.get(copy.recorded_by, "")
    return (
        f"Version {version} in {words.LANGUAGES[copy.language]}, {words.WAYS[copy.way].lower()}, "
        f"to {copy.given_to} on {day(copy.given_on)}. Recorded by {who}."
    )
