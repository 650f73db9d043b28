"""The budget of the reduced fault matrix, on reports of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import budget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("seconds", "ended"), [(599.5, 0), (601.0, budget.OVER_BUDGET), (0.0, budget.OVER_BUDGET)]
)
def test_more_than_ten_minutes_fail_and_so_does_nothing_at_all(
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
