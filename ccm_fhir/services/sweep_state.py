"""What a sweep of an EHR was asked for, and how far its export is: kept beside its work.

It holds addresses and counts, and nothing of a patient.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from ccm_fhir.errors import InputError
from ccm_fhir.fhir.bulk_forms import Level
from ccm_fhir.fhir.bulk_manifest import Manifest
from ccm_fhir.population.asking import Asking
from ccm_fhir.population.work import EXPORT_STATE


class Source(StrEnum):
    """How a population is read from an EHR."""

    BULK = "bulk"
    CHANGES = "changes"
    CRAWL = "crawl"


class SweepAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; unfinished work goes on only for the very same.

    ``since`` is an instant, ``last``, or empty for everything; ``keep`` a folder for a copy, or
    empty.
    ``source`` None: whichever suits the EHR.
    """

    ehr_id: str
    asking: Asking
    group: str = ""
    since: str = ""
    keep: str = ""
    source: Source | None = None
    filters: tuple[str, ...] = ()


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """From where a population is read, and why from there; ``level`` is of a bulk export."""

    source: Source
    level: Level | None = None
    why: str


class ExportState(msgspec.Struct, frozen=True, kw_only=True):
    """How far the reading of an EHR is; every change of it is on disk before the next step.

    ``was_begun`` counts exports begun: one may be gone before it is read. ``since`` is an instant,
    whatever was said. ``run`` is the folder of the kept copy. ``problems`` are the issues of the
    export's own outcomes, by severity and code.
    """

    asked: SweepAsked
    began_at: datetime
    chosen: Chosen
    since: str = ""
    run: str = ""
    status_url: str = ""
    was_begun: int = 0
    manifest: Manifest | None = None
    problems: dict[str, int] = {}
    remarks: tuple[str, ...] = ()
    is_collected: bool = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class StateFile:
    """The state of one work folder, as it is on disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EXPORT_STATE
        self.now: ExportState | None = None

    def load(self) -> ExportState | None:
        """Return the state of unfinished work; None where there is none.

        Raises:
            InputError: it cannot be read.
        """
        if not self._path.exists():
            return None
        try:
            self.now = msgspec.json.decode(self._path.read_bytes(), type=ExportState)
        except msgspec.DecodeError:
            raise InputError("--work", "holds work of another release; remove it") from None
        return self.now

    def save(self, state: ExportState) -> ExportState:
        """Write a state; it is there as a whole or not at all."""
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(state))
        draft.replace(self._path)
        self.now = state
        return state

    @property
    def at_hand(self) -> ExportState:
        """The state as it was last read or written; raises InputError before either."""
        if self.now is None:
            raise InputError("--work", "holds no unfinished work")
        return self.now

    def change(self, **changes: object) -> ExportState:
        """Write the state with some of it changed."""
        return self.save(msgspec.structs.replace(self.at_hand, **changes))

    def remark(self, *remarks: str) -> ExportState:
        """Write the state with something more to be told, each thing once."""
        every = dict.fromkeys((*self.at_hand.remarks, *(each for each in remarks if each)))
        return self.change(remarks=tuple(every))
