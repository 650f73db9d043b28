"""A month's work as in production: PostgreSQL, and a role that row-level security binds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.services.emergency import open_emergency, read_emergency
from ccm_fhir.services.launch import LaunchRequest, begin_launch
from ccm_fhir.services.panel import ask_for_panel, list_panel, read_one
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.services.sessions import end, resolve
from tests.databases import fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.services.loopback_ehr import Ehr
from tests.world import BROWSER, DOCTOR, Site, open_site

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
def site(own_ehr: Ehr) -> Iterator[Site]:
    with (
        fresh_postgres_database(postgres_admin_url()) as url,
        open_site(url, own_ehr, as_app_role=True) as opened,
    ):
        yield opened


@pytest.mark.proves("S13")
def test_a_month_goes_from_launch_to_claim(site: Site) -> None:
    nurse, doctor = site.launch(), site.launch(user=DOCTOR)
    nurse.call()
    refresh_chart(site.world, nurse.visit, site.clock())
    doctor.sign()

    delivered = site.deliver_all(nurse.patient_id)

    assert delivered[ResourceKind.CLAIM].state is DeliveryState.SENT
    assert len(site.in_the_ehr(delivered[ResourceKind.CLAIM])) == 1


@pytest.mark.proves("S13")
def test_the_panel_is_read(site: Site) -> None:
    ask_for_panel(site.world, site.practice_id, site.ehr_id, site.clock())

    (patient_id,) = list_panel(site.world, site.practice_id, site.ehr_id, site.clock())

    assert read_one(site.world, site.practice_id, patient_id, site.clock())


@pytest.mark.proves("S13")
def test_sessions_end_and_begin_and_an_old_token_is_renewed(site: Site) -> None:
    desk = site.launch()
    site.clock.advance(minutes=59, seconds=30)
    refresh_chart(site.world, desk.visit, site.clock())
    end(site.world, desk.session_token)

    again = site.launch(session_token=desk.session_token)

    assert resolve(site.world, desk.session_token, desk.visit.launch_id) is None
    assert resolve(site.world, again.session_token, again.visit.launch_id) is not None


@pytest.mark.proves("S13")
def test_discovery_a_day_old_is_read_again(site: Site) -> None:
    site.clock.advance(hours=25)
    request = LaunchRequest(iss=site.ehr.base, launch="x", browser=BROWSER)

    assert begin_launch(site.world, request)


@pytest.mark.proves("S13")
def test_a_practice_is_read_in_an_emergency(site: Site) -> None:
    site.launch()
    opened = open_emergency(site.world, site.practice_id, "Olive Operator", "The EHR is down.")

    reading = read_emergency(site.world, opened.code)

    assert [one.patient.name for one in reading.patients] == ["Rosa Ready"]
