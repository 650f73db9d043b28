"""``ccm-fhir sweep --ehr``: a population read from an EHR, each patient's standing out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Self

from rich.console import Console

from ccm_fhir.cli_sweep import (
    DONE,
    SOME_REJECTED,
    UNREACHABLE,
    Means,
    check_out,
    judge,
    judged,
    report,
    stopping,
    work_folder,
)
from ccm_fhir.population import Accounting, Asking
from ccm_fhir.population.work import held_folder

if TYPE_CHECKING:
    from ccm_fhir.services.sweep_ehr import Collected, Collecting
    from ccm_fhir.services.sweep_export import Fetched
    from ccm_fhir.services.sweep_state import ExportState


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEhr:
    """Which EHR a population is read from, and how; ``since`` may be ``last``."""

    name: str
    group: str = ""
    since: str = ""
    keep: Path | None = None
    source: str = ""
    filters: tuple[str, ...] = ()
    file_origins: tuple[str, ...] = ()


def run(ehr: FromEhr, asking: Asking, out: Path, means: Means) -> int:
    """Sweep what is read from an EHR; return the exit code.

    Raises:
        InputError: the EHR, an option, the file or the work folder cannot be used.
        and as ``cli_sweep.run``.
    """
    check_out(out)
    judge(asking)
    err, told = Console(stderr=True), list[str]()

    def sweep() -> Accounting:
        folder = work_folder(out, means)
        with held_folder(folder):
            with _Reading(err) as shown:
                collected = _collected(ehr, asking, folder, shown.tell)
            told.extend(_telling(collected.state))
            return judged(collected.plan, collected.work, out, means, err)

    made = stopping(sweep, err)
    if made is None:
        return UNREACHABLE
    report(made, err)
    for line in told:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    return DONE if made.is_clean and not told[1:] else SOME_REJECTED


def cancel(ehr: FromEhr, asking: Asking, out: Path, means: Means) -> int:
    """Let an EHR drop the export of an unfinished sweep, and remove its work."""
    err, folder = Console(stderr=True), work_folder(out, means)
    if not folder.is_dir():
        err.print("There is no unfinished sweep.")
        return DONE
    with held_folder(folder), _collecting(ehr, asking, folder, lambda _: None) as collecting:
        collecting.cancel()
    rmtree(folder)
    err.print("The sweep is ended; the EHR was asked to drop its export.")
    return DONE


@contextmanager
def _collecting(
    ehr: FromEhr, asking: Asking, folder: Path, tell: Callable[[Fetched], None]
) -> Iterator[Collecting]:
    """Yield what reads a population; the database is open for as long."""
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.sweep_access import sweep_access
    from ccm_fhir.services.sweep_ehr import Collecting, asked_of
    from ccm_fhir.services.sweep_state import StateFile
    from ccm_fhir.settings import Settings
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr.name)
        state = StateFile(folder)
        asked = asked_of(opened.world, found, asking, ehr)
        yield Collecting(
            access=sweep_access(opened.world, found, ehr.file_origins),
            asked=asked,
            folder=folder,
            tell=tell,
            state=state,
        )
    finally:
        opened.close()


def _collected(
    ehr: FromEhr, asking: Asking, folder: Path, tell: Callable[[Fetched], None]
) -> Collected:
    with _collecting(ehr, asking, folder, tell) as collecting:
        return collecting.collect()


def _telling(state: ExportState) -> list[str]:
    """Return what is to be said of the reading: from where, then whatever was odd."""
    chosen = state.chosen
    level = f" ({chosen.level.value})" if chosen.level else ""
    return [
        f"read by {chosen.source.value}{level}: {chosen.why}",
        *state.remarks,
        *(f"{count} issues of the export: {what}" for what, count in state.problems.items()),
    ]


class _Reading:
    """What a reading of an EHR is doing, on a terminal; nothing where standard error is none."""

    def __init__(self, err: Console) -> None:
        self._status = err.status("asking the EHR") if err.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()  # its thread ends before workers are forked

    def tell(self, now: Fetched) -> None:
        """Show it."""
        if self._status is None:
            return
        files = f", {now.done} of {now.files}" if now.files else ""
        resources = f", {now.resources} resources" if now.resources else ""
        percent = f", {now.percent:.0f} %" if now.percent is not None else ""
        self._status.update(f"{now.doing}{percent}{files}{resources}")
