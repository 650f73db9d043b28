"""Keeps what people did with our cards; the same told twice is kept once."""

from __future__ import annotations

from ccm_fhir.errors import HookError
from ccm_fhir.fhir.cds_hooks.request import Feedback, read_feedback
from ccm_fhir.services.cds_answer import OVERRIDE_REASONS
from ccm_fhir.services.cds_clients import Caller
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import cds_cards
from ccm_fhir.storage.cds_cards import NewFeedback
from ccm_fhir.storage.vocabulary import CardOutcome

OTHER_REASON = "other"


def keep_feedback(world: Installation, caller: Caller, body: bytes) -> None:
    """Keep feedback on cards that this caller was given.

    What is about a card of ours is kept, whatever stands beside it; a client may send the whole
    again.

    Raises:
        HookError: request_invalid, or card_unknown: one of them was never given to this caller.
    """
    told, client = read_feedback(body), caller.client
    is_unknown = False
    with world.db.write(client.practice_id) as session:
        for each in told:
            card = cds_cards.find_card(session, client.practice_id, client.id, each.card)
            if card is None:
                is_unknown = True
                continue
            new = NewFeedback(
                card_id=card.id,
                outcome=CardOutcome.ACCEPTED if each.is_accepted else CardOutcome.OVERRIDDEN,
                reason=_reason(each),
                happened_at=each.happened_at,
            )
            cds_cards.record_feedback(session, client.practice_id, new, world.clock())
    if is_unknown:
        raise HookError("card_unknown")


def _reason(told: Feedback) -> str:
    """Return a reason of ours; an EHR's own is kept as such, without its words."""
    if not told.reason_code or told.reason_code in OVERRIDE_REASONS:
        return told.reason_code
    return OTHER_REASON
