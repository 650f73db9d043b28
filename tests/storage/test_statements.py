"""CapabilityStatements: kept when they declare something new, and known by their hash."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from ccm_fhir.errors import NotFoundError
from ccm_fhir.storage import statements
from ccm_fhir.storage.tables import CapabilityStatementRow
from tests.storage.makers import statement

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant


def test_a_statement_that_declares_the_same_again_is_not_kept_twice(
    database: Database, ours: Tenant, now: datetime
) -> None:
    later = now + timedelta(days=1)
    with database.write() as session:
        first = statements.record(session, ours.practice_id, statement(ours), now)
        dated_anew = statement(ours, body_sha256="c" * 64)
        again = statements.record(session, ours.practice_id, dated_anew, later)

    assert again == first
    assert again.fetched_at == now


def test_what_is_declared_anew_is_kept_even_if_it_was_declared_before(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        for days, declared in enumerate("aba"):
            moment = now + timedelta(days=days)
            statements.record(session, ours.practice_id, statement(ours, declared), moment)

    with database.read() as session:
        kept = session.exec(select(CapabilityStatementRow)).all()
        newest = statements.latest(session, ours.practice_id, ours.ehr_id)
    assert len(kept) == 3
    assert newest is not None
    assert (newest.declared_sha256, newest.fetched_at) == ("a" * 64, now + timedelta(days=2))


def test_an_ehr_that_was_never_asked_has_none(database: Database, ours: Tenant) -> None:
    with database.read() as session:
        assert statements.latest(session, ours.practice_id, ours.ehr_id) is None


def test_a_statement_of_another_practices_ehr_is_neither_kept_nor_shown(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        statements.record(session, theirs.practice_id, statement(theirs), now)
        with pytest.raises(NotFoundError):
            statements.record(session, ours.practice_id, statement(theirs), now)

    with database.read() as session:
        assert statements.latest(session, ours.practice_id, theirs.ehr_id) is None
