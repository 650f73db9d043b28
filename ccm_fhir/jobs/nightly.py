"""What is done every night: every practice reconciled, and finished workflows forgotten."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from ccm_fhir.engine import Durable, StepFailedError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.services.setup_hand import practice_ids

NIGHTLY = "reconcile_nightly"
_AT = "17 7 * * *"  # UTC: night in every zone of the United States but the westernmost
_A_NIGHT = timedelta(days=1)
_KEPT = timedelta(days=14)


def register_nightly(engine: Durable, world: Installation) -> None:
    """Register the nightly work with the engine; must happen before it is launched."""

    def listed(due_at: str) -> list[str]:
        return practices_due(world, datetime.fromisoformat(due_at))

    def one(practice_id: str) -> bool:
        return reconcile(world, Scope(practice_id=practice_id)).agrees

    def forget() -> int:
        return engine.enqueuer.forget_finished(world.clock() - _KEPT)

    list_step = engine.step("list_practices", listed)
    one_step = engine.step("reconcile_practice", one)
    forget_step = engine.step("forget_finished", forget)

    def nightly(due_at: datetime) -> None:
        for practice_id in list_step(due_at.isoformat()):
            with suppress(StepFailedError):  # the engine keeps its kind; the others are compared
                one_step(practice_id)
        forget_step()

    engine.schedule(NIGHTLY, _AT, "UTC", nightly)


def practices_due(world: Installation, due_at: datetime) -> list[str]:
    """Return whom a night's work is for: every practice, or nobody where a later night was due.

    After days without a worker all nights come due at once; the newest does for all.
    """
    return list(practice_ids(world)) if world.clock() - due_at < _A_NIGHT else []
