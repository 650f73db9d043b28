"""Resources that an EHR said were deleted, in a kept copy of several exports laid over each other.

Each export is a folder, in order of their names; what one says was deleted voids the lines of the
folders up to it, and not those of a later one, in which it may be back.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ccm_fhir.errors import InputError
from ccm_fhir.population.mapping import LINE_BITS
from ccm_fhir.population.plan import SweepPlan

DELETED_FILE = "deleted.json"
Keys = Iterable[tuple[str, str]]
_decode = msgspec.json.Decoder(list[tuple[str, str]]).decode


def write_deleted(folder: Path, deleted: Keys) -> None:
    """Write what one export says was deleted, as types and ids."""
    draft = folder / f"{DELETED_FILE}.draft"
    draft.write_bytes(msgspec.json.encode(sorted(deleted)))
    draft.replace(folder / DELETED_FILE)


def deletions_in(folder: Path, plan: SweepPlan) -> dict[tuple[str, str], int]:
    """Return what the exports of a folder say was deleted, each with the place that it voids.

    Raises:
        InputError: a list cannot be read.
    """
    ends = [(Path(stretch.path).parent, stretch.number + 1) for stretch in plan.ranges()]
    found: dict[tuple[str, str], int] = {}
    for path in sorted(folder.resolve().rglob(DELETED_FILE)):
        until = max((end for parent, end in ends if parent <= path.parent), default=0)
        try:
            keys = _decode(path.read_bytes())
        except (OSError, msgspec.DecodeError):
            raise InputError("--ndjson", f"holds a {DELETED_FILE} that cannot be read") from None
        for key in keys:
            found[key] = max(found.get(key, 0), until << LINE_BITS)
    return found
