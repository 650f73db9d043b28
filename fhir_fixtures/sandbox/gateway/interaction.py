"""A FHIR request as an interaction: what is to be done to what, read from method and URL.

https://hl7.org/fhir/R4/http.html. Understood: read, vread, instance history, search (GET and
POST), create, update, patch, delete, the conditional ones, and opaque paging links.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fhir_fixtures.sandbox.gateway.outcome import RefusedError, bad_request, not_supported

LETTERS = {
    "read": "r",
    "vread": "r",
    "history": "r",
    "search": "s",
    "create": "c",
    "update": "u",
    "patch": "u",
    "delete": "d",
}
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# A Subscription would make the server call any address it is given.
CLOSED_TYPES = frozenset({"Subscription", "Parameters", "Bundle"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing an app wants of the FHIR server.

    `resource_id` is None for searches, creates and conditional writes (which carry `params`).
    `operation` is that of a vendor's by which it was asked for, such as `$create`.
    """

    name: str
    method: str
    resource_type: str
    resource_id: str | None = field(default=None, repr=False)
    version_id: str | None = None
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    operation: str = ""

    @property
    def letter(self) -> str:
        """The scope letter it needs."""
        return LETTERS[self.name]

    @property
    def path(self) -> str:
        """The path relative to the FHIR base."""
        parts = [self.resource_type, self.resource_id]
        parts += ["_history"] if self.name in ("vread", "history") else []
        parts += [self.version_id]
        return "/".join(part for part in parts if part)

    @property
    def target(self) -> str:
        """The path, with the parameters of a conditional write."""
        return f"{self.path}?{urlencode(self.params)}" if self.params else self.path

    @property
    def if_none_match(self) -> str | None:
        """The version the app has already, which the gateway itself compares."""
        return self.headers.get("If-None-Match")

    def body(self) -> Any:  # noqa: ANN401 (JSON that the app sent)
        """The content as JSON.

        Raises:
            RefusedError: it is none, or an object names a member twice.
        """
        return read_json(self.content or b"")

    def resource(self) -> dict[str, Any]:
        """The content as a resource of the interaction's type.

        Raises:
            RefusedError: it is none.
        """
        body = self.body()
        if not isinstance(body, dict) or body.get("resourceType") != self.resource_type:
            raise bad_request(f"the body must be a resource of type {self.resource_type}")
        return body


def understand(
    method: str, target: str, *, headers: Mapping[str, str], content: bytes | None
) -> Interaction:
    """The interaction behind a method and a target relative to the FHIR base.

    Raises:
        RefusedError: there is none, or none that this EHR offers.
    """
    parts = urlsplit(target)
    segments = [each for each in parts.path.split("/") if each]
    params = tuple(parse_qsl(parts.query, keep_blank_values=True))
    if not segments or any(each.startswith("$") for each in segments):
        raise not_supported("operations and searches across types are not offered")
    resource_type = segments[0]
    if not _TYPE.fullmatch(resource_type) or resource_type in CLOSED_TYPES:
        raise not_supported("resources of this type are not offered")
    name, resource_id, version_id = _shape(method, segments[1:])
    if name == "search" and method == "POST":
        params += tuple(
            parse_qsl((content or b"").decode(errors="replace"), keep_blank_values=True)
        )
    if name in ("update", "patch", "delete") and resource_id is None and not params:
        raise bad_request("without an id this needs search parameters")
    return Interaction(
        name=name,
        method=method,
        resource_type=resource_type,
        resource_id=resource_id,
        version_id=version_id,
        params=params,
        headers=headers,
        content=content,
    )


def is_fhir_id(text: str) -> bool:
    """Whether a resource may have this id."""
    return bool(_ID.fullmatch(text))


def read_json(content: bytes) -> Any:  # noqa: ANN401 (JSON that the app sent)
    """JSON in which no object names a member twice.

    Two parsers may disagree on which of the two counts, so one could be checked and the
    other stored.

    Raises:
        RefusedError: it is not that.
    """
    try:
        return json.loads(content, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON, or names a member twice") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _shape(method: str, rest: list[str]) -> tuple[str, str | None, str | None]:
    match (method, rest):
        case ("GET" | "POST" | "PUT" | "PATCH" | "DELETE", []):
            return _ON_TYPE[method], None, None
        case ("POST", ["_search"]):
            return "search", None, None
        case ("GET", [identifier, "_history"]) if _ID.fullmatch(identifier):
            return "history", identifier, None
        case ("GET", [identifier, "_history", version]) if _ID.fullmatch(identifier):
            return "vread", identifier, _checked_id(version)
        case ("GET" | "PUT" | "PATCH" | "DELETE", [identifier]) if identifier[:1] != "_":
            return _ON_INSTANCE[method], _checked_id(identifier), None
        case _:
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, "not-supported", "this interaction is not offered"
            )


_ON_INSTANCE = {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_TYPE = {**_ON_INSTANCE, "GET": "search", "POST": "create"}


def _checked_id(identifier: str) -> str:
    if not _ID.fullmatch(identifier):
        raise bad_request("this is not a FHIR id")
    return identifier
