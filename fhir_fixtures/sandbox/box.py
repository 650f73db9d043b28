"""The parts that the sandbox's endpoints share, made once per application."""

from dataclasses import dataclass

from fhir_fixtures.sandbox.oauth.client_keys import ClientKeys
from fhir_fixtures.sandbox.oauth.signing import Signer
from fhir_fixtures.sandbox.oauth.vault import Vault
from fhir_fixtures.sandbox.practice_shape import Practice, User
from fhir_fixtures.sandbox.settings import Clock, SandboxSettings
from fhir_fixtures.sandbox.upstream import Upstream
from fhir_fixtures.sandbox.vendor.plain import Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Settings, clock and state of one running sandbox."""

    settings: SandboxSettings
    practice: Practice
    clock: Clock
    upstream: Upstream
    vault: Vault
    signer: Signer
    client_keys: ClientKeys
    vendor: Vendor

    @property
    def issuer(self) -> str:
        """The `iss` of id tokens, and of the discovery documents."""
        return self.vendor.issuer(self.settings.origin)

    def user(self, user_id: str | None) -> User | None:
        """The user of that login."""
        return next((each for each in self.practice.users if each.id == user_id), None)
