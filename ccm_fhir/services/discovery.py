"""What an EHR says of its authorization server and of itself, kept for a day and read again."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec

from ccm_fhir.errors import EhrUnreachableError, FhirError, LaunchError
from ccm_fhir.fhir.capability import read_capability
from ccm_fhir.fhir.discovery import SmartConfiguration, discover
from ccm_fhir.services.ehr_access import configuration_of, gate_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.ehrs import Discovery, Ehr

_DISCOVERY_LIFE = timedelta(hours=24)


def registered_ehr(world: Installation, iss: str) -> Ehr:
    """Return the EHR of an issuer; LaunchError(unknown_issuer) before anything is sent."""
    with world.db.read() as session:
        for spelling in (iss, iss.rstrip("/"), iss.rstrip("/") + "/"):
            ehr = ehrs.find_by_base(session, spelling)
            if ehr is not None:
                return ehr
    raise LaunchError("unknown_issuer")


def fresh_configuration(world: Installation, ehr: Ehr) -> SmartConfiguration:
    """Return an EHR's configuration, discovered again where the kept one is a day old.

    Its CapabilityStatement, by which charts are asked for, is read again with it; where that
    fails, the kept one goes on to hold.

    Raises:
        LaunchError: ehr_unreachable or ehr_invalid.
    """
    now = world.clock()
    if ehr.discovered_at is not None and now - ehr.discovered_at < _DISCOVERY_LIFE:
        return configuration_of(ehr)
    try:
        config = discover(gate_of(world, ehr), ehr.fhir_base)
    except EhrUnreachableError:
        raise LaunchError("ehr_unreachable") from None
    except FhirError:
        raise LaunchError("ehr_invalid") from None
    if ehr.discovery_json and config.issuer != configuration_of(ehr).issuer:
        raise LaunchError("ehr_invalid")  # whoever answers now is not whom we registered
    with world.db.write(ehr.practice_id) as session:
        ehrs.record_discovery(
            session,
            ehr.practice_id,
            ehr.id,
            Discovery(document_json=document_of(config), pinned_origins=ehr.pinned_origins),
            now,
        )
    _reread_capability(world, ehr)
    return config


def _reread_capability(world: Installation, ehr: Ehr) -> None:
    try:
        capability = read_capability(gate_of(world, ehr), ehr.fhir_base)
    except FhirError:
        return
    document = msgspec.json.encode(capability).decode()
    with world.db.write(ehr.practice_id) as session:
        ehrs.record_capability(session, ehr.practice_id, ehr.id, document, world.clock())


def document_of(config: SmartConfiguration) -> str:
    """Return the part of a discovery document that we keep, as JSON."""
    return json.dumps(
        {
            "issuer": config.issuer,
            "authorization_endpoint": config.authorization_endpoint,
            "token_endpoint": config.token_endpoint,
            "jwks_uri": config.jwks_uri,
            "introspection_endpoint": config.introspection_endpoint,
            "revocation_endpoint": config.revocation_endpoint,
            "capabilities": sorted(config.capabilities),
            "scopes_supported": sorted(config.scopes_supported),
            "grant_types_supported": sorted(config.grant_types),
            "token_endpoint_auth_methods_supported": sorted(config.auth_methods),
            "token_endpoint_auth_signing_alg_values_supported": sorted(config.signing_algs),
            "code_challenge_methods_supported": sorted(config.pkce_methods),
        },
        sort_keys=True,
    )
