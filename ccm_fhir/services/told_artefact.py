"""What a delivery tells of, as far as its way depends on it; its words are ``told``'s.

A delivery asks this several times, and its words, for which the patient's chart is read and a
document may be printed, only when they are written.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from ccm_fhir.domain.consents import BESIDE_CONSENT, ConsentDecision
from ccm_fhir.domain.writeback import Artefact, RungName, time_artefact
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.told_charges import lacking_for_charges
from ccm_fhir.storage import claims, consents, ledger, plan_tasks, plans
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.consents import ConsentRecord
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.vocabulary import ArtefactKind


def told_artefact(
    session: Session, practice_id: str, kind: ArtefactKind, artefact_id: str
) -> Artefact | None:
    """Return the ladder of what is told; None where no other way would tell it.

    That is so of a task, which stands here, and of a claim of which only the lines were kept.
    """
    match kind:
        case ArtefactKind.TIME_ENTRY:
            return time_artefact(ledger.get(session, practice_id, artefact_id).contact_mode)
        case ArtefactKind.CONSENT:
            return consent_artefact(consents.get(session, practice_id, artefact_id))
        case ArtefactKind.CARE_PLAN:
            return Artefact.CARE_PLAN
        case ArtefactKind.CLAIM:
            kept = read_claim(claims.get(session, practice_id, artefact_id))
            return None if kept.whole is None else Artefact.CLAIM
        case ArtefactKind.PLAN_TASK:
            return None


def lacks_of(
    session: Session, practice_id: str, kind: ArtefactKind, artefact_id: str
) -> Mapping[RungName, str]:
    """Return which rungs one artefact cannot take whatever its EHR takes, each with the reason."""
    if kind is not ArtefactKind.CLAIM:
        return {}
    whole = read_claim(claims.get(session, practice_id, artefact_id)).whole
    return {} if whole is None else lacking_for_charges(whole.frequency)


def stands(session: Session, practice_id: str, kind: ArtefactKind, artefact_id: str) -> bool:
    """Whether a record was neither taken back nor followed by another.

    What of one that does not stand is not in the EHR need not go there any more.
    """
    match kind:
        case ArtefactKind.TIME_ENTRY:
            return ledger.is_current(session, practice_id, artefact_id)
        case ArtefactKind.CONSENT:
            record = consents.get(session, practice_id, artefact_id)
            return consent_stands(session, practice_id, record)
        case ArtefactKind.CARE_PLAN:
            version = plans.version(session, practice_id, artefact_id)
            return plan_stands(session, practice_id, version)
        case ArtefactKind.CLAIM:
            claim = claims.get(session, practice_id, artefact_id)
            return claim_stands(session, practice_id, claim)
        case ArtefactKind.PLAN_TASK:
            return plan_tasks.is_open(session, practice_id, artefact_id)


def consent_artefact(record: ConsentRecord) -> Artefact:
    """Return which ladder a recorded decision takes.

    A pause, and what goes with it, is no Consent (one that is inactive reads as revoked): it goes
    the way of the enrolment.
    """
    return Artefact.ENROLMENT if record.decision in BESIDE_CONSENT else Artefact.CONSENT


def consent_stands(session: Session, practice_id: str, record: ConsentRecord) -> bool:
    """Whether a recorded decision was neither taken back nor corrected since."""
    later = consents.of_patient(session, practice_id, record.patient_id)
    return record.decision is not ConsentDecision.ENTERED_IN_ERROR and all(
        other.supersedes_id != record.id for other in later
    )


def plan_stands(session: Session, practice_id: str, version: VersionRecord) -> bool:
    """Whether a version of a care plan is its newest."""
    return plans.versions_of(session, practice_id, version.patient_id)[-1].id == version.id


def claim_stands(session: Session, practice_id: str, claim: ClaimRecord) -> bool:
    """Whether a claim is the newest of its patient and month."""
    newest = claims.find_latest(session, practice_id, claim.patient_id, claim.month)
    return newest is None or newest.id == claim.id
