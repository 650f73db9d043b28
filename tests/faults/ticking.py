"""A scheduler that writes down each tick; two of them are started by F10.

Run as ``python -m tests.faults.ticking URL FILE EXECUTOR``.
"""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from pathlib import Path

from ccm_fhir.engine import Durable


def main(url: str, file: Path, executor: str) -> None:
    """Write the moment of each tick, one a line, until killed."""
    engine = Durable(url, executor_id=executor, poll_seconds=0.2)

    def tick(due_at: datetime) -> None:
        def write() -> None:
            with file.open("a", encoding="utf-8") as ticks:
                ticks.write(due_at.isoformat() + "\n")

        engine.step("tick", write)()

    engine.schedule("tick", "* * * * * *", "America/New_York", tick)
    engine.launch()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
