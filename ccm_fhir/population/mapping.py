"""The first half of a sweep: the lines of one range become records, spilled by patient."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ccm_fhir.domain.conditions import ChronicTable
from ccm_fhir.domain.facts import EvidenceRef, Fact, Skipped
from ccm_fhir.fhir.contained import UNREADABLE, decode_head
from ccm_fhir.fhir.extract import Extracted, Irrelevant, extract_for, read_as, said
from ccm_fhir.fhir.extract_condition import ConditionShape
from ccm_fhir.fhir.readers import READERS
from ccm_fhir.fhir.references import local_reference, normalise_reference
from ccm_fhir.fhir.salvage import salvage
from ccm_fhir.population.accounting import MapTally
from ccm_fhir.population.idle import IdleConditions
from ccm_fhir.population.lines import LONGEST_LINE_BYTES, BrokenFileError, lines_of
from ccm_fhir.population.plan import Range
from ccm_fhir.population.records import SWEPT, Record, kept
from ccm_fhir.population.spill import SpillWriter

_HINT = re.compile(r"([A-Z][A-Za-z]+)")
_TOO_LONG = f"it is longer than {LONGEST_LINE_BYTES} bytes"
_NO_PATIENT = "it names no patient"
_NOT_LOCAL = "its patient is not named by a local reference (an absolute one needs --base-url)"
_LOCAL = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}\Z")
LINE_BITS = 40
"""Of a place: more lines than a range can have."""
_TAIL = re.compile(r"[/:]([A-Za-z0-9\-.]{1,64})\Z")


Feed = Callable[["Reading"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the lines of a spill file come from: its number in the plan, and a name to go by."""

    number: int
    name: str
    base_url: str
    table: ChronicTable


def map_range(
    stretch: Range, spill: Path, *, partitions: int, base_url: str, table: ChronicTable
) -> MapTally:
    """Read one range and write its spill file; the file appears only when it is whole.

    Raises:
        OSError: the range cannot be read, or the spill file not be written.
    """

    def feed(reading: Reading) -> None:
        try:
            for line in lines_of(stretch):
                reading.take(line)
        except BrokenFileError:
            reading.tally.broken_files += 1

    source = Source(number=stretch.number, name=stretch.path, base_url=base_url, table=table)
    return map_fed(source, feed, spill, partitions)


def map_fed(source: Source, feed: Feed, spill: Path, partitions: int) -> MapTally:
    """Write the spill file of whatever lines ``feed`` gives; where it raises, there is none.

    Raises:
        OSError: the spill file cannot be written.
    """
    writer = SpillWriter(spill, partitions)
    first, hint = source.number << LINE_BITS, _hint(source.name)
    reading = Reading(
        MapTally(), writer, source.base_url, first, hint, IdleConditions(source.table)
    )
    with writer:
        feed(reading)
        writer.finish(reading.tally)
    return reading.tally


def _hint(path: str) -> str:
    """Return the resource type that a file's name speaks of; it is believed of nothing readable."""
    found = _HINT.match(Path(path).name)
    return found[1] if found and found[1] in READERS else ""


