"""Print what ``make mutate`` found, module by module, and fail where the score is too low.

Killed is what a test failed on. Every other mutant that was run counts against the score: one that
no test reaches, and one that ran out of time, which on a busy machine proves nothing.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.parts import ROOT

MUTANTS = ROOT / "mutants"
TARGET_PERCENT = 85.0
_KILLED = frozenset({1, 3})
_TIMED_OUT = frozenset({36, 24, -24, 152, 255})
_UNREACHED = frozenset({5, 33})


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the mutants of one module fared."""

    killed: int
    timed_out: int
    survived: int
    unreached: int

    @property
    def total(self) -> int:
        return self.killed + self.timed_out + self.survived + self.unreached

    @property
    def percent(self) -> float:
        """A module without mutants has nothing that survived."""
        return 100 * self.killed / self.total if self.total else 100.0


def score_of(exit_codes: Iterable[int | None]) -> Score:
    """Sort the exit codes of the runs; None is a mutant that was not run and counts nowhere."""
    counted = Counter(_kind(code) for code in exit_codes if code is not None)
    return Score(
        killed=counted["killed"],
        timed_out=counted["timed_out"],
        survived=counted["survived"],
        unreached=counted["unreached"],
    )


def _kind(code: int) -> str:
    kinds = (("killed", _KILLED), ("timed_out", _TIMED_OUT), ("unreached", _UNREACHED))
    return next((kind for kind, codes in kinds if code in codes), "survived")


def exit_codes(folder: Path = MUTANTS) -> dict[str, tuple[int | None, ...]]:
    """Return the exit codes of each module's mutants, as mutmut left them in its folder."""
    found = {}
    for path in sorted(folder.glob("ccm_fhir/domain/**/*.py.meta")):
        kept = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        found[str(path.relative_to(folder)).removesuffix(".meta")] = tuple(kept.values())
    return found


def main() -> int:
    """Print the table; return 1 where the whole falls short, or where nothing was run."""
    by_module = exit_codes()
    for module, codes in by_module.items():
        if any(code is not None for code in codes):
            _print_row(module, score_of(codes))
    every = score_of(code for codes in by_module.values() for code in codes)
    _print_row("together", every)
    return 0 if every.total and every.percent >= TARGET_PERCENT else 1


def _print_row(name: str, score: Score) -> None:
    sys.stdout.write(
        f"{name:45} {score.killed:5}/{score.total:<5} {score.percent:5.1f} %"
        f"  survived {score.survived}, unreached {score.unreached}, timed out {score.timed_out}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
