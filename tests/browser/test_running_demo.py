"""The fixture under the browser tests: a demo that dies says why."""

from __future__ import annotations

import pytest

from tests.browser.running_demo import DemoDiedError, running_demo


def test_a_demo_that_does_not_come_up_fails_with_what_it_said() -> None:
    with pytest.raises(DemoDiedError, match="no-such-option"), running_demo("--no-such-option"):
        pytest.fail("it cannot be ready")
