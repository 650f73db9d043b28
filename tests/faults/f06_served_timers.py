"""F6 at the app itself: timers whose server is killed, by real requests and the real clock.

Nurses start timers, their pages give signs, the process is killed with SIGKILL and started again,
or on PostgreSQL another one answers meanwhile; the pages go on, and the work is saved. A page asks
again until it is answered, as a page's own script does.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx2
from sqlmodel import col, select

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.timers import SIGN_EVERY
from ccm_fhir.services.time_ledger import verified
from ccm_fhir.storage import timers
from ccm_fhir.storage.tables import TimeEntryRow
from ccm_fhir.wiring import real_now
from tests.faults.result import FaultResult
from tests.faults.served import Seat, Served
from tests.faults.storm import database_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccm_fhir.storage.users import AppUser
    from tests.faults.served import AppProcess

_HEARTBEAT = SIGN_EVERY.total_seconds()
_PATIENCE_SECONDS = 60.0
_ANSWERED = frozenset({200, 303})
_ROUNDING = 1.0  # the ledger has whole seconds


@dataclass(slots=True, kw_only=True)
class _Page:
    """One nurse's page: it knows how long it has been open, and the least that was worked."""

    served: Served
    addresses: tuple[str, ...]
    seat: Seat
    http: httpx2.Client
    asked_at: float = 0.0
    answered_at: float = 0.0
    timer_id: str = ""
    unanswered: int = 0

    def start(self) -> None:
        """Start the timer of the practice's patient."""
        self.asked_at = time.monotonic()
        self._post("start", watched="yes")
        self.answered_at = time.monotonic()
        front = self.served.front
        with front.world.db.read(front.practice_id) as session:
            (mine,) = timers.open_of_user(session, front.practice_id, self.seat.user_id)
        self.timer_id = mine.id

    def sign(self) -> str:
        """Give a sign; return how the timer stands."""
        awake = str(int(time.monotonic() - self.answered_at))
        answer = self._post(f"{self.timer_id}/sign", awake=awake, quiet="0")
        return str(answer.json()["state"])

    def save(self) -> tuple[float, float]:
        """Save; return the least and the most seconds that were worked."""
        least = time.monotonic() - self.answered_at
        activity = Activity.CHART_REVIEW.value
        self._post(f"{self.timer_id}/save", activity=activity, contact_mode="", note="")
        return least, time.monotonic() - self.asked_at

    def knock(self) -> None:
        """Give a sign to a server that is not there."""
        headers = self.seat.headers(self.served.address)
        try:
            self.http.post(f"{self.addresses[0]}/health/ready", headers=headers)
        except httpx2.TransportError:
            self.unanswered += 1

    def _post(self, action: str, **fields: str) -> httpx2.Response:
        headers = self.seat.headers(self.served.address)
        sent = {"month": f"{real_now():%Y-%m}", **fields}
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            for address in self.addresses:
                url = f"{address}/l/{self.seat.launch_id}/timer/{action}"
                try:
                    answer = self.http.post(url, data=sent, headers=headers)
                except httpx2.TransportError:
                    self.unanswered += 1
                    continue
                if answer.status_code in _ANSWERED:
                    return answer
                message = f"{action.rpartition('/')[2]} was answered {answer.status_code}"
                raise AssertionError(message)
            time.sleep(0.1)
        message = f"nobody answered {action.rpartition('/')[2]}"
        raise AssertionError(message)


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What the ledger lacks of what was worked, and what it has too much; in seconds."""

    sessions: int = 0
    most_lost: float = 0.0
    most_invented: float = 0.0
    unanswered: int = 0
    lapsed: int = 0


def run(database_url: str, kills: int, people: int = 6) -> FaultResult:
    """Kill the app under open timers so often; on PostgreSQL two processes take turns to die."""
    began = time.perf_counter()
    served = Served(database_url)
    apps = _apps(served, database_url)
    tally = _Tally()
    try:
        nurses = served.people(people)
        chance = random.Random(kills)  # noqa: S311  # a plan that can be repeated
        for app in apps:
            app.start()
        for number in range(kills):
            _one_kill(served, apps, nurses, tally, (number, chance.uniform(1.0, 4.0)))
        overlaps = _overlaps(served)
        (report,) = verified(served.front.world)
    finally:
        for app in apps:
            app.kill()
        served.close()
    return FaultResult(
        row="F6",
        operation=f"running timers, kill -9 of the app, {len(apps)} process(es) serving",
        database=database_of(database_url),
        asked=(
            f"{kills} kills under {people} timers each: at most {_HEARTBEAT:g} s lost, none "
            "invented, no overlap for a person, chain whole"
        ),
        reached=(
            f"{tally.sessions} sessions, {tally.unanswered} requests unanswered; most lost "
            f"{tally.most_lost:.1f} s, most invented {tally.most_invented:.1f} s, {tally.lapsed} "
            f"lapsed, overlaps {overlaps}, chain {report.problem or 'whole'}"
        ),
        passed=(
            tally.sessions == kills * people
            and tally.unanswered > 0
            and tally.most_lost <= _HEARTBEAT
            and tally.most_invented <= _ROUNDING
            and not (tally.lapsed or overlaps or report.problem)
        ),
        seconds=time.perf_counter() - began,
    )


def _apps(served: Served, database_url: str) -> tuple[Served | AppProcess, ...]:
    """Return what serves: one process on SQLite, which is one file of one machine, else two."""
    return (served,) if database_url.startswith("sqlite") else (served, served.beside())


def _one_kill(
    served: Served,
    apps: Sequence[Served | AppProcess],
    nurses: Sequence[AppUser],
    tally: _Tally,
    when: tuple[int, float],
) -> None:
    """Let each nurse work over one death of one process, and compare what was kept."""
    number, seconds = when
    dying, kept_before = apps[number % len(apps)], _kept(served)
    with httpx2.Client(trust_env=False, timeout=30) as http:
        pages = [
            _Page(served=served, addresses=_order(apps, place), seat=served.seat(one), http=http)
            for place, one in enumerate(nurses)
        ]
        for page in pages:
            page.start()
        _sign_for(seconds, pages)
        dying.kill()
        if len(apps) > 1:  # the other one answers meanwhile
            _sign_for(seconds, pages)
        else:
            for page in pages:
                page.knock()
        dying.start()
        tally.lapsed += sum(page.sign() != "running" for page in pages)
        worked = {page.seat.user_id: page.save() for page in pages}
    kept = _kept(served) - kept_before
    tally.sessions += len(pages)
    tally.unanswered += sum(page.unanswered for page in pages)
    for user_id, (least, most) in worked.items():
        tally.most_lost = max(tally.most_lost, least - kept[user_id])
        tally.most_invented = max(tally.most_invented, kept[user_id] - most)


def _order(apps: Sequence[Served | AppProcess], place: int) -> tuple[str, ...]:
    """Return the addresses that a page asks, every other page another one first."""
    addresses = [app.address for app in apps]
    first = place % len(addresses)
    return (*addresses[first:], *addresses[:first])


def _sign_for(seconds: float, pages: Sequence[_Page]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for page in pages:
            page.sign()
        time.sleep(0.5)


def _entries(served: Served) -> Sequence[TimeEntryRow]:
    world, practice_id = served.front.world, served.front.practice_id
    with world.db.read(practice_id) as session:
        return session.exec(
            select(TimeEntryRow)
            .where(col(TimeEntryRow.practice_id) == practice_id)
            .order_by(col(TimeEntryRow.user_id), col(TimeEntryRow.started_at))
        ).all()


def _kept(served: Served) -> Counter[str]:
    """Return the seconds in the ledger, by person."""
    kept = Counter[str]()
    for row in _entries(served):
        kept[row.user_id] += int((row.ended_at - row.started_at).total_seconds())
    return kept


def _overlaps(served: Served) -> int:
    return sum(
        one.user_id == two.user_id and two.started_at < one.ended_at
        for one, two in pairwise(_entries(served))
    )
