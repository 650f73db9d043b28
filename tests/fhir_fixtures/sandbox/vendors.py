"""Sandbox EHRs with a vendor's profile on loopback, each with one demo patient, and a token."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.discovery import SmartConfiguration, discover
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import delivery_scopes
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    Stamp,
    TokenEndpoint,
    client_credentials,
)
from tests.services.loopback_ehr import KEY, Clock, Ehr, cast, running_ehr
from tests.services.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.fhir.grants import TokenGrant
    from fhir_fixtures.sandbox.faults.plan import FaultPlan
    from fhir_fixtures.sandbox.profiles.shape import Profile
    from fhir_fixtures.sandbox.settings import SandboxSettings

OURS = "https://ours.example/identifier"
MORE = " ".join(
    f"system/{name}.crus"
    for name in ("ChargeItem", "Claim", "DocumentReference", "Observation", "QuestionnaireResponse")
)


@dataclass(frozen=True)
class Site:
    """One running EHR as the product meets it, and as any HTTP client does."""

    ehr: Ehr
    gate: OutgoingGate
    config: SmartConfiguration
    grant: TokenGrant
    patient_id: str

    @property
    def client(self) -> FhirClient:
        return FhirClient(
            gate=self.gate, base_url=self.ehr.base, access_token=self.grant.access_token
        )

    def http(self, method: str, path: str, **options: Any) -> httpx2.Response:  # noqa: ANN401
        """Ask as plainly as can be; the token and JSON go along."""
        headers = {
            "Authorization": f"Bearer {self.grant.access_token}",
            "Content-Type": "application/fhir+json",
            **options.pop("headers", {}),
        }
        with httpx2.Client(trust_env=False) as http:
            return http.request(method, f"{self.ehr.base}/{path}", headers=headers, **options)

    def faults(self, method: str = "GET", **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """Ask the control endpoint."""
        with httpx2.Client(trust_env=False) as http:
            answer = http.request(method, f"{self.ehr.origin}/faults", **options)
        shown: dict[str, Any] = answer.json()
        return shown


def _like(
    settings: SandboxSettings, profile: Profile | None, faults: FaultPlan | None
) -> SandboxSettings:
    return replace(settings, profile=profile, faults=faults, fault_control=faults is not None)


@contextmanager
def running_site(
    profile: Profile | None = None,
    *,
    faults: FaultPlan | None = None,
    patients: int = 1,
    scopes: str = "",
) -> Iterator[Site]:
    """Run a sandbox EHR and hold a backend token of it."""
    practice = cast(patients)
    like = partial(_like, profile=profile, faults=faults)
    with running_ehr(practice, Clock(), like=like) as ehr:
        gate = OutgoingGate(
            origins=frozenset({Origin.of(ehr.origin)}), allow_loopback_http=True, transport=Wire()
        )
        try:
            config = discover(gate, ehr.base)
            credentials = ClientCredentials(
                client_id="ccm-fhir", method=ClientAuthMethod.PRIVATE_KEY_JWT, key=KEY
            )
            grant = client_credentials(
                TokenEndpoint(gate=gate, url=config.token_endpoint, credentials=credentials),
                scope=scopes or f"{delivery_scopes(config.capabilities)} {MORE}",
                stamp=Stamp(now=ehr.clock(), jti=str(uuid4())),
            )
            yield Site(
                ehr=ehr,
                gate=gate,
                config=config,
                grant=grant,
                patient_id=practice.cast[0].patient_id,
            )
        finally:
            gate.close()


def procedure(site: Site, value: str = "one", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an interval of work."""
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "identifier": [{"system": OURS, "value": value}],
        "code": {"text": "Care management"},
        "subject": {"reference": f"Patient/{site.patient_id}"},
        "reasonCode": [{"text": "Diabetes"}],
        "note": [{"text": "Called the pharmacy."}],
        **changes,
    }
