"""Changes a resource that others may have changed too: nothing that they wrote is lost.

Three ways: what we wrote last, what the server has now, and what we would write. Only what we
wrote ourselves is replaced or taken out. To be sent with ``If-Match`` of the stored version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ccm_fhir.fhir.json import Json

_SERVERS_OWN = frozenset({"id", "meta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The resource to send; ``kept`` names elements of ours that somebody else has changed."""

    resource: Json
    kept: tuple[str, ...]


def merged(before: Json, stored: Json, wanted: Json) -> Merged:
    """Return the stored resource with our changes, everything of others kept as it stands."""
    resource, kept = dict(stored), []
    for name in dict.fromkeys((*wanted, *before)):
        if name in _SERVERS_OWN:
            continue
        old, now, new = before.get(name), stored.get(name), wanted.get(name)
        if isinstance(now, list) or isinstance(new, list):
            made: object = _merged_list(_entries(old), _entries(now), _entries(new))
        elif now is None or (old is not None and _holds(now, old)):
            made = new
        else:
            made = now
            if now != new:
                kept.append(name)
        if made is None or made == []:
            resource.pop(name, None)
        else:
            resource[name] = made
    return Merged(resource=resource, kept=tuple(kept))


def _merged_list(before: list[object], stored: list[object], wanted: list[object]) -> list[object]:
    """Return others' entries as they stand, and ours as they should be."""
    dropped = [old for old in before if not any(_holds(new, old) for new in wanted)]
    left = [now for now in stored if not any(_holds(now, old) for old in dropped)]
    return [*left, *(new for new in wanted if not any(_holds(now, new) for now in left))]


def _entries(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _holds(stored: object, ours: object) -> bool:
    """Whether a stored value is ours, with whatever a server may have added to it."""
    if isinstance(stored, dict) and isinstance(ours, dict):
        return all(_holds(stored.get(name), value) for name, value in ours.items())
    if isinstance(stored, list) and isinstance(ours, list):
        return len(stored) >= len(ours) and all(map(_holds, stored, ours))
    return stored == ours
