"""A copy of what was read of an EHR, kept if asked: one folder a run, each laid over the last.

A run is ``0001``, ``0002`` …: its NDJSON files, what the EHR said was deleted, and ``run.json``,
which is written last. A folder without it is a run that was not finished, and is not read.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from ccm_fhir.errors import InputError
from ccm_fhir.population.plan import ExportFile, files_in

RUN_FILE = "run.json"
LAST = "last"


class KeptRun(msgspec.Struct, frozen=True, kw_only=True):
    """One finished run: from which EHR, which group, and the instant up to which it reaches."""

    ehr_id: str
    group: str
    reached: str
    finished_at: datetime


def runs(keep: Path) -> tuple[Path, ...]:
    """Return the folders of the finished runs, oldest first."""
    return tuple(sorted(path.parent for path in keep.glob(f"*/{RUN_FILE}")))


def since_of(keep: Path | None, since: str, ehr_id: str, group: str) -> str:
    """Return the instant that ``since`` means; ``last`` is where the last run reached.

    Raises:
        InputError: there is no copy to lay changes over, it is of another EHR or group, or it does
            not say how far it reaches.
    """
    finished = runs(keep) if keep is not None else ()
    if not finished:
        raise InputError(
            "--since",
            "from what changed alone nobody can be judged: --keep must name a folder with an "
            "earlier copy (run once without --since)",
        )
    last = msgspec.json.decode((finished[-1] / RUN_FILE).read_bytes(), type=KeptRun)
    if (last.ehr_id, last.group) != (ehr_id, group):
        raise InputError("--keep", "holds a copy of another EHR or group")
    if since != LAST:
        return _instant(since)
    if not last.reached:
        raise InputError("--since", "the last run does not say how far it reaches; give an instant")
    return last.reached


def new_run(keep: Path, *, is_whole: bool) -> str:
    """Return the name of the next run; a whole copy needs a folder of its own.

    Raises:
        InputError: a whole copy would be laid over another.
    """
    finished = runs(keep)
    if is_whole and finished:
        raise InputError(
            "--keep", "holds a copy already; give --since last to add to it, or a new folder"
        )
    return f"{int(finished[-1].name) + 1 if finished else 1:04d}"


def kept_files(keep: Path, before: str) -> tuple[ExportFile, ...]:
    """Return the files of the finished runs before a run."""
    folders = [folder for folder in runs(keep) if folder.name < before]
    return tuple(file for folder in folders for file in _files(folder))


def finish(folder: Path, run: KeptRun) -> None:
    """Write that a run is finished."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{RUN_FILE}.draft"
    draft.write_bytes(msgspec.json.encode(run))
    draft.replace(folder / RUN_FILE)


def _files(folder: Path) -> tuple[ExportFile, ...]:
    return files_in(folder) if any(folder.glob("*.ndjson")) else ()


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError("--since", "is no instant; write 2026-11-01T00:00:00Z, or last")
    return text
