"""The second half of a sweep: the records of one part become charts, and each chart a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from uuid import uuid4
from zlib import adler32

import msgspec

from ccm_fhir.domain.facts import Fact, PatientFact
from ccm_fhir.population.accounting import ReduceTally
from ccm_fhir.population.asking import Judge
from ccm_fhir.population.moving import age_of
from ccm_fhir.population.records import Idle, Packed
from ccm_fhir.population.results import Result, encode_result, failed_result, result_of
from ccm_fhir.population.spill import read_index, records_of

MOST_HELD_BYTES = 24 * 1024 * 1024  # of packed records at a time
_OLDER = "an older version, or a copy, of a resource that is there"
_DELETED = "it was deleted in the EHR since"
_NOT_HERE = "its patient is not in the export"
_UNREADABLE = "The Patient resource could not be read: {}."
_BROKEN = "Judging the chart failed with {}: a mistake of ours; please report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the patients, and where its records are.

    ``moved`` says whose each resource is that has versions of several patients; ``deleted``, before
    which place the lines of a resource are void, since it was deleted then. At most so many
    bytes of packed records are held at a time, unless one patient alone has more.
    """

    number: int
    spills: list[Path]
    absent_types: tuple[str, ...]
    moved: Mapping[tuple[str, str], str] = field(default_factory=dict)
    deleted: Mapping[tuple[str, str], int] = field(default_factory=dict)
    most_held_bytes: int = MOST_HELD_BYTES


def reduce_part(part: Part, judge: Judge, out: Path) -> ReduceTally:
    """Judge the patients of one part and write their results, in order of patient.

    The file appears only when it is whole. Where a part is larger than it may be held, it is read
    several times, some of its patients each time.

    Raises:
        OSError: the spill files cannot be read, or the results not be written.
    """
    judging = _Judging(judge, part.absent_types, part.moved, part.deleted)
    passes = max(1, ceil(_size(part) / part.most_held_bytes))
    draft = out.with_suffix(f".draft-{uuid4().hex}")
    lines: list[bytes] = []
    for turn in range(passes):
        lines += judging.lines(_by_patient(part, turn, passes))
    lines.sort()
    try:
        with draft.open("wb") as file:
            file.writelines(lines)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return judging.tally


def _size(part: Part) -> int:
    size = 0
    for path in part.spills:
        with path.open("rb") as file:
            size += sum(b.length for b in read_index(file).blocks if b.partition == part.number)
    return size


@dataclass(slots=True)
class _Patients:
    """Records by patient; and of each patient how many idle Conditions there are besides."""

    records: dict[str, list[Packed]]
    idle: Counter[str]


def _by_patient(part: Part, turn: int, passes: int) -> _Patients:
    found: dict[str, list[Packed]] = {}
    idle: list[Idle] = []
    for block in records_of(part.spills, part.number):
        idle.append(block.idle)
        for record in block.records:
            held = found.get(record.patient)
            if held is not None:
                held.append(record)
            elif passes == 1 or _turn(record.patient, passes) == turn:
                found[record.patient] = [record]
    patients = _Patients(found, Counter())
    for each in _of_turn(idle, turn, passes):
        patients.idle.update(each.patients)
    apart = {resource_id for _, resource_id in (*part.moved, *part.deleted)}
    _tell_versions_apart(patients, _of_turn(idle, turn, passes), apart)
    return patients


def _turn(patient: str, passes: int) -> int:
    return adler32(patient.encode()) % passes


def _of_turn(idle: list[Idle], turn: int, passes: int) -> Iterator[Idle]:
    """Yield the idle Conditions of those patients whose turn it is."""
    for each in idle:
        if passes == 1:
            yield each
            continue
        places = [n for n, name in enumerate(each.patients) if _turn(name, passes) == turn]
        yield Idle(*([column[n] for n in places] for column in msgspec.structs.astuple(each)))


