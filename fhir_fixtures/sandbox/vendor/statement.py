"""The CapabilityStatement that a profile amounts to: what is declared, and nothing hidden."""

from typing import Any

from fhir_fixtures.sandbox.profiles.shape import LETTERS, Profile, TypeRules

_REFERENCES = """
account actor author based-on beneficiary care-manager context encounter general-practitioner
location organization part-of patient payor performer practitioner questionnaire recipient
requester sender service-provider subject target
"""
_DATES = """
_lastUpdated authored authored-on birthdate date issued onset-date period received recorded-date
sent start-date target-date
"""


def statement_of(profile: Profile, base: str, security: dict[str, Any]) -> dict[str, Any]:
    """https://hl7.org/fhir/R4/capabilitystatement.html."""
    statement: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": profile.as_of.isoformat(),
        "kind": "instance",
        "implementation": {
            "description": f"Sandbox EHR with synthetic patients, in the manner of {profile.name}",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": profile.formats,
        "rest": [
            {
                "mode": "server",
                "security": security,
                "resource": [_resource(name, profile) for name in sorted(profile.types)],
                "interaction": [{"code": code} for code in profile.system],
            }
        ],
    }
    return statement | ({"software": profile.software} if profile.software else {})


def _resource(name: str, profile: Profile) -> dict[str, Any]:
    rules: TypeRules = profile.types[name]
    resource: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": LETTERS[letter]} for letter in rules.can],
        "searchParam": [{"name": each, "type": _type_of(each)} for each in rules.by.split()],
        "operation": [
            {"name": each, "definition": f"OperationDefinition/{name}-{each}"}
            for each in rules.operations.split()
        ],
        "versioning": profile.versioning,
        "updateCreate": rules.update_create,
    }
    return {member: value for member, value in resource.items() if value}


def _type_of(parameter: str) -> str:
    if parameter in _REFERENCES.split():
        return "reference"
    return "date" if parameter in _DATES.split() else "token"
