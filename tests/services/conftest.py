"""A practice at work: on each database, with a sandbox EHR that many tests share, or its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.loopback_ehr import NOW, Clock, Ehr, cast, running_ehr
from tests.world import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_ehr() -> Iterator[Ehr]:
    """Yield an EHR with the whole cast; nobody writes a Claim into it."""
    with running_ehr(cast(), Clock()) as ehr:
        yield ehr


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ccm.sqlite'}"


@pytest.fixture
def site(sqlite_url: str, shared_ehr: Ehr) -> Iterator[Site]:
    """Yield a practice of this test's own in front of the EHR that its module shares."""
    shared_ehr.clock.now = NOW
    with open_site(sqlite_url, shared_ehr) as opened:
        yield opened


@pytest.fixture
def each_site(database_url: str, shared_ehr: Ehr) -> Iterator[Site]:
    """Yield the same on each database in turn, for what a database decides."""
    shared_ehr.clock.now = NOW
    with open_site(database_url, shared_ehr) as opened:
        yield opened


@pytest.fixture
def own_ehr() -> Iterator[Ehr]:
    """Yield an EHR of this test's own, with Rosa Ready alone, to be written into."""
    with running_ehr(cast(1), Clock()) as ehr:
        yield ehr


@pytest.fixture
def own_site(sqlite_url: str, own_ehr: Ehr) -> Iterator[Site]:
    """Yield a practice in front of an EHR of its own."""
    with open_site(sqlite_url, own_ehr) as opened:
        yield opened


@pytest.fixture
def each_own_site(database_url: str, own_ehr: Ehr) -> Iterator[Site]:
    """Yield a practice in front of an EHR of its own, on each database in turn."""
    with open_site(database_url, own_ehr) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_clerk(tmp_path_factory: pytest.TempPathFactory, shared_ehr: Ehr) -> Iterator[Site]:
    """Yield a practice for a whole module, whose EHRs are in memory but for its first."""
    shared_ehr.clock.now = NOW
    url = f"sqlite:///{tmp_path_factory.mktemp('clerk') / 'ccm.sqlite'}"
    with open_site(url, shared_ehr) as opened:
        yield opened
