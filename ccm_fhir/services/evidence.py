"""The resources that a conclusion rests on, opened one at a time as the EHR has them now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    LaunchError,
    NotFoundError,
)
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.extract import extract_for
from ccm_fhir.fhir.readable import indented, readable
from ccm_fhir.services.evidence_paths import evidence_key, known_refs
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.patient_month import PatientBanner
from ccm_fhir.services.review import banner_of
from ccm_fhir.services.sessions import Visit
from ccm_fhir.services.user_tokens import user_client
from ccm_fhir.storage import audit
from ccm_fhir.storage.audit import AuditEntry

_GONE = frozenset({404, 410})
_REFUSED = frozenset({401, 403})


class EvidenceProblem(StrEnum):
    """Why a resource cannot be shown."""

    NOT_KNOWN = "not_known"
    GONE = "gone"
    REFUSED = "refused"
    REAUTHORISE = "reauthorise"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    ANOTHER_PATIENT = "another_patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceShown:
    """One resource as the EHR has it now; ``problem`` says why there is none.

    ``version_read`` is the version that the chart was read with; ``facts`` are its elements in
    words, those first that matter most; ``source`` is the whole of it as indented JSON.
    """

    patient: PatientBanner
    practice_name: str
    resource_type: str
    resource_id: str = field(repr=False)
    version_read: str = ""
    version_now: str = ""
    changed_at: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    source: str = field(default="", repr=False)
    problem: EvidenceProblem | None = None


def show_evidence(
    world: Installation, visit: Visit, key: str, month: ServiceMonth, now: datetime
) -> EvidenceShown:
    """Read one resource with the person's own token; the looking is audited, also if it fails.

    Raises:
        NotFoundError: the launch has no patient.
    """
    if visit.patient_id is None:
        raise NotFoundError("patient")
    with world.db.write(visit.actor.practice_id) as session:
        gathered = gather(world, session, visit.actor.practice_id, visit.patient_id, month)
        entry = AuditEntry(
            act="view_evidence", user_id=visit.actor.user_id, patient_id=visit.patient_id
        )
        audit.append(session, world.audit_key, visit.actor.practice_id, entry, world.clock())
    today = now.astimezone(gathered.practice.zone).date()
    ref = _ref_of(gathered, key)
    shown = EvidenceShown(
        patient=banner_of(gathered.patient, today),
        practice_name=gathered.practice.name,
        resource_type="" if ref is None else ref.resource_type,
        resource_id="" if ref is None else ref.resource_id,
        version_read="" if ref is None else ref.version_id,
    )
    found = EvidenceProblem.NOT_KNOWN if ref is None else _read(world, visit, gathered, ref)
    if isinstance(found, EvidenceProblem):
        return replace(shown, problem=found)
    return replace(
        shown,
        version_now=found.version_id,
        changed_at=found.last_updated,
        facts=readable(found),
        source=indented(found),
    )


def _read(
    world: Installation, visit: Visit, gathered: Gathered, ref: EvidenceRef
) -> Resource | EvidenceProblem:
    try:
        client = user_client(world, visit.actor.practice_id, visit.reading.grant_id)
        resource = client.read(ref.resource_type, ref.resource_id)
        resource.json()
    except EhrHttpError as refusal:
        return _because(refusal.status)
    except EhrUnreachableError:
        return EvidenceProblem.UNREACHABLE
    except LaunchError:
        return EvidenceProblem.REAUTHORISE
    except EhrFormatError:
        return EvidenceProblem.UNREADABLE
    if extract_for(resource.raw, client.base_url).patient != gathered.patient.ref:
        return EvidenceProblem.ANOTHER_PATIENT
    return resource


def _because(status: int) -> EvidenceProblem:
    if status in _GONE:
        return EvidenceProblem.GONE
    return EvidenceProblem.REFUSED if status in _REFUSED else EvidenceProblem.UNREACHABLE


def _ref_of(gathered: Gathered, key: str) -> EvidenceRef | None:
    practice, patient_id = gathered.practice, gathered.patient.id
    known = ((ref, evidence_key(practice, patient_id, ref)) for ref in known_refs(gathered))
    return next((ref for ref, its_key in known if its_key == key), None)
