"""Changes a resource that others may have changed too: nothing that they wrote is lost.

Three ways: what we wrote before, what the server has now, and what we would write. Only what we
wrote ourselves is replaced or taken out. To be sent with ``If-Match`` of the stored version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ccm_fhir.fhir.compare import is_held
from ccm_fhir.fhir.json import Json

_SERVERS_OWN = frozenset({"id", "meta"})
_NARRATIVE = "text"
_ADDED_BY_SERVERS = frozenset({"id", "display", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The resource to send; ``kept`` names elements of ours that somebody else has changed."""

    resource: Json
    kept: tuple[str, ...]


def merged(before: Sequence[Json], stored: Json, wanted: Json) -> Merged:
    """Return the stored resource with our changes, everything of others kept as it stands.

    Args:
        before: what we wrote last and, after it, whatever we tried to write without an answer.
        stored: what the server has.
        wanted: what we would have it say.
    """
    resource, kept = dict(stored), []
    for name in dict.fromkeys((*wanted, *(each for one in before for each in one))):
        if name in _SERVERS_OWN:
            continue
        old, now, new = [one.get(name) for one in before], stored.get(name), wanted.get(name)
        if isinstance(now, list) or isinstance(new, list):
            made: object = _merged_list(name, old, _entries(now), _entries(new))
        elif new is not None and is_held(name, new, now):
            made = now
        elif now is None or _is_ours(name, old, now):
            made = new
        else:
            made = now
            kept.append(name)
        if made is None or made == []:
            resource.pop(name, None)
        else:
            resource[name] = made
    return Merged(resource=resource, kept=tuple(kept))


def missing(wanted: Json, stored: Json) -> tuple[str, ...]:
    """Return the elements that do not say what we want, whatever else they say, by name."""
    return tuple(
        name
        for name, new in wanted.items()
        if name not in _SERVERS_OWN
        and name != _NARRATIVE
        and not _is_all_there(name, new, stored.get(name))
    )


def _is_all_there(name: str, new: object, now: object) -> bool:
    if not isinstance(new, list):
        return is_held(name, new, now)
    return all(any(is_held(name, one, each) for each in _entries(now)) for one in _entries(new))


def _is_ours(name: str, old: list[object], now: object) -> bool:
    """Whether a value is one that we wrote; a generated narrative holds nobody's own words."""
    if name == _NARRATIVE and isinstance(now, dict) and now.get("status") == "generated":
        return True
    return any(one is not None and is_held(name, one, now) for one in old)


def _merged_list(
    name: str, old: list[object], stored: list[object], wanted: list[object]
) -> list[object]:
    """Return others' entries as they stand, and ours as they should be.

    An entry of ours to which somebody has added something is theirs, too, and stays.
    """
    ours = [entry for one in old for entry in _entries(one)]
    dropped = [entry for entry in ours if entry not in wanted]
    left = [
        now
        for now in stored
        if any(is_held(name, new, now) for new in wanted)
        or not any(is_held(name, entry, now) and not _adds(now, entry) for entry in dropped)
    ]
    return [*left, *(new for new in wanted if not any(_is_that(name, new, now) for now in left))]


def _is_that(name: str, new: object, now: object) -> bool:
    """Whether an entry is there: as we want it, or under its own id as somebody changed it."""
    if isinstance(new, dict) and isinstance(now, dict) and "id" in new:
        return bool(new["id"] == now.get("id"))
    return is_held(name, new, now)


def _adds(now: object, ours: object) -> bool:
    """Whether a stored value says more than ours, beyond what servers add by themselves."""
    if isinstance(now, dict) and isinstance(ours, dict):
        return any(
            _adds(value, ours[name]) if name in ours else name not in _ADDED_BY_SERVERS
            for name, value in now.items()
        )
    if isinstance(now, list) and isinstance(ours, list):
        return len(now) > len(ours) or any(map(_adds, now, ours))
    return False


def _entries(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
