"""A worker as it was before turns: its workflow sleeps in its place. Started and killed by F15.

Run as ``python -m tests.faults.old_worker`` in the environment of ``ccm-fhir worker``.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from ccm_fhir import wiring
from ccm_fhir.engine import Durable
from ccm_fhir.services.deliver import attempt_delivery
from ccm_fhir.settings import Settings

OLD_NAME = "deliver"


def main() -> None:
    """Deliver until killed, by the loop of the release before."""
    settings = Settings()
    opened = wiring.open_installation(settings, with_engine=False)
    engine = Durable(settings.database_url, executor_id=settings.executor_id, concurrency=32)
    world = replace(opened.world, queue=engine)

    def attempt(practice_id: str, delivery_id: str) -> float | None:
        return attempt_delivery(world, practice_id, delivery_id).wait_seconds

    step = engine.step("attempt_delivery", attempt)

    def deliver(practice_id: str, delivery_id: str) -> None:
        while (wait_seconds := step(practice_id, delivery_id)) is not None:
            if wait_seconds > 0:
                engine.sleep(wait_seconds)

    engine.register(OLD_NAME, deliver)
    engine.launch()
    threading.Event().wait()


if __name__ == "__main__":
    main()
