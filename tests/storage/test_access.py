"""EHRs, people, sign-in, launches and tokens."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import EligibleProfession, Role
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import ehrs, grants, keys, launches, users, web_sessions
from ccm_fhir.storage.crypto import UnsealError, hashed
from ccm_fhir.storage.ehrs import Discovery, NewEhr
from ccm_fhir.storage.grants import NewGrant, NewTokens, Refreshing
from ccm_fhir.storage.keys import NewSigningKey
from ccm_fhir.storage.launches import Attempt, NewAttempt, NewLaunch
from ccm_fhir.storage.users import BillingIdentity, SeenUser
from ccm_fhir.storage.vocabulary import AttemptRefusal, ClientAuth, GrantKind, GrantStatus
from ccm_fhir.storage.web_sessions import NewWebSession

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.crypto import Vault
    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.grants import Grant
    from tests.storage.conftest import Tenant

HOUR = timedelta(hours=1)
SESSION = hashed("cookie")
STATE = hashed("state")


def new_grant(ours: Tenant, now: datetime, kind: GrantKind = GrantKind.USER) -> NewGrant:
    return NewGrant(
        ehr_id=ours.ehr_id,
        kind=kind,
        access_token="access-1",  # nobody's
        refresh_token="refresh-1",  # nobody's
        scope="launch",
        expires_at=now + HOUR,
    )


@pytest.fixture
def grant(database: Database, vault: Vault, ours: Tenant, now: datetime) -> Grant:
    with database.write() as session:
        return grants.add(session, vault, ours.practice_id, new_grant(ours, now), now)


@pytest.fixture
def attempt(database: Database, vault: Vault, ours: Tenant, now: datetime) -> Attempt:
    new = NewAttempt(
        state_hash=STATE,
        ehr_id=ours.ehr_id,
        launch="launch-token",
        code_verifier="verifier",
        nonce="nonce",
        browser_hash=hashed("browser"),
        expires_at=now + HOUR,
    )
    with database.write() as session:
        return launches.begin_attempt(session, vault, ours.practice_id, new, now)


@pytest.fixture
def signed_in(database: Database, vault: Vault, ours: Tenant, now: datetime) -> str:
    new = NewWebSession(
        id_hash=SESSION, user_id=ours.nurse_id, csrf_secret="csrf", expires_at=now + 8 * HOUR
    )
    with database.write() as session:
        return web_sessions.start(session, vault, ours.practice_id, new, now).id_hash


def new_launch(ours: Tenant, grant: Grant, session_id_hash: str = SESSION) -> NewLaunch:
    return NewLaunch(
        ehr_id=ours.ehr_id,
        user_id=ours.nurse_id,
        session_id_hash=session_id_hash,
        patient_id=None,
        grant_id=grant.id,
        need_patient_banner=True,
    )


@pytest.mark.proves("S1")
def test_an_ehr_is_found_by_exactly_its_base_and_tells_the_practice(
    database: Database, vault: Vault, ours: Tenant
) -> None:
    with database.read() as session:
        found = ehrs.find_by_base(session, "https://ours.example/fhir")
        assert ehrs.find_by_base(session, "https://ours.example/fhir/") is None
        assert ehrs.find_by_base(session, "https://ours.example.evil.test/fhir") is None

    assert found is not None
    assert (found.practice_id, found.id) == (ours.practice_id, ours.ehr_id)
    assert found.pinned_origins == ("https://ours.example",)
    assert found.client_secret is not None
    assert found.client_secret.open(vault) == "client-secret"


def test_an_ehr_that_is_put_out_of_use_is_not_found(database: Database, ours: Tenant) -> None:
    with database.write() as session:
        ehrs.set_active(session, ours.practice_id, ours.ehr_id, is_active=False)
        assert ehrs.find_by_base(session, "https://ours.example/fhir") is None
        assert not ehrs.get(session, ours.practice_id, ours.ehr_id).is_active


def test_one_base_belongs_to_one_practice(
    database: Database, vault: Vault, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    new = NewEhr(
        name="again",
        fhir_base="https://ours.example/fhir",
        client_id="c",
        client_auth=ClientAuth.PUBLIC,
    )

    for tenant in (ours, theirs):
        with pytest.raises(ConflictError), database.write() as session:
            ehrs.add(session, vault, tenant.practice_id, new, now)


def test_what_is_discovered_about_an_ehr_is_kept(
    database: Database, ours: Tenant, now: datetime
) -> None:
    found = Discovery(document_json='{"issuer":"i"}', pinned_origins=("https://a", "https://b"))
    with database.write() as session:
        ehrs.record_discovery(session, ours.practice_id, ours.ehr_id, found, now)
        ehrs.record_capability(session, ours.practice_id, ours.ehr_id, "{}", now)

    with database.read() as session:
        (ehr,) = ehrs.list_all(session, ours.practice_id)
    assert (ehr.discovery_json, ehr.pinned_origins) == (
        '{"issuer":"i"}',
        ("https://a", "https://b"),
    )
    assert (ehr.discovered_at, ehr.capability_at, ehr.capability_json) == (now, now, "{}")
    assert len(ehr.capability_hash or "") == 64


@pytest.mark.proves("R22", "S5")
def test_the_newest_key_signs_and_the_older_is_published_until_it_is_retired(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.write() as session:
        assert keys.current(session) is None
        for number in (1, 2):
            new = NewSigningKey(
                id=f"kid-{number}", alg="ES384", private_pem=f"pem-{number}", public_jwk_json="{}"
            )
            keys.add(session, vault, new, now + number * HOUR)
        same_id = NewSigningKey(id="kid-1", alg="ES384", private_pem="x", public_jwk_json="{}")
        with pytest.raises(ConflictError):
            keys.add(session, vault, same_id, now)

    with database.write() as session:
        current = keys.current(session)
        assert current is not None
        assert current.private_pem.open(vault) == "pem-2"
        assert [key.id for key in keys.published(session)] == ["kid-1", "kid-2"]
        keys.retire(session, "kid-1", now)
        assert [key.id for key in keys.published(session)] == ["kid-2"]
        with pytest.raises(NotFoundError):
            keys.retire(session, "kid-3", now)


def seen(ours: Tenant, subject: str = "new", **changes: object) -> SeenUser:
    return replace(
        SeenUser(
            ehr_id=ours.ehr_id,
            issuer="https://issuer.example",
            subject=subject,
            fhir_user="Practitioner/9",
            name="Noor",
        ),
        **changes,  # type: ignore[arg-type]  # a test names its fields
    )


def test_a_person_is_the_same_at_every_launch_and_has_no_role_at_first(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = users.upsert(session, ours.practice_id, seen(ours), now)
        again = users.upsert(session, ours.practice_id, seen(ours, name="Noor A."), now + HOUR)

    assert first.role is None
    assert (again.id, again.name, again.created_at) == (first.id, "Noor A.", now)


def test_what_a_person_has_set_is_not_overwritten_by_a_launch(
    database: Database, ours: Tenant, now: datetime
) -> None:
    identity = BillingIdentity(npi="1", taxonomy="t", profession=EligibleProfession.NP)
    with database.write() as session:
        user = users.upsert(session, ours.practice_id, seen(ours), now)
        users.set_role(session, ours.practice_id, user.id, Role.BILLER)
        users.set_billing(session, ours.practice_id, user.id, identity)
        launched = seen(
            ours, role=Role.ADMIN, npi="2", taxonomy="u", profession=EligibleProfession.PA
        )
        again = users.upsert(session, ours.practice_id, launched, now)

    assert (again.role, again.npi, again.taxonomy) == (Role.BILLER, "1", "t")
    assert again.profession is EligibleProfession.NP
    assert "Noor" not in repr(again)


@pytest.mark.proves("S14")
def test_people_are_listed_and_found_within_their_practice(
    database: Database, ours: Tenant, theirs: Tenant
) -> None:
    with database.read() as session:
        assert {u.id for u in users.list_all(session, ours.practice_id)} == {
            ours.nurse_id,
            ours.doctor_id,
        }
        assert users.find(session, ours.practice_id, theirs.nurse_id) is None
        assert users.get(session, ours.practice_id, ours.nurse_id).role is Role.CARE_MANAGER


def test_an_attempt_is_completed_once(database: Database, vault: Vault, attempt: Attempt) -> None:
    with database.write() as session:
        first = launches.consume_attempt(session, STATE, attempt.created_at)
    with database.write() as session:
        second = launches.consume_attempt(session, STATE, attempt.created_at)

    assert first == attempt
    assert attempt.code_verifier.open(vault) == "verifier"
    assert second is AttemptRefusal.USED


@pytest.mark.proves("R9", "S3")
def test_of_many_who_complete_an_attempt_at_once_one_wins(
    database: Database, attempt: Attempt
) -> None:
    outcomes: list[Attempt | AttemptRefusal] = []

    def consume() -> None:
        with database.write() as session:
            outcomes.append(launches.consume_attempt(session, STATE, attempt.created_at))

    threads = [threading.Thread(target=consume) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(attempt) == 1
    assert outcomes.count(AttemptRefusal.USED) == 5


def test_an_attempt_that_expired_or_never_was_is_refused(
    database: Database, attempt: Attempt
) -> None:
    with database.write() as session:
        late = launches.consume_attempt(session, STATE, attempt.expires_at)
        unknown = launches.consume_attempt(session, hashed("guess"), attempt.created_at)

    assert (late, unknown) == (AttemptRefusal.EXPIRED, AttemptRefusal.UNKNOWN)


def test_old_attempts_are_forgotten(database: Database, attempt: Attempt) -> None:
    with database.write() as session:
        practice_id, begun_at = attempt.practice_id, attempt.created_at
        assert launches.forget_attempts(session, practice_id, begun_at) == 0
        assert launches.forget_attempts(session, practice_id, begun_at + HOUR) == 1


def test_a_web_session_ends_by_idling_by_expiring_and_by_signing_out(
    database: Database, vault: Vault, ours: Tenant, signed_in: str, now: datetime
) -> None:
    with database.write() as session:
        web = web_sessions.find(session, signed_in)
        assert web is not None
        assert (web.practice_id, web.user_id) == (ours.practice_id, ours.nurse_id)
        assert web.csrf_secret.open(vault) == "csrf"
        assert web.is_live(now + HOUR / 2, idle=HOUR)
        assert not web.is_live(now + HOUR, idle=HOUR)
        assert not web.is_live(now + 8 * HOUR, idle=24 * HOUR)

        web_sessions.touch(session, ours.practice_id, signed_in, now + HOUR)
        touched = web_sessions.find(session, signed_in)
        assert touched is not None
        assert touched.is_live(now + 1.5 * HOUR, idle=HOUR)

        web_sessions.end(session, ours.practice_id, signed_in, now + HOUR)
        ended = web_sessions.find(session, signed_in)
        assert ended is not None
        assert not ended.is_live(now + HOUR, idle=HOUR)
        assert web_sessions.find(session, hashed("other")) is None


@pytest.mark.proves("S14")
def test_a_web_session_of_another_practice_cannot_be_touched(
    database: Database, theirs: Tenant, signed_in: str, now: datetime
) -> None:
    with database.write() as session, pytest.raises(NotFoundError):
        web_sessions.touch(session, theirs.practice_id, signed_in, now)


@pytest.mark.proves("S12", "S14")
def test_a_launch_is_found_by_its_own_browser_session_only(
    database: Database, ours: Tenant, theirs: Tenant, grant: Grant, signed_in: str, now: datetime
) -> None:
    with database.write() as session:
        launch = launches.start(session, ours.practice_id, new_launch(ours, grant), now)

        def find(practice_id: str, session_id_hash: str) -> object:
            return launches.find(session, practice_id, launch.id, session_id_hash)

        assert find(ours.practice_id, signed_in) == launch
        assert find(ours.practice_id, hashed("other")) is None
        assert find(theirs.practice_id, signed_in) is None
        assert len(launch.id) == 32


def test_a_launch_is_gone_when_it_ends_or_its_session_does(
    database: Database, ours: Tenant, grant: Grant, signed_in: str, now: datetime
) -> None:
    with database.write() as session:
        one, two, three = (
            launches.start(session, ours.practice_id, new_launch(ours, grant), now)
            for _ in range(3)
        )
        launches.end(session, ours.practice_id, one.id, now)
        assert launches.find(session, ours.practice_id, one.id, signed_in) is None
        assert launches.find(session, ours.practice_id, two.id, signed_in) == two

        web_sessions.end(session, ours.practice_id, signed_in, now)
        assert launches.find(session, ours.practice_id, two.id, signed_in) is None
        assert launches.find(session, ours.practice_id, three.id, signed_in) is None


def test_a_patient_can_be_chosen_after_the_launch_but_not_of_another_practice(
    database: Database, ours: Tenant, theirs: Tenant, grant: Grant, signed_in: str, now: datetime
) -> None:
    assert signed_in
    with database.write() as session:
        launch = launches.start(session, ours.practice_id, new_launch(ours, grant), now)
        chosen = launches.set_patient(session, ours.practice_id, launch.id, ours.patient_id)
        assert chosen.patient_id == ours.patient_id
        with pytest.raises(NotFoundError, match="no such patient"):
            launches.set_patient(session, ours.practice_id, launch.id, theirs.patient_id)


@pytest.mark.proves("S6")
def test_tokens_open_in_their_own_place_only(
    database: Database, vault: Vault, grant: Grant
) -> None:
    assert grant.access_token.open(vault) == "access-1"
    assert grant.refresh_token is not None
    assert grant.refresh_token.open(vault) == "refresh-1"
    assert "access-1" not in repr(grant)

    moved = replace(grant.access_token, place=grant.refresh_token.place)
    with pytest.raises(UnsealError):
        moved.open(vault)
    with database.read() as session:
        assert grants.get(session, grant.practice_id, grant.id) == grant


@pytest.mark.proves("R32")
def test_a_version_is_refreshed_by_one_caller_at_a_time(
    database: Database, vault: Vault, ours: Tenant, grant: Grant, now: datetime
) -> None:
    wish = Refreshing(grant_id=grant.id, version=1, lease_until=now + HOUR)
    tokens = NewTokens(
        grant_id=grant.id,
        version=1,
        access_token="access-2",  # nobody's
        refresh_token=None,
        scope="launch",
        expires_at=now + 2 * HOUR,
    )
    with database.write() as session:
        assert grants.begin_refresh(session, ours.practice_id, wish, now)
    with database.write() as session:
        assert not grants.begin_refresh(session, ours.practice_id, wish, now)
    with database.write() as session:
        assert grants.store_refreshed(session, vault, ours.practice_id, tokens, now)
    with database.write() as session:
        assert not grants.store_refreshed(session, vault, ours.practice_id, tokens, now)
        assert not grants.begin_refresh(session, ours.practice_id, wish, now)
        refreshed = grants.get(session, ours.practice_id, grant.id)

    assert (refreshed.version, refreshed.access_token.open(vault)) == (2, "access-2")
    assert refreshed.refresh_token is not None
    assert refreshed.refresh_token.open(vault) == "refresh-1"


def test_a_refresh_whose_holder_died_can_be_taken_over(
    database: Database, ours: Tenant, grant: Grant, now: datetime
) -> None:
    wish = Refreshing(grant_id=grant.id, version=1, lease_until=now + HOUR)
    with database.write() as session:
        assert grants.begin_refresh(session, ours.practice_id, wish, now)
        assert grants.begin_refresh(session, ours.practice_id, wish, now + HOUR)


def test_a_grant_that_is_refused_or_ended_is_refreshed_no_more(
    database: Database, ours: Tenant, grant: Grant, now: datetime
) -> None:
    wish = Refreshing(grant_id=grant.id, version=1, lease_until=now + HOUR)
    with database.write() as session:
        grants.mark_reauthorise(session, ours.practice_id, grant.id, now)
        assert not grants.begin_refresh(session, ours.practice_id, wish, now)
        grants.end(session, ours.practice_id, grant.id, now)
        grants.mark_reauthorise(session, ours.practice_id, grant.id, now)
        assert grants.get(session, ours.practice_id, grant.id).status is GrantStatus.ENDED


def test_the_backend_service_uses_its_newest_active_grant(
    database: Database, vault: Vault, ours: Tenant, grant: Grant, now: datetime
) -> None:
    with database.write() as session:
        assert grants.find_system(session, ours.practice_id, grant.ehr_id) is None
        older, newer = (
            grants.add(session, vault, ours.practice_id, new_grant(ours, at, GrantKind.SYSTEM), at)
            for at in (now, now + HOUR)
        )
        assert grants.find_system(session, ours.practice_id, ours.ehr_id) == newer
        grants.end(session, ours.practice_id, newer.id, now)
        assert grants.find_system(session, ours.practice_id, ours.ehr_id) == older
