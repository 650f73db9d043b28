"""What a sweep reads: the files of an export, cut into ranges of bytes.

And into how many parts the patients are sorted. Nothing of it depends on how many processes work.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import msgspec

from ccm_fhir.errors import InputError
from ccm_fhir.population.asking import Asking

RANGE_BYTES = 64 * 1024 * 1024
PARTITION_BYTES = 48 * 1024 * 1024  # of input; of it some twentieth is kept
_MOST_PARTITIONS = 1024
_INFLATION = 12  # how far a compressed export grows, roughly
_PLAIN = (".ndjson", ".jsonl")
_COMPRESSED = tuple(f"{ending}.gz" for ending in _PLAIN)


class ExportFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an export, as it was when the sweep was planned."""

    path: str
    size: int
    changed_ns: int

    @property
    def is_compressed(self) -> bool:
        """Whether it is gzip, by its name."""
        return self.path.lower().endswith(_COMPRESSED)


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one file that begin within a stretch of its bytes; of gzip the whole file."""

    number: int
    path: str
    start: int
    end: int
    is_compressed: bool


class SweepPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the results depend on; a work folder holds the work of one plan.

    ``asked_types`` were asked for patient by patient: that none is there is an answer.
    """

    asking: Asking
    files: tuple[ExportFile, ...]
    range_bytes: int
    partitions: int
    versions: tuple[str, ...]
    asked_types: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        """The size of the export as it lies on disk."""
        return sum(file.size for file in self.files)

    def ranges(self) -> Iterator[Range]:
        """Yield the ranges of the export, in order."""
        number = 0
        for file in self.files:
            step = max(file.size, 1) if file.is_compressed else self.range_bytes
            for start in range(0, file.size, step):
                yield Range(
                    number=number,
                    path=file.path,
                    start=start,
                    end=min(start + step, file.size),
                    is_compressed=file.is_compressed,
                )
                number += 1


def plan_sweep(
    folder: Path, asking: Asking, versions: tuple[str, ...], *, range_bytes: int = RANGE_BYTES
) -> SweepPlan:
    """Plan the sweep of a folder's NDJSON files, those in folders within it too.

    Raises:
        InputError: the folder is not there, cannot be read, or holds no NDJSON file.
    """
    files = files_in(folder)
    total = sum(file.size * (_INFLATION if file.is_compressed else 1) for file in files)
    return SweepPlan(
        asking=asking,
        files=files,
        range_bytes=range_bytes,
        partitions=parts_for(total),
        versions=versions,
    )


def parts_for(total_bytes: int, *, fewest: int = 1) -> int:
    """Return into how many parts the patients of so many bytes of lines are sorted."""
    return min(max(fewest, ceil(total_bytes / PARTITION_BYTES)), _MOST_PARTITIONS)


def files_in(folder: Path) -> tuple[ExportFile, ...]:
    """Return the NDJSON files of a folder, in order of their paths; raises InputError."""
    if not folder.is_dir():
        raise InputError("--ndjson", "is not a folder")
    endings = _PLAIN + _COMPRESSED
    try:
        paths = sorted(
            path
            for path in folder.rglob("*")
            if path.name.lower().endswith(endings) and path.is_file()
        )
        found = tuple(_described(path) for path in paths)
    except OSError as problem:
        raise InputError("--ndjson", problem.strerror or "cannot be read") from None
    if not found:
        raise InputError("--ndjson", f"holds no file that ends in {', '.join(endings)}")
    return found


def _described(path: Path) -> ExportFile:
    status = path.stat()
    return ExportFile(path=str(path.resolve()), size=status.st_size, changed_ns=status.st_mtime_ns)
