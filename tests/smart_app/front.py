"""The whole app over an empty SQLite file: a practice, one patient, people of each role.

No EHR stands behind it: what is read from one is put into the store, and what would be sent to
one is only enqueued.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import httpx2
import msgspec
from sqlmodel import Session
from starlette.testclient import TestClient

from ccm_fhir.domain.codes import EligibleProfession, Role
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.retrying import Patience
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import continue_or_start
from ccm_fhir.services.token_cache import TokenCache
from ccm_fhir.storage import charts, ehrs, fees, grants, launches, patients, practices, users
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.crypto import derive_key, vault_from
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.ehrs import NewEhr
from ccm_fhir.storage.grants import NewGrant
from ccm_fhir.storage.launches import NewLaunch
from ccm_fhir.storage.practices import NewPractice, PracticeAttestation
from ccm_fhir.storage.users import AppUser, SeenUser
from ccm_fhir.storage.vocabulary import ChartSource, ClientAuth, GrantKind
from ccm_fhir.terminology import load_chronic_table
from smart_app.main import AppSettings, create_app
from smart_app.session.cookies import SESSION
from tests.builders import ORGANIZATION, chart, on
from tests.world import migrate

BASE = "https://ccm.example"
EHR = "https://ehr.example"
NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
CHARGES = {
    "99490": "95.00",
    "99439": "70.00",
    "99487": "190.00",
    "99489": "105.00",
    "99491": "120.00",
    "99437": "85.00",
}
NPIS = {Role.PRACTITIONER: "1999999018"}
CANARY = "Zyxxandra Quillfeather"


class RecordingQueue:
    """Remembers what was enqueued, and delivers nothing; breaks where a test says so."""

    def __init__(self) -> None:
        self.workflows: list[str] = []
        self.failure: Exception | None = None

    def enqueue(
        self,
        session: Session,
        workflow_name: str,
        workflow_id: str,
        *ids: str,
        delay_seconds: float = 0.0,
    ) -> None:
        del session, workflow_id, ids, delay_seconds
        if self.failure is not None:
            raise self.failure
        self.workflows.append(workflow_name)


class Clock:
    """A clock that stands until a test moves it: the installation's own, or the work's."""

    def __init__(self) -> None:
        self.moment = NOW

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)

    def __call__(self) -> datetime:
        return self.moment


class Page(HTMLParser):
    """A page as a browser submits from it: the forms' fields by action, ids, headings, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._form: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "form":
            self._form = self.forms.setdefault(named["action"], {})
        if tag == "input" and "name" in named and named.get("type") != "checkbox":
            self._form[named["name"]] = named.get("value", "")


