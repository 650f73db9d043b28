"""A practice that corrects its claims: what was filed, taken, answered and said of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.claim_chains import on_record
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.correct_claim import SayOfClaim, say_of_claim
from ccm_fhir.services.review import review_patient_month
from ccm_fhir.services.sign import SignMonth, sign_month
from ccm_fhir.storage import claims, deliveries, sending
from ccm_fhir.storage.sending import Intent, Receipt
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.builders import NOVEMBER
from tests.services.filing import hand, run
from tests.services.test_claim_answers import statuses
from tests.smart_app.close import actor
from tests.smart_app.front import NOW

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import Frequency, Standing
    from ccm_fhir.storage.claims import ClaimRecord
    from tests.smart_app.front import Front

LATER = NOW + timedelta(hours=1)


def every(front: Front, patient_id: str) -> tuple[ClaimRecord, ...]:
    """Return every claim of a patient's November, the oldest first."""
    with front.world.db.read(front.practice_id) as session:
        return claims.of_month(session, front.practice_id, NOVEMBER, [patient_id])


def newest(front: Front, patient_id: str) -> ClaimRecord:
    return every(front, patient_id)[-1]


def chain(front: Front, patient_id: str) -> list[tuple[Frequency, Standing]]:
    """Return what each revision is, and how far it came."""
    with front.world.db.read(front.practice_id) as session:
        found = claims.of_month(session, front.practice_id, NOVEMBER, [patient_id])
        records = on_record(session, front.practice_id, found)[patient_id]
    return [(one.frequency, one.standing) for one in records]


def answered(front: Front, claim: ClaimRecord, codes: str = "A2:20:PR") -> None:
    """File what is due, and let the payer's 277CA say something of a claim."""
    run(front)
    told = statuses((claim_number(claim.identifier), codes))
    read_answer(front.world, hand(front), told.encode(), NOW)


def in_the_ehr(front: Front, claim: ClaimRecord) -> None:
    """Let the EHR have taken a claim."""
    ours = front.practice_id
    with front.world.db.write(ours) as session:
        (way,) = deliveries.of_artefact(session, ours, ArtefactKind.CLAIM, claim.id)
        sending.mark_intent(session, ours, Intent(delivery_id=way.id, tries=way.tries), NOW)
        receipt = Receipt(delivery_id=way.id, remote_id=f"remote-{claim.revision}")
        sending.mark_sent(session, ours, receipt, NOW)


def say(front: Front, patient_id: str, said: ClaimSaid, **changes: object) -> None:
    """Let somebody, a biller unless told otherwise, say something of the newest claim."""
    role = changes.pop("role", Role.BILLER)
    assert isinstance(role, Role)
    fields: dict[str, object] = {
        "patient_id": patient_id,
        "month": NOVEMBER,
        "claim_id": newest(front, patient_id).id,
        "said": said,
        "reason": "A call was left out.",
        "form_key": str(uuid4()),
    }
    request = SayOfClaim(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand
    say_of_claim(front.world, actor(front, role), request, LATER)


def signature(front: Front, patient_id: str, **changes: object) -> SignMonth:
    """Return the practitioner's form as the patient's page shows it, every statement ticked."""
    doctor = actor(front, Role.PRACTITIONER)
    shown = review_patient_month(front.world, doctor, patient_id, NOVEMBER, LATER)
    fields: dict[str, object] = {
        "patient_id": patient_id,
        "month": NOVEMBER,
        "form_key": str(uuid4()),
        "attested": frozenset(shown.to_attest),
        "decision_hash": shown.decision_hash,
        "correction_id": shown.correction.statement_id if shown.correction else "",
    }
    return SignMonth(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def sign(front: Front, patient_id: str, form: SignMonth | None = None) -> None:
    form = form or signature(front, patient_id)
    sign_month(front.world, actor(front, Role.PRACTITIONER), form, LATER + timedelta(minutes=1))


def related(claim: ClaimRecord) -> str:
    """Return the identifier of the claim that one corrects; empty for a new claim."""
    whole = read_claim(claim).whole
    assert whole is not None
    return whole.related.identifier if whole.related else ""
