"""How long an EHR is left alone between two tries, and when trying ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.storage.deliveries import DeliveryEvent
from ccm_fhir.storage.sending import RELEASED, UNSENT

MOST_TRIES = 15
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 900.0
STOP_READING_BACK_AFTER = timedelta(days=1)
_MOST_DOUBLINGS = 10
_PAUSED = "paused_until_"


def wait_after(setbacks: int) -> float:
    """Return seconds to wait: twice as long after each setback so far, up to a quarter hour."""
    doublings = min(_MOST_DOUBLINGS, setbacks)
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**doublings)


def wait_before_reading_back(sent_since: timedelta) -> float:
    """Return seconds to wait before a read-back is tried again: as long as it has taken so far."""
    return min(LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, sent_since.total_seconds()))


def since_release(steps: tuple[DeliveryEvent, ...]) -> tuple[DeliveryEvent, ...]:
    """Return the steps since a person last let a delivery go on; all where nobody did."""
    released = [at for at, step in enumerate(steps) if step.detail_code == RELEASED]
    return steps[released[-1] + 1 :] if released else steps


def tries_in(steps: tuple[DeliveryEvent, ...]) -> int:
    """Return how often steps began to send, but for those when nothing might leave after all."""
    events = [step.event for step in steps]
    return events.count(DeliveryState.SENDING.value) - events.count(UNSENT)


def setbacks_in(steps: tuple[DeliveryEvent, ...]) -> int:
    """Return how many steps went wrong; that an EHR is left alone is no step of a delivery's."""
    codes = [step.detail_code for step in steps]
    return sum(bool(code) and paused_until(code) is None for code in codes)


def pause(until: datetime) -> str:
    """Return the word for an EHR that is left alone, with until when, to the second."""
    return f"{_PAUSED}{until.astimezone(UTC).isoformat(timespec='seconds')}"


def paused_until(code: str) -> datetime | None:
    """Return until when an EHR is left alone, by the word for it; None for every other word."""
    return datetime.fromisoformat(code.removeprefix(_PAUSED)) if code.startswith(_PAUSED) else None
