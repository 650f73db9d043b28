"""A worker killed with SIGKILL in the middle of its deliveries: each arrives exactly once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import time as clock_time
from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.wiring import real_now
from fhir_fixtures import practice as synthetic
from tests.services.loopback_ehr import RealClock, running_ehr
from tests.world import Desk, Site, open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.storage.deliveries import DeliveryRecord

CALLS = 15  # each an Encounter and a Procedure
PATIENCE_SECONDS = 60.0


@contextmanager
def worker(database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``ccm-fhir worker``; it is killed at the end, whatever it does."""
    environment = settings_for(database_url, CCM_SETTLE_SECONDS="1")
    command = [sys.executable, "-m", "ccm_fhir", "worker"]
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def of_yesterday(desk: Desk) -> tuple[DeliveryRecord, ...]:
    day = (real_now() - timedelta(days=2)).date()
    return desk.site.deliveries(desk.patient_id, ServiceMonth.containing(day))


def wait_until(desk: Desk, enough: Callable[[int], bool]) -> int:
    """Return how many are sent as soon as that is enough."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        sent = sum(d.state is DeliveryState.SENT for d in of_yesterday(desk))
        if enough(sent):
            return sent
        time.sleep(0.02)
    message = f"after {PATIENCE_SECONDS} s: {Counter(d.state for d in of_yesterday(desk))}"
    raise AssertionError(message)


def record_calls(site: Site) -> Desk:
    site.trust_what_is_typed()
    desk = site.launch()
    day = (real_now() - timedelta(days=2)).date()
    for number in range(CALLS):
        desk.call(
            started_on=day, start_time=clock_time(9 + number // 10, 5 * (number % 10)), minutes=4
        )
    return desk


def test_thirty_deliveries_survive_two_kills(database_url: str) -> None:
    practice = synthetic.generate(seed=1, patients=1, as_of=real_now().date())
    with running_ehr(practice, RealClock()) as ehr, open_site(database_url, ehr) as site:
        desk = record_calls(site)
        assert len(of_yesterday(desk)) == 2 * CALLS

        for least in (4, 12):
            with worker(database_url):
                at_the_kill = wait_until(desk, lambda sent, least=least: sent >= least)  # type: ignore[misc]
            assert at_the_kill < 2 * CALLS, "killed too late to be in the middle"
        with worker(database_url):
            wait_until(desk, lambda sent: sent == 2 * CALLS)

        assert {d.last_problem for d in of_yesterday(desk)} == {""}
        held = Counter(len(site.in_the_ehr(delivery)) for delivery in of_yesterday(desk))
        assert held == {1: 2 * CALLS}
