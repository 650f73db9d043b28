"""Puts an installation together from its settings; the only place that reads the real clock."""

from __future__ import annotations

import secrets
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as clock_time
from functools import lru_cache, partial
from pathlib import Path
from threading import Event

from ccm_fhir import engine, failpoints, jobs
from ccm_fhir.engine import Durable, Enqueuer
from ccm_fhir.errors import ConfigurationError
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.retrying import Patience
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.cds_desk import CdsDesk
from ccm_fhir.services.installation import Installation, SiteTerminology
from ccm_fhir.services.request_slots import RequestSlots
from ccm_fhir.services.token_cache import TokenCache
from ccm_fhir.settings import Settings
from ccm_fhir.storage.crypto import derive_key, vault_from
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.migrate import grant_to, is_at_head, refuse_unguarded, upgrade
from ccm_fhir.terminology import load_chronic_table, read_roots

_DEMO_HOUR_UTC = 20
_DELIVERIES_AT_ONCE = 32  # requests under way: what waits for anything else gives its place back
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An installation at work; ``engine`` is None in a process that only enqueues."""

    world: Installation
    engine: Durable | None
    service_now: Callable[[], datetime]
    watching: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Finish the step in flight, then close the database."""
        self.watching.close()
        failpoints.failpoint("C10")
        if self.engine is not None:
            self.engine.close()
        self.world.db.close()


def real_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def service_clock(settings: Settings) -> Callable[[], datetime]:
    """Return the clock of service dates: the real one, or a demo's chosen day in the afternoon."""
    if settings.demo_today is None:
        return real_now
    start = datetime.combine(settings.demo_today, clock_time(_DEMO_HOUR_UTC), tzinfo=UTC)
    begun = time.monotonic()

    def demo_now() -> datetime:
        elapsed = time.monotonic() - begun
        return datetime.fromtimestamp(start.timestamp() + elapsed, tz=UTC)

    return demo_now


def migrate(settings: Settings, *, role: str = "") -> None:
    """Bring the database to the newest schema, ours and the durable engine's.

    A ``role`` of a PostgreSQL server is given what the app needs to work as that role.
    """
    if settings.is_sqlite:
        folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise ConfigurationError("CCM_DATABASE_URL", "its folder cannot be made") from None
    _arm(settings)
    upgrade(settings.database_url, partial(_audit_key, settings))
    engine.migrate(settings.database_url)
    if role:
        grant_to(settings.database_url, role)
        engine.grant_to(settings.database_url, role)


def open_installation(settings: Settings, *, with_engine: bool) -> Opened:
    """Open an installation; with its engine, it also delivers.

    Raises:
        ConfigurationError: no master secret, or a database that was not migrated.
    """
    secrets_by_name = settings.master_secrets()
    _arm(settings)
    if not is_at_head(settings.database_url):
        raise ConfigurationError("CCM_DATABASE_URL", "not migrated; run: ccm-fhir migrate")
    refuse_unguarded(settings.database_url, any_role=settings.demo)
    durable = (
        Durable(
            settings.database_url, executor_id=settings.executor_id, concurrency=_DELIVERIES_AT_ONCE
        )
        if with_engine
        else None
    )
    world = Installation(
        base_url=settings.base_url.rstrip("/"),
        db=open_database(settings.database_url),
        vault=vault_from(secrets_by_name, settings.secret_key_id),
        audit_key=_audit_key(settings),
        rulebook=load_rulebook(settings.fees_dir),
        table=load_chronic_table(assume_icd10_is_cm=settings.assume_icd10_is_cm),
        queue=durable or Enqueuer(settings.database_url),
        open_gate=_gate,
        new_secret=lambda: secrets.token_urlsafe(_SECRET_BYTES),
        patience=Patience(),
        system_tokens=TokenCache(),
        clock=real_now,
        settle_seconds=settings.settle_seconds,
        terminology=_site_terminology(settings),
        slots=RequestSlots(per_minute=settings.ehr_requests_per_minute),
        cds=CdsDesk(budget_seconds=settings.cds_budget_ms / 1000),
    )
    service_now = service_clock(settings)
    if durable is not None:
        jobs.register(durable, world, service_now)
        durable.launch()
    opened = Opened(world=world, engine=durable, service_now=service_now)
    if durable is not None:
        opened.watching.enter_context(jobs.watching(world, durable.enqueuer, settings.executor_id))
    return opened


def given_up(settings: Settings, world: Installation) -> tuple[str, ...]:
    """Return the open deliveries whose workflow ended by a fault of our own."""
    with Enqueuer(settings.database_url) as enqueuer:
        return jobs.given_up(world, enqueuer)


def run_until_stopped(settings: Settings) -> None:
    """Run the durable engine until SIGTERM or Ctrl-C; the step in flight is finished first."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    opened = open_installation(settings, with_engine=True)
    try:
        stop.wait()
    finally:
        opened.close()


def _arm(settings: Settings) -> None:
    if settings.failpoint:
        point, _, passes = settings.failpoint.partition(":")
        failpoints.arm(point, int(passes))


def _audit_key(settings: Settings) -> bytes:
    return derive_key(settings.audit_secret(), "audit")


def _site_terminology(settings: Settings) -> SiteTerminology | None:
    if settings.terminology_url is None:
        return None
    token, roots = settings.terminology_token, settings.terminology_roots
    return SiteTerminology(
        base_url=settings.terminology_url.rstrip("/"),
        token=token.get_secret_value() if token else "",
        roots=read_roots(roots) if roots else {},
        allow_loopback_http=settings.demo,
    )


@lru_cache(maxsize=64)
def _gate(origins: frozenset[Origin], allow_loopback_http: bool) -> OutgoingGate:  # noqa: FBT001
    return OutgoingGate(origins=origins, allow_loopback_http=allow_loopback_http)
