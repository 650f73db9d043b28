"""The work folder of a sweep: what is finished stays finished, whoever is killed.

It holds one file for each range read and each part judged, and the plan that they belong to. It is
readable by its owner alone, since facts of charts are in it.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ccm_fhir.errors import CcmError, InputError
from ccm_fhir.population.accounting import ReduceTally
from ccm_fhir.population.plan import SweepPlan

_PLAN, _LOCK, _DELETED = "plan.json", "lock", "deleted.json"
EXPORT_STATE = "export.json"
"""What is known of an export that is not yet here; a folder with it in is a sweep's."""


class SweepStorageError(CcmError):
    """A sweep's files cannot be written or read; what is finished is kept for the next run."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"the sweep stopped: {problem}. What is finished is kept: run the same command again "
            "when that is settled, and it goes on from there"
        )


@dataclass(frozen=True, slots=True)
class Work:
    """A work folder in use."""

    folder: Path

    def spill(self, number: int) -> Path:
        """Return the spill file of a range."""
        return self.folder / f"range-{number:07d}.spill"

    def part(self, number: int) -> Path:
        """Return the results of a part."""
        return self.folder / f"part-{number:05d}.ndjson"

    def keep_tally(self, number: int, tally: ReduceTally) -> None:
        """Keep the tally of a part; it is written after the results it is of."""
        draft = self.folder / f"part-{number:05d}.draft"
        draft.write_bytes(msgspec.json.encode(tally))
        draft.replace(self._tally(number))

    def tally(self, number: int) -> ReduceTally | None:
        """Return the tally of a part that is finished; None where it is not."""
        path = self._tally(number)
        if not (path.exists() and self.part(number).exists()):
            return None
        return msgspec.json.decode(path.read_bytes(), type=ReduceTally)

    def _tally(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.tally"

    def keep_deletions(self, deleted: Mapping[tuple[str, str], int]) -> None:
        """Keep which resources were deleted; their lines before the place given are void."""
        path = self.folder / _DELETED
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode([(*key, place) for key, place in deleted.items()]))
        draft.replace(path)

    def deletions(self) -> dict[tuple[str, str], int]:
        """Return what ``keep_deletions`` kept; nothing where nothing was."""
        path = self.folder / _DELETED
        if not path.exists():
            return {}
        listed = msgspec.json.decode(path.read_bytes(), type=list[tuple[str, str, int]])
        return {(kind, resource_id): place for kind, resource_id, place in listed}

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder)


@contextmanager
def held_folder(folder: Path) -> Iterator[Path]:
    """Hold a work folder, made if absent, for this process alone.

    Raises:
        InputError: the folder holds other things, or another process works in it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    is_ours = any((folder / name).exists() for name in (_PLAN, EXPORT_STATE))
    if not is_ours and any(path.name != _LOCK for path in folder.iterdir()):
        raise InputError("--work", "is a folder that holds something else; name an empty one")
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("--work", "another sweep is working in this folder") from None
        yield folder


def held_plan(folder: Path) -> SweepPlan:
    """Return the plan whose work a folder holds; raises InputError where there is none."""
    try:
        return msgspec.json.decode((folder / _PLAN).read_bytes(), type=SweepPlan)
    except (OSError, msgspec.DecodeError):
        raise InputError("--work", "holds no plan that can be read; remove it") from None


def emptied(folder: Path) -> None:
    """Remove the work from a folder that is held; what is known of an export stays."""
    for path in folder.iterdir():
        if path.name not in {_LOCK, EXPORT_STATE}:
            path.unlink()


def claimed_work(folder: Path, plan: SweepPlan) -> Work:
    """Return the work of a plan in a folder that is held; raises InputError for another plan's."""
    _claim(folder / _PLAN, plan)
    return Work(folder)


@contextmanager
def opened_work(folder: Path, plan: SweepPlan) -> Iterator[Work]:
    """Open the work folder of a plan, made if absent, for this process alone.

    Raises:
        InputError: the folder holds other work, or another process works in it.
    """
    with held_folder(folder):
        yield claimed_work(folder, plan)


def _claim(held: Path, plan: SweepPlan) -> None:
    wanted = msgspec.json.encode(plan)
    if not held.exists():
        draft = held.with_suffix(".draft")
        draft.write_bytes(wanted)
        draft.replace(held)
    elif held.read_bytes() != wanted:
        raise InputError(
            "--work",
            "holds the unfinished work of another sweep (other files, day, options or rules); "
            "remove it, or name another folder",
        )
