"""Which tests claim which numbers, and how they ended where they were run."""

from __future__ import annotations

import contextlib
import io
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conformance_register.marks import claimed
from tests.parts import ROOT


@dataclass(slots=True, eq=False)  # pytest keeps plugins in sets
class Proofs:
    """A pytest plugin: keeps the tests that claim a number; with ``runs`` runs only those.

    ``by_number`` holds test functions, without their parameters; ``ended_badly`` those that
    failed or did not run.
    """

    runs: bool = False
    by_number: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ended_badly: dict[str, str] = field(default_factory=dict)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        for item in items:
            for number in claimed(item):
                self.by_number[number].add(item.nodeid.split("[")[0])
        if self.runs:
            config.hook.pytest_deselected(items=[item for item in items if not claimed(item)])
            items[:] = [item for item in items if claimed(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed":
            self.ended_badly[report.nodeid] = report.outcome


def collected() -> Proofs:
    """Return what the suite claims, without running it.

    Raises:
        RuntimeError: the suite cannot be collected.
    """
    proofs, said = Proofs(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main([*_QUIETLY, "--collect-only", str(ROOT / "tests")], plugins=[proofs])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(said.getvalue())
    return proofs


def run(folder: Path = ROOT / "tests") -> Proofs:
    """Run every test that claims a number, and return how they ended.

    Raises:
        RuntimeError: the run broke off, so that tests which never ran would pass for proofs.
    """
    proofs = Proofs(runs=True)
    code = pytest.main([*_QUIETLY, str(folder)], plugins=[proofs])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        message = f"the run broke off: {pytest.ExitCode(code).name}"
        raise RuntimeError(message)
    return proofs


_QUIETLY = (
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "--rootdir",
    str(ROOT),
)
