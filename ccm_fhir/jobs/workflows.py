"""Delivery, panel reading and judging a month again as workflows that survive a killed process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from ccm_fhir.engine import Durable, StepFailedError
from ccm_fhir.jobs.nightly import register_nightly
from ccm_fhir.services.deliver import attempt_delivery
from ccm_fhir.services.installation import (
    DELIVER,
    READ_PANEL,
    REFRESH_MONTH,
    Installation,
)
from ccm_fhir.services.panel import list_panel, read_one
from ccm_fhir.services.refresh_month import refresh_some
from ccm_fhir.services.turns import Turn, after_a_fault, take_turn

MOST_FAULTS = 10
AFTER_A_FAULT_SECONDS = 30.0
_WAITS_FOR_THE_DATABASE = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 240.0)
_FORMER_DELIVER = "deliver"


def register(engine: Durable, world: Installation, service_now: Callable[[], datetime]) -> None:
    """Register every workflow with the engine; must happen before it is launched."""
    _register_delivery(engine, world)
    _register_panel(engine, world, service_now)
    _register_refresh(engine, world, service_now)
    register_nightly(engine, world)


def _register_delivery(engine: Durable, world: Installation) -> None:
    def attempt(practice_id: str, delivery_id: str, number: str, faults: str) -> bool:
        return take_turn(world, _turn(practice_id, delivery_id, number, faults))

    def postpone(practice_id: str, delivery_id: str, number: str, faults: str) -> None:
        turn = _turn(practice_id, delivery_id, number, faults)
        after_a_fault(world, turn, AFTER_A_FAULT_SECONDS)

    step = engine.step("attempt_delivery", attempt)
    later = engine.step("postpone_delivery", postpone)

    def deliver(practice_id: str, delivery_id: str, number: str = "0", faults: str = "0") -> None:
        try:
            while step(practice_id, delivery_id, number, faults):
                pass
        except StepFailedError:  # ours, such as a database that was away: never the end of it
            if int(faults) >= MOST_FAULTS:
                raise
            _persist(engine, lambda: later(practice_id, delivery_id, number, faults))

    engine.register(DELIVER, deliver)
    _register_former_delivery(engine, world)


def _persist(engine: Durable, act: Callable[[], None]) -> None:
    """Do what writes to our own database, which may be away for some minutes, until it is done.

    Raises:
        StepFailedError: it is away for longer; reconciling wakes what was left.
    """
    for wait_seconds in _WAITS_FOR_THE_DATABASE:
        try:
            return act()
        except StepFailedError:
            engine.sleep(wait_seconds)
    return act()


def _register_former_delivery(engine: Durable, world: Installation) -> None:
    """Register what began before turns were: it goes on by the steps that it has on record."""

    def attempt(practice_id: str, delivery_id: str) -> float | None:
        return attempt_delivery(world, practice_id, delivery_id).wait_seconds

    step = engine.step("attempt_delivery", attempt)

    def deliver(practice_id: str, delivery_id: str) -> None:
        faults = 0
        while True:
            try:
                wait_seconds = step(practice_id, delivery_id)
            except StepFailedError:
                faults += 1
                if faults > MOST_FAULTS:
                    raise
                wait_seconds = AFTER_A_FAULT_SECONDS
            if wait_seconds is None:
                return
            if wait_seconds > 0:
                engine.sleep(wait_seconds)

    engine.register(_FORMER_DELIVER, deliver)


def _turn(practice_id: str, delivery_id: str, number: str, faults: str) -> Turn:
    return Turn(
        practice_id=practice_id, delivery_id=delivery_id, number=int(number), faults=int(faults)
    )


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
            with suppress(StepFailedError):  # the engine keeps its kind; the others are read
                one_step(practice_id, patient_id)

    engine.register(READ_PANEL, read_panel)


def _register_refresh(
    engine: Durable, world: Installation, service_now: Callable[[], datetime]
) -> None:
    def some(practice_id: str, month: str, seen_as: str) -> int:
        return refresh_some(world, practice_id, month, seen_as, service_now())

    step = engine.step("refresh_some", some)

    def refresh_month(practice_id: str, month: str, seen_as: str) -> None:
        while step(practice_id, month, seen_as):
            pass

    engine.register(REFRESH_MONTH, refresh_month)
