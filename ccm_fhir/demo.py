"""The demo: a sandbox EHR and the app as two processes on loopback, with a synthetic practice.

Everything is as an installation would be: the EHR is discovered and registered, the app knows
it by the database, and the demo's people do their work through the pages.
"""

from __future__ import annotations

import http.client
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from ccm_fhir import wiring
from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.rules import PROGRAMME_FAMILIES
from ccm_fhir.errors import CcmError
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.approvals import set_policy
from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.services.connect import NewConnection, connect_ehr
from ccm_fhir.services.panel import ask_for_panel
from ccm_fhir.services.practice_setup import PracticeDetails, add_practice, attest_practice
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.services.signing_keys import ensure_one
from ccm_fhir.settings import Settings, child_environment

PRACTICE = "Maple Street Family Practice"
ORGANIZATION = "Organization/org-maple-street"
PRACTICE_NPI = "1999999018"
_DAYS_OF_A_MONTH = 31
ZONE = "America/New_York"
EXIT_UNREACHABLE = 3
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """Which ports, which day, how many patients."""

    app_port: int
    ehr_port: int
    today: date
    patients: int

    @property
    def app_url(self) -> str:
        """The app's address; another site than the EHR's, so that cookies are truly tested."""
        return f"http://127.0.0.1:{self.app_port}"

    @property
    def ehr_url(self) -> str:
        """The sandbox EHR's address."""
        return f"http://localhost:{self.ehr_port}"


def run(plan: DemoPlan, out: Console, *, script: bool) -> int:
    """Run the demo until Ctrl-C, or its scripted walk; return the exit code."""
    for port in (plan.app_port, plan.ehr_port):
        if _is_taken(port):
            out.print(f"[red]Port {port} is in use; choose others with --port, --ehr-port.[/red]")
            return EXIT_UNREACHABLE
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ccm-demo-"))
        settings = _settings(plan, Path(folder))
        try:
            begun = time.monotonic()
            sandbox = stack.enter_context(_running(_sandbox(plan), child_environment()))
            _wait_for(sandbox, plan.ehr_port, "/fhir/metadata", "the sandbox EHR")
            set_up(settings, plan)
            app = stack.enter_context(_running(_app(plan), child_environment(settings)))
            _wait_for(app, plan.app_port, "/health/ready", "the app")
            if script:
                return _walk(plan)
            _seed_time(plan)
            out.print(_ready(plan, time.monotonic() - begun))
            _stay()
        except KeyboardInterrupt:
            out.print("\nThe demo has ended; its data is gone.")
        except CcmError as problem:
            out.print(f"[red]{problem}[/red]")
            return EXIT_UNREACHABLE
    return 0


def set_up(settings: Settings, plan: DemoPlan) -> None:
    """Make the installation: schema, key, practice, EHR, and the wish to read its panel."""
    wiring.migrate(settings)
    opened = wiring.open_installation(settings, with_engine=False)
    try:
        world, now = opened.world, opened.service_now()
        ensure_one(world, now)
        practice_id = add_practice(
            world,
            PracticeDetails(
                name=PRACTICE,
                time_zone=ZONE,
                npi=PRACTICE_NPI,
                organization_ref=ORGANIZATION,
                charges_usd=_charges(plan.today),
                charges_from=date(2015, 1, 1),
            ),
            now,
        )
        attest_practice(world, practice_id, plan.today.replace(month=1, day=1))
        # The scripted people type the whole month's work on one day.
        whole_month = TypedPolicy(late_after_days=_DAYS_OF_A_MONTH)
        set_policy(world, operator(world), whole_month, now)
        connected = connect_ehr(
            world,
            NewConnection(
                practice_id=practice_id,
                name="Sandbox EHR",
                fhir_base=f"{plan.ehr_url}/fhir",
                client_id="ccm-fhir",
                allow_loopback_http=True,
            ),
            now,
        )
        register_caller(
            world,
            CdsRegistration(
                fhir_base=connected.fhir_base,
                issuer=plan.ehr_url,
                jwks_url=f"{plan.ehr_url}/oauth/jwks",
            ),
            now,
        )
        ask_for_panel(world, practice_id, connected.ehr_id, now)
    finally:
        opened.close()


def sandbox_command(*, port: int, app_url: str, today: date, patients: int = 40) -> list[str]:
    """Return the command that starts the sandbox EHR with the app registered in it."""
    return [
        sys.executable,
        "-m",
        "fhir_fixtures.sandbox",
        "--host=localhost",
        f"--port={port}",
        "--client-id=ccm-fhir",
        f"--launch-url={app_url}/launch",
        f"--redirect-uri={app_url}/callback",
        f"--jwks-url={app_url}/.well-known/jwks.json",
        f"--cds-url={app_url}/cds-services",
        f"--as-of={today.isoformat()}",
        f"--patients={patients}",
    ]


def _settings(plan: DemoPlan, folder: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / 'demo.sqlite'}",
        base_url=plan.app_url,
        secret_key=SecretStr(secrets.token_urlsafe(48)),
        demo=True,
        demo_today=plan.today,
        settle_seconds=3.0,
    )


def _charges(today: date) -> dict[str, Decimal]:
    """Return the demo practice's fee table: what Medicare allows nationally in that year."""
    rulebook = load_rulebook()
    rules = rulebook.of_month(ServiceMonth.containing(today))
    codes = [rule.code for family in PROGRAMME_FAMILIES for rule in rules.family(family)]
    prices = {code: rulebook.price_rule(code, today) for code in codes}
    return {
        code: national_nonfacility_amount(price)
        for code, price in prices.items()
        if price is not None
    }


def _sandbox(plan: DemoPlan) -> list[str]:
    return sandbox_command(
        port=plan.ehr_port, app_url=plan.app_url, today=plan.today, patients=plan.patients
    )


def _app(plan: DemoPlan) -> list[str]:
    return [sys.executable, "-m", "ccm_fhir", "serve", f"--port={plan.app_port}"]


class _running:  # noqa: N801  # reads as a phrase in a with statement
    """A process that ends with the block: politely first, then not."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and modules
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class NotReadyError(CcmError):
    """A process of the demo did not come up."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} did not come up; what it said stands above")


def _wait_for(process: subprocess.Popen[bytes], port: int, path: str, what: str) -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            connection = http.client.HTTPConnection("localhost", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    raise NotReadyError(what)


def _walk(plan: DemoPlan) -> int:
    return _scripted(plan, "walk")


def _seed_time(plan: DemoPlan) -> None:
    _scripted(plan, "seed")


def _scripted(plan: DemoPlan, what: str) -> int:
    """Let scripted people do something through the pages, as a browser would."""
    command = [sys.executable, "-m", "fhir_fixtures.people", what]
    command += [f"--ehr={plan.ehr_url}", f"--today={plan.today}"]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own module


def _ready(plan: DemoPlan, seconds: float) -> str:
    return (
        f"\n[bold]Ready in {seconds:.1f} s.[/bold] All data is synthetic.\n\n"
        f"  The EHR, where everything starts:  [bold]{plan.ehr_url}/[/bold]\n"
        f"  The app, launched from there:      {plan.app_url}/\n\n"
        f"Today is {plan.today:%d %B %Y} in this demo. Pick a person and a patient and launch.\n"
        "Who shows what: docs/demo-patients.md. Ctrl-C ends the demo."
    )


def _stay() -> None:
    while True:
        time.sleep(3600)
