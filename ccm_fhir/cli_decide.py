"""``ccm-fhir decide``: PatientMonth lines in, one answer a line out; and ``rules show``'s page."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from ccm_fhir.conformance import answer_lines, explain_line
from ccm_fhir.domain.stated import Law
from ccm_fhir.errors import InputError
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.settings import FeesSettings
from ccm_fhir.terminology import load_chronic_table

DONE, SOME_REJECTED = 0, 1
_BATCH = 512
_YOUNG = 100_000


def run(file: str, *, strict: bool, explain: bool) -> int:
    """Answer every line of a file, or of standard input for ``-``; return the exit code.

    Raises:
        InputError: the file cannot be opened.
    """
    law = Law(load_rulebook(FeesSettings().fees_dir), load_chronic_table())
    gc.collect()
    gc.freeze()  # the tables live as long as the process; looking through them again is waste
    gc.set_threshold(_YOUNG)  # a line's objects hold no cycles and die with it
    with _opened(file) as lines:
        answers = _explained(lines, law) if explain else answer_lines(lines, law, strict=strict)
        return _print(answers, strict=strict)


def _print(answers: Iterator[tuple[bytes, bool]], *, strict: bool) -> int:
    code = DONE
    batch: list[bytes] = []
    for answer, is_answer in answers:
        batch.append(answer)
        if len(batch) >= _BATCH:
            _write(batch)
        if not is_answer:
            code = SOME_REJECTED
            if strict:
                break
    _write(batch)
    sys.stdout.buffer.flush()
    return code


def _write(batch: list[bytes]) -> None:
    if batch:
        sys.stdout.buffer.write(b"\n".join(batch) + b"\n")
        batch.clear()


def _explained(lines: BinaryIO, law: Law) -> Iterator[tuple[bytes, bool]]:
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            text, is_decided = explain_line(number, line, law)
            yield text.encode(), is_decided


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
