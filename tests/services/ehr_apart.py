"""A sandbox EHR in a process of its own, so that what is measured beside it is not its work.

``python -m tests.services.ehr_apart`` is that process: it reads the app's public keys from its
standard input, prints its origin, and serves until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ccm_fhir.fhir.keys import public_jwks
from ccm_fhir.wiring import real_now
from fhir_fixtures import practice as synthetic
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.parts import ENVIRONMENT
from tests.services.loopback_ehr import APP, KEY, Ehr, RealClock
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def ehr_apart() -> Iterator[Ehr]:
    """Yield a sandbox EHR of one patient, calm until told otherwise by its fault control."""
    command = [sys.executable, "-m", "tests.services.ehr_apart"]
    with subprocess.Popen(  # noqa: S603
        command,
        env=dict(ENVIRONMENT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(public_jwks([KEY])) + "\n")
            process.stdin.flush()
            yield Ehr(origin=process.stdout.readline().strip(), clock=RealClock())
        finally:
            process.stdin.close()
            process.wait()


def main() -> None:
    """Serve until nobody holds the other end any more."""
    client = Client(
        client_id="ccm-fhir",
        launch_url=f"{APP}/launch",
        redirect_uris=(f"{APP}/callback",),
        jwks=json.loads(sys.stdin.readline()),
    )
    listener, origin = listen()
    settings = SandboxSettings(
        origin=origin, clients=(client,), fault_control=True, faults=FaultPlan()
    )
    practice = synthetic.generate(seed=1, patients=1, as_of=real_now().date())
    with serving(create_app(settings, practice=practice, clock=real_now), listener):
        sys.stdout.write(origin + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
