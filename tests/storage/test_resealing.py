"""A change of the master secret: every sealed value is sealed again, where it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from ccm_fhir.storage import claims, ehrs, grants, keys, launches, sign_offs, web_sessions
from ccm_fhir.storage.crypto import UnsealError, Vault
from ccm_fhir.storage.database import Database
from ccm_fhir.storage.keys import NewSigningKey
from ccm_fhir.storage.launches import NewAttempt
from ccm_fhir.storage.resealing import reseal, sealed_columns
from ccm_fhir.storage.tables import TokenGrantRow
from ccm_fhir.storage.web_sessions import NewWebSession
from tests.storage.conftest import Tenant
from tests.storage.makers import claim, filed_and_answered, sign_off
from tests.storage.test_access import new_grant

BOTH = Vault({"k1": bytes(range(32)), "k2": bytes(32)}, "k2")
NEW = Vault({"k2": bytes(32)}, "k2")


@pytest.fixture
def full(database: Database, vault: Vault, ours: Tenant, now: datetime) -> Database:
    """Return a database with something in every sealed column."""
    later = now + timedelta(hours=1)
    with database.write(ours.practice_id) as session:
        grants.add(session, vault, ours.practice_id, new_grant(ours, now), now)
        keys.add(
            session,
            vault,
            NewSigningKey(id="kid", alg="ES384", private_pem="pem", public_jwk_json="{}"),
            now,
        )
        attempt = NewAttempt(
            state_hash="s",
            ehr_id=ours.ehr_id,
            launch=None,
            code_verifier="verifier",
            nonce="n",
            browser_hash="b",
            expires_at=later,
        )
        launches.begin_attempt(session, vault, ours.practice_id, attempt, now)
        web = NewWebSession(
            id_hash="h", user_id=ours.nurse_id, csrf_secret="csrf", expires_at=later
        )
        web_sessions.start(session, vault, ours.practice_id, web, now)
        signed = sign_offs.record(session, ours.practice_id, sign_off(ours), now)
        drafted = claims.record(session, ours.practice_id, claim(ours, signed.id), now)
        filed_and_answered(session, vault, ours.practice_id, drafted, now)
    return database


def resealed(database: Database, practice_id: str, vault: Vault = BOTH) -> int:
    with database.write() as session:
        of_none = reseal(session, vault, "")
    with database.write(practice_id) as session:
        return of_none + reseal(session, vault, practice_id)


def test_every_sealed_column_is_filled_by_these_tests(full: Database) -> None:
    with full.read() as session:
        empty = [
            f"{table.name}.{column.name}"
            for table, column in sealed_columns()
            if session.connection()
            .execute(select(column).where(column.is_not(None)).limit(1))
            .first()
            is None
        ]

    assert empty == []


@pytest.mark.proves("S6")
def test_everything_opens_with_the_new_key_alone_afterwards(full: Database, ours: Tenant) -> None:
    assert resealed(full, ours.practice_id) == 8
    assert resealed(full, ours.practice_id) == 0

    with full.write(ours.practice_id) as session:
        grant_id = session.exec(select(TokenGrantRow.id)).one()
        grant = grants.get(session, ours.practice_id, grant_id)
        key = keys.current(session)
        web = web_sessions.find(session, "h")
        ehr = ehrs.get(session, ours.practice_id, ours.ehr_id)
        assert key is not None
        assert web is not None
        assert ehr.client_secret is not None
        assert grant.refresh_token is not None
        opened = [
            one.open(NEW)
            for one in (
                grant.access_token,
                grant.refresh_token,
                key.private_pem,
                web.csrf_secret,
                ehr.client_secret,
            )
        ]
    assert opened == ["access-1", "refresh-1", "pem", "csrf", "client-secret"]


@pytest.mark.proves("S6")
def test_a_value_that_was_moved_is_not_sealed_again_in_its_new_place(
    full: Database, ours: Tenant
) -> None:
    with full.write(ours.practice_id) as session:
        session.execute(text("UPDATE token_grant SET access_token_sealed = refresh_token_sealed"))

    with pytest.raises(UnsealError):
        resealed(full, ours.practice_id)


def test_without_the_old_key_nothing_is_touched(full: Database, ours: Tenant) -> None:
    with pytest.raises(UnsealError):
        resealed(full, ours.practice_id, NEW)

    assert resealed(full, ours.practice_id) == 8