@dataclass(slots=True)
class Reading:
    """One range being read; ``expected`` is the type that the next line is likely to be of."""

    tally: MapTally
    writer: SpillWriter
    base_url: str
    first_place: int
    hint: str
    idle: IdleConditions
    expected: str = field(init=False)

    def __post_init__(self) -> None:
        self.expected = self.hint

    def take(self, line: bytes) -> None:
        """Read one line into a record, or count why not."""
        if line.isspace():
            self.tally.blank += 1
            return
        self.tally.lines_read += 1
        if len(line) > LONGEST_LINE_BYTES:
            self._salvage(line, Skipped("", _TOO_LONG))
        elif self.expected in SWEPT:
            self._likely(line, self.expected)
        else:
            self._unlikely(line)

    def miss(self, patient: str, resource_type: str, reason: str) -> None:
        """Count what could not be asked for of a ``Patient/id``: their chart has a gap."""
        self.tally.lines_read += 1
        self._count_skipped(resource_type, reason)
        ref = EvidenceRef(resource_type, "")
        self.writer.add(self._record(patient, ref, "", reason, []))

    def _likely(self, line: bytes, expected: str) -> None:
        """Read a line that is likely to be of the type of the one before."""
        shape = read_as(expected, line)
        if shape is None:
            self._carry(line, extract_for(line, self.base_url))
        elif not (isinstance(shape, ConditionShape) and self._is_idle(shape)):
            self._carry(line, said(expected, shape, self.base_url))

    def _is_idle(self, shape: ConditionShape) -> bool:
        """Whether a Condition cannot matter; then it is merely noted for its patient."""
        named = shape.subject.reference if shape.subject is not None else None
        patient = local_reference(named, self.base_url) if named else ""
        if not (patient.startswith("Patient/") and self.idle.holds(shape)):
            return False
        self._saw("Condition")
        self.tally.carried += 1
        self.writer.add_idle(self._place, patient, shape.id or "", shape.meta)
        return True

    def _unlikely(self, line: bytes) -> None:
        """Read a line in a file of a type that a sweep does not ask about."""
        try:
            resource_type = decode_head(line).resource_type or ""
        except UNREADABLE:
            resource_type = ""
        if resource_type in READERS and resource_type not in SWEPT:
            self._irrelevant(resource_type)
        elif resource_type in SWEPT:
            self._likely(line, resource_type)
        else:
            self._carry(line, extract_for(line, self.base_url))

    def _carry(self, line: bytes, read: Extracted) -> None:
        fact = read.fact
        if isinstance(fact, Skipped):
            self._skip(line, read, fact)
            return
        if isinstance(fact, Irrelevant):
            self._irrelevant(fact.resource_type)
            return
        ref = read.ref
        if ref is None:
            return
        self.expected = ref.resource_type
        if ref.resource_type not in SWEPT:
            self._irrelevant(ref.resource_type)
            return
        self._saw(ref.resource_type)
        if not read.patient:
            self._count_skipped(ref.resource_type, _NO_PATIENT)
            return
        if not _LOCAL.match(read.patient):
            self._not_local(read, ref)
            return
        self.tally.carried += 1
        facts = kept(fact, read.also)
        self.writer.add(self._record(read.patient, ref, read.last_updated, "", facts))

    def _not_local(self, read: Extracted, ref: EvidenceRef) -> None:
        """Count a resource whose patient may or may not be one of ours.

        If there is one of that id, their chart is told of the gap: it is not complete.
        """
        self._count_skipped(ref.resource_type, _NOT_LOCAL)
        tail = _TAIL.search(read.patient)
        if tail:
            patient = f"Patient/{tail[1]}"
            self.writer.add(self._record(patient, ref, read.last_updated, _NOT_LOCAL, []))

    def _irrelevant(self, resource_type: str) -> None:
        self.expected = resource_type
        self._saw(resource_type)
        counts = self.tally.irrelevant
        counts[resource_type] = counts.get(resource_type, 0) + 1

    def _skip(self, line: bytes, read: Extracted, why: Skipped) -> None:
        ref = read.ref
        if ref is None or not (read.patient and why.resource_type):
            self._salvage(line, why)
            return
        self._count_skipped(ref.resource_type, why.reason)
        self._saw(ref.resource_type)
        self.writer.add(self._record(read.patient, ref, read.last_updated, why.reason, []))

    def _salvage(self, line: bytes, why: Skipped) -> None:
        """Count a line that cannot be read, and tell its patient's chart of the gap."""
        found = salvage(line)
        resource_type = why.resource_type or found.resource_type or self.hint
        self._count_skipped(resource_type, why.reason)
        self._saw(resource_type)
        if resource_type == "Patient":
            patient = f"Patient/{found.resource_id}" if found.resource_id else ""
        else:
            patient = normalise_reference(found.reference, self.base_url)
        if patient and (not resource_type or resource_type in SWEPT):
            ref = EvidenceRef(resource_type, found.resource_id)
            self.writer.add(self._record(patient, ref, "", why.reason, []))

    @property
    def _place(self) -> int:
        """The place of the line in hand among all lines of the export."""
        return self.first_place + self.tally.lines_read

    def _record(
        self,
        patient: str,
        ref: EvidenceRef,
        updated: str,
        reason: str,
        facts: list[tuple[int, Fact]],
    ) -> Record:
        kind, resource_id, version = ref.resource_type, ref.resource_id, ref.version_id
        return Record(self._place, patient, kind, resource_id, version, updated, reason, facts)

    def _saw(self, resource_type: str) -> None:
        seen = self.tally.seen
        seen[resource_type] = seen.get(resource_type, 0) + 1

    def _count_skipped(self, resource_type: str, reason: str) -> None:
        key = f"{resource_type or 'a resource of unknown type'}: {reason}"
        self.tally.skipped[key] = self.tally.skipped.get(key, 0) + 1
