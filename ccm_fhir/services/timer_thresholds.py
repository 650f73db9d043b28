"""Which billing thresholds a running timer will cross, by what the month counts already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.gather import gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import try_judge
from ccm_fhir.services.timers import TimerCard, TimerState
from ccm_fhir.storage import practices

_RUNS = frozenset({TimerState.RUNNING, TimerState.ASKING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A threshold ahead: at how many seconds of the timer it is crossed, and whose it is.

    ``threshold_seconds`` are the month's, as the rules in force have them.
    """

    at_seconds: int
    threshold_seconds: int
    codes: tuple[str, ...]


def crossings_ahead(
    world: Installation, actor: Actor, cards: tuple[TimerCard, ...], now: datetime
) -> tuple[Crossing, ...]:
    """Return what the person's running timer has yet to cross this month, in order; or nothing.

    Nothing where no timer runs, no chart was read or no rules are loaded for the month.
    """
    running = next((card for card in cards if card.state in _RUNS), None)
    if running is None:
        return ()
    with world.db.read(actor.practice_id) as session:
        zone = practices.get(session, actor.practice_id).zone
        month = ServiceMonth.containing(now.astimezone(zone).date())
        found = gather(world, session, actor.practice_id, running.patient_id, month)
    material = found.seen_by(actor, now).material
    judged = None if material is None else try_judge(world, material)[0]
    if judged is None:
        return ()
    counted = judged.decision.counted_seconds
    codes: dict[int, tuple[str, ...]] = {}
    for one in judged.decision.thresholds:
        codes[one.seconds] = (*codes.get(one.seconds, ()), one.code)
    return tuple(
        Crossing(at_seconds=seconds - counted, threshold_seconds=seconds, codes=named)
        for seconds, named in sorted(codes.items())
        if seconds - counted > running.seconds
    )
