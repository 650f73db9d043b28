"""Signs of life, and taking over from a worker that gives none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.services.watchdog import LEASE, Watchdog
from tests.services.loopback_ehr import Clock, cast, running_ehr
from tests.world import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Left:
    """What dead processes had under way."""

    by: dict[str, tuple[str, ...]]
    resumed: list[str] = field(default_factory=list)

    def left_by(self, executor_id: str) -> tuple[str, ...]:
        return self.by.get(executor_id, ())

    def resume(self, workflow_id: str) -> None:
        self.resumed.append(workflow_id)


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    with running_ehr(cast(1), Clock()) as ehr, open_site(database_url, ehr) as opened:
        yield opened


def test_what_a_mute_worker_left_is_taken_over_and_no_living_ones(site: Site) -> None:
    left = Left({"dead": ("w-1", "w-2"), "alive": ("w-3",)})
    dogs = {
        name: Watchdog(world=site.world, executor_id=name, work=left)
        for name in ("dead", "alive", "me")
    }
    for dog in dogs.values():
        dog.look()
    site.clock.advance(seconds=LEASE.total_seconds() - 1)
    dogs["alive"].look()
    assert dogs["me"].look() == ()

    site.clock.advance(seconds=2)
    dogs["alive"].look()

    assert left.resumed == ["w-1", "w-2"]
    assert dogs["me"].look() == ("w-1", "w-2")


def test_a_worker_that_was_never_seen_is_not_mute(site: Site) -> None:
    left = Left({"unknown": ("w-1",)})
    dog = Watchdog(world=site.world, executor_id="me", work=left)
    dog.look()
    site.clock.advance(seconds=timedelta(days=1).total_seconds())

    assert dog.look() == ()
