"""Ledger writes and timer signs a second: ``python -m tests.benchmarks.bench_ledger``.

The app runs as a process of its own on SQLite, asked over HTTP on loopback by 200 signed-in people
at once, each a thread with a connection and a session. The baseline of the same run is a bare
insert: one row, one committed transaction, one writer, with the same safety against power loss.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from uuid import uuid4

import httpx2

from ccm_fhir.services.sessions import resolve
from ccm_fhir.services.time_ledger import verified
from ccm_fhir.services.timers import StartTimer, start
from ccm_fhir.wiring import real_now
from tests.faults.served import Seat, Served

PEOPLE = 200
ENTRIES_EACH, SIGNS_EACH = 3, 5
INSERTS = 2000
_OK, _SEE_OTHER = 200, 303
Ask = Callable[[httpx2.Client, Seat, int], httpx2.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What many people asked at once, and how long they waited."""

    asked: int
    failed: Counter[int]
    seconds: float
    waits: list[float]

    @property
    def a_second(self) -> float:
        """Answers a second, all people together."""
        return self.asked / self.seconds


def bare_inserts(file: Path) -> float:
    """Return committed single-row inserts a second, by one writer."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, note TEXT)")
        began = perf_counter()
        for number in range(INSERTS):
            connection.execute("INSERT INTO bare VALUES (?, ?)", (str(uuid4()), str(number)))
        return INSERTS / (perf_counter() - began)


def at_once(seats: list[Seat], each: int, ask: Ask, wanted: int) -> Measured:
    """Let every person ask so often, all beginning together."""
    waits: list[float] = []
    failed = Counter[int]()
    ready = threading.Barrier(len(seats) + 1)

    def work(seat: Seat) -> None:
        with httpx2.Client(trust_env=False, timeout=120) as http:
            ready.wait()
            for number in range(each):
                began = perf_counter()
                answer = ask(http, seat, number)
                waits.append(perf_counter() - began)
                if answer.status_code != wanted:
                    failed[answer.status_code] += 1

    threads = [threading.Thread(target=work, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    ready.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    return Measured(asked=len(waits), failed=failed, seconds=perf_counter() - began, waits=waits)


def main() -> int:
    """Measure, print, and fail where an answer failed or the chain is broken."""
    with tempfile.TemporaryDirectory() as folder:
        bare = bare_inserts(Path(folder) / "bare.sqlite")
        served = Served(f"sqlite:///{Path(folder) / 'ccm.sqlite'}")
        try:
            seats = [served.seat(person) for person in served.people(PEOPLE)]
            timer_ids = {seat.launch_id: _started(served, seat) for seat in seats}
            served.start()
            entries = at_once(seats, ENTRIES_EACH, _typing(served), _SEE_OTHER)
            signs = at_once(seats, SIGNS_EACH, _signing(served, timer_ids), _OK)
            (report,) = verified(served.front.world)
        finally:
            served.close()
    print(f"bare inserts     {bare:8.0f} /s   (one writer, committed one by one)")
    _print("ledger writes", entries, bare)
    _print("timer signs", signs, bare)
    print(f"chain            {report.entries} rows, {report.problem or 'whole'}")
    return int(bool(entries.failed or signs.failed or report.problem))


def _print(name: str, found: Measured, bare: float) -> None:
    p50, p95 = (quantiles(found.waits, n=20)[index] * 1000 for index in (9, 18))
    print(
        f"{name:<16} {found.a_second:8.1f} /s   1 : {bare / found.a_second:.0f} of a bare insert; "
        f"{PEOPLE} people at once wait {p50:.0f} ms (median), {p95:.0f} ms (p95); "
        f"failed {found.failed.total()} of {found.asked}{_why(found.failed)}"
    )


def _why(failed: Counter[int]) -> str:
    return "".join(f", {number} with {status}" for status, number in failed.most_common())


def _started(served: Served, seat: Seat) -> str:
    visit = resolve(served.front.world, seat.token, seat.launch_id)
    assert visit is not None
    request = StartTimer(patient_id=served.front.patient_id, is_watched=True)
    return start(served.front.world, visit.actor, request, real_now())


def _typing(served: Served) -> Ask:
    first = (real_now() - timedelta(days=2)).replace(hour=6, minute=0, second=0, microsecond=0)

    def ask(http: httpx2.Client, seat: Seat, number: int) -> httpx2.Response:
        began = first + timedelta(minutes=number)
        form = {
            "form_key": str(uuid4()),
            "month": f"{began:%Y-%m}",
            "started_on": f"{began:%Y-%m-%d}",
            "start_time": f"{began:%H:%M}",
            "minutes": "1",
            "activity": "chart_review",
            "contact_mode": "",
            "note": "",
            "overlap_seen": "yes",
        }
        path = f"{served.address}/l/{seat.launch_id}/time"
        return http.post(path, data=form, headers=seat.headers(served.address))

    return ask


def _signing(served: Served, timer_ids: dict[str, str]) -> Ask:
    def ask(http: httpx2.Client, seat: Seat, number: int) -> httpx2.Response:
        form = {"month": f"{real_now():%Y-%m}", "awake": str(86_000 + number), "quiet": "0"}
        path = f"{served.address}/l/{seat.launch_id}/timer/{timer_ids[seat.launch_id]}/sign"
        return http.post(path, data=form, headers=seat.headers(served.address))

    return ask


if __name__ == "__main__":
    sys.exit(main())
