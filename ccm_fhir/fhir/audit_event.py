"""Lines of the audit trail as FHIR R4 AuditEvents, in the shape of IHE's basic audit patterns.

https://hl7.org/fhir/R4/auditevent.html and https://profiles.ihe.net/ITI/BALP. Event codes are
DICOM's (PS3.16, CID 400 to 403). Each event carries its place in the chain and the chain's
hash there, so that a copy can be compared with the trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ccm_fhir.fhir.json import Json

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_OBJECT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"

# At the end of an act: the system's administrator did it at the command line, under no account.
BY_COMMAND = "(command line)"
_RECORD = ("110110", "Patient Record")
_SIGNING_IN = ("110114", "User Authentication")
_SECURITY = ("110113", "Security Alert")
# Act of ours -> DICOM event, and FHIR's action: C create, R read, U update, E execute.
_EVENTS: Mapping[str, tuple[tuple[str, str], str]] = {
    "launch": (_SIGNING_IN, "E"),
    "sign_out": (_SIGNING_IN, "E"),
    "end_sessions": (_SECURITY, "E"),
    "grant_withdrawn": (_SIGNING_IN, "E"),
    "read_chart": (_RECORD, "R"),
    "view_patient": (_RECORD, "R"),
    "open_patient": (_RECORD, "R"),
    "view_consent": (_RECORD, "R"),
    "view_evidence": (_RECORD, "R"),
    "view_timer": (_RECORD, "R"),
    "give_card": (_RECORD, "R"),
    "view_month": (("110112", "Query"), "R"),
    "view_sign_list": (("110112", "Query"), "R"),
    "view_mdm_inbox": (("110112", "Query"), "R"),
    "close_month": (("110112", "Query"), "R"),
    "sweep_population": (("110112", "Query"), "R"),
    "view_locks": (_RECORD, "R"),
    "lock_month": (_RECORD, "U"),
    "unlock_month": (_RECORD, "U"),
    "record_time": (_RECORD, "C"),
    "void_time": (_RECORD, "U"),
    "sign_month": (_RECORD, "C"),
    "record_consent": (_RECORD, "C"),
    "review_condition": (_RECORD, "C"),
    "attest_mdm": (_RECORD, "C"),
    "except_month": (_RECORD, "C"),
    "place_patient": (_RECORD, "C"),
    "export_audit": (("110106", "Export"), "R"),
    "export_packet": (("110106", "Export"), "R"),
    "file_claims": (("110112", "Query"), "R"),
    "file_claim": (("110106", "Export"), "R"),
    "write_claim_file": (("110106", "Export"), "R"),
    "export_claim_file": (("110106", "Export"), "R"),
    "list_claims": (("110112", "Query"), "R"),
    "read_answer": (("110107", "Import"), "C"),
    "load_remittance": (("110107", "Import"), "C"),
    "list_payments": (("110112", "Query"), "R"),
    "set_billing": (_SECURITY, "U"),
    "set_trading_partner": (_SECURITY, "U"),
    "name_practitioner": (_SECURITY, "U"),
    "add_practice": (_SECURITY, "C"),
    "add_ehr": (_SECURITY, "C"),
    "set_ehr_client": (_SECURITY, "U"),
    "disconnect_ehr": (_SECURITY, "U"),
    "reconnect_ehr": (_SECURITY, "U"),
    "set_ehr_quota": (_SECURITY, "U"),
    "add_cds_client": (_SECURITY, "C"),
    "rotate_keys": (_SECURITY, "C"),
    "reseal_secrets": (_SECURITY, "U"),
    "load_fees": (_SECURITY, "U"),
    "change_practice": (_SECURITY, "U"),
    "attest_practice": (_SECURITY, "U"),
    "add_location": (_SECURITY, "C"),
    "change_location": (_SECURITY, "U"),
    "default_location": (_SECURITY, "U"),
    "close_location": (_SECURITY, "U"),
    "reopen_location": (_SECURITY, "U"),
    "set_charge": (_SECURITY, "U"),
    "set_timer_policy": (_SECURITY, "U"),
    "set_role": (_SECURITY, "U"),
    "set_billing_identity": (_SECURITY, "U"),
    "check_connection": (_SECURITY, "E"),
    "emergency_opened": (_SECURITY, "E"),
    "emergency_view": (_SECURITY, "R"),
}
_ANY = (_RECORD, "E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One line of the trail; ``person`` and ``patient`` are FHIR references, or empty."""

    id: str
    act: str
    at: datetime
    sequence: int
    chain_hash: str
    person: str = ""
    patient: str = ""


def audit_event(line: Audited, *, base_url: str) -> Json:
    """Return a line as an AuditEvent resource; ``base_url`` names the app as its source."""
    (code, display), action = _EVENTS.get(line.act.partition(" ")[0], _ANY)
    system = f"{base_url}/audit-act"
    return {
        "resourceType": "AuditEvent",
        "id": line.id,
        "type": {"system": _DICOM, "code": code, "display": display},
        "subtype": [{"system": system, "code": line.act}],
        "action": action,
        "recorded": line.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": "0",
        "agent": [_agent(line)],
        "source": {
            "observer": {"display": "ccm-fhir", "identifier": {"value": base_url}},
            "type": [{"system": _SOURCE_TYPE, "code": "4", "display": "Application Server"}],
        },
        "entity": _entities(line),
    }


def _agent(line: Audited) -> Json:
    if line.person:
        return {"who": {"reference": line.person}, "requestor": True}
    if line.act.endswith(BY_COMMAND):
        return {"who": {"display": "command line"}, "requestor": True}
    return {"who": {"display": "the app itself"}, "requestor": False}


def _entities(line: Audited) -> list[Json]:
    place: Json = {
        "what": {"display": "audit trail"},
        "type": {"system": _OBJECT_TYPE, "code": "2", "display": "System Object"},
        "detail": [
            {"type": "sequence", "valueString": str(line.sequence)},
            {"type": "hash", "valueString": line.chain_hash},
        ],
    }
    if not line.patient:
        return [place]
    patient: Json = {
        "what": {"reference": line.patient},
        "type": {"system": _OBJECT_TYPE, "code": "1", "display": "Person"},
        "role": {"system": _OBJECT_ROLE, "code": "1", "display": "Patient"},
    }
    return [patient, place]
