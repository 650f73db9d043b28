"""Between a client and its EHR: slots for requests, and what answers do to the shared pace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ccm_fhir.domain.pacing import (
    Pace,
    PauseReason,
    answered,
    failed,
    held_until,
    probing,
    queued,
    refused,
    slots,
    spacing,
    throttled,
)
from ccm_fhir.errors import EhrPausedError
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.request_slots import RequestSlots, at_once
from ccm_fhir.storage import paces
from ccm_fhir.storage.ehrs import Ehr

LONGEST_IN_PLACE_SECONDS = 2.0
_MOST_SECONDS = 60.0
_FAILED = frozenset({500, 502, 503, 504})
_THROTTLED = 429
_UNAVAILABLE = 503
# What a vendor publishes as its limit, by the name in its CapabilityStatement: healow Clinical
# API documentation, "FHIR Rate Limiting", in force from 2025-10-07, a minute and a practice.
_PUBLISHED = {"ecw ": 250, "eclinicalworks": 250}


@dataclass(frozen=True, slots=True)
class EhrDoor:
    """The one pace of an EHR as one of its clients sees it; a person is not kept by a circuit."""

    world: Installation
    ehr: Ehr
    most_seconds: float = _MOST_SECONDS
    is_person: bool = False

    def before(self) -> None:
        """Wait for a moment to send a request.

        Raises:
            EhrPausedError: that would take longer than whoever asks can wait.
        """
        if self.world.slots is None:
            return
        moment = self.world.slots.take(self._key, self.world.clock()) or self._ask(self.world.slots)
        while (wait := (moment - self.world.clock()).total_seconds()) > 0:
            self.world.slots.sleep(wait)

    def after(self, status: int | None, retry_after_seconds: float | None = None) -> None:
        """Let an answer, or none, change the pace for everybody."""
        known = self.world.slots
        if known is None:
            return
        now, chance = self.world.clock(), self.world.patience.jitter()
        is_plea = status == _UNAVAILABLE and retry_after_seconds is not None
        if status == _THROTTLED or is_plea:
            self._change(lambda pace: throttled(pace, now, retry_after_seconds, chance))
        elif status is None or status in _FAILED:
            self._change(lambda pace: failed(pace, now, chance))
        elif known.is_troubled(self._key):
            self._change(answered)

    def admit(self, *, has_queued: bool) -> datetime | None:
        """Return until when a delivery must wait before it begins, or None: it may begin now.

        One whose turn in the queue has come (``has_queued``) waits in no other.
        """
        if self.world.slots is None:
            return None
        now = self.world.clock()
        with self.world.db.write(self.ehr.practice_id) as session:
            pace = paces.lock(session, self.ehr.practice_id, self.ehr.id)
            held = held_until(pace, now)
            if held is not None:
                return held
            pace, at = probing(pace, now), now
            if not has_queued:
                at, pace = queued(pace, now, self._spacing(pace))
            paces.keep(session, self.ehr.practice_id, self.ehr.id, pace)
        self.world.slots.set_troubled(self._key, is_so=pace.is_troubled)
        return at if (at - now).total_seconds() > LONGEST_IN_PLACE_SECONDS else None

    def refuse(self) -> None:
        """Hear that the EHR refused us a token: the whole EHR waits until that is mended."""
        if self.world.slots is not None:
            now, chance = self.world.clock(), self.world.patience.jitter()
            self._change(lambda pace: refused(pace, now, chance))

    @property
    def _key(self) -> tuple[str, str]:
        return (self.ehr.practice_id, self.ehr.id)

    def _ask(self, held: RequestSlots) -> datetime:
        """Take moments from the shared pace, and return the first."""
        with self.world.db.write(self.ehr.practice_id) as session:
            pace = paces.lock(session, self.ehr.practice_id, self.ehr.id)
            now = self.world.clock()  # after the lock, for which others may have been waited
            distance = self._spacing(pace)
            given, pace = slots(pace, now, distance, at_once(distance))
            self._refuse_long_waits(pace, given[0], now)
            paces.keep(session, self.ehr.practice_id, self.ehr.id, pace)
        held.set_troubled(self._key, is_so=pace.is_troubled)
        held.put(self._key, given[1:])
        return given[0]

    def _refuse_long_waits(self, pace: Pace, moment: datetime, now: datetime) -> None:
        """Raise EhrPausedError; a probe goes on, and a person heeds only what the EHR asked for."""
        wait = (moment - now).total_seconds()
        is_heeded = pace.reason is PauseReason.ASKED or not self.is_person
        if pace.paused_until is not None and pace.paused_until > now and is_heeded:
            wait = max(wait, (pace.paused_until - now).total_seconds(), self.most_seconds + 1)
        if wait > self.most_seconds:
            raise EhrPausedError(wait)

    def _change(self, change: Callable[[Pace], Pace]) -> None:
        with self.world.db.write(self.ehr.practice_id) as session:
            pace = change(paces.lock(session, self.ehr.practice_id, self.ehr.id))
            paces.keep(session, self.ehr.practice_id, self.ehr.id, pace)
        if self.world.slots is not None:
            self.world.slots.drop(self._key)  # the next request looks at the pace again
            self.world.slots.set_troubled(self._key, is_so=pace.is_troubled)

    def _spacing(self, pace: Pace) -> timedelta:
        return spacing(pace.per_minute or quota_of(self.world, self.ehr))


def quota_of(world: Installation, ehr: Ehr) -> int:
    """Return how many requests a minute an EHR allows where nobody has said so for it."""
    usual = world.slots.per_minute if world.slots else RequestSlots().per_minute
    software = _software(ehr)
    published = [limit for name, limit in _PUBLISHED.items() if name in software]
    return min([usual, *published])


def _software(ehr: Ehr) -> str:
    if not ehr.capability_json:
        return ""
    declared = msgspec.json.decode(ehr.capability_json, type=Capability)
    return f"{declared.software} ".casefold()
