"""Whether the reduced fault matrix stays within its ten minutes of a whole run of the suite.

``python -m tests.faults.budget REPORT`` reads pytest's JUnit report of that run and says how long
the tests of this folder took; exit 4 where that was too long, or where none of them ran.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path

MOST_SECONDS = 600.0
OVER_BUDGET = 4
_OURS = "tests.faults."


def seconds_of(report: Path | str) -> float:
    """Return the seconds that the tests of this folder took, setting up included."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314  # our own pytest wrote it
    return sum(
        float(case.get("time", "0"))
        for case in cases
        if case.get("classname", "").startswith(_OURS)
    )


def main(report: str) -> int:
    """Say how long it took; return the exit code."""
    seconds = seconds_of(report)
    print(f"tests/faults: {seconds:.0f} s of at most {MOST_SECONDS:.0f} s")
    return 0 if 0 < seconds <= MOST_SECONDS else OVER_BUDGET


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
