"""The vendor without ways of its own: everything the gateway and the server offer, as they do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.gateway.outcome import Reply

Stored = Callable[[Interaction], Awaitable[dict[str, Any] | None]]


class Vendor:
    """What a vendor may change about a request and its answer; here, nothing."""

    gathers_pages = False
    speaks_v1 = False

    def check(self, client_id: str, accept: str) -> None:
        """Turn a request away before it is understood.

        Raises:
            RefusedError: too many, or a format that is not spoken.
        """

    def check_bundle(self, bundle_type: str) -> None:
        """Turn a batch or transaction away.

        Raises:
            RefusedError: this EHR takes none.
        """

    def operation(self, method: str, target: str, content: bytes | None) -> Interaction | None:
        """The interaction behind an operation of the vendor's; None where it is no operation.

        Raises:
            RefusedError: its parameters cannot be used.
        """

    async def admit(self, interaction: Interaction, stored: Stored) -> Interaction:
        """The interaction as the FHIR server shall see it.

        Args:
            interaction: as the app wants it.
            stored: reads the resource that an update is about.

        Raises:
            RefusedError: this EHR does not offer it.
        """
        del stored
        return interaction

    def answer(self, asked: Interaction, reply: Reply) -> Reply:
        """The reply as this EHR words it."""
        del asked
        return reply

    def statement(self, upstream: dict[str, Any], base: str) -> dict[str, Any]:
        """The CapabilityStatement, given the server's own."""
        del base
        return upstream

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """The smart-configuration, given the sandbox's own."""
        return document

    def issuer(self, origin: str) -> str:
        """The `iss` of its id tokens."""
        return origin

    def granted(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """What it grants of scopes that could be granted."""
        return scopes

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Those headers of an app's request that it heeds."""
        return dict(headers)
