"""``ccm-fhir classify``: Conditions as NDJSON in, what each or each patient amounts to out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from ccm_fhir.errors import InputError
from ccm_fhir.services.classify_conditions import (
    bounded_lines,
    classify_lines,
    classify_patients,
)
from ccm_fhir.terminology import load_chronic_table

DONE, SOME_REJECTED = 0, 1
_BATCH = 512


def run(file: str, as_of: date, *, patients: bool, assume_icd10_is_cm: bool) -> int:
    """Answer every line of a file, or of standard input for ``-``; return the exit code.

    Raises:
        InputError: the file cannot be read.
    """
    table = load_chronic_table(assume_icd10_is_cm=assume_icd10_is_cm)
    gc.collect()
    gc.freeze()  # the tables live as long as the process
    answer = classify_patients if patients else classify_lines
    with _opened(file) as lines:
        return _print(answer(bounded_lines(lines), table, as_of))


def _print(answers: Iterator[tuple[bytes, bool]]) -> int:
    code = DONE
    batch: list[bytes] = []
    for answer, is_answer in answers:
        batch.append(answer)
        if not is_answer:
            code = SOME_REJECTED
        if len(batch) >= _BATCH:
            _write(batch)
    _write(batch)
    sys.stdout.buffer.flush()
    return code


def _write(batch: list[bytes]) -> None:
    if batch:
        sys.stdout.buffer.write(b"\n".join(batch) + b"\n")
        batch.clear()


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            lines = stack.enter_context(Path(file).open("rb"))
        except OSError as problem:
            raise InputError("FILE", problem.strerror or "cannot be opened") from None
        yield lines
