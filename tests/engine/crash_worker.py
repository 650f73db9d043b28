"""A worker to be killed: its delivery marks two steps in files, and waits in the second.

Run as ``python crash_worker.py URL FOLDER EXECUTOR``. It goes through the second step only
where the file ``go`` is.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ccm_fhir.engine import Durable

FOREVER = 600.0


def main(url: str, folder: Path, executor: str) -> None:
    durable = Durable(url, executor_id=executor, poll_seconds=0.05)

    def mark(name: str) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("x")

    def send() -> None:
        mark("second")
        while not (folder / "go").exists():
            time.sleep(0.02)

    def deliver(_delivery_id: str) -> None:
        durable.step("first", mark)("first")
        durable.sleep(0.1)
        durable.step("second", send)()
        durable.step("third", mark)("third")

    durable.register("deliver", deliver)
    durable.launch()
    (folder / f"launched-{executor}").touch()
    time.sleep(FOREVER)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
