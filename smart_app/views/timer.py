"""The timers as the bar shows them, and the page of one's own time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.timers import ASKS_AFTER, ASKS_AFTER_ON_CALL, SIGN_EVERY
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.services.timer_thresholds import Crossing
from ccm_fhir.services.timers import DayEntry, MyDay, TimerCard, TimerState
from smart_app.views.formats import clock, listed, minutes, span
from smart_app.views.forms import ChoiceView, Wrong
from smart_app.views.tones import Tone
from smart_app.views.wording import ACTIVITIES, CONTACTS, SOURCES

_ON_CALL = frozenset({ContactMode.TELEPHONE, ContactMode.VIDEO})
_HOUR = 3600
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerView:
    """One timer in the bar; ``said`` is the sentence beside its clock.

    ``crossings`` is JSON: at which second of the timer which sentence is said once.
    ``asks_after_seconds`` is when the page asks whether the work went on, ``sign_every_seconds``
    how often it gives a sign.
    """

    timer_id: str
    is_here: bool
    who: str = field(repr=False)
    state: str
    tone: Tone
    clock: str
    seconds: int
    quiet_seconds: int
    said: str = field(repr=False)
    question: str
    until: str
    is_running: bool
    is_asking: bool
    activities: tuple[ChoiceView, ...]
    contacts: tuple[ChoiceView, ...]
    asks_after_seconds: int
    sign_every_seconds: int
    crossings: str = field(default="[]", repr=False)
    note: str = field(default="", repr=False)
    wrong: str = ""
    wrong_field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One entry of today."""

    entry_id: str
    state: str

    when: str
    patient: str = field(repr=False)
    activity: str
    worked: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A form of this page that could not be taken: what was wrong, and what it held."""

    wrong: tuple[Wrong, ...] = ()
    timer_id: str = ""
    typed: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MyTimeView:
    """The page of one's own time: today's entries, and timers that may be brought back."""

    rows: tuple[DayRow, ...]
    total: str
    discarded: tuple[TimerView, ...]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchView:
    """The question when a second timer is to start; ``action`` is what was asked for."""

    who: str = field(repr=False)
    clock: str
    action: str
    on_call: bool


def timer_views(
    cards: tuple[TimerCard, ...], patient_id: str | None, ahead: tuple[Crossing, ...] = ()
) -> tuple[TimerView, ...]:
    """Return the bar's timers; the one of the open patient does not repeat the name.

    ``ahead`` are the thresholds that the running one will cross.
    """
    views = (_view(card, is_here=card.patient_id == patient_id) for card in cards)
    return tuple(
        replace(view, crossings=_crossings(view.who, ahead)) if view.is_running else view
        for view in views
    )


def _crossings(who: str, ahead: tuple[Crossing, ...]) -> str:
    told = [
        {
            "at": one.at_seconds,
            "say": (
                f"Saved now, this timer brings the month of {who} to "
                f"{minutes(one.threshold_seconds)}: the threshold of {listed(one.codes)}."
            ),
        }
        for one in ahead
    ]
    return json.dumps(told)


def my_time(day: MyDay, refused: Refused | None = None) -> MyTimeView:
    """Return the page of one's own time today."""
    told = refused or Refused()
    return MyTimeView(
        rows=tuple(_row(one) for one in day.entries),
        total=minutes(sum(one.seconds for one in day.entries)),
        discarded=as_sent(timer_views(day.discarded, None), told),
        wrong=told.wrong,
    )


def as_sent(shown: tuple[TimerView, ...], refused: Refused) -> tuple[TimerView, ...]:
    """Return the timers with the refused form as it was sent, and what is wrong in it."""
    return tuple(
        _as_sent(timer, refused) if timer.timer_id == refused.timer_id else timer for timer in shown
    )


def _as_sent(timer: TimerView, refused: Refused) -> TimerView:
    typed, found = refused.typed, refused.wrong[0]
    return replace(
        timer,
        note=typed.get("note", ""),
        activities=_chosen(timer.activities, typed.get("activity", "")),
        contacts=_chosen(timer.contacts, typed.get("contact_mode", "")),
        wrong=found.message,
        wrong_field=found.field,
    )


def _chosen(choices: tuple[ChoiceView, ...], value: str) -> tuple[ChoiceView, ...]:
    return tuple(replace(one, is_chosen=one.value == value) for one in choices)


def switch(card: TimerCard, action: str, *, on_call: bool) -> SwitchView:
    """Return the question which of two timers it is."""
    return SwitchView(
        who=card.patient_name, clock=_clock(card.seconds), action=action, on_call=on_call
    )


def _row(one: DayEntry) -> DayRow:
    return DayRow(
        entry_id=one.entry_id,
        state="not counted: it waits for approval" if one.is_waiting else "",
        when=span(one.started_at, one.ended_at),
        patient=one.patient_name,
        activity=ACTIVITIES[one.activity],
        worked=minutes(one.seconds),
        source=SOURCES[one.source],
    )


def _view(card: TimerCard, *, is_here: bool) -> TimerView:
    is_running = card.state in {TimerState.RUNNING, TimerState.ASKING}
    asks = ASKS_AFTER_ON_CALL if card.contact_mode in _ON_CALL else ASKS_AFTER
    return TimerView(
        timer_id=card.timer_id,
        is_here=is_here,
        who="this patient" if is_here else card.patient_name,
        state=card.state.value,
        tone=_TONES[card.state],
        clock=_clock(card.seconds),
        seconds=card.seconds,
        quiet_seconds=card.quiet_seconds,
        said=_said(card, "this patient" if is_here else card.patient_name),
        question=(
            "You have not typed or pointed for a while. Were you still working for this patient?"
        ),
        until=clock(card.active_at),
        is_running=is_running,
        is_asking=card.state is TimerState.ASKING,
        activities=_activities(card.activity),
        contacts=_contacts(card.contact_mode),
        asks_after_seconds=int(asks.total_seconds()),
        sign_every_seconds=int(SIGN_EVERY.total_seconds()),
    )


_TONES = {
    TimerState.RUNNING: Tone.MOVING,
    TimerState.ASKING: Tone.OPEN,
    TimerState.PAUSED: Tone.PLAIN,
    TimerState.LAPSED: Tone.OPEN,
    TimerState.IDLE: Tone.OPEN,
}


def _said(card: TimerCard, who: str) -> str:
    at = "" if card.rested_at is None else clock(card.rested_at)
    return {
        TimerState.RUNNING: f"Timing {who}",
        TimerState.ASKING: f"Timing {who}",
        TimerState.PAUSED: f"Paused for {who}",
        TimerState.LAPSED: (
            f"Rests since {at} for {who}: no page was open after that, so nothing more is counted"
        ),
        TimerState.IDLE: (
            f"Rests since {at} for {who}: nobody typed, pointed or answered after that, so nothing "
            "more is counted"
        ),
    }[card.state]


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, _HOUR)
    whole, left = divmod(rest, _MINUTE)
    return f"{hours}:{whole:02d}:{left:02d}" if hours else f"{whole:02d}:{left:02d}"


def _activities(chosen: Activity | None) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=one.value, label=label, is_chosen=one is chosen)
        for one, label in ACTIVITIES.items()
    )


def _contacts(chosen: ContactMode | None) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=one.value, label=label[0].upper() + label[1:], is_chosen=one is chosen)
        for one, label in CONTACTS.items()
    )
