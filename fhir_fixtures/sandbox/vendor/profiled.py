"""A vendor as a profile describes it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.gateway.outcome import Reply
from fhir_fixtures.sandbox.profiles.shape import Profile, Refusal, TypeRules
from fhir_fixtures.sandbox.settings import Clock
from fhir_fixtures.sandbox.vendor import writes
from fhir_fixtures.sandbox.vendor.operations import created_by_operation
from fhir_fixtures.sandbox.vendor.plain import Stored, Vendor
from fhir_fixtures.sandbox.vendor.rate import RateLimit
from fhir_fixtures.sandbox.vendor.refusals import VendorRefusedError
from fhir_fixtures.sandbox.vendor.scopes import GrantableScopes
from fhir_fixtures.sandbox.vendor.searches import Searches
from fhir_fixtures.sandbox.vendor.statement import statement_of

_LETTER = {
    "read": "r",
    "vread": "v",
    "history": "h",
    "search": "s",
    "create": "c",
    "update": "u",
    "patch": "p",
    "delete": "d",
}
_WRITES = frozenset({"create", "update", "patch", "delete"})
_SPOKEN = ("json", "*/*", "application/*")


class ProfiledVendor(Vendor):
    """Interprets one profile; what it does not mention is as without one."""

    gathers_pages = True
    speaks_v1 = True

    def __init__(self, profile: Profile, base: str, clock: Clock) -> None:
        self._profile = profile
        self._searches = Searches(profile, base, clock)
        self._scopes = GrantableScopes(profile)
        self._rate = RateLimit(profile.rate, clock) if profile.rate else None

    def check(self, client_id: str, accept: str) -> None:
        """Turn a request away that is one too many, or asks for a format not spoken."""
        if self._rate and self._rate.is_exceeded_by(client_id):
            raise VendorRefusedError(self._profile.refusals.too_many, "too many requests")
        if not any(each in accept for each in _SPOKEN):
            raise VendorRefusedError(self._profile.refusals.not_json, "only JSON is spoken here")

    def check_bundle(self, bundle_type: str) -> None:
        """Turn away the bundles that the profile's system interactions lack."""
        if bundle_type not in self._profile.system:
            raise VendorRefusedError(
                self._profile.refusals.no_interaction, "bundles of this type are not taken"
            )

    def operation(self, method: str, target: str, content: bytes | None) -> Interaction | None:
        """The create behind `ChargeItem/$create`."""
        return created_by_operation(self._profile, method, target, content)

    async def admit(self, interaction: Interaction, stored: Stored) -> Interaction:
        """The interaction with what this vendor takes of it."""
        rules = self._profile.types.get(interaction.resource_type)
        if rules is None:
            raise VendorRefusedError(self._refusal(interaction, known=False), _NOT_HERE)
        if not _is_offered(interaction, rules):
            raise VendorRefusedError(self._refusal(interaction, known=True), _NOT_OFFERED)
        interaction = replace(interaction, headers=self.headers(interaction.headers))
        match interaction.name:
            case "search":
                return self._searches.admitted(interaction, rules)
            case "create":
                return writes.stored_of(interaction, rules, self._profile.refusals)
            case "update":
                return await self._admitted_update(interaction, rules, stored)
            case _:
                return interaction

    def answer(self, asked: Interaction, reply: Reply) -> Reply:
        """The reply with this vendor's pages, statuses, versions and bodies."""
        rules = self._profile.types[asked.resource_type]
        if reply.status == HTTPStatus.PRECONDITION_FAILED and "If-Match" in asked.headers:
            reply = replace(reply, status=self._profile.writing.stale)
        if asked.name == "search":
            reply = self._searches.page(asked, reply, rules)
        if reply.status == HTTPStatus.CREATED and self._profile.writing.answer == "empty":
            reply = replace(reply, resource=None)
        reply = _without_history(reply)
        return reply if self._profile.writing.versions else _without_versions(reply)

    def statement(self, upstream: dict[str, Any], base: str) -> dict[str, Any]:
        """The statement that the profile amounts to."""
        return statement_of(self._profile, base, upstream["rest"][0]["security"])

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with what this vendor omits and words otherwise."""
        said = self._profile.discovery
        omitted = {*said.omits, "authorization_response_iss_parameter_supported"}
        kept = {name: value for name, value in document.items() if name not in omitted}
        return {**kept, **said.replaces, "capabilities": said.capabilities}

    def issuer(self, origin: str) -> str:
        """The issuer, on whatever host the vendor has it."""
        return self._profile.discovery.issuer.replace("{origin}", origin)

    def granted(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """The scopes narrowed to what this vendor has."""
        return self._scopes.of(scopes)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Those that it heeds: no conditional create, and the one precondition it knows."""
        heeded = self._profile.writing.precondition
        unheeded = {"If-None-Exist", "If-Match", "If-Unmodified-Since"} - {heeded}
        return {name: value for name, value in headers.items() if name not in unheeded}

    async def _admitted_update(
        self, update: Interaction, rules: TypeRules, stored: Stored
    ) -> Interaction:
        since = update.headers.get("If-Unmodified-Since")
        if since is None and not rules.updates:
            return update
        before = await stored(update)
        if since is not None and before is not None and _is_newer(before, since):
            refusal = Refusal(status=self._profile.writing.stale, code="conflict")
            raise VendorRefusedError(refusal, "it was changed since")
        return writes.updated(update, before, rules)

    def _refusal(self, interaction: Interaction, *, known: bool) -> Refusal:
        refusals = self._profile.refusals
        if interaction.name in _WRITES and refusals.write:
            return refusals.write
        return refusals.no_interaction if known else refusals.no_type


_NOT_HERE = "resources of this type are not offered"
_NOT_OFFERED = "this interaction is not offered for this type"


def _is_offered(interaction: Interaction, rules: TypeRules) -> bool:
    if interaction.name == "create" and rules.creates_by_operation:
        return bool(interaction.operation)
    return _LETTER[interaction.name] in rules.can + rules.hidden


def _is_newer(resource: dict[str, Any], since: str) -> bool:
    try:
        seen = parsedate_to_datetime(since)
        changed = datetime.fromisoformat(resource["meta"]["lastUpdated"])
    except (ValueError, KeyError):
        return False
    return changed.replace(microsecond=0) > seen


def _without_history(reply: Reply) -> Reply:
    # Oracle's and Canvas's documented answers name the resource, not its first version.
    headers = {name: value.partition("/_history/")[0] for name, value in reply.headers.items()}
    return replace(reply, headers=headers)


def _without_versions(reply: Reply) -> Reply:
    headers = {name: value for name, value in reply.headers.items() if name != "etag"}
    return replace(reply, headers=headers, resource=_unversioned(reply.resource))


def _unversioned(resource: dict[str, Any] | None) -> dict[str, Any] | None:
    if resource is None:
        return None
    bare = dict(resource)
    if isinstance(bare.get("meta"), dict):
        bare["meta"] = {n: v for n, v in bare["meta"].items() if n != "versionId"}
    if bare.get("resourceType") == "Bundle" and "entry" in bare:
        bare["entry"] = [
            {**each, "resource": _unversioned(each["resource"])} if "resource" in each else each
            for each in bare["entry"]
        ]
    return bare
