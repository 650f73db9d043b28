"""Choices of codes and attested decision making: added, numbered, never changed, never shared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import coding_choices, mdm_attestations, sign_offs
from tests.storage.makers import NOVEMBER, choice, exception, mdm, sign_off

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.coding_choices import NewChoice
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant


def test_choices_are_numbered_and_read_back_as_given(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = coding_choices.record(session, ours.practice_id, choice(ours), now)
        second = coding_choices.record(session, ours.practice_id, exception(ours), now)
        other = coding_choices.record(session, theirs.practice_id, choice(theirs), now)

    assert (first.sequence, second.sequence, other.sequence) == (1, 2, 1)
    assert (first.family, first.dos_policy) == (FamilyChoice.COMPLEX_IF_MET, DosPolicy.MONTH_END)
    with database.read() as session:
        assert coding_choices.of_practice(session, ours.practice_id) == (first,)
        bearing = coding_choices.bearing_on(session, ours.practice_id, NOVEMBER)
        assert bearing == (first, second)
        assert coding_choices.bearing_on(session, theirs.practice_id, NOVEMBER) == (other,)
    assert "synthetic" not in repr(second)


def test_a_month_is_borne_on_by_what_began_before_and_by_its_own_exceptions(
    database: Database, ours: Tenant, now: datetime
) -> None:
    december = NOVEMBER.next()
    with database.write() as session:
        early = coding_choices.record(session, ours.practice_id, choice(ours), now)
        late = coding_choices.record(
            session, ours.practice_id, choice(ours, "form-2", month=december), now
        )
        coding_choices.record(session, ours.practice_id, exception(ours), now)

    with database.read() as session:
        found = coding_choices.bearing_on(session, ours.practice_id, december, ours.patient_id)
        assert found == (early, late)
        nobody = coding_choices.bearing_on(session, ours.practice_id, NOVEMBER, "nobody")
        assert nobody == (early,)


def test_the_same_choice_form_sent_twice_is_one_choice(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = coding_choices.record(session, ours.practice_id, choice(ours), now)
        assert coding_choices.record(session, ours.practice_id, choice(ours), now) == first

    other = choice(ours, family=FamilyChoice.STANDARD)
    with pytest.raises(ConflictError, match="form"), database.write() as session:
        coding_choices.record(session, ours.practice_id, other, now)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"family": FamilyChoice.HIGHEST_ALLOWED},
        {"dos_policy": DosPolicy.MONTH_END},
        {"patient_id": None},
    ],
)
def test_the_database_itself_refuses_a_choice_that_cannot_be(
    database: Database, ours: Tenant, now: datetime, changes: dict[str, object]
) -> None:
    impossible: NewChoice = replace(exception(ours), **changes)  # type: ignore[arg-type]

    with pytest.raises(ConflictError), database.write() as session:
        coding_choices.record(session, ours.practice_id, impossible, now)
    with database.read() as session:
        assert coding_choices.bearing_on(session, ours.practice_id, NOVEMBER) == ()


def test_a_choice_names_people_and_patients_of_the_practice_alone(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    for new in (
        choice(ours, user_id=theirs.doctor_id),
        exception(ours, patient_id=theirs.patient_id),
    ):
        with pytest.raises(NotFoundError), database.write() as session:
            coding_choices.record(session, ours.practice_id, new, now)
    foreign = mdm(ours, patient_id=theirs.patient_id)
    with pytest.raises(NotFoundError), database.write() as session:
        mdm_attestations.record(session, ours.practice_id, foreign, now)


def test_a_later_answer_supersedes_and_the_earlier_one_stays(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = mdm_attestations.record(session, ours.practice_id, mdm(ours), now)
        later = mdm(ours, "mdm-2", answer=MdmAnswer.NOT_MET, rationale="")
        second = mdm_attestations.record(session, ours.practice_id, later, now)

    assert (first.sequence, second.sequence) == (1, 2)
    assert "synthetic" not in repr(first)
    with database.read() as session:
        kept = mdm_attestations.of_patient_month(
            session, ours.practice_id, ours.patient_id, NOVEMBER
        )
        assert kept == (first, second)
        latest = mdm_attestations.latest_of_month(session, ours.practice_id, NOVEMBER)
        assert latest == {ours.patient_id: second}
        assert mdm_attestations.latest_of_month(session, ours.practice_id, NOVEMBER.next()) == {}
        assert mdm_attestations.latest_of_month(session, theirs.practice_id, NOVEMBER) == {}


def test_the_same_answer_form_sent_twice_is_one_answer(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = mdm_attestations.record(session, ours.practice_id, mdm(ours), now)
        assert mdm_attestations.record(session, ours.practice_id, mdm(ours), now) == first

    other = mdm(ours, answer=MdmAnswer.HIGH)
    with pytest.raises(ConflictError, match="form"), database.write() as session:
        mdm_attestations.record(session, ours.practice_id, other, now)


def test_a_level_without_a_rationale_is_refused_by_the_database_too(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with pytest.raises(ConflictError), database.write() as session:
        mdm_attestations.record(session, ours.practice_id, mdm(ours, rationale=""), now)


def test_the_months_that_hold_a_signature_are_told_once_each(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    with database.write() as session:
        assert sign_offs.months_signed(session, ours.practice_id) == ()
        sign_offs.record(session, ours.practice_id, sign_off(ours), now)
        revised = sign_off(ours, "sign-2", revision=2)
        sign_offs.record(session, ours.practice_id, revised, now)
        earlier = sign_off(ours, "sign-3", month=NOVEMBER.plus(-1))
        sign_offs.record(session, ours.practice_id, earlier, now)

        signed = sign_offs.months_signed(session, ours.practice_id)
        assert signed == (NOVEMBER.plus(-1), NOVEMBER)
        assert sign_offs.months_signed(session, theirs.practice_id) == ()
