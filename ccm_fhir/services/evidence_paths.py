"""Where a page finds each resource that a conclusion rests on.

An address holds no id of the EHR: each resource of the chart as last read has a key that only
the practice's secret namespace gives, so that nothing else can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid5

from ccm_fhir.domain.consents import RECORDED_CONSENT
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef
from ccm_fhir.domain.plans.versions import RECORDED_CARE_PLAN
from ccm_fhir.services.gather import Gathered
from ccm_fhir.storage.practices import Practice

_CONSENT_PATH = "/consent"
_PLAN_PATH = "/plan"


def evidence_paths(gathered: Gathered) -> dict[str, str]:
    """Return the address within a launch of all that a page may point to, by its reference."""
    practice, patient_id = gathered.practice, gathered.patient.id
    known = {
        str(ref): f"/evidence/{evidence_key(practice, patient_id, ref)}"
        for ref in known_refs(gathered)
    }
    if gathered.material is not None:
        known |= {str(consent.ref): _CONSENT_PATH for consent in gathered.material.consents}
        known |= {f"{RECORDED_CARE_PLAN}/{plan.id}": _PLAN_PATH for plan in gathered.material.plans}
    return known


def evidence_key(practice: Practice, patient_id: str, ref: EvidenceRef) -> str:
    """Return a resource's key: the same while the practice and the patient are."""
    return str(uuid5(UUID(practice.identifier_namespace), f"v1|evidence|{patient_id}|{ref}"))


def known_refs(gathered: Gathered) -> Iterator[EvidenceRef]:
    """Yield what the chart as last read holds, and what was written to the EHR in the month."""
    if gathered.chart is not None:
        yield from _refs_of_chart(gathered.chart.facts)
    for delivery in gathered.deliveries:
        kind, _, remote_id = delivery.remote_ref.partition("/")
        if remote_id:
            yield EvidenceRef(kind, remote_id)


def _refs_of_chart(chart: ChartFacts) -> Iterator[EvidenceRef]:
    for name in ChartFacts.__struct_fields__:
        held = getattr(chart, name)
        for fact in held if isinstance(held, tuple) else (held,):
            ref = getattr(fact, "ref", None)
            if isinstance(ref, EvidenceRef) and ref.resource_type != RECORDED_CONSENT:
                yield ref
