"""The results of all parts in one file, in order of patient: JSON lines, or Parquet."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from ccm_fhir.errors import CcmError
from ccm_fhir.population.results import decode_result

_BATCH = 10_000
_PARQUET = ".parquet"


class ParquetMissingError(CcmError):
    """Parquet was asked for, and the library that writes it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "--out: Parquet needs pyarrow, which is not installed; install the extra `parquet` "
            "(pip install 'ccm-fhir[parquet]'), or name a file that ends in .ndjson"
        )


def needs_parquet(out: Path) -> bool:
    """Whether a file is to be Parquet, by its name."""
    return out.suffix.lower() == _PARQUET


def check_parquet() -> None:
    """Find out whether Parquet can be written, before any work is done.

    Raises:
        ParquetMissingError: it cannot.
    """
    try:
        is_there = find_spec("pyarrow") is not None
    except ValueError:  # a module of that name without a spec
        is_there = False
    if not is_there:
        raise ParquetMissingError


def write_results(parts: Iterable[Path], out: Path) -> None:
    """Write all results in one file, which appears only when it is whole.

    Raises:
        OSError: it cannot be written.
    """
    draft = out.with_name(f".{out.name}.draft-{os.getpid()}")
    try:
        with merged(parts) as lines:
            if needs_parquet(out):
                _write_parquet(lines, draft)
            else:
                with draft.open("wb") as file:
                    file.writelines(lines)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


class merged:  # noqa: N801  # reads as a phrase in a with statement
    """The lines of files that are each in order, in order."""

    def __init__(self, parts: Iterable[Path]) -> None:
        self._parts = tuple(parts)
        self._files = ExitStack()

    def __enter__(self) -> Iterator[bytes]:
        files = [self._files.enter_context(part.open("rb")) for part in self._parts]
        return heapq.merge(*files)

    def __exit__(self, *_: object) -> None:
        self._files.close()


def _write_parquet(lines: Iterator[bytes], draft: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415  # an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    words = pa.list_(pa.string())
    finding = pa.struct(
        [(name, pa.string()) for name in ("criterion", "answer", "code", "reason")]
        + [("evidence", words)]
    )
    schema = pa.schema(
        [
            pa.field("patient", pa.string(), nullable=False),
            pa.field("outcome", pa.string(), nullable=False),
            pa.field("families", words),
            pa.field("evidence", words),
            pa.field("missing", words),
            pa.field("findings", pa.list_(finding)),
        ]
    )
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for batch in _batches(lines):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _batches(lines: Iterator[bytes]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(msgspec.to_builtins(decode_result(line)))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
