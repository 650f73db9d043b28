"""Compares what we sent with what the EHR stored: a 201 is no proof that content was kept."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ccm_fhir.fhir.json import Json

_SERVERS_OWN = frozenset({"id", "meta", "text", "implicitRules", "language", "contained"})


def differences(sent: Json, stored: Json) -> tuple[str, ...]:
    """Return the elements that were dropped or altered, as paths without values.

    What the server adds is its own affair; what we sent must come back.
    """
    return tuple(
        path
        for key, value in sent.items()
        if key not in _SERVERS_OWN
        for path in _differences(key, value, stored.get(key))
    )


def is_held(name: str, sent: object, stored: object) -> bool:
    """Whether an element's value is there as we sent it, with whatever a server may have added."""
    return not _differences(name, sent, stored)


def _differences(path: str, sent: object, stored: object) -> tuple[str, ...]:
    if stored is None:
        return (path,)
    if isinstance(sent, dict) and isinstance(stored, dict):
        return tuple(
            found
            for key, value in sent.items()
            if not (key == "data" and stored.get("url") and "data" not in stored)
            for found in _differences(f"{path}.{key}", value, stored.get(key))
        )
    if isinstance(sent, list) and isinstance(stored, list):
        if len(stored) < len(sent):
            return (path,)
        return tuple(
            found
            for place, value in enumerate(sent)
            for found in _differences(f"{path}[{place}]", value, stored[place])
        )
    return () if _is_same(path, sent, stored) else (path,)


def _is_same(path: str, sent: object, stored: object) -> bool:
    if isinstance(sent, bool) or isinstance(stored, bool):
        return sent is stored
    if isinstance(sent, int | float | Decimal) and isinstance(stored, int | float | Decimal):
        return Decimal(str(sent)) == Decimal(str(stored))
    if isinstance(sent, str) and isinstance(stored, str):
        return sent == stored or _same_reference(path, sent, stored) or _same_moment(sent, stored)
    return False


def _same_reference(path: str, sent: str, stored: str) -> bool:
    return path.endswith(".reference") and stored.endswith("/" + sent)


def _same_moment(sent: str, stored: str) -> bool:
    try:
        return datetime.fromisoformat(sent) == datetime.fromisoformat(stored)
    except (ValueError, TypeError):
        return False
