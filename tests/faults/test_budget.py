"""The budget of the reduced fault matrix, on reports of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import budget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("seconds", "ended"), [(599.5, 0), (601.0, 0), (0.0, budget.NONE_RAN)])
def test_a_run_without_any_fault_fails_and_a_slow_one_does_not(
    tmp_path: Path, seconds: float, ended: int
) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        f'<testcase classname="tests.faults.test_x" name="a" time="{seconds}"/>'
        '<testcase classname="tests.domain.test_y" name="b" time="900"/>'
        "</testsuite></testsuites>"
    )

    assert budget.main(str(report)) == ended


def test_more_than_ten_minutes_are_told() -> None:
    assert (
        budget.told(601.4)
        == "tests/faults took 601 s of a budget of 600 s: over it, on this machine"
    )
    assert budget.told(480.0) == "tests/faults took 480 s of a budget of 600 s"
