"""``ccm-fhir claims``: a month's claims as files (837P), and the answers to them (999, 277CA)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_answers import SOME_ARE_OPEN, read_each
from ccm_fhir.cli_practice import Whose, opened_practice
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.services.claim_answers import AnswerRead
    from ccm_fhir.services.claim_filing import FilingRun, HandedOut, LeftOut

claims_app = typer.Typer(
    help="Claims as files (837P), and the answers to them.", no_args_is_help=True
)
out = Console(highlight=False, markup=False, soft_wrap=True)

Month = Annotated[str, typer.Option(help="The month (YYYY-MM).")]
Folder = Annotated[Path, typer.Option("--out", help="The folder for files; none is overwritten.")]


@claims_app.command("file")
def file(
    month: Month,
    out_dir: Folder,
    again: Annotated[
        list[str] | None,
        typer.Option(help="A claim to file though it went before, by its identifier; repeat it."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is filed again; kept.")] = "",
    practice: Whose = "",
) -> None:
    """Write a month's signed claims as an 837P, each once; exit 1 where some lack something."""
    from ccm_fhir.services.claim_filing import FileRequest, make_files, say_written

    request = FileRequest(
        month=ServiceMonth.parse(month), again=frozenset(again or ()), reason=reason
    )
    with opened_practice(practice) as opened:
        _refuse_unusable(out_dir)
        run = make_files(opened.world, opened.hand, request, opened.now)
        for one in run.files:
            _write(out_dir, one)
            say_written(opened.world, opened.hand, one.record, opened.now)
    _print_run(run)
    if run.left_out:
        raise typer.Exit(SOME_ARE_OPEN)


@claims_app.command("write")
def write(
    number: Annotated[int, typer.Argument(help="The file's number; `claims list` prints it.")],
    out_dir: Folder,
    practice: Whose = "",
) -> None:
    """Write a file that was made before once more, the same to the byte. Audited."""
    from ccm_fhir.services.claim_filing import file_again, say_written

    with opened_practice(practice) as opened:
        _refuse_unusable(out_dir)
        one = file_again(opened.world, opened.hand, number)
        _write(out_dir, one)
        say_written(opened.world, opened.hand, one.record, opened.now)
    _print_file(one)


@claims_app.command("list")
def list_(month: Month, practice: Whose = "") -> None:
    """Print a month's claims: identifier, file, how far each came, and the answers' codes."""
    from ccm_fhir.services.claim_register import claims_of_month

    with opened_practice(practice) as opened:
        found = claims_of_month(opened.world, opened.hand, ServiceMonth.parse(month))
    if not found:
        out.print("No claim of this month is signed.")
    for one in found:
        where = "-" if one.file is None else f"{one.file.number}"
        usage = "" if one.file is None or one.file.is_production else " (test)"
        turn = f", filing {one.turn}" if one.turn > 1 else ""
        codes = f"  {one.codes}" if one.codes else ""
        out.print(
            f"{one.identifier}  {one.total_usd:>9.2f}  file {where}{usage}{turn}  "
            f"{one.state.value}{codes}"
        )


@claims_app.command("acknowledge")
def acknowledge(
    files: Annotated[list[Path], typer.Argument(help="999 and 277CA files.")],
    practice: Whose = "",
) -> None:
    """Read answers to claim files; exit 1 where something is refused, unclear or not ours."""
    from ccm_fhir.services.claim_answers import read_answer

    read_each(
        files,
        practice,
        lambda opened, content: read_answer(opened.world, opened.hand, content, opened.now),
        _print_answer,
    )


def _print_run(run: FilingRun) -> None:
    made = [one.record for one in run.files if one.is_new]
    now = sum(one.claims for one in made)
    money = sum(one.total_usd for one in made)
    kind = "" if run.is_production else " in a test file, which is never paid"
    out.print(
        f"{run.month}: {run.signed} signed, {run.before} in a file before, {now} filed now"
        f"{kind if now else ''} ({money:.2f} dollars), {len(run.left_out)} left out"
    )
    for one in run.files:
        _print_file(one)
    _print_left_out(run.left_out)


def _print_file(one: HandedOut) -> None:
    again = "" if one.is_new else ", made earlier and written now"
    out.print(
        f"{one.name}: {one.record.claims} claims, {one.record.total_usd:.2f} dollars{again}; "
        f"SHA-256 {one.record.sha256}"
    )


def _print_left_out(left_out: Iterable[LeftOut]) -> None:
    for one in left_out:
        out.print(f"left out: {one.identifier}  {one.total_usd:.2f}  patient {one.patient_id}")
        for obstacle in one.obstacles:
            out.print(f"  {obstacle.owner}: {obstacle.fix} ({obstacle.code})")


def _print_answer(name: str, read: AnswerRead) -> bool:
    before = "; read before, nothing was changed" if read.is_repeated else ""
    out.print(
        f"{name}: {read.kind.value}, claims taken {read.taken}, refused {read.refused}, "
        f"unclear {read.unknown}, answers not ours {len(read.unmatched)}{before}"
    )
    for one in read.unmatched:
        number = f" ({one.number})" if one.number else ""
        out.print(f"  answer {one.place} of the file{number}: {one.why}")
    return bool(read.refused or read.unknown or read.unmatched)


def _refuse_unusable(folder: Path) -> None:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError("out", "it is no folder that can be written to; nothing was made")


def _write(folder: Path, one: HandedOut) -> None:
    """Let a whole file appear under its name, for its owner alone; the same one may be there."""
    final, part = folder / one.name, folder / f".{one.name}.{os.getpid()}.part"
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as kept:
            kept.write(one.content)
            kept.flush()
            os.fsync(kept.fileno())
        _place(part, final, one.content)
    except OSError:
        raise InputError(
            "out",
            f"the file cannot be written; it is kept under number {one.record.number}, and the "
            "next run writes it",
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _place(part: Path, final: Path, content: bytes) -> None:
    try:
        os.link(part, final)  # unlike a rename, never over another file
    except FileExistsError:
        if final.read_bytes() != content:
            raise InputError(
                "out",
                f"{final.name} is there already with other content; nothing was overwritten. Move "
                "it away and run again",
            ) from None
