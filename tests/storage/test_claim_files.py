"""The register of claim files: no number twice, no claim twice, nothing across practices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.claims import PersonName
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import (
    billing,
    claim_answers,
    claim_files,
    claims,
    remittances,
    sign_offs,
)
from ccm_fhir.storage.claim_answers import ClaimAnswer
from ccm_fhir.storage.claim_files import NextNumbers
from ccm_fhir.storage.vocabulary import AnswerKind, FilingVerdict
from tests.storage.makers import (
    NOVEMBER,
    answer_file,
    billing_said,
    claim,
    claim_file,
    filed_claim,
    paid,
    partner,
    remittance,
    sign_off,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.claims import ClaimRecord
    from ccm_fhir.storage.crypto import Vault
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant


@pytest.fixture
def drafted(database: Database, ours: Tenant, now: datetime) -> ClaimRecord:
    with database.write(ours.practice_id) as session:
        signed = sign_offs.record(session, ours.practice_id, sign_off(ours), now)
        return claims.record(session, ours.practice_id, claim(ours, signed.id), now)


def test_a_file_is_registered_with_its_claims_and_its_bytes_sealed(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        new = claim_file(filed_claim(drafted))
        made = claim_files.record(session, vault, practice_id, new, now)

    with database.read(practice_id) as session:
        assert claim_files.of_month(session, practice_id, NOVEMBER) == (made,)
        assert claim_files.find_by_number(session, practice_id, 1) == made
        (filed,) = claim_files.filed_of_claims(session, practice_id, [drafted.id])
        assert filed in claim_files.filed_in_sets(session, practice_id, [1])
        assert filed in claim_files.filed_under(session, practice_id, [filed.claim_number])
        sealed = claim_files.content(session, practice_id, made.id)
    assert (made.claims, made.total_usd, filed.total_usd) == (
        1,
        drafted.total_usd,
        drafted.total_usd,
    )
    assert b"secret" not in sealed.sealed
    assert sealed.open(vault) == "ISA*secret~"


def test_numbers_go_on_after_the_highest_and_after_those_of_another_program(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        assert claim_files.next_numbers(session, practice_id, 0) == NextNumbers(
            number=1, first_set_control=1
        )
        first = claim_file(filed_claim(drafted), last_set_control=3)
        claim_files.record(session, vault, practice_id, first, now)
        then = claim_files.next_numbers(session, practice_id, 0)
        later = claim_files.next_numbers(session, practice_id, 700)

    assert then == NextNumbers(number=2, first_set_control=4)
    assert later == NextNumbers(number=701, first_set_control=701)


@pytest.mark.parametrize("numbers", [(1, 2), (2, 1)])
def test_a_number_is_never_given_twice(
    database: Database,
    ours: Tenant,
    vault: Vault,
    drafted: ClaimRecord,
    now: datetime,
    numbers: tuple[int, int],
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, claim_file(filed_claim(drafted)), now)
    again = claim_file(
        filed_claim(drafted, turn=2, reason="lost"),
        numbers=NextNumbers(number=numbers[0], first_set_control=numbers[1]),
        last_set_control=5,
    )

    with pytest.raises(ConflictError), database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, again, now)

    with database.read(practice_id) as session:
        assert len(claim_files.of_month(session, practice_id, NOVEMBER)) == 1


@pytest.mark.parametrize(("turn", "reason"), [(1, ""), (2, "")])
def test_a_claim_is_filed_once_and_again_only_with_a_reason(
    database: Database,
    ours: Tenant,
    vault: Vault,
    drafted: ClaimRecord,
    now: datetime,
    turn: int,
    reason: str,
) -> None:
    practice_id = ours.practice_id
    second = NextNumbers(number=2, first_set_control=2)
    with database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, claim_file(filed_claim(drafted)), now)
    again = claim_file(
        filed_claim(drafted, turn=turn, reason=reason), numbers=second, last_set_control=2
    )

    with pytest.raises(ConflictError), database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, again, now)

    reasoned = claim_file(
        filed_claim(drafted, turn=2, reason="The house lost it."),
        numbers=second,
        last_set_control=2,
    )
    with database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, reasoned, now)
        assert len(claim_files.filed_of_claims(session, practice_id, [drafted.id])) == 2


def test_a_production_file_takes_a_claim_that_a_test_file_had(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    real = claim_file(
        filed_claim(drafted),
        numbers=NextNumbers(number=2, first_set_control=2),
        last_set_control=2,
        is_production=True,
    )
    with database.write(practice_id) as session:
        claim_files.record(session, vault, practice_id, claim_file(filed_claim(drafted)), now)
        claim_files.record(session, vault, practice_id, real, now)
        found = claim_files.filed_of_claims(session, practice_id, [drafted.id])

    assert [one.is_production for one in found] == [False, True]


def test_a_claim_of_another_practice_goes_into_no_file(
    database: Database,
    ours: Tenant,
    theirs: Tenant,
    vault: Vault,
    drafted: ClaimRecord,
    now: datetime,
) -> None:
    del ours
    with (
        pytest.raises(NotFoundError),
        database.write(theirs.practice_id) as session,
    ):
        claim_files.record(
            session, vault, theirs.practice_id, claim_file(filed_claim(drafted)), now
        )


def test_a_file_is_unwritten_until_somebody_says_so(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        new = claim_file(filed_claim(drafted))
        made = claim_files.record(session, vault, practice_id, new, now)
        assert claim_files.written(session, practice_id, [made.id]) == frozenset()
        claim_files.mark_written(session, practice_id, made.id, None, now)
        assert claim_files.written(session, practice_id, [made.id]) == {made.id}


def test_an_answer_file_is_kept_once(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        made = claim_files.record(
            session, vault, practice_id, claim_file(filed_claim(drafted)), now
        )
        (filed,) = claim_files.filed_in(session, practice_id, made.id)
        said = ClaimAnswer(
            filed_id=filed.id,
            kind=AnswerKind.CLAIMS,
            verdict=FilingVerdict.REFUSED,
            codes="A7:164:IL",
            payer_control_number="PCN-CANARY",
        )
        new = answer_file(said)
        assert not claim_answers.was_read(session, practice_id, new.sha256)
        assert claim_answers.record(session, practice_id, new, now)
        assert not claim_answers.record(session, practice_id, new, now)
        found = claim_answers.of_filed(session, practice_id, [filed.id])

    assert found == {filed.id: (said,)}
    assert "CANARY" not in repr(said)


def test_billing_details_partner_and_names_are_kept_and_changed(
    database: Database, ours: Tenant, vault: Vault, now: datetime
) -> None:
    practice_id = ours.practice_id
    name = PersonName(family="Invented", given="Ada")
    with database.write(practice_id) as session:
        assert billing.find_billing(session, practice_id) is None
        assert billing.find_partner(session, practice_id) is None
        for said in (billing_said(), billing_said(name="Another Name")):
            billing.set_billing(session, vault, practice_id, said, "123456789", now)
        for wanted in (partner(), partner(control_numbers_after=7)):
            billing.set_partner(session, practice_id, wanted, now)
        for one in (name, PersonName(family="Other", given="Ada", suffix="Jr")):
            billing.set_name(session, practice_id, ours.doctor_id, one, now)

    with database.read(practice_id) as session:
        held = billing.find_billing(session, practice_id)
        assert held is not None
        assert (held.name, held.tax_id.open(vault)) == ("Another Name", "123456789")
        assert held.address == billing_said().address
        assert "123456789" not in repr(held)
        assert billing.find_partner(session, practice_id) == partner(control_numbers_after=7)
        assert billing.names(session, practice_id)[ours.doctor_id].family == "Other"


def test_a_name_of_another_practices_person_is_refused(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    name = PersonName(family="Invented", given="Ada")
    with pytest.raises(NotFoundError), database.write(ours.practice_id) as session:
        billing.set_name(session, ours.practice_id, theirs.doctor_id, name, now)


def test_money_in_the_register_is_exact(
    database: Database, ours: Tenant, vault: Vault, drafted: ClaimRecord, now: datetime
) -> None:
    with database.write(ours.practice_id) as session:
        new = claim_file(filed_claim(drafted, total_usd=Decimal("0.01")))
        made = claim_files.record(session, vault, ours.practice_id, new, now)

    assert made.total_usd == Decimal("0.01")


def test_an_answer_of_a_payer_is_kept_once_and_reads_back_as_it_was(
    database: Database, ours: Tenant, drafted: ClaimRecord, now: datetime
) -> None:
    practice_id = ours.practice_id
    first, second = paid(drafted), paid(drafted, occurrence=2)
    with database.write(practice_id) as session:
        remittances.record(session, practice_id, remittance(first), now)
    with pytest.raises(ConflictError), database.write(practice_id) as session:
        remittances.record(session, practice_id, remittance(second, first), now)

    with database.read(practice_id) as session:
        assert remittances.keys(session, practice_id) == {first.key}
        found = remittances.of_claims(session, practice_id, [drafted.id])
    assert found == {drafted.id: (first.answer,)}


def test_an_answer_to_another_practices_claim_is_refused(
    database: Database, ours: Tenant, theirs: Tenant, drafted: ClaimRecord, now: datetime
) -> None:
    del ours
    with pytest.raises(NotFoundError), database.write(theirs.practice_id) as session:
        remittances.record(session, theirs.practice_id, remittance(paid(drafted)), now)
