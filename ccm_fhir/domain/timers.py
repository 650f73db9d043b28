"""A timer: what was worked by the server's clock, and what must be asked before it counts.

The page that shows a running timer gives a sign of itself every few seconds. Where the signs
stop, the work stopped with the last of them; where the person was still, the person is asked.
Nothing here reads a clock, and no time is taken from a browser: a sign may only confirm what the
server's own clock has seen pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.timekeeping.entries import elapsed
from ccm_fhir.domain.writeback import ContactMode

SIGN_EVERY = timedelta(seconds=15)
"""How often a page gives a sign: so much is lost at most when a browser or a machine dies."""

LAPSES_AFTER = timedelta(seconds=45)
"""Without a sign for so long the page was gone."""

ASKS_AFTER = timedelta(minutes=2)
"""So long without a key or a pointer, and the person is asked whether the work went on."""

ASKS_AFTER_ON_CALL = timedelta(minutes=30)
"""On the telephone nobody types."""

GIVES_UP_AFTER = timedelta(minutes=15)
"""So long without an answer, and the timer rests at the last activity."""

LONGEST_UNWATCHED = timedelta(hours=2)
"""A timer that no page watched may not be saved whole beyond this; it is typed instead."""

_SLACK = timedelta(seconds=5)
_LIVE_CONTACTS = frozenset({ContactMode.TELEPHONE, ContactMode.VIDEO})


class Ending(Word):
    """Why a stretch of work ended."""

    PAUSE = "pause"
    STOP = "stop"
    SWITCH = "switch"
    LAPSE = "lapse"
    IDLE = "idle"
    DISCARD = "discard"


_BY_ITSELF = frozenset({Ending.LAPSE, Ending.IDLE})


class TimerPolicy(Word):
    """What happens when a person of a role opens a chart."""

    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class IdleAnswer(Word):
    """What a person says of the time without activity."""

    COUNT_ALL = "count_all"
    UNTIL_ACTIVITY = "until_activity"


class Stretch(Fact, frozen=True, kw_only=True):
    """One unbroken piece of work, and why it ended."""

    started_at: datetime
    ended_at: datetime
    ending: Ending

    @property
    def seconds(self) -> int:
        """Whole seconds."""
        return elapsed(self.started_at, self.ended_at)


class Sign(Fact, frozen=True, kw_only=True):
    """A page's sign: how long it has been awake without a break, and without activity."""

    awake: timedelta
    quiet: timedelta


class Timer(Fact, frozen=True, kw_only=True):
    """One person's timer for one patient, as last heard of; instants are UTC, whole seconds.

    ``running_since`` is None while it rests. ``is_watched``: a page gives signs of it, so that
    their absence means something.
    """

    running_since: datetime | None
    seen_at: datetime
    active_at: datetime
    is_watched: bool = False
    contact_mode: ContactMode | None = None
    stretches: tuple[Stretch, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it counts at the moment, as far as is known."""
        return self.running_since is not None


def start(
    now: datetime, contact_mode: ContactMode | None = None, *, is_watched: bool = False
) -> Timer:
    """Return a timer that begins now; ``is_watched``: the page that asks will give signs."""
    return Timer(
        running_since=now,
        seen_at=now,
        active_at=now,
        contact_mode=contact_mode,
        is_watched=is_watched,
    )


def settle(timer: Timer, now: datetime) -> Timer:
    """Return the timer as it stands now, when nothing has been heard since."""
    if timer.is_watched and now - timer.seen_at > LAPSES_AFTER:
        return rest(timer, timer.seen_at, Ending.LAPSE)
    if timer.is_watched and now - timer.active_at > _asks_after(timer) + GIVES_UP_AFTER:
        return rest(timer, timer.active_at, Ending.IDLE)
    return timer


def hear(timer: Timer, sign: Sign, now: datetime) -> Timer:
    """Return the timer after a sign; a page that was awake all the while mends a silence.

    A browser cannot add time: it can only confirm what passed between two of its signs here.
    A clock that goes backwards changes nothing.
    """
    if not timer.is_running or now < timer.seen_at:
        return timer
    was_awake = sign.awake + _SLACK >= now - timer.seen_at
    settled = timer if was_awake else settle(timer, now)
    if not settled.is_running:
        return settled
    active_at = max(timer.active_at, now - max(sign.quiet, timedelta()))
    heard = msgspec.structs.replace(timer, seen_at=now, active_at=active_at, is_watched=True)
    return settle(heard, now)


def must_ask(timer: Timer, now: datetime) -> bool:
    """Whether the person is to be asked about time without activity."""
    return timer.is_running and timer.is_watched and now - timer.active_at >= _asks_after(timer)


def answer(timer: Timer, said: IdleAnswer, now: datetime) -> Timer:
    """Return the timer after the answer; it goes on running from now."""
    if not timer.is_running or now < timer.seen_at:
        return timer
    if said is IdleAnswer.UNTIL_ACTIVITY:
        timer = resume(rest(timer, timer.active_at, Ending.IDLE), now)
    return msgspec.structs.replace(timer, seen_at=now, active_at=now)


def rest(timer: Timer, at: datetime, ending: Ending) -> Timer:
    """Return the timer at rest since a moment; a stretch without a second leaves no trace.

    Where a person lets it rest by a clock that went back, what its signs confirmed stays.
    """
    since = timer.running_since
    if since is None:
        return timer
    earliest = since if ending in _BY_ITSELF else max(since, timer.seen_at)
    done = Stretch(started_at=since, ended_at=max(at, earliest), ending=ending)
    kept = (*timer.stretches, done) if done.seconds else timer.stretches
    return msgspec.structs.replace(timer, running_since=None, stretches=kept)


def resume(timer: Timer, now: datetime) -> Timer:
    """Return the timer running again; one that runs already is left alone.

    It never begins before its last stretch ended, whatever the clock says.
    """
    if timer.is_running:
        return timer
    begins = max((now, *(s.ended_at for s in timer.stretches)))
    return msgspec.structs.replace(timer, running_since=begins, seen_at=begins, active_at=begins)


def worked_seconds(timer: Timer, now: datetime) -> int:
    """Return whole seconds worked so far."""
    running = 0 if timer.running_since is None else max(0, elapsed(timer.running_since, now))
    return sum(s.seconds for s in timer.stretches) + running


def without(
    stretches: Iterable[Stretch], taken: Iterable[tuple[datetime, datetime]]
) -> tuple[Stretch, ...]:
    """Return what of the stretches lies outside the intervals that are recorded already."""
    left = list(stretches)
    for begin, end in taken:
        left = [part for stretch in left for part in _around(stretch, begin, end)]
    return tuple(part for part in left if part.seconds)


def _around(stretch: Stretch, begin: datetime, end: datetime) -> tuple[Stretch, ...]:
    if end <= stretch.started_at or begin >= stretch.ended_at:
        return (stretch,)
    before = msgspec.structs.replace(stretch, ended_at=max(begin, stretch.started_at))
    after = msgspec.structs.replace(stretch, started_at=min(end, stretch.ended_at))
    return (before, after)


def _asks_after(timer: Timer) -> timedelta:
    return ASKS_AFTER_ON_CALL if timer.contact_mode in _LIVE_CONTACTS else ASKS_AFTER
