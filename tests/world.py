"""An installation on a real database that speaks over loopback to a real sandbox EHR.

Nothing of ours is replaced: the seams are the clock, the wire (``tests.services.wire``) and the
database URL. ``Site`` does what the people of a practice do, by calling the services as the
pages would.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2

from ccm_fhir import engine
from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import ContactMode, DeliveryState, ResourceKind
from ccm_fhir.engine import Enqueuer
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.retrying import Patience
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.approvals import set_policy
from ccm_fhir.services.connect import NewConnection, connect_ehr
from ccm_fhir.services.deliver import Attempt, attempt_delivery
from ccm_fhir.services.installation import Installation, Queue
from ccm_fhir.services.keep_time import TypedTime, record_typed
from ccm_fhir.services.launch import Callback, LaunchRequest, begin_launch, complete_launch
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.practice_setup import PracticeDetails, add_practice, attest_practice
from ccm_fhir.services.review import review_patient_month
from ccm_fhir.services.sessions import Visit, resolve
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.services.sign import SignMonth, sign_month
from ccm_fhir.services.token_cache import TokenCache
from ccm_fhir.storage import deliveries, keys, practices
from ccm_fhir.storage.crypto import derive_key, vault_from
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.keys import NewSigningKey
from ccm_fhir.storage.migrate import upgrade
from ccm_fhir.terminology import load_chronic_table
from tests.databases import APP_ROLE
from tests.databases import as_app_role as app_role_url
from tests.parts import ENVIRONMENT
from tests.services.loopback_ehr import APP, KEY, TODAY, Clock, Ehr
from tests.services.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

NOVEMBER = ServiceMonth(2026, 11)
ORGANIZATION = "Organization/org-maple-street"
PRACTICE_NPI = "1999999018"
CHARGES = {
    "99490": Decimal("95.00"),
    "99439": Decimal("75.00"),
    "99487": Decimal("190.00"),
    "99489": Decimal("105.00"),
    "99491": Decimal("120.00"),
    "99437": Decimal("85.00"),
}
SETTLE_SECONDS = 120.0
SECRET = "synthetic-" * 4
NURSE = "prac-nora-carewell"
DOCTOR = "prac-amelia-signwell"
NURSE_PRACTITIONER = "prac-jonas-nightingale"
BILLER = "prac-bianca-ledger"
READY = "pt-ready"
BROWSER = "b" * 43


@dataclass(frozen=True, kw_only=True)
class Site:
    """One practice at work: its installation, its EHR, and the wire between them."""

    world: Installation
    ehr: Ehr
    wire: Wire
    clock: Clock
    practice_id: str
    ehr_id: str
    slept: list[float] = field(default_factory=list)

    def trust_what_is_typed(self) -> None:
        """Let typed time count without a second person, whatever the day of the month is."""
        trusting = TypedPolicy(late_after_days=366, longest_minutes=480, after_month_end=False)
        hand = SetupHand(practice_id=self.practice_id, user_id=None)
        set_policy(self.world, hand, trusting, self.clock())

    def begin(self, *, patient: str = READY, user: str = NURSE, browser: str = BROWSER) -> str:
        """Launch from the chart; return where the app sends the browser."""
        with _browser(self.ehr.origin) as http:
            chart = http.post("/launches", data={"user": user, "patient": patient})
        handle = _query(chart.headers["location"])["launch"]
        request = LaunchRequest(iss=self.ehr.base, launch=handle, browser=browser)
        return begin_launch(self.world, request)

    def authorize(self, url: str, *, browser: str = BROWSER, session_token: str = "") -> Callback:
        """Go to the EHR's authorization page; return what the browser comes back with."""
        with _browser(self.ehr.origin) as http:
            back = http.get(url)
        sent = _query(back.headers["location"])
        return Callback(
            state=sent.get("state", ""),
            code=sent.get("code", ""),
            iss=sent.get("iss", ""),
            error=sent.get("error", ""),
            browser=browser,
            session_token=session_token,
        )

    def launch(self, *, patient: str = READY, user: str = NURSE, session_token: str = "") -> Desk:
        """Launch the app for a patient as a user of the EHR."""
        callback = self.authorize(
            self.begin(patient=patient, user=user), session_token=session_token
        )
        signed_in = complete_launch(self.world, callback, self.clock())
        visit = resolve(self.world, signed_in.session_token, signed_in.launch_id)
        assert visit is not None
        return Desk(site=self, visit=visit, session_token=signed_in.session_token)

    def deliveries(
        self, patient_id: str, month: ServiceMonth = NOVEMBER
    ) -> tuple[DeliveryRecord, ...]:
        """Return every delivery of a patient's month."""
        with self.world.db.read(self.practice_id) as session:
            practice = practices.get(session, self.practice_id)
            return deliveries.of_patient_month(
                session, practice.id, patient_id, month, practice.zone
            )

    def delivery(self, delivery_id: str) -> DeliveryRecord:
        with self.world.db.read(self.practice_id) as session:
            return deliveries.get(session, self.practice_id, delivery_id)

    def attempt(self, delivery_id: str) -> Attempt:
        return attempt_delivery(self.world, self.practice_id, delivery_id)

    def deliver(self, *delivery_ids: str, most: int = 60) -> tuple[DeliveryRecord, ...]:
        """Attempt deliveries in rounds, letting the clock run on, until nothing is left to do."""
        unfinished = delivery_ids
        for _ in range(most):
            waits = {one: self.attempt(one).wait_seconds for one in unfinished}
            left = {one: wait for one, wait in waits.items() if wait is not None}
            if not left:
                return tuple(self.delivery(one) for one in delivery_ids)
            unfinished = tuple(left)
            self.clock.advance(seconds=min(left.values()))
        states = [self.delivery(one).state.value for one in unfinished]
        message = f"after {most} rounds still {', '.join(states)}"
        raise AssertionError(message)

    def deliver_all(self, patient_id: str) -> dict[ResourceKind, DeliveryRecord]:
        """Deliver everything of a patient's month; return the last of each kind."""
        done = self.deliver(*(delivery.id for delivery in self.deliveries(patient_id)))
        return {delivery.resource_type: delivery for delivery in done}

    def in_the_ehr(self, delivery: DeliveryRecord) -> list[dict[str, Any]]:
        """Return what the EHR holds under a delivery's identifier."""
        return self.ehr.holds(delivery.resource_type.value, delivery.identifier)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A person with a patient open."""

    site: Site
    visit: Visit
    session_token: str

    @property
    def actor(self) -> Actor:
        return self.visit.actor

    @property
    def patient_id(self) -> str:
        assert self.visit.patient_id is not None
        return self.visit.patient_id

    def acting(self, **changes: Any) -> Desk:  # noqa: ANN401  # any field of Actor
        """Return the same desk with another standing, such as no NPI."""
        return replace(self, visit=replace(self.visit, actor=replace(self.actor, **changes)))

    def typed(self, **changes: Any) -> TypedTime:  # noqa: ANN401  # any field of TypedTime
        """Return 22 minutes of this morning, but for what is said otherwise."""
        usual = TypedTime(
            patient_id=self.patient_id,
            form_key=str(uuid4()),
            started_on=TODAY,
            start_time=clock_time(9, 0),
            minutes=22,
            activity=Activity.PATIENT_CALL,
            contact_mode=None,
            note="",
        )
        return replace(usual, **changes)

    def record(self, typed: TypedTime | None = None, **changes: Any) -> str:  # noqa: ANN401
        """Record typed time; return the entry's id."""
        typed = replace(typed, **changes) if typed else self.typed(**changes)
        return record_typed(self.site.world, self.actor, typed, self.site.clock())

    def call(self, **changes: Any) -> str:  # noqa: ANN401
        """Record a telephone call, which becomes an Encounter and a Procedure."""
        return self.record(**{"contact_mode": ContactMode.TELEPHONE, **changes})

    def review(self, month: ServiceMonth = NOVEMBER) -> PatientMonthReview:
        return review_patient_month(
            self.site.world, self.actor, self.patient_id, month, self.site.clock()
        )

    def signature(self, **changes: Any) -> SignMonth:  # noqa: ANN401  # any field of SignMonth
        """Return the signing form of what is shown now, every statement ticked."""
        shown = self.review()
        usual = SignMonth(
            patient_id=self.patient_id,
            month=NOVEMBER,
            form_key=str(uuid4()),
            attested=frozenset(shown.to_attest),
            decision_hash=shown.decision_hash,
        )
        return replace(usual, **changes)

    def sign(self, signature: SignMonth | None = None, **changes: Any) -> None:  # noqa: ANN401
        signature = signature or self.signature(**changes)
        sign_month(self.site.world, self.actor, signature, self.site.clock())

    def delivery(self, kind: ResourceKind) -> DeliveryRecord:
        """Return the month's one delivery of a kind."""
        (found,) = (d for d in self.site.deliveries(self.patient_id) if d.resource_type is kind)
        return found

    def states(self) -> dict[str, DeliveryState]:
        return {d.resource_type.value: d.state for d in self.site.deliveries(self.patient_id)}


