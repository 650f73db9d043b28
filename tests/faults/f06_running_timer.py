"""F6: running timers whose page, network, session, server or clock fails.

Sessions run through the services on a real database under a simulated clock, so that hours take
seconds. What a person really worked is known; what the ledger holds may be at most one heartbeat
short of it, is never more, and never overlaps for one person.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.timers import SIGN_EVERY, Sign
from ccm_fhir.errors import InputError
from ccm_fhir.services import timers
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.save_timer import SaveTimer, save
from ccm_fhir.services.timers import StartTimer
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.tables import TimeEntryRow
from tests.faults.result import FaultResult
from tests.faults.served import Served
from tests.faults.storm import database_of

if TYPE_CHECKING:
    from ccm_fhir.services.installation import Installation
    from ccm_fhir.storage.users import AppUser

_HEARTBEAT = int(SIGN_EVERY.total_seconds())
_ZONE = ZoneInfo("America/New_York")  # the practice's
_BEGINS = (  # of every other person: before an hour is skipped, and before one is doubled
    datetime(2026, 3, 2, 14, tzinfo=UTC),
    datetime(2026, 10, 26, 13, tzinfo=UTC),
)
_JUMP = timedelta(hours=2)


class Failure(StrEnum):
    """What happens to a session in the middle."""

    NOTHING = "nothing"
    REOPENED = "database reopened"
    LOGGED_OFF = "logged off"
    CLOSED = "closed"
    OFFLINE = "offline"
    JUMP_FORWARD = "clock +2 h"
    JUMP_BACK = "clock -2 h"
    CLOCK_CHANGE = "DST night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many sessions; the row asks for 1,000."""

    sessions: int = 1000
    people: int = 20
    seed: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """A session that is over: seconds worked in truth and in the ledger.

    ``hour_change``: by how much the practice's clock differed at its end from UTC, more than at
    its beginning; nothing on all days but two of a year.
    """

    failure: Failure
    worked: int
    kept: int
    hour_change: timedelta

    @property
    def is_exact(self) -> bool:
        """Whether the clock changed in it and not a second was lost or invented."""
        return bool(self.hour_change) and self.worked == self.kept


