"""The page's connection check at a real sandbox EHR: the doctor's findings, audited, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import NotAllowedError
from ccm_fhir.services.connection_check import check_connection
from ccm_fhir.services.diagnosis import CheckName, CheckState
from ccm_fhir.storage import audit
from tests.services.loopback_ehr import RealClock, cast, running_ehr
from tests.world import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def real_site(sqlite_url: str) -> Iterator[Site]:
    """Yield a practice at an EHR that lives in real time, as its Date headers do."""
    with running_ehr(cast(1), RealClock()) as ehr, open_site(sqlite_url, ehr) as site:
        yield site


def test_an_administrator_sees_the_doctors_checks_and_the_asking_is_audited(
    real_site: Site,
) -> None:
    desk = real_site.launch()

    found = check_connection(real_site.world, desk.acting(role=Role.ADMIN).actor)

    assert [check.name for check in found.checks] == list(CheckName)
    assert {check.state for check in found.checks} == {CheckState.OK}
    with real_site.world.db.read(real_site.practice_id) as session:
        lines = audit.records(session, real_site.practice_id, after=0, most=100)
    assert lines[-1].act == f"check_connection {desk.actor.ehr_id}"
    assert lines[-1].user_id == desk.actor.user_id


def test_nobody_else_sees_them(real_site: Site) -> None:
    desk = real_site.launch()

    with pytest.raises(NotAllowedError):
        check_connection(real_site.world, desk.actor)
