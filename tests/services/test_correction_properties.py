"""Whatever people, payers and EHRs say of a month's claims, in any order: one stands at most."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.claims import Chain, Frequency, claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import CcmError
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.claim_chains import chain_of, on_record
from ccm_fhir.services.needs_person import mark_keyed, retry
from ccm_fhir.storage import claims, deliveries, sending
from ccm_fhir.storage.sending import Intent, Problem, Receipt
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.builders import NOVEMBER
from tests.services.correcting import every, newest, say, sign
from tests.services.filing import hand, run, set_up_for_files, signed
from tests.services.test_claim_answers import statuses
from tests.smart_app.close import actor
from tests.smart_app.front import NOW, Front, open_front_at
from tests.world import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccm_fhir.services.claim_chains import OnRecord
    from ccm_fhir.storage.deliveries import DeliveryRecord

    Act = Callable[[Front, str], object]


def records(front: Front, patient_id: str) -> tuple[OnRecord, ...]:
    with front.world.db.read(front.practice_id) as session:
        found = claims.of_month(session, front.practice_id, NOVEMBER, [patient_id])
        return on_record(session, front.practice_id, found)[patient_id]


def ways(front: Front, patient_id: str) -> tuple[DeliveryRecord, ...]:
    ids = [one.id for one in every(front, patient_id)]
    with front.world.db.read(front.practice_id) as session:
        return deliveries.of_artefacts(session, front.practice_id, ArtefactKind.CLAIM, ids)


def taken(front: Front, patient_id: str, code: str = "A2:20:PR") -> None:
    told = statuses((claim_number(newest(front, patient_id).identifier), code))
    read_answer(front.world, hand(front), told.encode(), NOW)


def delivered(front: Front, patient_id: str, state: DeliveryState) -> None:
    """Let the EHR answer whatever of the claims is on its way."""
    ours = front.practice_id
    for one in ways(front, patient_id):
        if one.state is not DeliveryState.PLANNED:
            continue
        with front.world.db.write(ours) as session:
            sending.mark_intent(session, ours, Intent(delivery_id=one.id, tries=one.tries), NOW)
            problem = Problem(delivery_id=one.id, code="http_422")
            if state is DeliveryState.SENT:
                receipt = Receipt(delivery_id=one.id, remote_id=f"remote-{one.id}")
                sending.mark_sent(session, ours, receipt, NOW)
            elif state is DeliveryState.REJECTED:
                sending.mark_rejected(session, ours, problem, NOW)
            else:
                sending.mark_uncertain(session, ours, problem, NOW)


def tried_again(front: Front, patient_id: str) -> None:
    for one in ways(front, patient_id):
        with suppress(CcmError):
            retry(front.world, actor(front, Role.BILLER), one.id)


def keyed(front: Front, patient_id: str) -> None:
    for one in ways(front, patient_id):
        with suppress(CcmError):
            mark_keyed(front.world, actor(front, Role.BILLER), one.id, "77")


def filed_and_taken(front: Front, patient_id: str) -> None:
    run(front)
    taken(front, patient_id)


def sent(front: Front, patient_id: str) -> None:
    delivered(front, patient_id, DeliveryState.SENT)


def opened_and_signed(front: Front, patient_id: str) -> None:
    """Correct in whatever way is open, as somebody would who means it."""
    for said in (ClaimSaid.REPLACE, ClaimSaid.NEW):
        with suppress(CcmError):
            say(front, patient_id, said)
    sign(front, patient_id)


def saying(said: ClaimSaid) -> Act:
    return lambda front, patient_id: say(front, patient_id, said)


def answering(state: DeliveryState) -> Act:
    return lambda front, patient_id: delivered(front, patient_id, state)


def refused_in_file(front: Front, patient_id: str) -> None:
    taken(front, patient_id, "A3:21:PR")


WORDS: dict[str, Act] = {**{said.value: saying(said) for said in ClaimSaid}, "sign": sign}
WORDS["correct"] = opened_and_signed
FILED: dict[str, Act] = {
    **WORDS,
    "file": lambda front, _: run(front),
    "taken in the file": filed_and_taken,
    "refused in the file": refused_in_file,
}
IN_EHR: dict[str, Act] = {
    **WORDS,
    "sent": sent,
    "refused by the EHR": answering(DeliveryState.REJECTED),
    "answer lost": answering(DeliveryState.UNCERTAIN),
    "try again": tried_again,
    "keyed in": keyed,
}


def hold(front: Front, patient_id: str) -> None:
    """See that the claims are one chain without forks, in which one stands at most."""
    found = records(front, patient_id)
    chain = chain_of(found)
    assert isinstance(chain, Chain), [(one.frequency, one.standing) for one in found]
    assert len(chain.live) <= 1
    assert [one.claim.prior_id for one in found] == [None, *(one.claim.id for one in found[:-1])]
    for one in found:
        is_new = one.frequency is Frequency.ORIGINAL
        assert is_new == (not one.as_revision.prior)


@pytest.mark.parametrize("acts", [FILED, IN_EHR], ids=["by file", "by the EHR"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_said_in_whatever_order_one_claim_stands_at_most(
    acts: Mapping[str, Act], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'ccm.sqlite'}"
        migrate(url)
        front = open_front_at(url)
        if acts is FILED:
            set_up_for_files(front)
        patient_id = signed(front).patient_id
        for name in data.draw(st.lists(st.sampled_from(sorted(acts)), min_size=6, max_size=16)):
            with suppress(CcmError):
                acts[name](front, patient_id)
            hold(front, patient_id)
        event(f"{len(every(front, patient_id))} claims")
        front.world.db.close()
