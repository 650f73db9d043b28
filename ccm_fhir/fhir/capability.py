"""What a server says it can do: its CapabilityStatement, read for the little that we ask.

FHIR R4 §5.4. What it says is a claim of the server's, not a proof.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import httpx2
import msgspec

from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.gate import OutgoingGate

_READING = "reading its CapabilityStatement"
_US_CORE = re.compile(r"hl7\.fhir\.us\.core\|(?P<version>\d+(?:\.\d+)*)")

# Checked 2026-11: Epic says of CarePlan's category "This is a required search parameter",
# Oracle of dates that "prefix pairs must create a closed range". "It is a required field if
# the _id field is not given" is met by every search of ours, which names the patient.
_REQUIRED = re.compile(r"\bis a required search parameter\b", re.IGNORECASE)
_CLOSED_RANGE = re.compile(r"\bclosed range\b", re.IGNORECASE)


class _Named(msgspec.Struct, frozen=True):
    code: str | None = None
    name: str | None = None
    documentation: str | None = None


class ResourceCapability(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared for one resource type.

    ``required_params`` and ``closed_ranges`` are read from what the statement says in words of
    its search parameters, since it has no other place for it.
    """

    interactions: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    search_params: frozenset[str] = frozenset()
    required_params: frozenset[str] = frozenset()
    closed_ranges: frozenset[str] = frozenset()
    conditional_create: bool = False
    update_create: bool = False
    versioning: str = ""


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """A CapabilityStatement's content; ``digest`` is the SHA-256 of the document as read.

    ``us_core`` is the newest version of US Core that it names, such as ``6.1.0``, or empty.
    ``common_search_params`` hold for every type.
    """

    digest: str
    us_core: str = ""
    fhir_version: str = ""
    software: str = ""
    system_interactions: frozenset[str] = frozenset()
    system_operations: frozenset[str] = frozenset()
    common_search_params: frozenset[str] = frozenset()
    resources: Mapping[str, ResourceCapability] = {}

    def of(self, resource_type: str) -> ResourceCapability:
        """Return what is declared for a type; nothing at all where it is not mentioned."""
        return self.resources.get(resource_type, ResourceCapability())

    def interactions(self, resource_type: str) -> frozenset[str]:
        """Return the interactions of a type, such as ``create`` and ``search-type``."""
        return self.of(resource_type).interactions

    def allows(self, resource_type: str, interaction: str) -> bool:
        """Whether an interaction is declared for a type."""
        return interaction in self.of(resource_type).interactions


class _Resource(msgspec.Struct, frozen=True, rename="camel"):
    type: str | None = None
    interaction: list[_Named] | None = None
    operation: list[_Named] | None = None
    search_param: list[_Named] | None = None
    conditional_create: bool | None = None
    update_create: bool | None = None
    versioning: str | None = None


class _Rest(msgspec.Struct, frozen=True, rename="camel"):
    mode: str | None = None
    resource: list[_Resource] | None = None
    interaction: list[_Named] | None = None
    operation: list[_Named] | None = None
    search_param: list[_Named] | None = None


class _Software(msgspec.Struct, frozen=True):
    name: str | None = None
    version: str | None = None


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str | None = None
    fhir_version: str | None = None
    software: _Software | None = None
    implementation_guide: list[str] | None = None
    instantiates: list[str] | None = None
    rest: list[_Rest] | None = None


def read_capability(gate: OutgoingGate, base_url: str) -> Capability:
    """Fetch and read a server's CapabilityStatement; no token is sent for it.

    Raises:
        EhrHttpError: any status but 200.
        EhrFormatError: not a CapabilityStatement.
        EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    answer = gate.get(base_url.rstrip("/") + "/metadata", what=_READING)
    if answer.status_code != httpx2.codes.OK:
        raise EhrHttpError(_READING, answer.status_code)
    return parse_capability(answer.content)


def parse_capability(body: bytes) -> Capability:
    """Read a CapabilityStatement.

    Raises:
        EhrFormatError: not one.
    """
    try:
        statement = msgspec.json.decode(body, type=_Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(_READING, "it is not a CapabilityStatement in JSON") from None
    if statement.resource_type != "CapabilityStatement":
        raise EhrFormatError(_READING, "it is another resource")
    rests = [rest for rest in statement.rest or () if rest.mode in {None, "server"}]
    software = statement.software or _Software()
    return Capability(
        digest=hashlib.sha256(body).hexdigest(),
        fhir_version=statement.fhir_version or "",
        software=" ".join(part for part in (software.name, software.version) if part),
        us_core=_us_core(
            (*(statement.implementation_guide or ()), *(statement.instantiates or ()))
        ),
        system_interactions=frozenset().union(*(_codes(rest.interaction) for rest in rests)),
        system_operations=frozenset().union(*(_names(rest.operation) for rest in rests)),
        common_search_params=frozenset().union(*(_names(rest.search_param) for rest in rests)),
        resources={
            resource.type: _capability(resource)
            for rest in rests
            for resource in rest.resource or ()
            if resource.type
        },
    )


def _capability(resource: _Resource) -> ResourceCapability:
    return ResourceCapability(
        interactions=_codes(resource.interaction),
        operations=_names(resource.operation),
        search_params=_names(resource.search_param),
        required_params=_names(_saying(_REQUIRED, resource.search_param)),
        closed_ranges=_names(_saying(_CLOSED_RANGE, resource.search_param)),
        conditional_create=resource.conditional_create is True,
        update_create=resource.update_create is True,
        versioning=resource.versioning or "",
    )


def _codes(entries: list[_Named] | None) -> frozenset[str]:
    return frozenset(entry.code for entry in entries or () if entry.code)


def _names(entries: list[_Named] | None) -> frozenset[str]:
    return frozenset(entry.name for entry in entries or () if entry.name)


def _saying(pattern: re.Pattern[str], entries: list[_Named] | None) -> list[_Named]:
    return [entry for entry in entries or () if pattern.search(entry.documentation or "")]


def _us_core(canonicals: Iterable[str]) -> str:
    found = (match["version"] for text in canonicals for match in [_US_CORE.search(text)] if match)
    return max(found, key=_numbers, default="")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
