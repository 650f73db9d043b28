"""An EHR takes its permission back: the session ends, is told plainly, and loses no minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from ccm_fhir.services import timers
from ccm_fhir.services.sessions import resolve
from ccm_fhir.services.timers import StartTimer, TimerState, timers_of
from ccm_fhir.storage.tables import AuditRow
from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import SESSION
from tests.services.loopback_ehr import APP, Clock, Ehr, cast, running_ehr
from tests.services.wire import answers, with_json
from tests.world import DOCTOR, READY, Desk, Site, open_site

TOKEN = "/oauth/token"
OTHER = "pt-almost"
REFUSED = {"error": "invalid_grant"}
TAKEN_BACK = "The EHR has taken its permission back"


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(3), Clock()) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, ehr: Ehr) -> Iterator[Site]:
    with open_site(f"sqlite:///{tmp_path / 'ccm.sqlite'}", ehr) as opened:
        yield opened


@dataclass(frozen=True)
class Frame:
    """A person's page inside the EHR's frame."""

    desk: Desk

    @property
    def path(self) -> str:
        return f"/l/{self.desk.visit.launch_id}"

    def get(self, path: str = "", **headers: str) -> httpx2.Response:
        return self._app().get(f"{self.path}{path}", headers={**self._cookie(), **headers})

    def post(self, path: str, **headers: str) -> httpx2.Response:
        sent = {"csrf": self.desk.visit.csrf_token, "month": "2026-11", "awake": "60", "quiet": "0"}
        origin = {"origin": APP, **self._cookie(), **headers}
        return self._app().post(f"{self.path}{path}", data=sent, headers=origin)

    def lose_permission(self) -> httpx2.Response:
        """Let the EHR refuse the token and its renewal when the chart is read again."""
        wire = self.desk.site.wire
        wire.fail("POST", "/fhir/?$", answers(401))
        wire.fail("POST", TOKEN, answers(400, body=REFUSED))
        answer = self.post("/refresh")
        wire.mend()
        return answer

    def _cookie(self) -> dict[str, str]:
        return {"cookie": f"{SESSION}={self.desk.session_token}"}

    def _app(self) -> TestClient:
        site = self.desk.site
        told = AppSettings(base_url=APP, is_demo=True, service_now=site.clock)
        return TestClient(create_app(site.world, told), base_url=APP, follow_redirects=False)


def acts(site: Site) -> list[str]:
    with site.world.db.read(site.practice_id) as session:
        return list(session.exec(select(AuditRow.act)))


@pytest.mark.proves("S11", "R34")
def test_a_permission_taken_back_ends_the_session_and_offers_a_new_launch(site: Site) -> None:
    frame = Frame(site.launch())

    told = frame.lose_permission()
    later = frame.get()

    for answer in (told, later):
        assert answer.status_code == 403
        assert TAKEN_BACK in answer.text
        assert f"/launch?iss={quote(site.ehr.base, safe='')}" in answer.text
        assert "Rosa Ready" not in answer.text
    for path in ("/month", "/timer", "/consent", "/choice"):
        assert frame.get(path).status_code == 403
    assert frame.get("/progress", **{"hx-request": "true"}).status_code == 286
    assert acts(site).count("grant_withdrawn") == 1
    assert resolve(site.world, frame.desk.session_token, frame.desk.visit.launch_id) is None


@pytest.mark.proves("S11")
@pytest.mark.parametrize("is_watched", [True, False])
def test_no_minute_of_a_running_timer_is_lost_when_the_permission_is(
    site: Site, *, is_watched: bool
) -> None:
    frame = Frame(site.launch())
    request = StartTimer(patient_id=frame.desk.patient_id, is_watched=is_watched)
    timer_id = timers.start(site.world, frame.desk.actor, request, site.clock())
    for _ in range(7):
        site.clock.advance(minutes=1)
        assert frame.post(f"/timer/{timer_id}/sign", **{"x-poll": "yes"}).status_code == 200

    frame.lose_permission()
    site.clock.advance(minutes=30)
    again = site.launch()

    (kept,) = timers_of(site.world, again.actor, site.clock())
    assert (kept.timer_id, kept.state) == (timer_id, TimerState.PAUSED)
    assert kept.seconds == 7 * 60
    assert "7:00" in Frame(again).get().text


@pytest.mark.proves("S11")
def test_the_sign_of_a_timers_page_learns_that_the_permission_is_gone(site: Site) -> None:
    first = Frame(site.launch())
    request = StartTimer(patient_id=first.desk.patient_id, is_watched=True)
    timer_id = timers.start(site.world, first.desk.actor, request, site.clock())
    site.clock.advance(seconds=45)
    first.lose_permission()

    assert first.post(f"/timer/{timer_id}/sign", **{"x-poll": "yes"}).status_code == 403
    (kept,) = timers_of(site.world, first.desk.actor, site.clock())
    assert kept.seconds == 45


@pytest.mark.proves("S11", "R38")
def test_the_other_patients_chart_stays_open_as_long_as_its_own_permission(site: Site) -> None:
    first = site.launch(patient=READY)
    second = Frame(site.launch(patient=OTHER, session_token=first.session_token))
    request = StartTimer(patient_id=second.desk.patient_id)
    timers.start(site.world, second.desk.actor, request, site.clock())

    Frame(first).lose_permission()

    assert Frame(first).get().status_code == 403
    assert second.get().status_code == 200
    (kept,) = timers_of(site.world, second.desk.actor, site.clock())
    assert kept.state is TimerState.RUNNING
    second.lose_permission()
    assert second.get().status_code == 403
    (kept,) = timers_of(site.world, second.desk.actor, site.clock())
    assert kept.state is TimerState.PAUSED


@pytest.mark.proves("S11")
def test_a_renewal_for_another_patient_ends_the_launch_and_reads_nothing(site: Site) -> None:
    frame = Frame(site.launch(patient=READY))
    site.wire.mend()
    site.wire.fail("POST", "/fhir/?$", answers(401), times=1)
    site.wire.fail("POST", TOKEN, with_json(lambda token: {**token, "patient": OTHER}))

    told = frame.post("/refresh")

    assert told.status_code == 403
    assert "opens another chart" in told.text
    assert frame.get().status_code == 403
    assert len([r for r in site.wire.requests if "/fhir" in r.url.path]) == 1  # the refused one


@pytest.mark.proves("S11")
def test_a_withdrawal_is_told_to_nobody_but_the_browser_that_had_the_launch(site: Site) -> None:
    nurse, doctor = Frame(site.launch()), Frame(site.launch(user=DOCTOR))
    nurse.lose_permission()

    stranger = TestClient(
        create_app(site.world, AppSettings(base_url=APP, is_demo=True, service_now=site.clock)),
        base_url=APP,
    )
    cookie = {"cookie": f"{SESSION}={doctor.desk.session_token}"}

    assert stranger.get(nurse.path, headers=cookie).status_code == 404
    assert stranger.get(nurse.path).status_code == 404
    assert doctor.get().status_code == 200


def test_a_person_signed_in_elsewhere_keeps_the_timer_running(site: Site) -> None:
    here, there = Frame(site.launch()), site.launch()
    timers.start(site.world, there.actor, StartTimer(patient_id=there.patient_id), site.clock())

    here.lose_permission()

    assert here.get().status_code == 403
    (kept,) = timers_of(site.world, there.actor, site.clock() + timedelta(minutes=1))
    assert kept.state is TimerState.RUNNING