class _Session:
    """One person's work for a patient, told second by second by a page."""

    def __init__(self, served: Served, person: AppUser, now: datetime, seed: int) -> None:
        self.served = served
        self.now = now
        self._began = now
        self.worked = 0
        self._awake = 0
        self._since_sign = 0
        self._chance = random.Random(seed)  # noqa: S311  # a plan that can be repeated
        self.actor = Actor(
            practice_id=served.front.practice_id,
            ehr_id=served.front.ehr_id,
            user_id=person.id,
            name=person.name,
            role=Role.CARE_MANAGER,
            fhir_user=person.fhir_user,
        )
        request = StartTimer(patient_id=served.front.patient_id, is_watched=True)
        self.timer_id = timers.start(self.world, self.actor, request, now)

    @property
    def world(self) -> Installation:
        return self.served.front.world

    def run(self, failure: Failure) -> _Ended:
        """Work, fail, go on where the failure lets the person, and save."""
        self.work(self._chance.randint(1, 40))
        self.pass_by(self._chance.randint(0, _HEARTBEAT - 1))
        ends_here = failure in {Failure.LOGGED_OFF, Failure.CLOSED}
        self._fail(failure)
        if not ends_here:
            self.work(self._chance.randint(1, 40))
            self.pass_by(1)
        kept, change = self._saved(), _offset(self.now) - _offset(self._began)
        return _Ended(failure=failure, worked=self.worked, kept=kept, hour_change=change)

    def work(self, signs: int) -> None:
        """Work while the page gives its signs."""
        for _ in range(signs):
            self.pass_by(max(0, _HEARTBEAT - self._since_sign))
            self.sign()

    def pass_by(self, seconds: int) -> None:
        """Work without a sign, the page awake."""
        self.now += timedelta(seconds=seconds)
        self.worked += seconds
        self._awake += seconds
        self._since_sign += seconds

    def sign(self) -> None:
        """Give a sign; where the timer rests, the person sees it and lets it go on."""
        self._since_sign = 0
        told = Sign(awake=timedelta(seconds=self._awake), quiet=timedelta())
        card = timers.hear(self.world, self.actor, self.timer_id, told, self.now)
        if card is not None and card.state not in {"running", "asking"}:
            patient_id = self.served.front.patient_id
            again = StartTimer(patient_id=patient_id, is_watched=True)
            timers.start(self.world, self.actor, again, self.now)

    def _fail(self, failure: Failure) -> None:
        away = self._chance.randint(1, 600)
        if failure is Failure.REOPENED:
            self.pass_by(away)  # the page tries and nobody answers
            reopened = open_database(self.served.database_url)
            self.world.db.close()
            world = replace(self.world, db=reopened)
            self.served.front = replace(self.served.front, world=world)
        elif failure is Failure.OFFLINE:
            self.pass_by(away)
        elif failure in {Failure.LOGGED_OFF, Failure.CLOSED}:
            self.now += timedelta(seconds=60 + away)  # nobody works, and nobody counts it
        elif failure is Failure.JUMP_FORWARD:
            self.now += _JUMP
        elif failure is Failure.JUMP_BACK:  # and is put right again while the page is open
            self.now -= _JUMP
            self.work(2)
            self.now += _JUMP
        elif failure is Failure.CLOCK_CHANGE:  # until the clock has changed under it
            left = _next_change(self._began) - self.now
            self.work(max(0, left // SIGN_EVERY + 1))

    def _saved(self) -> int:
        request = SaveTimer(
            timer_id=self.timer_id, activity=Activity.CHART_REVIEW, contact_mode=None
        )
        try:
            saved = save(self.world, self.actor, request, self.now)
        except InputError:
            return 0  # less than a second was measured
        with self.world.db.read(self.actor.practice_id) as session:
            rows = session.exec(
                select(TimeEntryRow)
                .where(col(TimeEntryRow.practice_id) == self.actor.practice_id)
                .where(col(TimeEntryRow.id).in_(saved.entry_ids))
            ).all()
        return sum(int((row.ended_at - row.started_at).total_seconds()) for row in rows)


def run(scale: Scale, database_url: str) -> FaultResult:
    """Let sessions fail in every way, and compare the ledger with the truth."""
    began = time.perf_counter()
    served = Served(database_url)
    try:
        ended = _all_sessions(served, scale)
        overlaps = _overlaps(served)
    finally:
        served.close()
    lost = Counter(dict.fromkeys(Failure, 0))
    for one in ended:
        lost[one.failure] = max(lost[one.failure], one.worked - one.kept)
    invented = sum(one.kept > one.worked for one in ended)
    nights = [one for one in ended if one.failure is Failure.CLOCK_CHANGE]
    exact = Counter(one.hour_change for one in nights if one.is_exact)
    hour = timedelta(hours=1)
    worst = ", ".join(f"{failure.value} {seconds} s" for failure, seconds in lost.items())
    return FaultResult(
        row="F6",
        operation="running timer",
        database=database_of(database_url),
        asked=(
            f"at most {_HEARTBEAT} s lost, none invented, no overlap for a person; "
            f"{len(nights)} over a clock change, both ways, exact to the second"
        ),
        reached=(
            f"{len(ended)} sessions; most lost: {worst}; invented {invented}; overlaps {overlaps}; "
            f"exact over a skipped hour {exact[hour]}, over a doubled hour {exact[-hour]}"
        ),
        passed=(
            max(lost.values()) <= _HEARTBEAT
            and not (invented or overlaps)
            and min(exact[hour], exact[-hour]) > 0
            and exact[hour] + exact[-hour] == len(nights)
        ),
        seconds=time.perf_counter() - began,
    )


def _all_sessions(served: Served, scale: Scale) -> list[_Ended]:
    chance = random.Random(scale.seed)  # noqa: S311  # a plan that can be repeated
    people = served.people(scale.people)
    clocks = {person.id: _BEGINS[number % 2] for number, person in enumerate(people)}
    failures = list(Failure)
    ended = []
    for number in range(scale.sessions):
        failure, person = failures[number % len(failures)], chance.choice(people)
        if failure is Failure.CLOCK_CHANGE:
            person = people[number // len(failures) % len(people)]
        now = clocks[person.id] + timedelta(minutes=chance.randint(1, 9))
        if failure is Failure.CLOCK_CHANGE:
            now = max(now, _next_change(now) - timedelta(seconds=chance.randint(1, 900)))
        session = _Session(served, person, now, chance.randint(0, 10**9))
        ended.append(session.run(failure))
        clocks[person.id] = max(session.now, clocks[person.id])
    return ended


def _next_change(after: datetime) -> datetime:
    """Return the next moment at which the practice's clock is put forward or back."""
    first = after.replace(minute=0, second=0, microsecond=0)
    hours = (first + timedelta(hours=number) for number in count(1))
    return next(hour for hour in hours if _offset(hour) != _offset(hour - timedelta(hours=1)))


def _offset(moment: datetime) -> timedelta:
    return moment.astimezone(_ZONE).utcoffset() or timedelta()


def _overlaps(served: Served) -> int:
    world, practice_id = served.front.world, served.front.practice_id
    with world.db.read(practice_id) as session:
        rows = session.exec(
            select(TimeEntryRow)
            .where(col(TimeEntryRow.practice_id) == practice_id)
            .order_by(col(TimeEntryRow.user_id), col(TimeEntryRow.started_at))
        ).all()
    return sum(
        one.user_id == two.user_id and two.started_at < one.ended_at for one, two in pairwise(rows)
    )
