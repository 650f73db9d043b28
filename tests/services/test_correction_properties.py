"""Whatever people and payers say of a month's claims, in whatever order: at most one stands."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.claims import Chain, Frequency, claim_number
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import CcmFhirError
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.claim_chains import chain_of, on_record
from ccm_fhir.storage import claims, deliveries, sending
from ccm_fhir.storage.sending import Problem, Receipt
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.builders import NOVEMBER
from tests.services.correcting import newest, say, sign
from tests.services.filing import hand, run, set_up_for_files, signed
from tests.services.test_claim_answers import statuses
from tests.smart_app.close import sign_alone, work
from tests.smart_app.front import NOW, Front, open_front_at
from tests.world import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccm_fhir.services.claim_chains import OnRecord


def records(front: Front, patient_id: str) -> tuple[OnRecord, ...]:
    with front.world.db.read(front.practice_id) as session:
        found = claims.of_month(session, front.practice_id, NOVEMBER, [patient_id])
        return on_record(session, front.practice_id, found)[patient_id]


def taken(front: Front, patient_id: str, code: str = "A2:20:PR") -> None:
    told = statuses((claim_number(newest(front, patient_id).identifier), code))
    read_answer(front.world, hand(front), told.encode(), NOW)


FILED: dict[str, Callable[[Front, str], object]] = {
    **{
        said.value: lambda front, patient_id, said=said: say(front, patient_id, said)
        for said in ClaimSaid
    },
    "sign": sign,
    "file": lambda front, _: run(front),
    "taken": taken,
    "refused in the file": lambda front, patient_id: taken(front, patient_id, "A3:21:PR"),
}


def delivered(front: Front, patient_id: str, state: DeliveryState) -> None:
    """Let the newest claim's way to the EHR come to an end, if it is on its way."""
    claim = newest(front, patient_id)
    with front.world.db.write(front.practice_id) as session:
        found = deliveries.of_artefact(session, front.practice_id, ArtefactKind.CLAIM, claim.id)
        for one in found:
            if one.state is DeliveryState.PLANNED:
                _end(front, one.id, state, session)


def _end(front: Front, delivery_id: str, state: DeliveryState, session: Session) -> None:
    sending.mark_intent(session, front.practice_id, delivery_id, NOW)
    if state is DeliveryState.SENT:
        receipt = Receipt(delivery_id=delivery_id, remote_id=f"remote-{delivery_id}")
        sending.mark_sent(session, front.practice_id, receipt, NOW)
    elif state is DeliveryState.REJECTED:
        problem = Problem(delivery_id=delivery_id, code="http_422")
        sending.mark_rejected(session, front.practice_id, problem, NOW)
    else:
        problem = Problem(delivery_id=delivery_id, code="timed_out")
        sending.mark_uncertain(session, front.practice_id, problem, NOW)
