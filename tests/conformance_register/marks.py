"""The marker ``proves``: numbers of the register, checked while tests are collected."""

from __future__ import annotations

import pytest

from tests.conformance_register.register import numbers

MARKER = "proves"
NEVER_RUN = ("skip", "skipif", "xfail")  # what may not run, or may not pass, proves nothing


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARKER}(number, ...): proves requirements of tests/conformance_register"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a number that the register does not have, and a marker without any."""
    wrong = [f"{item.nodeid}: {mark.args}" for item in items for mark in _wrong_marks(item)]
    if wrong:
        told = "; ".join(wrong)
        message = f"proves() takes numbers of tests/conformance_register: {told}"
        raise pytest.UsageError(message)


def claimed(item: pytest.Item) -> frozenset[str]:
    """Return the numbers that a test claims to prove; none where it may be skipped or fail."""
    if any(item.get_closest_marker(name) for name in NEVER_RUN):
        return frozenset()
    return frozenset(number for mark in item.iter_markers(MARKER) for number in mark.args)


def _wrong_marks(item: pytest.Item) -> list[pytest.Mark]:
    return [
        mark
        for mark in item.iter_markers(MARKER)
        if not mark.args or mark.kwargs or not numbers().issuperset(mark.args)
    ]
