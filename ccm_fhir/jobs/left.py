"""Deliveries whose workflow ended by a fault of our own: who watches what the engine gave up."""

from __future__ import annotations

from ccm_fhir.engine import NEEDS_A_PERSON, Enqueuer
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import practice_ids
from ccm_fhir.storage import deliveries


def given_up(world: Installation, enqueuer: Enqueuer) -> tuple[str, ...]:
    """Return the ids of open deliveries that the engine ended, or could not go on with.

    Reconciling wakes them: they are listed so that somebody looks at the fault.
    """
    ended = enqueuer.ids_in(*NEEDS_A_PERSON)
    if not ended:
        return ()
    return tuple(
        delivery_id
        for practice_id in practice_ids(world)
        for delivery_id in _open(world, practice_id)
        if any(delivery_id in workflow_id for workflow_id in ended)
    )


def _open(world: Installation, practice_id: str) -> list[str]:
    with world.db.read(practice_id) as session:
        return [one.id for one in deliveries.unfinished(session, practice_id)]
