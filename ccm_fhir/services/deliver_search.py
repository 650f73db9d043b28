"""Looks whether the EHR holds a resource of ours already, by whatever it lets one search.

By our identifier where it is searched or shown; where the EHR does not keep it, and a try of ours
may have been written, by a fingerprint of patient, interval, code and person.
"""

from __future__ import annotations

from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.client import FhirClient, carries_identifier
from ccm_fhir.fhir.fingerprint import bears_other_identifier, is_alike
from ccm_fhir.fhir.json import Json
from ccm_fhir.services.deliver_try import Try
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage import deliveries

_PATIENT = "Patient/"
_CONTEXT = "context"
_STATUS = "-status"


def can_search(one: Try) -> bool:
    """Whether the EHR lets one search the type, as far as it is known."""
    capability = capability_of(one.ehr)
    if one.is_operation:
        return _may_settle_an_operation(one, capability)
    return capability is None or capability.allows(one.record.resource_type.value, "search-type")


def find(one: Try, client: FhirClient) -> tuple[Resource, ...]:
    """Return every resource of the EHR that is, or by its fingerprint must be, this one.

    Raises:
        as ``FhirClient.search``.
    """
    record = one.record
    body = one.content()
    parameters = _parameters(one, body)
    shown = client.search(
        record.resource_type.value, parameters, strictly="identifier" in parameters
    )
    ours = tuple(
        each
        for each in shown
        if carries_identifier(each, record.identifier_system, record.identifier)
    )
    if ours or record.tries == 0:
        return ours
    taken = _taken(one)
    return tuple(
        each
        for each in shown
        if each.id not in taken
        and not bears_other_identifier(each.json(), record.identifier_system, record.identifier)
        and is_alike(body, each.json())
    )


def _parameters(one: Try, body: Json) -> dict[str, str]:
    capability = capability_of(one.ehr)
    kind = one.record.resource_type.value
    token = f"{one.record.identifier_system}|{one.record.identifier}"
    if capability is None:
        return {"identifier": token}
    known = capability.of(kind).search_params | capability.common_search_params
    if one.is_operation:
        return _of_context(body, known)
    parameters: dict[str, str] = {}
    patient = _patient_of(body)
    if patient and "patient" in known:
        parameters["patient"] = patient
    if "identifier" in known or not parameters:
        parameters["identifier"] = token
    return parameters


def _may_settle_an_operation(one: Try, capability: Capability | None) -> bool:
    """Whether a search could tell of a charge without our identifier, once a try is in doubt."""
    if capability is None or one.record.tries == 0:
        return False
    kind = one.record.resource_type.value
    known = capability.of(kind).search_params | capability.common_search_params
    return capability.allows(kind, "search-type") and _CONTEXT in known


def _of_context(body: Json, known: frozenset[str]) -> dict[str, str]:
    """Return the search for an Encounter's charges.

    Oracle Health (ChargeItem page of its R4 API, "Search"): by context, with ``-status=billable``.
    """
    context = body.get(_CONTEXT)
    target = str(context.get("reference", "")) if isinstance(context, dict) else ""
    parameters = {_CONTEXT: target.rpartition("/")[2]}
    return parameters | ({_STATUS: "billable"} if _STATUS in known else {})


def _patient_of(body: Json) -> str:
    for name in ("subject", "patient"):
        subject = body.get(name)
        if isinstance(subject, dict):
            reference = str(subject.get("reference", ""))
            if reference.startswith(_PATIENT):
                return reference.removeprefix(_PATIENT)
    return ""


def _taken(one: Try) -> frozenset[str]:
    """The resources that other deliveries of ours are known by."""
    with one.world.db.read(one.record.practice_id) as session:
        others = deliveries.of_patient(session, one.record.practice_id, one.record.patient_id)
    return frozenset(
        other.remote_id
        for other in others
        if other.resource_type is one.record.resource_type and other.remote_id
    )
