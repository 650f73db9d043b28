"""Delivery and panel reading as workflows that survive a killed process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ccm_fhir.engine import Durable
from ccm_fhir.services.deliver import attempt_delivery
from ccm_fhir.services.installation import DELIVER, READ_PANEL, Installation
from ccm_fhir.services.panel import list_panel, read_one


def register(engine: Durable, world: Installation, service_now: Callable[[], datetime]) -> None:
    """Register every workflow with the engine; must happen before it is launched."""
    _register_delivery(engine, world)
    _register_panel(engine, world, service_now)


def _register_delivery(engine: Durable, world: Installation) -> None:
    def attempt(practice_id: str, delivery_id: str) -> float | None:
        return attempt_delivery(world, practice_id, delivery_id).wait_seconds

    step = engine.step("attempt_delivery", attempt)

    def deliver(practice_id: str, delivery_id: str) -> None:
        while (wait_seconds := step(practice_id, delivery_id)) is not None:
            if wait_seconds > 0:
                engine.sleep(wait_seconds)

    engine.register(DELIVER, deliver)


def _register_panel(
    engine: Durable, world: Installation, service_now: Callable[[], datetime]
) -> None:
    def listed(practice_id: str, ehr_id: str) -> list[str]:
        return list(list_panel(world, practice_id, ehr_id, service_now()))

    def one(practice_id: str, patient_id: str) -> bool:
        return read_one(world, practice_id, patient_id, service_now())

    list_step = engine.step("list_panel", listed)
    one_step = engine.step("read_one", one)

    def read_panel(practice_id: str, ehr_id: str) -> None:
        for patient_id in list_step(practice_id, ehr_id):
            one_step(practice_id, patient_id)

    engine.register(READ_PANEL, read_panel)
