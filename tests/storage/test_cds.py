"""CDS Hooks in the store: callers, used tokens, cards and feedback, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import cds_cards, cds_clients
from ccm_fhir.storage.cds_cards import IssuedCard, NewFeedback
from ccm_fhir.storage.cds_clients import NewCdsClient
from ccm_fhir.storage.vocabulary import CardKind, CardOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.cds_clients import CdsClient
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

ISSUER = "https://ehr.example"


def new_client(theirs: Tenant, **changes: str) -> NewCdsClient:
    named = {"issuer": ISSUER, "jwks_url": f"{ISSUER}/keys"} | changes
    return NewCdsClient(ehr_id=theirs.ehr_id, **named)


@pytest.fixture
def client(database: Database, ours: Tenant, now: datetime) -> CdsClient:
    with database.write() as session:
        return cds_clients.add(session, ours.practice_id, new_client(ours), now)


@pytest.fixture
def card(database: Database, client: CdsClient, ours: Tenant, now: datetime) -> IssuedCard:
    given = IssuedCard(
        id=str(uuid4()),
        client_id=client.id,
        patient_id=ours.patient_id,
        kind=CardKind.TIME,
        month="2026-11",
        issued_at=now,
    )
    with database.write() as session:
        cds_cards.issue(session, ours.practice_id, given)
        told = NewFeedback(
            card_id=given.id, outcome=CardOutcome.OVERRIDDEN, reason="", happened_at=now
        )
        assert cds_cards.record_feedback(session, ours.practice_id, told, now)
    return given


def test_a_caller_is_found_by_issuer_and_tenant_to_the_letter(
    database: Database, client: CdsClient
) -> None:
    with database.read() as session:
        assert cds_clients.find(session, ISSUER, "") == client
        assert cds_clients.find(session, ISSUER, "t") is None
        assert cds_clients.find(session, ISSUER + "/", "") is None


def test_one_issuer_may_call_for_two_practices_by_tenant(
    database: Database, client: CdsClient, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        second = cds_clients.add(session, theirs.practice_id, new_client(theirs, tenant="t2"), now)
        with pytest.raises(ConflictError):
            cds_clients.add(session, theirs.practice_id, new_client(theirs), now)
        found = cds_clients.find(session, ISSUER, "t2")

    assert found == second
    assert found.practice_id != client.practice_id


def test_a_caller_belongs_to_an_ehr_of_its_own_practice(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with pytest.raises(NotFoundError), database.write() as session:
        cds_clients.add(session, ours.practice_id, new_client(theirs), now)


def test_of_many_who_use_one_token_at_once_one_succeeds(
    database: Database, client: CdsClient, now: datetime
) -> None:
    used: list[bool] = []

    def use() -> None:
        with database.write() as session:
            used.append(cds_clients.use_token(session, client, "jti-1", now))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(used) == [False] * 7 + [True]


def test_a_token_id_is_its_issuers_own(
    database: Database, client: CdsClient, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        other = cds_clients.add(session, theirs.practice_id, new_client(theirs, tenant="t2"), now)
        assert cds_clients.use_token(session, client, "jti-1", now)
        assert cds_clients.use_token(session, other, "jti-1", now)


def test_only_dead_tokens_of_the_practice_are_forgotten(
    database: Database, client: CdsClient, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        other = cds_clients.add(session, theirs.practice_id, new_client(theirs, tenant="t2"), now)
        cds_clients.use_token(session, client, "dead", now - timedelta(seconds=1))
        cds_clients.use_token(session, client, "alive", now)
        cds_clients.use_token(session, other, "dead", now - timedelta(seconds=1))

        assert cds_clients.forget_tokens(session, client.practice_id, now) == 1
        assert not cds_clients.use_token(session, client, "alive", now)


def test_a_card_is_found_by_who_was_given_it(
    database: Database, client: CdsClient, card: IssuedCard, theirs: Tenant
) -> None:
    practice_id = client.practice_id
    with database.read() as session:
        assert cds_cards.find_card(session, practice_id, client.id, card.id) == card
        assert cds_cards.find_card(session, practice_id, "another", card.id) is None
        assert cds_cards.find_card(session, theirs.practice_id, client.id, card.id) is None


def test_a_card_names_a_patient_of_its_own_practice(
    database: Database, client: CdsClient, card: IssuedCard, theirs: Tenant, now: datetime
) -> None:
    foreign = IssuedCard(
        id=str(uuid4()),
        client_id=client.id,
        patient_id=theirs.patient_id,
        kind=card.kind,
        month=card.month,
        issued_at=now,
    )
    with pytest.raises(NotFoundError), database.write() as session:
        cds_cards.issue(session, client.practice_id, foreign)


def test_feedback_that_was_told_before_is_not_kept_again(
    database: Database, client: CdsClient, card: IssuedCard, now: datetime
) -> None:
    same = NewFeedback(card_id=card.id, outcome=CardOutcome.OVERRIDDEN, reason="", happened_at=now)
    with database.write() as session:
        assert not cds_cards.record_feedback(session, client.practice_id, same, now)
        kept = cds_cards.feedback_of(session, client.practice_id, card.id)

    assert len(kept) == 1


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("table", ["cds_card", "cds_feedback"])
@pytest.mark.parametrize("act", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_cards_and_feedback_can_be_neither_changed_nor_deleted(
    database: Database, table: str, act: str
) -> None:
    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        database.write() as session,
    ):
        session.execute(text(act.format(table)))
