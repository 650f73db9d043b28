"""The nightly work after days without a worker: every night comes due, and one is enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.jobs.nightly import practices_due
from tests.services.loopback_ehr import Clock, cast, running_ehr
from tests.world import open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with (
        running_ehr(cast(1), Clock()) as ehr,
        open_site(f"sqlite:///{tmp_path / 'ccm.sqlite'}", ehr) as opened,
    ):
        yield opened


def test_the_newest_night_is_worked_and_those_before_it_are_not(site: Site) -> None:
    now = site.clock()
    late = timedelta(hours=23, minutes=59)

    assert practices_due(site.world, now - late) == [site.practice_id]
    assert practices_due(site.world, now - timedelta(days=1)) == []
    assert practices_due(site.world, now - timedelta(days=9)) == []
