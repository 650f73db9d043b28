"""Deliveries in a storm: a failing EHR, workers killed and restarted, and the count after it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import time as clock_time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
from sqlmodel import col, func, select
from starlette.responses import Response

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import LaunchError
from ccm_fhir.storage import deliveries, users
from ccm_fhir.storage.tables import DeliveryRow
from ccm_fhir.wiring import real_now
from fhir_fixtures import practice as synthetic
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from tests.services.ehr_apart import ehr_apart
from tests.services.loopback_ehr import RealClock, running_ehr
from tests.world import Desk, Site, open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive

    from fhir_fixtures.sandbox.settings import SandboxSettings

PATIENCE_SECONDS = 900.0
KILLED = 137  # how a process ends at a failpoint
A_DAY = 480  # entries of a minute, from eight o'clock
STORM = FaultPlan(
    seed=7,
    server_error_rate=0.05,
    busy_rate=0.01,
    lost_answer_rate=0.02,
    late_commit_rate=0.01,
    late_commit_seconds=0.3,
    retry_after="seconds",
    retry_after_seconds=1,
    index_lag_seconds=0.5,
    ignores_if_none_exist=True,
)


@dataclass(frozen=True, kw_only=True)
class Storm:
    """One practice whose time is to reach a failing EHR.

    What bears an identifier of ``broken`` is answered with 500 whenever it is sent.
    """

    site: Site
    desk: Desk
    database_url: str
    spawned: ExitStack
    arrivals: list[float] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def worker(self, executor: str = "worker-0", **settings: str) -> subprocess.Popen[bytes]:
        """Start ``ccm-fhir worker``; it is killed at the end, whatever it does."""
        environment = settings_for(
            self.database_url,
            **{
                "CCM_SETTLE_SECONDS": "1.5",
                "CCM_EXECUTOR_ID": executor,
                "CCM_EHR_REQUESTS_PER_MINUTE": "60000",
                **settings,
            },
        )
        command = [sys.executable, "-m", "ccm_fhir", "worker"]
        process = self.spawned.enter_context(
            subprocess.Popen(command, env=environment)  # noqa: S603
        )
        self.spawned.callback(process.kill)
        return process

    def blow(self, plan: FaultPlan) -> None:
        """Let the EHR fail from now on, and count from nothing."""
        with httpx2.Client(trust_env=False) as http:
            http.put(f"{self.site.ehr.origin}/faults", content=msgspec.json.encode(plan))

    def counters(self) -> dict[str, Any]:
        with httpx2.Client(trust_env=False) as http:
            counters: dict[str, Any] = http.get(f"{self.site.ehr.origin}/faults").json()["counters"]
        return counters

    def records(self) -> tuple[deliveries.DeliveryRecord, ...]:
        with self.site.world.db.read(self.site.practice_id) as session:
            return deliveries.all_of(session, self.site.practice_id)

    def states(self) -> dict[DeliveryState, int]:
        """Return how many deliveries are in each state, without reading what they carry."""
        counting = select(DeliveryRow.state, func.count()).group_by(col(DeliveryRow.state))
        with self.site.world.db.read(self.site.practice_id) as session:
            return {DeliveryState(state): number for state, number in session.exec(counting)}

    def planned(self) -> int:
        return sum(self.states().values())

    def sent(self) -> int:
        return self.states().get(DeliveryState.SENT, 0)

    def patience(self) -> float:
        """Return for how long a storm over so many deliveries may blow, in seconds."""
        return max(PATIENCE_SECONDS, 0.6 * self.planned())

    def wait(self, so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if so():
                return True
            time.sleep(0.2)
        return False

    def is_over(self) -> bool:
        """Whether nothing is left for a worker to do."""
        open_states = {DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN}
        return open_states.isdisjoint(self.states())

    def kill_at(self, sent: int, process: subprocess.Popen[bytes]) -> bool:
        """Kill a worker once so many are sent; return whether there was work left for it."""
        self.wait(
            lambda: self.sent() >= sent or process.poll() is not None or self.is_over(),
            self.patience(),
        )
        had_work = not self.is_over()
        process.kill()
        process.wait()
        return had_work


@contextmanager
def storm(
    database_url: str,
    entries: int,
    *,
    are_calls: bool,
    like: Callable[[SandboxSettings], SandboxSettings] = lambda settings: settings,
    is_apart: bool = False,
) -> Iterator[Storm]:
    """Record entries of a minute each, of which none was delivered yet, beside a calm EHR.

    The EHR runs in a thread of this process, or ``is_apart``, where nothing stands before it and
    it is like no other.
    """
    practice = synthetic.generate(seed=1, patients=1, as_of=real_now().date())
    arrivals = list[float]()

    broken = set[str]()

    def watched(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
            if scope["type"] == "http" and scope["path"].startswith("/fhir/"):
                arrivals.append(time.monotonic())
            if broken and scope.get("method") == "POST":
                body, receive = await _read(receive)
                if any(identifier in body for identifier in broken):
                    await Response(status_code=500)(scope, receive, send)
                    return
            await app(scope, receive, send)

        return asked

    beside = running_ehr(
        practice,
        RealClock(),
        around=watched,
        like=lambda s: like(replace(s, fault_control=True, faults=FaultPlan())),
    )
    with (
        ehr_apart() if is_apart else beside as ehr,
        open_site(database_url, ehr) as site,
        ExitStack() as spawned,
    ):
        site.trust_what_is_typed()
        desk = _launched(site)
        for number in range(entries):
            day = (real_now() - timedelta(days=2 + number // A_DAY)).date()
            minute = number % A_DAY
            start = clock_time(8 + minute // 60, minute % 60)
            act = desk.call if are_calls else desk.record
            act(started_on=day, start_time=start, minutes=1)
        arrivals.clear()
        yield Storm(
            site=site,
            desk=desk,
            database_url=database_url,
            spawned=spawned,
            arrivals=arrivals,
            broken=broken,
        )


async def _read(receive: Receive) -> tuple[str, Receive]:
    """Return a request's body, and what gives it once more to whoever is next."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages).decode()

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return body, again


def _launched(site: Site) -> Desk:
    """Launch as the nurse; where the EHR tells no roles, an administrator gives them theirs."""
    try:
        return site.launch()
    except LaunchError:
        with site.world.db.write(site.practice_id) as session:
            (nurse,) = users.list_all(session, site.practice_id)
            users.set_role(session, site.practice_id, nurse.id, Role.CARE_MANAGER)
        return site.launch()


def database_of(url: str) -> str:
    """Return the name of a database's kind."""
    return "SQLite" if url.startswith("sqlite") else "PostgreSQL"
