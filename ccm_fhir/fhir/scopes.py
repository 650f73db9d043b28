"""SMART scopes: which we ask for, and what the granted ones allow.

SMART App Launch 2.2, "Scopes for requesting FHIR resources". A discovery document's
``scopes_supported`` is never consulted: real ones do not list resource scopes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

import msgspec

Pairs: TypeAlias = tuple[tuple[str, str], ...]

PERMISSIONS = "cruds"
V2 = "permission-v2"
ANY_CONTEXT = ("patient", "user", "system")

_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]*)\."
    r"(?P<permissions>read|write|\*|c?r?u?d?s?)(?:\?(?P<query>.+))?\Z"
)
_V1 = {"read": frozenset("rs"), "write": frozenset("cud"), "*": frozenset(PERMISSIONS)}

_IDENTITY = ("openid", "fhirUser", "offline_access")
_CHART_TYPES = (
    "Patient",
    "Condition",
    "CarePlan",
    "CareTeam",
    "Goal",
    "Observation",
    "MedicationRequest",
    "AllergyIntolerance",
    "ServiceRequest",
    "Coverage",
    "Consent",
    "QuestionnaireResponse",
    "DocumentReference",
    "Encounter",
    "Procedure",
    "Claim",
    "ExplanationOfBenefit",
)
_PEOPLE_TYPES = ("Practitioner", "PractitionerRole", "Organization")
DELIVERED_TYPES = {"Encounter": "crs", "Procedure": "crs", "Claim": "crs"}


class ResourceScope(msgspec.Struct, frozen=True):
    """One scope on resources; ``query`` narrows it to some of them (``category=…``)."""

    context: str
    resource_type: str
    permissions: frozenset[str]
    query: str = ""


def parse_scopes(text: str) -> frozenset[str]:
    """Split a scope string; an empty one grants nothing."""
    return frozenset(text.split())


def parse_resource_scope(scope: str) -> ResourceScope | None:
    """Read one scope, v2 or v1; None for ``launch``, ``openid`` and what is malformed."""
    match = _SCOPE.match(scope)
    if match is None or not match["permissions"]:
        return None
    named = match["permissions"]
    permissions = _V1[named] if named in _V1 else frozenset(named)
    return ResourceScope(match["context"], match["type"], permissions, match["query"] or "")


def granted_allows(
    scopes: Iterable[str], resource_type: str, permissions: str, context: str = "patient"
) -> bool:
    """Whether scopes allow every one of the permissions on all resources of a type.

    A granular scope (``…?category=…``) covers a part only and so does not allow the whole.

    Args:
        scopes: as granted.
        resource_type: such as ``Condition``.
        permissions: letters of ``cruds``.
        context: ``patient``, ``user`` or ``system``.
    """
    allowed: set[str] = set()
    for scope in scopes:
        read = parse_resource_scope(scope)
        if read is None or read.query or read.context != context:
            continue
        if read.resource_type in {resource_type, "*"}:
            allowed |= read.permissions
    return set(permissions) <= allowed


def any_allows(scopes: Iterable[str], resource_type: str, permissions: str) -> bool:
    """Whether a context of any kind, or a granular scope, allows the permissions.

    For reading: a server which granted a part answers with that part.
    """
    held = tuple(scopes)
    granular = (scope.partition("?")[0] for scope in held)
    return any(
        granted_allows(spread, resource_type, permissions, context)
        for spread in (held, tuple(granular))
        for context in ANY_CONTEXT
    )


def limits_of(scopes: Iterable[str], resource_type: str, permissions: str) -> tuple[Pairs, ...]:
    """Return the parts to which granular scopes limit a type; none where the whole is allowed.

    Each part is the search parameters of one scope, such as ``(("category", "…|laboratory"),)``.
    """
    held = tuple(scopes)
    if any(granted_allows(held, resource_type, permissions, context) for context in ANY_CONTEXT):
        return ()
    read = (parse_resource_scope(scope) for scope in held)
    queries = {
        scope.query
        for scope in read
        if scope is not None
        and scope.query
        and scope.resource_type in {resource_type, "*"}
        and set(permissions) <= scope.permissions
    }
    return tuple(pairs for query in sorted(queries) if (pairs := tuple(parse_qsl(query))))


def covers(limit: Pairs, pairs: Pairs) -> bool:
    """Whether everything that a search finds lies within a granular scope's part."""
    return all(any(_is_same(one, other) for other in pairs) for one in limit)


def _is_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two parameters say the same; a token may be without its system in one of them."""
    if one[0] != other[0]:
        return False
    (system, _, code), (other_system, _, other_code) = (
        value.rpartition("|") for value in (one[1], other[1])
    )
    return code == other_code and (system == other_system or not system or not other_system)


def spelled_scope(scopes: Iterable[str], resource_type: str, limit: Pairs = ()) -> str:
    """Return the scope that reading a patient's type needs, in the spelling that was granted."""
    names = {scope.rpartition("/")[2].partition(".")[2].partition("?")[0] for scope in scopes}
    if names & set(_V1) and not limit:
        return f"patient/{resource_type}.read"
    query = "&".join(f"{name}={value}" for name, value in limit)
    return f"patient/{resource_type}.rs" + (f"?{query}" if query else "")


def launch_scopes(capabilities: Iterable[str], *, standalone: bool = False) -> str:
    """Return the scopes that a launch asks for: one chart, and who is looking at it.

    Args:
        capabilities: of the discovery document; without ``permission-v2``, v1 scopes are used.
        standalone: whether to ask the EHR for a patient instead of taking its launch context.
    """
    context = "launch/patient" if standalone else "launch"
    spell = _speller(capabilities)
    chart = [spell("patient", kind, "rs") for kind in _CHART_TYPES]
    people = [spell("user", kind, "rs") for kind in _PEOPLE_TYPES]
    return " ".join((*_IDENTITY, context, *chart, *people))


def delivery_scopes(
    capabilities: Iterable[str], written: Mapping[str, str] = DELIVERED_TYPES
) -> str:
    """Return the scopes of our own token: to read a panel, and to write what was signed.

    ``written`` are the letters asked for each type that some way into this EHR writes.
    """
    spell = _speller(capabilities)
    asked = [spell("system", kind, letters) for kind, letters in written.items()]
    read = [
        spell("system", kind, "rs")
        for kind in (*_CHART_TYPES, *_PEOPLE_TYPES)
        if kind not in written
    ]
    return " ".join((*asked, *read))


def population_scopes(
    capabilities: Iterable[str],
    types: Iterable[str],
    *,
    any_type: bool = False,
    also: Iterable[str] = (),
) -> str:
    """Return the scopes of a sweep: to read some types of everybody, and the groups they are in.

    ``any_type`` asks for all types at once, for a server that exports to nobody with less.
    """
    spell = _speller(capabilities)
    kinds = ("*",) if any_type else ("Group", *sorted(types))
    return " ".join((*(spell("system", kind, "rs") for kind in kinds), *also))


class _Speller:
    def __init__(self, *, v2: bool) -> None:
        self._v2 = v2

    def __call__(self, context: str, resource_type: str, permissions: str) -> str:
        if self._v2:
            ordered = "".join(letter for letter in PERMISSIONS if letter in permissions)
            return f"{context}/{resource_type}.{ordered}"
        reads, writes = set(permissions) & _V1["read"], set(permissions) & _V1["write"]
        named = [word for word, wanted in (("read", reads), ("write", writes)) if wanted]
        return " ".join(f"{context}/{resource_type}.{word}" for word in named)


def _speller(capabilities: Iterable[str]) -> _Speller:
    return _Speller(v2=V2 in set(capabilities))
