"""F5: time typed by eight clients while the app is killed under them, again and again.

A client sends a form until it is answered, under the form's own key. Whatever was answered must
be in the ledger, once and with its minutes; what was not answered may be there, once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import httpx2
from sqlmodel import col, select

from ccm_fhir.services.time_ledger import verified
from ccm_fhir.storage.tables import DeliveryRow, TimeEntryRow
from ccm_fhir.wiring import real_now
from tests.faults.result import FaultResult
from tests.faults.served import Seat, Served
from tests.faults.storm import database_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ccm_fhir.storage.users import AppUser

_FORMS = UUID("c8a6c8f0-5e0a-4a53-9c5e-16e2d6a9f005")
_SEATS_EACH = 120  # entries a session: within the burst that its pace allows
_SEE_OTHER = 303
_FAILPOINTS = ("C1:3", "C2:3", "C3:3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many kill -9 the app suffers, under how many clients; the row asks for 20 and 8."""

    kills: int = 20
    clients: int = 8
    alive_seconds: tuple[float, float] = (0.5, 3.0)
    seed: int = 5


@dataclass(slots=True)
class _Client:
    """One person who types one minute after another until told to stop."""

    served: Served
    person: AppUser
    first: datetime
    stop: threading.Event
    acknowledged: list[str]
    retries: int = 0
    refused: int = 0

    def work(self) -> None:
        """Type entries; each is sent again until it is answered."""
        with httpx2.Client(trust_env=False, timeout=30) as http:
            number, seat = 0, self.served.seat(self.person)
            while not self.stop.is_set():
                if number and number % _SEATS_EACH == 0:
                    seat = self.served.seat(self.person)
                self._type(http, seat, number)
                number += 1

    def _type(self, http: httpx2.Client, seat: Seat, number: int) -> None:
        key = str(uuid5(_FORMS, f"{self.person.id}|{number}"))
        began = self.first + timedelta(minutes=number)
        form = {
            "form_key": key,
            "month": f"{began:%Y-%m}",
            "started_on": f"{began:%Y-%m-%d}",
            "start_time": f"{began:%H:%M}",
            "minutes": "1",
            "activity": "chart_review",
            "contact_mode": "",
            "note": "",
            "overlap_seen": "yes",
        }
        where = f"{self.served.address}/l/{seat.launch_id}/time"
        while True:
            try:
                answer = http.post(where, data=form, headers=seat.headers(self.served.address))
            except httpx2.TransportError:
                self.retries += 1
                if self.stop.is_set():
                    return  # never answered: it may be in the ledger, or not
                time.sleep(0.02)
                continue
            if answer.status_code == _SEE_OTHER:
                self.acknowledged.append(key)
            else:
                self.refused += 1
            return


def run(scale: Scale, database_url: str) -> FaultResult:
    """Type, kill, start again, and count what is in the ledger."""
    began = time.perf_counter()
    served = Served(database_url)
    try:
        clients = _killed_under(served, scale)
        stored = _stored(served)
        (report,) = verified(served.front.world)
    finally:
        served.close()
    acknowledged = [key for client in clients for key in client.acknowledged]
    lost = sum(key not in stored for key in acknowledged)
    doubled = sum(count - 1 for count, _, _ in stored.values())
    wrong = sum((seconds, planned) != (60, 1) for _, seconds, planned in stored.values())
    refused = sum(client.refused for client in clients)
    return FaultResult(
        row="F5",
        operation="time typed, kill -9 of the app",
        database=database_of(database_url),
        asked=(
            f"C1 to C3 and {scale.kills} kill -9: acknowledged ⊆ stored, once, same minutes, "
            "one delivery each, chain whole"
        ),
        reached=(
            f"{scale.kills} kills, {scale.clients} clients: {len(acknowledged)} acknowledged, "
            f"{len(stored)} stored, {sum(c.retries for c in clients)} retries; lost {lost}, "
            f"doubled {doubled}, wrong {wrong}, refused {refused}, "
            f"chain {report.problem or 'whole'}"
        ),
        passed=not (lost or doubled or wrong or refused or report.problem) and bool(acknowledged),
        seconds=time.perf_counter() - began,
    )


def _killed_under(served: Served, scale: Scale) -> Sequence[_Client]:
    chance = random.Random(scale.seed)  # noqa: S311  # a plan that can be repeated
    stop = threading.Event()
    first = (real_now() - timedelta(days=5)).replace(hour=5, minute=0, second=0, microsecond=0)
    clients = [
        _Client(served=served, person=person, first=first, stop=stop, acknowledged=[])
        for person in served.people(scale.clients)
    ]
    threads = [threading.Thread(target=client.work) for client in clients]
    served.start()
    for thread in threads:
        thread.start()
    try:
        served.kill()
        for point in _FAILPOINTS:  # the clients' own forms bring the app there
            served.start(CCM_FAILPOINT=point)
            if not served.died_by_itself():
                message = f"nobody came to {point}"
                raise AssertionError(message)
        served.start()
        for _ in range(scale.kills):
            time.sleep(chance.uniform(*scale.alive_seconds))
            served.kill()
            served.start()
        time.sleep(chance.uniform(*scale.alive_seconds))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return clients


def _stored(served: Served) -> dict[str, tuple[int, int, int]]:
    """Return, by form, how many rows there are, their seconds, and their deliveries."""
    world, practice_id = served.front.world, served.front.practice_id
    with world.db.read(practice_id) as session:
        rows = session.exec(
            select(TimeEntryRow).where(col(TimeEntryRow.practice_id) == practice_id)
        ).all()
        planned = Counter(session.exec(select(DeliveryRow.artefact_id)).all())
    count = Counter(row.form_key for row in rows)
    return {
        row.form_key: (
            count[row.form_key],
            int((row.ended_at - row.started_at).total_seconds()),
            planned[row.id],
        )
        for row in rows
    }
