"""The month page: every patient of the practice, where each stands, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.services.patient_month import MonthOverview, MonthRow, MonthState
from ccm_fhir.services.sign import STATEMENTS
from ccm_fhir.services.sources import Sources
from smart_app.views import wording
from smart_app.views.choice import reported
from smart_app.views.eligibility import FindingView, finding
from smart_app.views.formats import bare_minutes, count, minutes, money
from smart_app.views.meter import reached_words
from smart_app.views.months import MonthsView, months
from smart_app.views.tones import DELIVERIES, MONTH_STATES, Tone

_SHOWN_MISSING = 2
_ATTENTION_FIRST = (
    MonthState.PROBLEM,
    MonthState.READY,
    MonthState.NEEDS_FIX,
    MonthState.SHORT_OF_TIME,
    MonthState.SIGNED,
    MonthState.SENT,
    MonthState.CHART_NOT_READ,
    MonthState.NOT_ELIGIBLE,
)
_NO_LINKS: Mapping[str, str] = {}
_NO_SOURCES = Sources()
_FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """One state with how many are in it; ``value`` is empty for all patients."""

    value: str
    label: str
    count: int
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
    )


def _states(overview: MonthOverview, everyone: int) -> tuple[StateView, ...]:
    all_patients = StateView(
        value="",
        label="All",
        count=everyone,
        tone=Tone.PLAIN,
        is_chosen=overview.state is None,
    )
    return (
        all_patients,
        *(
            StateView(
                value=state.value,
                label=wording.MONTH_STATES[state],
                count=overview.counts.get(state, 0),
                tone=MONTH_STATES[state],
                is_chosen=overview.state is state,
            )
            for state in _ATTENTION_FIRST
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
        claim="" if row.claim_state is None else wording.DELIVERIES[row.claim_state],
        claim_tone=Tone.PLAIN if row.claim_state is None else DELIVERIES[row.claim_state],
    )


def _missing(row: MonthRow) -> tuple[Finding, ...]:
    """Return what has to be mended, worst first; what signing itself settles is not missing."""
    mended = (f for f in row.missing if f.answer is Answer.NOT_MET or f.criterion not in STATEMENTS)
    return tuple(sorted(mended, key=lambda f: f.answer is not Answer.NOT_MET))


def _hint(row: MonthRow) -> str:
    if row.state is MonthState.CHART_NOT_READ:
        return "The chart"
    if row.state is MonthState.READY and row.awaits_mdm:
        return "The billing practitioner’s word on the decision making"
    if row.state is MonthState.READY:
        return "The billing practitioner’s signature"
    if row.state is not MonthState.SHORT_OF_TIME or row.next_threshold_seconds is None:
        return ""
    return f"{minutes(row.next_threshold_seconds - row.counted_seconds)} of care time"


def _further(more: int) -> str:
    return f"and {more} more" if more > 0 else ""
