"""Files with answers on a command line: each is taken over whole, or refused under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import typer
from rich.console import Console

from ccm_fhir.cli_practice import OpenPractice, opened_practice
from ccm_fhir.errors import InputError, X12FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Answer = TypeVar("Answer")
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
SOME_ARE_OPEN, WRONG_USAGE = 1, 2


def read_each(
    files: Iterable[Path],
    practice: str,
    read: Callable[[OpenPractice, bytes], Answer],
    show: Callable[[str, Answer], bool],
) -> None:
    """Read files one by one; what one is refused for does not stop the others.

    Args:
        files: the files, at least one.
        practice: the practice that they are read for.
        read: takes one over.
        show: prints under the file's name what it came to; says whether a person has to look.

    Raises:
        typer.Exit: 1 where a person has to look or a file was refused, 2 where all were.
    """
    refused: list[bool] = []
    is_open = False
    with opened_practice(practice) as opened:
        for one in files:
            try:
                answer = read(opened, _content(one))
            except (X12FileError, InputError) as problem:
                err.print(f"{one.name}: {problem}", style="red")
                refused.append(True)
                continue
            refused.append(False)
            is_open = show(one.name, answer) or is_open
    if all(refused):
        raise typer.Exit(WRONG_USAGE)
    if any(refused) or is_open:
        raise typer.Exit(SOME_ARE_OPEN)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InputError("file", "it cannot be read; nothing was changed") from None
