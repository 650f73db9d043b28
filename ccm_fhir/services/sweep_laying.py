"""Where what is read of an EHR goes: into the sweep's spill files, and into a copy if one is kept.

The files of a sweep are laid out before the first is read: those of a kept copy, then those of the
export, then those that are searched for. A spill file that is there is the checkpoint of its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ccm_fhir.population.accounting import MapTally
from ccm_fhir.population.asking import Asking, judge_for
from ccm_fhir.population.mapping import LINE_BITS, Reading, Source, map_fed, map_range
from ccm_fhir.population.plan import RANGE_BYTES, ExportFile, Range, SweepPlan, parts_for
from ccm_fhir.population.spill import read_tally, records_of
from ccm_fhir.population.work import Work

_PATIENT = "Patient/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of a sweep by name, none of them read yet; ``kept`` are of a kept copy, on disk."""

    kept: tuple[ExportFile, ...] = ()
    names: tuple[str, ...] = ()
    searched: str = ""
    asked_types: tuple[str, ...] = ()
    expected_bytes: int = 0

    def plan(self, asking: Asking) -> SweepPlan:
        """Return the plan: where patients are searched for, one file for each part of them."""
        total = self.expected_bytes + sum(file.size for file in self.kept)
        parts = parts_for(total, fewest=_FEWEST_PARTS if self.searched else 1)
        searched = [f"{self.searched}.{n:05d}" for n in range(parts)] if self.searched else []
        return SweepPlan(
            asking=asking,
            files=(*self.kept, *(_expected(name) for name in (*self.names, *searched))),
            range_bytes=RANGE_BYTES,
            partitions=parts,
            versions=judge_for(asking).versions,
            asked_types=self.asked_types,
        )


_FEWEST_PARTS = 16  # so that an interruption costs a sixteenth of the searches at most


def _expected(name: str) -> ExportFile:
    return ExportFile(path=name, size=1, changed_ns=0)


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes the lines of one file: into its spill file, and into its copy."""

    reading: Reading
    copy: IO[bytes] | None

    def take(self, line: bytes) -> None:
        """Take one line, or one resource without line breaks."""
        self.reading.take(line)
        if self.copy is not None:
            self.copy.write(line if line.endswith(b"\n") else line + b"\n")

    def miss(self, patient: str, resource_type: str, reason: str) -> None:
        """Note what of a patient could not be had."""
        self.reading.miss(patient, resource_type, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laying:
    """A plan being filled; ``copy`` is the folder of the copy, None where none is kept."""

    plan: SweepPlan
    work: Work
    copy: Path | None = None

    def ranges(self, prefix: str = "") -> list[Range]:
        """Return the files that are not on disk, those whose name begins so."""
        return [
            each
            for each in self.plan.ranges()
            if not Path(each.path).is_absolute() and each.path.startswith(prefix)
        ]

    def is_done(self, stretch: Range) -> bool:
        """Whether a file was read to its end."""
        return self.work.spill(stretch.number).exists()

    def lay(self, stretch: Range, feed: Callable[[Taker], None]) -> MapTally:
        """Read one file; nothing of it stays where ``feed`` raises."""

        def both(reading: Reading) -> None:
            with self._copied(stretch.path) as copy:
                feed(Taker(reading, copy))

        asking = self.plan.asking
        source = Source(
            number=stretch.number,
            name=stretch.path,
            base_url=asking.base_url,
            table=judge_for(asking).table,
        )
        spill = self.work.spill(stretch.number)
        return map_fed(source, both, spill, self.plan.partitions)

    def lay_kept(self) -> None:
        """Read the files of the kept copy, since the patients in them must be known."""
        asking = self.plan.asking
        for stretch in self.plan.ranges():
            if Path(stretch.path).is_absolute() and not self.is_done(stretch):
                map_range(
                    stretch,
                    self.work.spill(stretch.number),
                    partitions=self.plan.partitions,
                    base_url=asking.base_url,
                    table=judge_for(asking).table,
                )

    def end_of(self, stretches: list[Range]) -> int:
        """Return the place after the last line of some files."""
        return (max((each.number for each in stretches), default=-1) + 1) << LINE_BITS

    def patients(self, part: int, stretches: list[Range]) -> set[str]:
        """Return the patients of one part whose Patient is in some files, as ``Patient/id``."""
        return {
            record.patient
            for block in records_of([self.work.spill(s.number) for s in stretches], part)
            for record in block.records
            if record.resource_type == "Patient" and not record.reason
        }

    def named(self, part: int, stretches: list[Range]) -> set[str]:
        """Return the patients of one part whom anything in some files is about."""
        found: set[str] = set()
        for block in records_of([self.work.spill(s.number) for s in stretches], part):
            found.update(record.patient for record in block.records)
            found.update(block.idle.patients)
        return {name for name in found if name.startswith(_PATIENT)}

    def tally(self, stretch: Range) -> MapTally:
        """Return the tally of a file that was read."""
        return read_tally(self.work.spill(stretch.number))

    @contextmanager
    def _copied(self, name: str) -> Iterator[IO[bytes] | None]:
        """Yield the copy of a file, which appears only when it is whole."""
        if self.copy is None:
            yield None
            return
        self.copy.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.copy / f"{name}.part"
        try:
            with draft.open("wb") as file:
                yield file
            draft.replace(self.copy / f"{name}.ndjson")
        finally:
            draft.unlink(missing_ok=True)
