"""Records on disk between their range and their patient's part: one file a range.

A spill file is blocks of packed records, each of one part, then an index with the range's tally.
It appears under its name only when it is whole, so that its being there is the checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self
from uuid import uuid4
from zlib import crc32

import msgspec

from ccm_fhir.fhir.shapes import Meta
from ccm_fhir.population.accounting import MapTally
from ccm_fhir.population.records import (
    Arrived,
    Carried,
    Idle,
    Keys,
    Record,
    pack,
    unpack,
    unpack_keys,
)

_MOST_HELD = 20_000  # records, before they go to disk
_LENGTH_BYTES = 8


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Where in a spill file some records, or keys, of one part lie."""

    partition: int
    offset: int
    length: int


class Index(msgspec.Struct, frozen=True, array_like=True):
    """The end of a spill file."""

    blocks: list[Block]
    keys: list[Block]
    tally: MapTally


_decode_index = msgspec.msgpack.Decoder(Index).decode


def key_of(resource_type: str, resource_id: str) -> int:
    """Return a resource's number; two resources may share one, one has always the same."""
    key = f"{resource_type}/{resource_id}".encode()
    return crc32(key) << 32 | crc32(key[::-1])


class SpillWriter:
    """Writes the spill file of one range; left without ``finish``, it leaves nothing behind."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self._draft = path.with_suffix(f".draft-{uuid4().hex}")
        self._partitions = partitions
        self._held = [Carried([], Idle()) for _ in range(partitions)]
        self._count = 0
        self._keys = [Keys([], []) for _ in range(partitions)]
        self._blocks: list[Block] = []
        self._key_blocks: list[Block] = []
        self._offset = 0

    def __enter__(self) -> Self:
        self._file = self._draft.open("wb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def add(self, record: Record) -> None:
        """Take one record; it goes to disk with others."""
        whose = crc32(record.patient.encode())
        self._held[whose % self._partitions].records.append(record)
        self._note(record.resource_type, record.resource_id, whose)

    def add_idle(self, place: int, patient: str, resource_id: str, meta: Meta | None) -> None:
        """Take one idle Condition."""
        whose = crc32(patient.encode())
        idle = self._held[whose % self._partitions].idle
        idle.places.append(place)
        idle.patients.append(patient)
        idle.ids.append(resource_id)
        idle.versions.append((meta.version_id or "") if meta else "")
        idle.updated.append((meta.last_updated or "") if meta else "")
        self._note("Condition", resource_id, whose)

    def _note(self, resource_type: str, resource_id: str, whose: int) -> None:
        """Note the key of a resource that has an id, so that one under two patients is found."""
        if resource_id and resource_type != "Patient":
            key = key_of(resource_type, resource_id)
            keys = self._keys[key % self._partitions]
            keys.resources.append(key)
            keys.patients.append(whose)
        self._count += 1
        if self._count >= _MOST_HELD:
            self._flush()

    def finish(self, tally: MapTally) -> None:
        """Write what is held and the index, and let the file appear."""
        self._flush()
        index = pack(Index(self._blocks, self._key_blocks, tally))
        self._write(index + len(index).to_bytes(_LENGTH_BYTES, "big"))
        self._draft.replace(self._path)

    def _flush(self) -> None:
        for partition, held in enumerate(self._held):
            if held.records or held.idle.ids:
                packed = pack(held)
                self._blocks.append(Block(partition, self._offset, len(packed)))
                self._write(packed)
                self._held[partition] = Carried([], Idle())
        for partition, keys in enumerate(self._keys):
            if keys.resources:
                packed = pack(keys)
                self._key_blocks.append(Block(partition, self._offset, len(packed)))
                self._write(packed)
                self._keys[partition] = Keys([], [])
        self._count = 0

    def _write(self, packed: bytes) -> None:
        view = memoryview(packed)
        while view:
            written = self._file.write(view)
            view = view[written:]
            self._offset += written


def read_index(file: IO[bytes]) -> Index:
    """Return the index of a spill file."""
    end = file.seek(-_LENGTH_BYTES, os.SEEK_END)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
    file.seek(end - length)
    return _decode_index(file.read(length))


def read_tally(path: Path) -> MapTally:
    """Return the tally of the range that a spill file is of."""
    with path.open("rb") as file:
        return read_index(file).tally


def records_of(paths: list[Path], partition: int) -> Iterator[Arrived]:
    """Yield the records of one part, block by block, in the order of the ranges."""
    for path in paths:
        with path.open("rb") as file:
            for block in read_index(file).blocks:
                if block.partition == partition:
                    file.seek(block.offset)
                    yield unpack(file.read(block.length))


def keys_of(paths: list[Path], partition: int) -> Iterator[Keys]:
    """Yield the keys of one part, block by block."""
    for path in paths:
        with path.open("rb") as file:
            for block in read_index(file).keys:
                if block.partition == partition:
                    file.seek(block.offset)
                    yield unpack_keys(file.read(block.length))
