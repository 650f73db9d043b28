"""SMART scopes, version 2 and, for vendors that speak it, 1: read, and narrowed to what is granted.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

# Letters in this order, at least one; `?category=…` is the only granular form known here.
_RESOURCE_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)"
    r"\.(?=[cruds])(?P<letters>c?r?u?d?s?)(?:\?(?P<query>.+))?"
)

_V1_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\.(?P<word>read|write|\*)"
)
_V1_LETTERS = {"read": "rs", "write": "cud", "*": "cruds"}

SIGN_IN = frozenset({"openid", "fhirUser", "profile"})
REFRESH = frozenset({"offline_access", "online_access"})
SUPPORTED = (
    *sorted(SIGN_IN),
    "launch",
    "launch/patient",
    *sorted(REFRESH),
    "patient/*.cruds",
    "user/*.cruds",
    "system/*.cruds",
)


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """`context/type.letters`, confined to some categories if any are named.

    A category is a token as in a search: `system|code` or `code`.
    """

    context: str
    resource_type: str
    letters: frozenset[str]
    categories: frozenset[str] | None


def parse_scope(text: str, *, v1: bool = False) -> ResourceScope | None:
    """The scope over resources that the text stands for; None when it is no such scope."""
    older = _V1_SCOPE.fullmatch(text) if v1 else None
    if older:
        letters = frozenset(_V1_LETTERS[older["word"]])
        return ResourceScope(older["context"], older["type"], letters, None)
    match = _RESOURCE_SCOPE.fullmatch(text)
    if not match:
        return None
    categories = None
    if match["query"]:
        pairs = parse_qsl(match["query"])
        if len(pairs) != 1 or pairs[0][0] != "category":
            return None
        categories = frozenset(pairs[0][1].split(","))
    return ResourceScope(match["context"], match["type"], frozenset(match["letters"]), categories)


def grant_to_user(
    requested: str, *, launched: bool, has_patient: bool, v1: bool = False
) -> tuple[str, ...]:
    """What a signed-in user can grant of the requested scopes, in the order requested.

    Args:
        requested: as it came, separated by spaces.
        launched: whether the request carries a launch handle.
        has_patient: whether there is a patient to confine patient/ scopes to.
        v1: whether scopes of version 1 are understood, too.
    """
    general = SIGN_IN | REFRESH | ({"launch"} if launched else set())
    if has_patient:
        general |= {"launch/patient"}
        general |= {"launch/encounter"} if launched else set()
    contexts = {"user", "patient"} if has_patient else {"user"}
    return tuple(
        each
        for each in dict.fromkeys(requested.split())
        if each in general or _is_over_resources(each, contexts, v1=v1)
    )


def grant_to_backend(requested: str, *, v1: bool = False) -> tuple[str, ...]:
    """What a backend service is granted of the requested scopes: system/ only."""
    return tuple(
        each
        for each in dict.fromkeys(requested.split())
        if _is_over_resources(each, {"system"}, v1=v1)
    )


def _is_over_resources(text: str, contexts: set[str], *, v1: bool) -> bool:
    scope = parse_scope(text, v1=v1)
    return scope is not None and scope.context in contexts
