"""Writes a population in parts of so many patients, each part by one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from random import Random

from fhir_fixtures.practice.population.damage import damaged
from fhir_fixtures.practice.population.drawing import Calendar, days_before, draw
from fhir_fixtures.practice.population.truth import true_answer

EXPORT, MANIFEST = "export", "manifest.ndjson"
_KEPT_LINES = 2000  # patients, before their lines go to disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What to write; ``broken`` is the share of lines that cannot be read, and of odd ones."""

    patients: int
    seed: int
    as_of: date
    broken: float = 0.0
    patients_a_file: int = 10_000

    def parts(self) -> Iterator[tuple[int, int]]:
        """Yield the first patient of each part, and the first after it."""
        for start in range(0, self.patients, self.patients_a_file):
            yield start, min(start + self.patients_a_file, self.patients)


def write_population(population: Population, out: Path, *, processes: int = 1) -> None:
    """Write ``export/<type>.<part>.ndjson`` and ``manifest.ndjson``, the true answers.

    The bytes are the same whatever the number of processes.
    """
    (out / EXPORT).mkdir(parents=True, exist_ok=True)
    jobs = [(population, out, part) for part in population.parts()]
    if processes == 1:
        answers = [_write_part(job) for job in jobs]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            answers = list(pool.map(_write_part, jobs))
    with (out / MANIFEST).open("wb") as manifest:
        for path in answers:
            manifest.write(path.read_bytes())
            path.unlink()


@dataclass(slots=True)
class _Files:
    """The files of one part, made anew when their first line comes."""

    folder: Path
    part: int
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def flush(self) -> None:
        for kind, lines in self.lines.items():
            path = self.folder / f"{kind}.{self.part:05d}.ndjson"
            with path.open("ab" if kind in self.begun else "wb") as file:
                file.write(b"".join(lines))
            self.begun.add(kind)
            lines.clear()


def _write_part(job: tuple[Population, Path, tuple[int, int]]) -> Path:
    """Write one part; return the file of its true answers."""
    population, out, (start, stop) = job
    calendar = Calendar(population.as_of)
    days = days_before(calendar)
    number = start // population.patients_a_file
    files = _Files(out / EXPORT, number)
    answers: list[str] = []
    for index in range(start, stop):
        patient, lines = draw(population.seed, index, calendar, days)
        chance = Random(population.seed * 1_000_033 + index).random  # noqa: S311  # data
        written, told = damaged(lines, patient, population.broken, chance)
        for kind, line in written:
            files.lines.setdefault(kind, []).append(line)
        answers.append(json.dumps(true_answer(told), separators=(",", ":")))
        if index % _KEPT_LINES == 0:
            files.flush()
    files.flush()
    path = out / f"{MANIFEST}.{number:05d}"
    path.write_text("".join(f"{answer}\n" for answer in answers))
    return path
