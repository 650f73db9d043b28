"""Setting a practice up for claim files: what no file could carry is refused, and nothing kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ccm_fhir.domain.claims import PersonName
from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import InputError
from ccm_fhir.services.billing_setup import (
    BillingChange,
    PartnerChange,
    billing_setup,
    change_billing,
    change_partner,
    name_practitioner,
)
from ccm_fhir.storage import audit
from tests.services.filing import DETAILS, PARTNER, hand, set_up_for_files
from tests.smart_app.front import NOW, Front, open_front

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path)
    yield opened
    opened.world.db.close()


@pytest.fixture
def filing(front: Front) -> Front:
    set_up_for_files(front)
    return front


def test_the_set_up_is_shown_without_the_tax_number(filing: Front) -> None:
    shown = billing_setup(filing.world, hand(filing))

    assert shown.needed == ()
    assert shown.tax_id_ends == "6789"
    assert "12345" not in repr(shown)
    with filing.world.db.read(filing.practice_id) as session:
        rows = session.execute(text("SELECT * FROM practice_billing")).all()
    assert "123456789" not in str(rows)


def test_what_is_still_needed_is_told(front: Front) -> None:
    needed = billing_setup(front.world, hand(front)).needed

    assert len(needed) == 3
    assert all("ccm-fhir practice billing" in one for one in needed)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (replace(DETAILS, tax_id="12345"), "tax_id_malformed"),
        (replace(DETAILS, taxonomy="207Q"), "practice_taxonomy_missing"),
        (replace(DETAILS, line="PO Box 12"), "billing_address_is_po_box"),
        (replace(DETAILS, postal_code="12207"), "billing_address_incomplete"),
        (replace(DETAILS, state="New York"), "billing_address_incomplete"),
        (replace(DETAILS, name="  "), "billing_name_missing"),
        (BillingChange(name="Alone"), "tax_id"),
    ],
)
def test_details_that_no_file_could_carry_are_refused_and_nothing_is_kept(
    front: Front, change: BillingChange, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        change_billing(front.world, hand(front), change, NOW)

    assert refused.value.field == field
    assert billing_setup(front.world, hand(front)).billing is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (replace(PARTNER, contact_phone="518-555-0100"), "submitter_phone_malformed"),
        (replace(PARTNER, submitter_id="X" * 16), "length_sender_interchange_id"),
        (replace(PARTNER, payer_name="Médicare"), "characters_payer_name"),
        (replace(PARTNER, control_numbers_after=-1), "control_numbers_after"),
        (replace(PARTNER, control_numbers_after=999_999_999), "control_numbers_after"),
        (replace(PARTNER, claims_leave_by=None), "claims_leave_by"),
        (replace(PARTNER, is_production=None), "is_production"),
        (replace(PARTNER, has_provider_signature=None), "has_provider_signature"),
    ],
)
def test_a_partner_that_no_file_could_name_is_refused_and_nothing_is_kept(
    front: Front, change: PartnerChange, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        change_partner(front.world, hand(front), change, NOW)

    assert refused.value.field == field
    assert billing_setup(front.world, hand(front)).partner is None


def test_the_same_again_is_no_line_of_the_trail(filing: Front) -> None:
    doctor = filing.people[Role.PRACTITIONER]

    def count() -> int:
        with filing.world.db.read(filing.practice_id) as session:
            return len(audit.records(session, filing.practice_id, after=0, most=1000))

    before = count()
    change_billing(filing.world, hand(filing), DETAILS, NOW)
    change_billing(filing.world, hand(filing), BillingChange(city="Albany"), NOW)
    change_partner(filing.world, hand(filing), PARTNER, NOW)
    same = PersonName(family="Invented ", given=" Ada")
    name_practitioner(filing.world, hand(filing), doctor.id, same, NOW)
    assert count() == before


def test_a_name_without_a_family_name_or_of_nobody_is_refused(front: Front) -> None:
    doctor = front.people[Role.PRACTITIONER].id
    for user, name in (
        (doctor, PersonName(family=" ", given="A")),
        ("nobody", PersonName(family="B", given="A")),
    ):
        with pytest.raises(InputError):
            name_practitioner(front.world, hand(front), user, name, NOW)
