"""Taking an EHR off and putting it back: what is on its way waits meanwhile, and then goes on."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session

from ccm_fhir.domain.pacing import answered
from ccm_fhir.errors import InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.services.turns import wake
from ccm_fhir.storage import deliveries, ehrs, paces
from ccm_fhir.storage.vocabulary import DeliveryState

_OPEN = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
LEAST_PER_MINUTE, MOST_PER_MINUTE = 1, 60_000


def disconnect(world: Installation, hand: SetupHand, ehr_id: str) -> None:
    """Let nobody launch from an EHR and send it nothing; what is on its way waits.

    Raises:
        NotFoundError: no such EHR in this practice.
    """
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"disconnect_ehr {ehr_id}")
        ehrs.set_active(session, hand.practice_id, ehr_id, is_active=False)


def reconnect(world: Installation, hand: SetupHand, ehr_id: str) -> int:
    """Connect an EHR again and send on what waits for it; return how many deliveries that is.

    Also for one that was never off: whatever kept it from being asked is forgotten.

    Raises:
        NotFoundError: no such EHR in this practice.
    """
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"reconnect_ehr {ehr_id}")
        ehrs.set_active(session, hand.practice_id, ehr_id, is_active=True)
        pace = paces.lock(session, hand.practice_id, ehr_id)
        unpaused = replace(answered(pace), paused_until=None)
        paces.keep(session, hand.practice_id, ehr_id, unpaused)
        return _wake_all(world, session, hand.practice_id, ehr_id)


def set_quota(world: Installation, hand: SetupHand, ehr_id: str, per_minute: int) -> None:
    """Set how many requests a minute one EHR may be sent; 0 takes the installation's again.

    Raises:
        InputError: it is not between 1 and 60,000.
        NotFoundError: no such EHR in this practice.
    """
    if per_minute and not LEAST_PER_MINUTE <= per_minute <= MOST_PER_MINUTE:
        raise InputError("per_minute", f"give {LEAST_PER_MINUTE} to {MOST_PER_MINUTE}, or 0")
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"set_ehr_quota {ehr_id} {per_minute}")
        pace = paces.lock(session, hand.practice_id, ehr_id)
        changed = replace(pace, per_minute=per_minute or None)
        paces.keep(session, hand.practice_id, ehr_id, changed)


def _wake_all(world: Installation, session: Session, practice_id: str, ehr_id: str) -> int:
    waiting = [
        record.id
        for record in deliveries.unfinished(session, practice_id)
        if record.ehr_id == ehr_id and record.state in _OPEN
    ]
    for delivery_id in waiting:
        wake(world, session, practice_id, delivery_id)
    return len(waiting)