@dataclass(frozen=True, kw_only=True)
class Front:
    """The app with its installation; ``ehr_id`` and the rest name what stands in the store."""

    world: Installation
    client: TestClient
    queue: RecordingQueue
    clock: Clock
    work_clock: Clock
    practice_id: str
    ehr_id: str
    patient_id: str
    people: dict[Role, AppUser] = field(default_factory=dict)

    def sign_in(self, role: Role, *, patient_id: str | None = "") -> Browser:
        """Open the app as a person of a role, for the patient unless told otherwise."""
        person = self.people[role]
        with self.world.db.write(self.practice_id) as session:
            token, id_hash = continue_or_start(self.world, session, person, "")
            grant = grants.add(
                session,
                self.world.vault,
                self.practice_id,
                NewGrant(
                    ehr_id=self.ehr_id,
                    kind=GrantKind.USER,
                    access_token="access",  # synthetic
                    scope="patient/*.rs",
                    expires_at=self.world.clock() + timedelta(hours=1),
                ),
                self.world.clock(),
            )
            launch = launches.start(
                session,
                self.practice_id,
                NewLaunch(
                    ehr_id=self.ehr_id,
                    user_id=person.id,
                    session_id_hash=id_hash,
                    patient_id=self.patient_id if patient_id == "" else patient_id,
                    grant_id=grant.id,
                    need_patient_banner=True,
                ),
                self.world.clock(),
            )
        return Browser(front=self, token=token, launch_id=launch.id)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One person's browser inside the EHR's frame."""

    front: Front
    token: str
    launch_id: str

    @property
    def path(self) -> str:
        return f"/l/{self.launch_id}"

    def get(self, path: str, **headers: str) -> httpx2.Response:
        cookie = {"cookie": f"{SESSION}={self.token}"}
        return self.front.client.get(path, headers={**cookie, **headers})

    def post(
        self, path: str, fields: dict[str, str], *, origin: str = BASE, **headers: str
    ) -> httpx2.Response:
        sent = {"cookie": f"{SESSION}={self.token}", "origin": origin, **headers}
        return self.front.client.post(path, data=fields, headers=sent)

    def page(self, query: str = "") -> Page:
        return Page(self.get(f"{self.path}{query}").text)

    def fields(self, action: str) -> dict[str, str]:
        """Return what a form of the patient page would send, untouched."""
        return self.page().forms[f"{self.path}{action}"]


def open_front(folder: Path, facts: ChartFacts | None = None) -> Front:
    """Return the app over a new SQLite file, with a chart in which everything is met."""
    url = f"sqlite:///{folder / 'front.sqlite'}"
    migrate(url)
    return open_front_at(url, facts)


def open_front_at(url: str, facts: ChartFacts | None = None) -> Front:
    """Return the app over a migrated database, with one practice in it."""
    queue, clock, work_clock = RecordingQueue(), Clock(), Clock()
    world = _installation(url, queue, clock)
    told = AppSettings(base_url=BASE, is_demo=False, service_now=work_clock)
    client = TestClient(create_app(world, told), base_url=BASE, follow_redirects=False)
    bare = Front(
        world=world,
        client=client,
        queue=queue,
        clock=clock,
        work_clock=work_clock,
        practice_id="",
        ehr_id="",
        patient_id="",
    )
    return with_practice(bare, facts=facts)


def with_practice(
    front: Front, *, ehr: str = EHR, patient: str = CANARY, facts: ChartFacts | None = None
) -> Front:
    """Return the same app as a further practice sees it: its EHR, its patient, its people."""
    world = front.world
    with world.db.write() as session:
        practice_id = _practice(session)
        new = NewEhr(
            name="An EHR",
            fhir_base=f"{ehr}/fhir",
            client_id="ccm",
            client_auth=ClientAuth.PUBLIC,
            pinned_origins=(ehr,),
        )
        ehr_id = ehrs.add(session, world.vault, practice_id, new, NOW).id
        named = PatientFact(
            ref=EvidenceRef("Patient", "p1"), name=patient, birth_date=on("1951-04-12"), mrn="MRN-7"
        )
        read = msgspec.structs.replace(facts or chart(), patient=named)
        known = patients.upsert(session, practice_id, ehr_id, named, NOW)
        snapshot = NewChart(patient_id=known.id, facts=read, source=ChartSource.LAUNCH)
        charts.record(session, practice_id, snapshot, NOW)
        people = {role: _person(session, practice_id, ehr_id, role) for role in Role}
    return replace(
        front, practice_id=practice_id, ehr_id=ehr_id, patient_id=known.id, people=people
    )


WORK = ("Encounter", "Procedure", "Observation")
CLAIMS = (*WORK, "Claim")


def takes_work(front: Front, kinds: tuple[str, ...] = CLAIMS) -> None:
    """Let the EHR have declared that it takes what tells of work."""
    taken = ResourceCapability(interactions=frozenset({"create", "read", "search-type"}))
    declared = Capability(digest="0" * 64, resources=dict.fromkeys(kinds, taken))
    document = msgspec.json.encode(declared).decode()
    with front.world.db.write(front.practice_id) as session:
        ehrs.record_capability(session, front.practice_id, front.ehr_id, document, NOW)


def _installation(url: str, queue: RecordingQueue, clock: Clock) -> Installation:
    master = b"a master secret that is long enough"
    return Installation(
        base_url=BASE,
        db=open_database(url),
        vault=vault_from({"1": master}, "1"),
        audit_key=derive_key(master, "audit"),
        rulebook=load_rulebook(),
        table=load_chronic_table(),
        queue=queue,
        open_gate=lambda origins, _: OutgoingGate(
            origins=origins, transport=httpx2.MockTransport(_nobody_answers)
        ),
        new_secret=lambda: secrets.token_urlsafe(32),
        patience=Patience(sleep=lambda _: None),
        system_tokens=TokenCache(),
        clock=clock,
        settle_seconds=0,
    )


def _nobody_answers(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


def _practice(session: Session) -> str:
    new = NewPractice(
        name="Harbor Street Family Medicine",
        time_zone="America/New_York",
        identifier_namespace=str(uuid4()),
        npi="1999999018",
        organization_ref=ORGANIZATION,
    )
    practice = practices.add(session, new, NOW)
    practices.attest(
        session,
        practice.id,
        PracticeAttestation(
            access_24_7=True,
            certified_ehr=True,
            designated_team_member=True,
            attested_on=date(2026, 1, 5),
        ),
    )
    for code, amount in CHARGES.items():
        fees.set_fee(session, practice.id, code, date(2015, 1, 1), Decimal(amount))
    return practice.id


def _person(session: Session, practice_id: str, ehr_id: str, role: Role) -> AppUser:
    seen = SeenUser(
        ehr_id=ehr_id,
        issuer=EHR,
        subject=role.value,
        fhir_user=f"Practitioner/{role.value}",
        name=f"A {role.value.replace('_', ' ')}",
        role=role,
        npi=NPIS.get(role, ""),
        profession=EligibleProfession.PHYSICIAN if role is Role.PRACTITIONER else None,
    )
    return users.upsert(session, practice_id, seen, NOW)
