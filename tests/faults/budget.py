"""How long the reduced fault matrix took in a whole run of the suite; ten minutes are its budget.

``python -m tests.faults.budget REPORT`` reads pytest's JUnit report of that run. A slow machine
makes no run red: what is over the budget is said, and exit 4 is for a run in which no fault was
tried at all.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path

BUDGET_SECONDS = 600.0
NONE_RAN = 4
_OURS = "tests.faults."


def seconds_of(report: Path | str) -> float:
    """Return the seconds that the tests of this folder took, setting up included."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314  # our own pytest wrote it
    return sum(
        float(case.get("time", "0"))
        for case in cases
        if case.get("classname", "").startswith(_OURS)
    )


def told(seconds: float) -> str:
    """Return how long it took, beside the budget."""
    over = ": over it, on this machine" if seconds > BUDGET_SECONDS else ""
    return f"tests/faults took {seconds:.0f} s of a budget of {BUDGET_SECONDS:.0f} s{over}"


def main(report: str) -> int:
    """Say how long it took; return the exit code."""
    seconds = seconds_of(report)
    print(told(seconds))
    return 0 if seconds > 0 else NONE_RAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
