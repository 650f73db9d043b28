"""Many people signed in to the app, which runs as a process of its own and may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.services.approvals import set_policy
from ccm_fhir.services.sessions import continue_or_start, resolve
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.storage import grants, launches, users
from ccm_fhir.storage.grants import NewGrant
from ccm_fhir.storage.launches import NewLaunch
from ccm_fhir.storage.users import SeenUser
from ccm_fhir.storage.vocabulary import GrantKind
from ccm_fhir.wiring import real_now
from smart_app.session.cookies import SESSION
from tests.faults.storm import KILLED
from tests.services.loopback_app import free_port
from tests.smart_app.front import EHR, Front, open_front_at
from tests.world import migrate, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccm_fhir.storage.users import AppUser

SECRET = "a master secret that is long enough"
PATIENCE_SECONDS = 120.0
_LONGEST_MINUTES = 480
_MOST_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One session of one person; the pace of pages is held by session."""

    user_id: str
    launch_id: str
    token: str
    csrf: str

    def headers(self, origin: str) -> dict[str, str]:
        """Return what the person's own page would send with a form."""
        return {"cookie": f"{SESSION}={self.token}", "origin": origin, "x-csrf": self.csrf}


@dataclass(kw_only=True)
class AppProcess:
    """One process of ``ccm-fhir serve``, which may be killed and started again."""

    port: int
    environment: Mapping[str, str] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, **settings: str) -> None:
        """Start the app and wait until it answers, or until it has died at its failpoint."""
        command = [sys.executable, "-m", "ccm_fhir", "serve", f"--port={self.port}"]
        self._process = subprocess.Popen(command, env={**self.environment, **settings})  # noqa: S603
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if httpx2.get(f"{self.address}/health/ready", trust_env=False).is_success:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        if settings and self._process.poll() == KILLED:
            return
        message = f"the app did not come up (exit code {self._process.poll()})"
        raise AssertionError(message)

    def kill(self) -> None:
        """Kill the app as a machine's failure would: SIGKILL, at once."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def died_by_itself(self) -> bool:
        """Wait for the app to die at its failpoint; return whether it did."""
        assert self._process is not None
        try:
            return self._process.wait(PATIENCE_SECONDS) == KILLED
        except subprocess.TimeoutExpired:
            return False


class Served:
    """A practice in a database, and the app on it."""

    def __init__(self, database_url: str) -> None:
        migrate(database_url)
        front = open_front_at(database_url)
        front.clock.moment = front.work_clock.moment = real_now()
        self.front: Front = replace(front)
        self.database_url = database_url
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process = AppProcess(port=self.port, environment=self.environment())
        lax = TypedPolicy(
            late_after_days=_MOST_DAYS, longest_minutes=_LONGEST_MINUTES, after_month_end=False
        )
        set_policy(front.world, operator(front.world), lax, real_now())

    def people(self, number: int) -> tuple[AppUser, ...]:
        """Add nurses to the practice."""
        front = self.front
        with front.world.db.write(front.practice_id) as session:
            return tuple(
                users.upsert(
                    session,
                    front.practice_id,
                    SeenUser(
                        ehr_id=front.ehr_id,
                        issuer=EHR,
                        subject=f"nurse-{one}",
                        fhir_user=f"Practitioner/nurse-{one}",
                        name=f"Nurse {one}",
                        role=Role.CARE_MANAGER,
                    ),
                    real_now(),
                )
                for one in range(number)
            )

    def seat(self, person: AppUser) -> Seat:
        """Sign a person in, for the practice's patient."""
        front, now = self.front, real_now()
        front.clock.moment = now
        with front.world.db.write(front.practice_id) as session:
            token, id_hash = continue_or_start(front.world, session, person, "")
            access = NewGrant(
                ehr_id=front.ehr_id,
                kind=GrantKind.USER,
                access_token="access",
                scope="patient/*.rs",
                expires_at=now + timedelta(hours=4),
            )
            grant = grants.add(session, front.world.vault, front.practice_id, access, now)
            launch = NewLaunch(
                ehr_id=front.ehr_id,
                user_id=person.id,
                session_id_hash=id_hash,
                patient_id=front.patient_id,
                grant_id=grant.id,
                need_patient_banner=True,
            )
            launch_id = launches.start(session, front.practice_id, launch, now).id
        visit = resolve(front.world, token, launch_id)
        assert visit is not None
        return Seat(user_id=person.id, launch_id=launch_id, token=token, csrf=visit.csrf_token)

    def environment(self) -> Mapping[str, str]:
        """Return the settings of the app's process; it delivers nothing."""
        return settings_for(
            self.database_url,
            CCM_BASE_URL=self.address,
            CCM_SECRET_KEY=SECRET,
            CCM_RUN_ENGINE="false",
        )

    def start(self, **settings: str) -> None:
        """Start the app and wait until it answers, or until it has died at its failpoint."""
        self._process.start(**settings)

    def kill(self) -> None:
        """Kill the app as a machine's failure would: SIGKILL, at once."""
        self._process.kill()

    def died_by_itself(self) -> bool:
        """Wait for the app to die at its failpoint; return whether it did."""
        return self._process.died_by_itself()

    def beside(self) -> AppProcess:
        """Return a further process of the app, as behind one balancer; it is not started yet."""
        return AppProcess(port=free_port(), environment=self.environment())

    def close(self) -> None:
        """End everything."""
        self.kill()
        self.front.world.db.close()
