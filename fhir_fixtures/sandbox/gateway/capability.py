"""The CapabilityStatement: the FHIR server's own, less what the gateway closes, plus SMART."""

from typing import Any

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.gateway.interaction import CLOSED_TYPES
from fhir_fixtures.sandbox.oauth import discovery

_OFFERED = {"read", "vread", "update", "patch", "delete", "history-instance", "create"}
_OFFERED |= {"search-type"}
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
_EXPORTED = {"Group": "group-export", "Patient": "patient-export"}


def capability_statement(upstream: dict[str, Any], box: Box) -> dict[str, Any]:
    """What an app can really do here."""
    statement = {name: value for name, value in upstream.items() if name != "messaging"}
    base = box.settings.fhir_base
    implementation = {**statement.get("implementation", {}), "url": base}
    return statement | {
        "url": f"{base}/metadata",
        "implementation": {"description": "Sandbox EHR with synthetic patients"} | implementation,
        "format": ["application/fhir+json", "json"],
        "instantiates": ["http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"],
        "rest": [_rest(each, box) for each in statement.get("rest", [])],
    }


def _rest(rest: dict[str, Any], box: Box) -> dict[str, Any]:
    kept = {name: value for name, value in rest.items() if name != "operation"}
    exports = box.settings.bulk is not None or box.settings.profile is None
    resources = [
        _resource(each, exports=exports)
        for each in rest.get("resource", [])
        if each["type"] not in CLOSED_TYPES
    ]
    if exports:
        kept["operation"] = [_operation("export")]
    return kept | {
        "security": _security(box),
        "resource": resources,
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
    }


def _resource(resource: dict[str, Any], *, exports: bool) -> dict[str, Any]:
    kept = {name: value for name, value in resource.items() if name != "operation"}
    if exports and resource["type"] in _EXPORTED:
        kept["operation"] = [_operation(_EXPORTED[resource["type"]])]
    interactions = resource.get("interaction", [])
    return kept | {"interaction": [each for each in interactions if each.get("code") in _OFFERED]}


def _operation(name: str) -> dict[str, Any]:
    return {"name": "export", "definition": f"{_BULK}/{name}"}


def _security(box: Box) -> dict[str, Any]:
    url = box.settings.url
    return {
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ]
            }
        ],
        "extension": [
            {
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [
                    {"url": "authorize", "valueUri": url(discovery.AUTHORIZE)},
                    {"url": "token", "valueUri": url(discovery.TOKEN)},
                    {"url": "introspect", "valueUri": url(discovery.INTROSPECT)},
                ],
            }
        ],
    }
