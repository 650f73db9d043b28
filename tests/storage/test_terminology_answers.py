"""The cache of a site's terminology server: by practice, by server, and replaced, never doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ccm_fhir.storage import terminology_answers
from ccm_fhir.storage.database import Database
from ccm_fhir.storage.terminology_answers import TerminologyAnswer
from tests.storage.conftest import Tenant

SOURCE = "https://terminology.example/fhir"
CODES = ["368581000119106", "15777000"]


def answer(now: datetime, code: str = CODES[0], icd10cm: str = "E11.40") -> TerminologyAnswer:
    return TerminologyAnswer(
        source=SOURCE,
        code=code,
        icd10cm=icd10cm,
        family="",
        version="7",
        fetched_at=now,
        expires_at=now + timedelta(days=14),
    )


def test_what_is_kept_is_read_back(
    database: Database, add_tenant: Callable[[str], Tenant], now: datetime
) -> None:
    tenant, kept = add_tenant("one"), answer(now)
    with database.write() as session:
        terminology_answers.keep(session, tenant.practice_id, kept)
    with database.read() as session:
        found = terminology_answers.of_codes(session, tenant.practice_id, SOURCE, CODES)

    assert found == {kept.code: kept}


def test_a_new_answer_replaces_the_old_one(
    database: Database, add_tenant: Callable[[str], Tenant], now: datetime
) -> None:
    tenant, newer = add_tenant("one"), answer(now, icd10cm="")
    for each in (answer(now), newer):
        with database.write() as session:
            terminology_answers.keep(session, tenant.practice_id, each)
    with database.read() as session:
        found = terminology_answers.of_codes(session, tenant.practice_id, SOURCE, CODES)

    assert found == {newer.code: newer}


def test_another_practice_and_another_server_have_their_own_answers(
    database: Database, add_tenant: Callable[[str], Tenant], now: datetime
) -> None:
    one, other = add_tenant("one"), add_tenant("other")
    with database.write() as session:
        terminology_answers.keep(session, one.practice_id, answer(now))
    with database.read() as session:
        elsewhere = terminology_answers.of_codes(session, other.practice_id, SOURCE, CODES)
        otherwise = terminology_answers.of_codes(session, one.practice_id, "https://x", CODES)

    assert (elsewhere, otherwise) == ({}, {})


def test_more_codes_than_one_statement_takes_are_asked_for_in_parts(
    database: Database, add_tenant: Callable[[str], Tenant], now: datetime
) -> None:
    tenant, last = add_tenant("one"), answer(now, code="999999")
    with database.write() as session:
        terminology_answers.keep(session, tenant.practice_id, last)
    many = [str(code) for code in range(100_000, 101_500)]
    with database.read() as session:
        found = terminology_answers.of_codes(
            session, tenant.practice_id, SOURCE, [*many, last.code]
        )

    assert found == {last.code: last}


def test_an_answer_is_current_until_it_expires(now: datetime) -> None:
    kept = answer(now)

    assert kept.is_current(kept.expires_at - timedelta(seconds=1))
    assert not kept.is_current(kept.expires_at)
    assert not replace(kept, expires_at=now).is_current(now)