def settings_for(database_url: str, **others: str) -> dict[str, str]:
    """Return the environment in which a process of ours opens the same installation."""
    bare = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("CCM_")}
    return {
        **bare,
        "CCM_DATABASE_URL": database_url,
        "CCM_BASE_URL": APP,
        "CCM_SECRET_KEY": SECRET,
        "CCM_DEMO": "true",
        **others,
    }


def migrate(database_url: str) -> None:
    """Make our tables and the engine's; a SQLite file is copied from one made before."""
    if not database_url.startswith("sqlite"):
        upgrade(database_url)
        engine.migrate(database_url)
        return
    file = Path(database_url.removeprefix("sqlite:///"))
    if not file.exists():
        file.write_bytes(_migrated_file())


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ccm.sqlite"
        upgrade(f"sqlite:///{file}")
        engine.migrate(f"sqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        return file.read_bytes()


@contextmanager
def open_site(
    database_url: str,
    ehr: Ehr,
    *,
    queue: Queue | None = None,
    settle_seconds: float = SETTLE_SECONDS,
    attested_on: date | None = date(2026, 1, 1),
    app_url: str = APP,
    as_app_role: bool = False,
) -> Iterator[Site]:
    """Open an installation with one practice that is connected to an EHR.

    A process that is started with ``settings_for`` works on the same installation. With
    ``as_app_role`` a PostgreSQL database is worked on as in production, under row-level security.
    """
    migrate(database_url)
    if as_app_role:
        owner_url, database_url = database_url, app_role_url(database_url)
        engine.grant_to(owner_url, APP_ROLE)
    wire, slept, clock = Wire(), list[float](), ehr.clock
    own_queue = Enqueuer(database_url)
    world = Installation(
        base_url=app_url,
        db=open_database(database_url),
        vault=vault_from({"1": SECRET.encode()}, "1"),
        audit_key=derive_key(SECRET.encode(), "audit"),
        rulebook=load_rulebook(),
        table=load_chronic_table(),
        queue=queue or own_queue,
        open_gate=lambda origins, allow: OutgoingGate(
            origins=origins, allow_loopback_http=allow, transport=wire
        ),
        new_secret=lambda: secrets.token_urlsafe(32),
        patience=Patience(sleep=slept.append, jitter=lambda: 1.0),
        system_tokens=TokenCache(),
        clock=clock,
        settle_seconds=settle_seconds,
    )
    try:
        practice_id, ehr_id = _set_up(world, ehr, attested_on)
        wire.mend()
        yield Site(
            world=world,
            ehr=ehr,
            wire=wire,
            clock=clock,
            practice_id=practice_id,
            ehr_id=ehr_id,
            slept=slept,
        )
    finally:
        own_queue.close()
        world.db.close()
        wire.close()


def _set_up(world: Installation, ehr: Ehr, attested_on: date | None) -> tuple[str, str]:
    now = ehr.clock()
    with world.db.write() as session:
        keys.add(
            session,
            world.vault,
            NewSigningKey(
                id=KEY.kid,
                alg=KEY.algorithm.value,
                private_pem=KEY.to_pem().decode(),
                public_jwk_json="{}",
            ),
            now,
        )
    details = PracticeDetails(
        name="Maple Street Family Practice",
        time_zone="America/New_York",
        npi=PRACTICE_NPI,
        organization_ref=ORGANIZATION,
        charges_usd=CHARGES,
        charges_from=date(2015, 1, 1),
    )
    practice_id = add_practice(world, details, now)
    if attested_on is not None:
        attest_practice(world, practice_id, attested_on)
    connection = NewConnection(
        practice_id=practice_id,
        name="Sandbox EHR",
        fhir_base=ehr.base,
        client_id="ccm-fhir",
        allow_loopback_http=True,
    )
    return practice_id, connect_ehr(world, connection, now).ehr_id


@contextmanager
def _browser(origin: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=origin, trust_env=False, follow_redirects=False) as http:
        yield http


def _query(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
