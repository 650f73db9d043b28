"""The month page: every patient of the practice, where each stands, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.services.month import ORDER
from ccm_fhir.services.month_locks import LockShown
from ccm_fhir.services.patient_month import MonthOverview, MonthRow, MonthState
from ccm_fhir.services.sources import Sources
from smart_app.views import wording
from smart_app.views.choice import reported
from smart_app.views.deliveries import state_on, tone_on
from smart_app.views.eligibility import FindingView, finding
from smart_app.views.formats import (
    bare_minutes,
    count,
    minutes,
    moment,
    money,
    month_name,
    sentence,
)
from smart_app.views.meter import reached_words
from smart_app.views.month_reasons import ReasonView, reason_title, reason_views
from smart_app.views.months import MonthsView, months
from smart_app.views.tones import MONTH_STATES, Tone

_SHOWN_MISSING = 2
_NO_NPI = (
    "You have no valid NPI here, so nothing can be signed in your name. "
    "An administrator records it."
)
_HINTS = {
    MonthState.CHART_NOT_READ: "The chart",
    MonthState.BEING_JUDGED: "Being judged again",
    MonthState.HELD: "A person holds it; the lock says why",
}
_WAITS_FOR_ATTESTATION = "medical_decision_making_open"
_NO_LINKS: Mapping[str, str] = {}
_NO_SOURCES = Sources()
_FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """One state with how many are in it; ``value`` is empty for all patients."""

    value: str
    label: str
    count: int
    amount: str
    tone: Tone
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One patient's line."""

    patient_id: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    state: str
    tone: Tone
    minutes: str
    filled_percent: str
    reached: str
    hint: str
    missing: tuple[FindingView, ...]
    further: str
    amount: str
    claim: str
    claim_tone: Tone
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPageView:
    """Everything the month page prints."""

    months: MonthsView
    practice: str
    states: tuple[StateView, ...]
    chosen: str
    chosen_label: str
    said: str
    unread: str
    reported: str
    finish: str
    needs: str
    rows: tuple[RowView, ...]
    page: int
    pages: int
    reasons: tuple[ReasonView, ...]
    chosen_reason: str
    chosen_code: str
    being_judged: str
    lock: str
    to_sign: str
    to_attest: str
    no_npi: str
    may_lock: bool
    shows_reasons: bool


def month_page(overview: MonthOverview, *, finish: str = "", needs: int = 0) -> MonthPageView:
    """Return the page of an overview.

    ``finish`` leads an administrator to what is missing; ``needs`` counts what needs a person.
    """
    everyone = sum(overview.counts.values())
    unread = overview.counts.get(MonthState.CHART_NOT_READ, 0)
    return MonthPageView(
        months=months(overview.month, overview.months),
        practice=overview.practice_name,
        states=_states(overview, everyone),
        chosen="" if overview.state is None else overview.state.value,
        chosen_label="" if overview.state is None else wording.MONTH_STATES[overview.state],
        said=(f"{count(everyone, 'patient', 'patients')}; {money(overview.total_usd)} claimed."),
        unread=f"{count(unread, 'chart has', 'charts have')} not been read yet." if unread else "",
        reported="" if overview.choice is None else reported(overview.choice),
        finish=finish,
        needs=f"{count(needs, 'record needs', 'records need')} a person" if needs else "",
        rows=tuple(_row(row) for row in overview.rows),
        page=overview.page,
        pages=overview.pages,
        reasons=reason_views(overview.reasons, overview.reason),
        chosen_reason="" if overview.reason is None else reason_title(overview.reason),
        chosen_code=overview.reason or "",
        being_judged=_being_judged(overview),
        lock=lock_said(overview.lock, month_name(overview.month)),
        to_sign=_to_sign(overview),
        to_attest=_to_attest(overview),
        no_npi=_NO_NPI if overview.without_npi else "",
        may_lock=overview.may_lock,
        shows_reasons=overview.may_lock or overview.reason is not None,
    )


def lock_said(lock: LockShown | None, month: str) -> str:
    """Return who locked a month, when and why; empty where it is open."""
    if lock is None:
        return ""
    who = f" by {lock.by}" if lock.by else ""
    return f"{month} is locked since {moment(lock.at)}{who}: {sentence(lock.reason)}"


