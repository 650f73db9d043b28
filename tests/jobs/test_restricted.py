"""The worker in the role that production gives it: no table is its own, no policy spares it."""

from __future__ import annotations

from datetime import time as clock_time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import make_url

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.wiring import real_now
from fhir_fixtures import practice as synthetic
from tests.databases import APP_ROLE, as_app_role, fresh_postgres_database
from tests.jobs.test_killed import of_yesterday, wait_until, worker
from tests.parts import postgres_admin_url
from tests.services.loopback_ehr import RealClock, running_ehr
from tests.world import open_site


@pytest.mark.needs("postgres")
@pytest.mark.proves("S13")
def test_a_worker_delivers_as_the_role_that_row_level_security_binds() -> None:
    practice = synthetic.generate(seed=1, patients=1, as_of=real_now().date())
    with (
        fresh_postgres_database(postgres_admin_url()) as url,
        running_ehr(practice, RealClock()) as ehr,
        open_site(url, ehr, as_app_role=True) as site,
    ):
        desk = site.launch()
        day = (real_now() - timedelta(days=2)).date()
        desk.record(started_on=day, start_time=clock_time(9, 0), minutes=4)
        (planned,) = of_yesterday(desk)

        with worker(as_app_role(url)):
            wait_until(desk, lambda sent: sent == 1)
            connected = roles_at_work(url)

        assert planned.state is DeliveryState.PLANNED
        (done,) = of_yesterday(desk)
        assert done.state is DeliveryState.SENT
        assert len(site.in_the_ehr(done)) == 1
        assert connected == {(APP_ROLE, False, False)}


def roles_at_work(url: str) -> set[tuple[str, bool, bool]]:
    """Return who is connected beside ourselves: the role, whether mighty, whether owner."""
    own = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(own) as connection:
        found = connection.execute(
            """
            SELECT DISTINCT a.usename, r.rolsuper OR r.rolbypassrls,
                EXISTS (SELECT 1 FROM pg_tables t
                        WHERE t.schemaname = 'public' AND t.tableowner = a.usename)
            FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename
            WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
            """
        ).fetchall()
    return {(str(name), bool(mighty), bool(owner)) for name, mighty, owner in found}
