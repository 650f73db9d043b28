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
from math import sqrt
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


def least_percent(score: Score) -> float:
    """Return the lower end of the 95 % interval (Wilson) of the domain's score by a sample's."""
    number, share, z = score.total, score.percent / 100, 1.96
    middle = share + z * z / (2 * number)
    spread = z * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return 100 * (middle - spread) / (1 + z * z / number)


def main(*, is_sample: bool = False) -> int:
    """Print the table; return 1 where the whole falls short, or where nothing was run.

    Where what was run is a sample, the lower end of its interval has to reach the target.
    """
    by_module = exit_codes()
    for module, codes in by_module.items():
        if any(code is not None for code in codes):
            _print_row(module, score_of(codes))
    every = score_of(code for codes in by_module.values() for code in codes)
    _print_row("together", every)
    if not every.total:
        return 1
    shown = every.percent
    if is_sample:
        made = sum(len(codes) for codes in by_module.values())
        shown = least_percent(every)
        sys.stdout.write(
            f"a sample of {every.total} of {made} mutants: with 95 % confidence the whole "
            f"domain's score is at least {shown:.1f} %\n"
        )
    return 0 if shown >= TARGET_PERCENT else 1


def _print_row(name: str, score: Score) -> None:
    sys.stdout.write(
        f"{name:45} {score.killed:5}/{score.total:<5} {score.percent:5.1f} %"
        f"  survived {score.survived}, unreached {score.unreached}, timed out {score.timed_out}\n"
    )


if __name__ == "__main__":
    sys.exit(main(is_sample="--sample" in sys.argv[1:]))