def _tell_versions_apart(patients: _Patients, idle: Iterable[Idle], apart: set[str]) -> None:
    """Take idle Conditions of which there is another version among the records of their patient.

    And those whose ids are in ``apart``.
    """
    columns = list(idle)
    seen: Counter[str] = Counter()
    for each in columns:
        seen.update(each.ids)
    twice = {resource_id for resource_id, count in seen.items() if count > 1}
    twice |= apart
    for records in patients.records.values():
        twice.update(r.resource_id for r in records if r.resource_id in seen)
    for each in columns if twice else ():
        for place, resource_id in enumerate(each.ids):
            if resource_id in twice:
                record = each.packed(place)
                patients.records.setdefault(record.patient, []).append(record)
                patients.idle[record.patient] -= 1


@dataclass(slots=True)
class _Judging:
    judge: Judge
    absent_types: tuple[str, ...]
    moved: Mapping[tuple[str, str], str]
    deleted: Mapping[tuple[str, str], int]
    tally: ReduceTally = field(default_factory=ReduceTally)

    def lines(self, patients: _Patients) -> Iterable[bytes]:
        """Yield each patient's line; patients who are not in the export have none."""
        for name in patients.idle.keys() - patients.records.keys():
            patients.records[name] = []
        for name, records in patients.records.items():
            newest, older = _newest(self._own(name, records))
            idle = patients.idle[name]
            self.tally.carried += idle + sum(1 for record in records if not record.reason)
            result = self._result(name, newest, idle)
            for record in older:
                self._skip(record, _OLDER)
            if result is not None:
                counts = self.tally.outcomes
                counts[result.outcome] = counts.get(result.outcome, 0) + 1
                yield encode_result(result) + b"\n"

    def _own(self, name: str, records: list[Packed]) -> list[Packed]:
        """Return a patient's records but those that were deleted, or are another's by now."""
        if not (self.moved or self.deleted):
            return records
        own: list[Packed] = []
        for record in records:
            key = (record.resource_type, record.resource_id)
            if record.place < self.deleted.get(key, 0):
                self._skip(record, _DELETED)
            elif self.moved.get(key, name) == name:
                own.append(record)
            else:
                self._skip(record, _OLDER)
        return own

    def _result(self, name: str, records: list[Packed], idle: int) -> Result | None:
        themselves = [r for r in records if r.resource_type == "Patient"]
        readable = [r for r in themselves if not r.reason]
        if not themselves:
            self.tally.absent_patients += 1
            for record in records:
                self._skip(record, _NOT_HERE)
            self._skip_many("Condition", _NOT_HERE, idle)
            return None
        self.tally.used += idle + sum(1 for record in records if not record.reason)
        if not readable:
            return self._failed(name, _UNREADABLE.format(themselves[0].reason))
        return self._judged(name, records)

    def _judged(self, name: str, records: list[Packed]) -> Result:
        try:
            facts: list[Fact] = []
            for record in records:
                facts += record.unpacked()
            patient = next(fact for fact in facts if isinstance(fact, PatientFact))
            skipped = [record.skipped() for record in records if record.reason]
            chart = self.judge.chart(patient, facts, skipped, self.absent_types)
            return result_of(name, self.judge.screen(chart))
        except Exception as problem:  # noqa: BLE001  # style guide 27: one patient never costs others
            return self._failed(name, _BROKEN.format(type(problem).__name__))

    def _failed(self, name: str, reason: str) -> Result:
        self.tally.failures[reason] = self.tally.failures.get(reason, 0) + 1
        return failed_result(name, reason)

    def _skip(self, record: Packed, reason: str) -> None:
        """Count a resource that was carried here and is not used; one skipped before is counted."""
        if not record.reason:
            self._skip_many(record.resource_type, reason, 1)

    def _skip_many(self, resource_type: str, reason: str, count: int) -> None:
        key = f"{resource_type}: {reason}"
        if count:
            self.tally.skipped[key] = self.tally.skipped.get(key, 0) + count


def _newest(records: list[Packed]) -> tuple[list[Packed], list[Packed]]:
    """Return the newest version of each resource, in order of their keys, and the others."""
    kept: dict[tuple[str, str, int], Packed] = {}
    older: list[Packed] = []
    for place, record in enumerate(records):
        key = (record.resource_type, record.resource_id, 0 if record.resource_id else place)
        known = kept.get(key)
        if known is None:
            kept[key] = record
        elif age_of(record) >= age_of(known):
            older.append(known)
            kept[key] = record
        else:
            older.append(record)
    return [kept[key] for key in sorted(kept)], older
