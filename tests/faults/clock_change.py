"""Fires what would have come due over both clock changes of New York, by the engine's calendar.

Run as ``python -m tests.faults.clock_change URL FILE`` by F10: the engine makes up for a stretch of
time that it was away for, by the code that a restart runs. Ends when everything was done.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dbos import DBOS

from ccm_fhir.engine import Durable

NEW_YORK = "America/New_York"
SCHEDULES = {  # the first is when the product's own nightly work is due
    "nights": ("17 7 * * *", "UTC"),
    "hours": ("30 * * * *", NEW_YORK),
}
STRETCHES = (  # midnight to midnight in New York: 23 hours, and 25
    (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
    (datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
)
EXPECTED = {"nights": 2, "hours": 23 + 25}
_PATIENCE_SECONDS = 90.0


def main(url: str, file: Path) -> None:
    """Write each moment that came due, one a line, after the name of its schedule."""
    file.touch()
    engine = Durable(url, poll_seconds=0.2)
    for name, (cron, zone) in SCHEDULES.items():
        engine.schedule(name, cron, zone, partial(_tick, engine, file, name))
    with engine:
        handles = [
            handle
            for name in SCHEDULES
            for start, end in STRETCHES
            for handle in DBOS.backfill_schedule(name, start, end)
        ]
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            if all(handle.get_status().status == "SUCCESS" for handle in handles):
                return
            time.sleep(0.2)


def _tick(engine: Durable, file: Path, name: str, due_at: datetime) -> None:
    def write() -> None:
        with file.open("a", encoding="utf-8") as ticks:
            ticks.write(f"{name}:{due_at.astimezone(UTC).isoformat()}\n")

    engine.step("tick", write)()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