def _being_judged(overview: MonthOverview) -> str:
    waiting = overview.counts.get(MonthState.BEING_JUDGED, 0)
    if not waiting:
        return ""
    who = count(waiting, "patient is", "patients are")
    return (
        f"{who} being judged again, because something has changed; they are in none of the other "
        "counts. Look again in a moment."
    )


def _to_sign(overview: MonthOverview) -> str:
    ready = overview.counts.get(MonthState.READY, 0)
    if not overview.may_sign or not ready or overview.lock is not None:
        return ""
    if overview.without_npi:
        return ""
    return f"Sign clean months ({ready})"


def _to_attest(overview: MonthOverview) -> str:
    waits = sum(r.patients for r in overview.reasons if r.code == _WAITS_FOR_ATTESTATION)
    return f"Decision making to attest ({waits})" if waits and overview.may_sign else ""


def _amount(overview: MonthOverview, state: MonthState) -> str:
    amount = overview.amounts.get(state)
    return money(amount) if amount else ""


def _states(overview: MonthOverview, everyone: int) -> tuple[StateView, ...]:
    all_patients = StateView(
        value="",
        label="All",
        count=everyone,
        amount="",
        tone=Tone.PLAIN,
        is_chosen=overview.state is None and overview.reason is None,
    )
    return (
        all_patients,
        *(
            StateView(
                value=state.value,
                label=wording.MONTH_STATES[state],
                count=overview.counts.get(state, 0),
                amount=_amount(overview, state),
                tone=MONTH_STATES[state],
                is_chosen=overview.state is state,
            )
            for state in ORDER
            if overview.counts.get(state, 0) or overview.state is state
        ),
    )


def _row(row: MonthRow) -> RowView:
    goal, missing = row.next_threshold_seconds, _missing(row)
    have = bare_minutes(row.counted_seconds)
    share = 1.0 if not goal else min(row.counted_seconds / goal, 1.0)
    return RowView(
        patient_id=row.patient_id,
        name=row.name,
        born=row.birth_date,
        state=wording.MONTH_STATES[row.state],
        tone=MONTH_STATES[row.state],
        minutes=f"{have} min" if goal is None else f"{have} of {bare_minutes(goal)} min",
        filled_percent=f"{share * _FULL:.1f}%",
        reached=reached_words(tuple(code for code, units in row.reached for _ in range(units))),
        hint=_hint(row),
        missing=tuple(finding(f, _NO_LINKS, _NO_SOURCES) for f in missing[:_SHOWN_MISSING]),
        further=_further(len(missing) - _SHOWN_MISSING),
        amount=money(row.total_usd),
        claim="" if row.claim_state is None else state_on(row.claim_rung, row.claim_state),
        claim_tone=_claim_tone(row),
        expected="" if row.expected_usd is None else f"{money(row.expected_usd)} by your charges",
    )


def _claim_tone(row: MonthRow) -> Tone:
    return Tone.PLAIN if row.claim_state is None else tone_on(row.claim_rung, row.claim_state)


def _missing(row: MonthRow) -> tuple[Finding, ...]:
    """Return what has to be mended, worst first; what signing itself settles is not missing."""
    mended = (f for f in row.missing if f.answer is Answer.NOT_MET or not f.is_attestable)
    return tuple(sorted(mended, key=lambda f: f.answer is not Answer.NOT_MET))


def _hint(row: MonthRow) -> str:
    if row.state in _HINTS:
        return _HINTS[row.state]
    if row.state in {MonthState.READY, MonthState.NEEDS_FIX} and row.awaits_mdm:
        return "The billing practitioner’s word on the decision making"
    if row.state is MonthState.NEEDS_FIX and row.obstacles:
        return "; ".join(_obstacle(code, owner) for code, owner in row.obstacles)
    if row.state is MonthState.READY:
        return "The billing practitioner’s signature"
    if row.state is not MonthState.SHORT_OF_TIME or row.next_threshold_seconds is None:
        return ""
    return f"{minutes(row.next_threshold_seconds - row.counted_seconds)} of care time"


def _obstacle(code: str, owner: str) -> str:
    return f"{reason_title(code)} ({wording.owner(owner)})"


def _further(more: int) -> str:
    return f"and {more} more" if more > 0 else ""
