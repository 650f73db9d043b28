"""Write-back states as chips, and whether any of them may still change by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.writeback import OUTSIDE_THE_EHR, DeliveryState, RungName
from ccm_fhir.services.patient_month import ClaimInHand, Delivered, PatientMonthReview, WorkEntry
from smart_app.views.formats import count, moment
from smart_app.views.tones import DELIVERIES as TONES
from smart_app.views.tones import Tone
from smart_app.views.wording import (
    BY_FILE,
    DELIVERIES,
    FILED,
    IN_FLIGHT,
    KEYED,
    TO_BE_FILED,
    TO_BE_KEYED,
    WAYS,
)

_MOST_LOOKS = 60
_OUTSIDE = {
    RungName.HAND_OFF: (TO_BE_KEYED, KEYED),
    RungName.X12_FILE: (TO_BE_FILED, FILED),
}
_BEST = frozenset({RungName.ENCOUNTER_AND_PROCEDURE, RungName.CARE_PLAN_AND_GOALS, RungName.CLAIM})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One resource's way into the EHR."""

    what: str
    state: str
    tone: Tone
    remote_ref: str
    href: str
    problem: str
    reason: str
    when: str
    tries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentView:
    """The ways of one entry, or of the claim, into the EHR: one place of a page, swapped whole.

    Where the EHR takes neither Encounter nor Procedure one document takes the place of both, so a
    single way has no place that lasts.
    """

    element_id: str
    deliveries: tuple[DeliveryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """Everything of a month that is told to the EHR; the page looks again while anything moves.

    ``next_look`` counts the looks and is 0 where the page should rest: what has not moved for
    minutes will not move because it is watched, and a watched page would never grow idle.
    """

    is_moving: bool
    next_look: int
    said: str
    by_hand: int
    places: tuple[SentView, ...]


def delivery(delivered: Delivered, links: dict[str, str]) -> DeliveryView:
    """Return one delivery as a chip."""
    is_there = delivered.state is DeliveryState.SENT
    return DeliveryView(
        what=_what(delivered),
        state=state_on(delivered.rung, delivered.state),
        tone=tone_on(delivered.rung, delivered.state),
        remote_ref=delivered.remote_ref if is_there else "",
        href=links.get(delivered.remote_ref, "") if is_there else "",
        problem="" if delivered.rung in OUTSIDE_THE_EHR else delivered.problem,
        reason=delivered.reason if _is_told_why(delivered) else "",
        when=moment(delivered.updated_at),
        tries=count(delivered.tries, "try", "tries") if delivered.tries > 1 else "",
    )


def _what(delivered: Delivered) -> str:
    if delivered.rung is RungName.X12_FILE:
        return BY_FILE
    called = WAYS.get(delivered.resource_type, delivered.resource_type)
    return f"{called} {delivered.code}".rstrip()


def state_on(rung: RungName | None, state: DeliveryState) -> str:
    """Return where something is, in the words of the way that it takes."""
    if rung not in _OUTSIDE:
        return DELIVERIES[state]
    waiting, done = _OUTSIDE[rung]
    return done if state is DeliveryState.SENT else waiting


def tone_on(rung: RungName | None, state: DeliveryState) -> Tone:
    """Return the tone of a state: what waits for a person, or for its file, is no trouble."""
    is_waiting = rung in OUTSIDE_THE_EHR and state is DeliveryState.HELD
    return Tone.OPEN if is_waiting else TONES[state]


def _is_told_why(delivered: Delivered) -> bool:
    """Whether the rung needs its reason: not where it is the best that an EHR could offer."""
    return delivered.rung is not None and delivered.rung not in _BEST


def sent_of_entry(entry: WorkEntry, links: dict[str, str]) -> SentView:
    """Return where an entry's records are."""
    return _sent(entry.entry_id, entry.deliveries, links)


def sent_of_claim(held: ClaimInHand, links: dict[str, str]) -> SentView:
    """Return where the claim is."""
    return _sent("claim", held.deliveries, links)


def _sent(of: str, ways: tuple[Delivered, ...], links: dict[str, str]) -> SentView:
    return SentView(element_id=f"sent-{of}", deliveries=tuple(delivery(way, links) for way in ways))


def progress(review: PatientMonthReview, looks: int = 0) -> ProgressView:
    """Return every delivery of a patient-month, time first, claim last."""
    delivered = [d for entry in review.entries for d in entry.deliveries]
    places = [sent_of_entry(entry, review.ehr_links) for entry in review.entries]
    if review.claim is not None:
        delivered += review.claim.deliveries
        places.append(sent_of_claim(review.claim, review.ehr_links))
    moving = sum(1 for d in delivered if d.state in IN_FLIGHT)
    by_hand = sum(1 for d in delivered if state_on(d.rung, d.state) == TO_BE_KEYED)
    stuck = sum(1 for d in delivered if TONES[d.state] in {Tone.BAD, Tone.OPEN}) - by_hand
    return ProgressView(
        is_moving=moving > 0,
        next_look=looks + 1 if moving and looks < _MOST_LOOKS else 0,
        said=_said(len(delivered), moving, stuck, by_hand),
        by_hand=by_hand,
        places=tuple(place for place in places if place.deliveries),
    )


def _said(known: int, moving: int, stuck: int, by_hand: int) -> str:
    if known == 0:
        return ""
    if moving:
        return f"{count(moving, 'record is', 'records are')} on the way to the EHR."
    if stuck:
        return f"{count(stuck, 'record', 'records')} did not reach the EHR; see below."
    if by_hand:
        waiting = count(by_hand, "record waits", "records wait")
        return f"{waiting} to be keyed into the EHR by hand; everything else is there."
    return "Everything recorded here is in the EHR."
