"""A migrated database and, in it, one practice with an EHR, people and a patient."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.storage import ehrs, migrate, patients, practices, users
from ccm_fhir.storage.crypto import Vault
from ccm_fhir.storage.database import Database, open_database
from ccm_fhir.storage.ehrs import NewEhr
from ccm_fhir.storage.practices import NewPractice
from ccm_fhir.storage.tables import Row
from ccm_fhir.storage.users import SeenUser
from ccm_fhir.storage.vocabulary import ClientAuth
from tests.databases import fresh_postgres_database
from tests.parts import postgres_admin_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The ids of one practice and of what is in it."""

    practice_id: str
    ehr_id: str
    nurse_id: str
    doctor_id: str
    patient_id: str


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with our tables, to be copied: migrating each would take long."""
    file = tmp_path_factory.mktemp("migrated") / "ccm.sqlite"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_server() -> Iterator[str]:
    """Yield the URL of one PostgreSQL database with our tables, emptied by each who uses it."""
    with fresh_postgres_database(postgres_admin_url()) as url:
        migrate.upgrade(url)
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield a database with our tables and nothing in them."""
    if request.param == "sqlite":
        file = tmp_path / "ccm.sqlite"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        opened = open_database(f"sqlite:///{file}")
    else:
        opened = open_database(request.getfixturevalue("migrated_server"))
        empty(opened)
    yield opened
    opened.close()


def empty(database: Database) -> None:
    """Empty every table, past the triggers that would not have it."""
    tables = ", ".join(Row.metadata.tables)
    with database.write() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(f"TRUNCATE {tables}"))


@pytest.fixture
def vault() -> Vault:
    return Vault({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def add_tenant(database: Database, vault: Vault) -> Callable[[str], Tenant]:
    """Return a way to fill a practice of some name."""
    return partial(add_tenant_to, database, vault)


def add_tenant_to(database: Database, vault: Vault, name: str) -> Tenant:
    """Fill a practice of some name."""
    with database.write() as session:
        practice = practices.add(
            session,
            NewPractice(
                name=name, time_zone="America/New_York", identifier_namespace=f"secret-{name}"
            ),
            NOW,
        )
        ehr = ehrs.add(
            session,
            vault,
            practice.id,
            NewEhr(
                name="EHR",
                fhir_base=f"https://{name}.example/fhir",
                client_id="ccm",
                client_auth=ClientAuth.SECRET,
                client_secret="client-secret",  # nobody's
                pinned_origins=(f"https://{name}.example",),
            ),
            NOW,
        )
        nurse, doctor = (
            users.upsert(
                session,
                practice.id,
                SeenUser(
                    ehr_id=ehr.id,
                    issuer="https://issuer.example",
                    subject=role,
                    fhir_user=f"Practitioner/{role}",
                    name=role,
                    role=role,
                ),
                NOW,
            )
            for role in (Role.CARE_MANAGER, Role.PRACTITIONER)
        )
        fact = PatientFact(ref=EvidenceRef("Patient", "fhir-1"), name="Testa, Ada")
        patient = patients.upsert(session, practice.id, ehr.id, fact, NOW)
    return Tenant(
        practice_id=practice.id,
        ehr_id=ehr.id,
        nurse_id=nurse.id,
        doctor_id=doctor.id,
        patient_id=patient.id,
    )


@pytest.fixture
def ours(add_tenant: Callable[[str], Tenant]) -> Tenant:
    """Return the practice a test is about."""
    return add_tenant("ours")


@pytest.fixture
def theirs(add_tenant: Callable[[str], Tenant]) -> Tenant:
    """Return another practice in the same database."""
    return add_tenant("theirs")
