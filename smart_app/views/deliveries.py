"""Write-back states as chips, and whether any of them may still change by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.patient_month import Delivered, PatientMonthReview
from smart_app.views.formats import count, moment
from smart_app.views.tones import DELIVERIES as TONES
from smart_app.views.tones import Tone
from smart_app.views.wording import DELIVERIES, IN_FLIGHT

_MOST_LOOKS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One resource's way into the EHR."""

    element_id: str
    what: str
    state: str
    tone: Tone
    remote_ref: str
    href: str
    problem: str
    when: str
    tries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """Everything of a month that is told to the EHR; the page looks again while anything moves.

    ``next_look`` counts the looks and is 0 where the page should rest: what has not moved for
    minutes will not move because it is watched, and a watched page would never grow idle.
    """

    is_moving: bool
    next_look: int
    said: str
    deliveries: tuple[DeliveryView, ...]


def delivery(delivered: Delivered, links: dict[str, str]) -> DeliveryView:
    """Return one delivery as a chip."""
    is_there = delivered.state is DeliveryState.SENT
    return DeliveryView(
        element_id=f"delivery-{delivered.delivery_id}",
        what=delivered.resource_type,
        state=DELIVERIES[delivered.state],
        tone=TONES[delivered.state],
        remote_ref=delivered.remote_ref if is_there else "",
        href=links.get(delivered.remote_ref, "") if is_there else "",
        problem=delivered.problem,
        when=moment(delivered.updated_at),
        tries=count(delivered.tries, "try", "tries") if delivered.tries > 1 else "",
    )


def progress(review: PatientMonthReview, looks: int = 0) -> ProgressView:
    """Return every delivery of a patient-month, time first, claim last."""
    delivered = [d for entry in review.entries for d in entry.deliveries]
    if review.claim is not None and review.claim.delivery is not None:
        delivered.append(review.claim.delivery)
    moving = sum(1 for d in delivered if d.state in IN_FLIGHT)
    stuck = sum(1 for d in delivered if TONES[d.state] in {Tone.BAD, Tone.OPEN})
    return ProgressView(
        is_moving=moving > 0,
        next_look=looks + 1 if moving and looks < _MOST_LOOKS else 0,
        said=_said(len(delivered), moving, stuck),
        deliveries=tuple(delivery(d, review.ehr_links) for d in delivered),
    )


def _said(known: int, moving: int, stuck: int) -> str:
    if known == 0:
        return ""
    if moving:
        return f"{count(moving, 'record is', 'records are')} on the way to the EHR."
    if stuck:
        return f"{count(stuck, 'record', 'records')} did not reach the EHR; see below."
    return "Everything recorded here is in the EHR."
