"""Consents and condition reviews as stored: once a form, corrected by rows, apart by practice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, standing
from ccm_fhir.domain.reviews import ReviewAnswer, latest_reviews
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.storage import condition_reviews, consents, months, patients, sign_offs
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import PatientRow
from ccm_fhir.storage.values import value_of
from tests.storage.makers import NOVEMBER, condition_review, consent, sign_off

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.consents import ConsentRecord
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

NEW_YORK = ZoneInfo("America/New_York")


def second_patient(session: Session, tenant: Tenant, now: datetime) -> str:
    first = patients.get(session, tenant.practice_id, tenant.patient_id)
    row = value_of(patients.PatientRecord, first, id=new_id(now), fhir_id="fhir-2")
    described = {name: getattr(row, name) for name in PatientRow.model_fields}
    session.add(PatientRow(**described))
    session.flush()
    return row.id


class TestConsents:
    def test_what_was_recorded_is_read_back(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        new = consent(
            ours,
            given_by=ConsentGiver.REPRESENTATIVE,
            representative_name="Grace Testa",
            representative_relation="daughter",
            note="Explained at length.",
        )
        with database.write() as session:
            kept = consents.record(session, ours.practice_id, new, now)

        with database.read() as session:
            (found,) = consents.of_patient(session, ours.practice_id, ours.patient_id)
        assert found == kept
        assert value_of(consents.NewConsent, found) == new
        assert (found.recorded_at, found.as_recorded.statements) == (now, new.statements)

    def test_the_same_form_twice_records_once(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            first = consents.record(session, ours.practice_id, consent(ours), now)
            later = now + timedelta(hours=1)
            assert consents.record(session, ours.practice_id, consent(ours), later) == first

    def test_a_form_with_other_content_is_refused(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            consents.record(session, ours.practice_id, consent(ours), now)
            with pytest.raises(ConflictError, match="other content"):
                consents.record(session, ours.practice_id, consent(ours, language="en"), now)

    def corrected(
        self, session: Session, ours: Tenant, now: datetime
    ) -> tuple[ConsentRecord, ConsentRecord]:
        wrong = consents.record(session, ours.practice_id, consent(ours), now)
        new = consent(
            ours,
            "consent-2",
            decided_on=date(2026, 11, 9),
            supersedes_id=wrong.id,
            change_reason="Wrong day.",
        )
        return wrong, consents.record(session, ours.practice_id, new, now)

    def test_a_correction_stands_for_what_it_names_and_both_stay(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            wrong, right = self.corrected(session, ours, now)

        with database.read() as session:
            found = consents.of_patient(session, ours.practice_id, ours.patient_id)
        assert {one.id for one in found} == {wrong.id, right.id}
        assert [one.id for one in standing(r.as_recorded for r in found)] == [right.id]

    def test_a_record_is_corrected_once(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            wrong, _ = self.corrected(session, ours, now)
            again = consent(ours, "consent-3", supersedes_id=wrong.id, change_reason="Again.")
            with pytest.raises(ConflictError, match="corrected already"):
                consents.record(session, ours.practice_id, again, now)

    def test_a_record_of_an_error_is_not_corrected(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            wrong = consents.record(session, ours.practice_id, consent(ours), now)
            error = consent(
                ours,
                "consent-2",
                decision=ConsentDecision.ENTERED_IN_ERROR,
                supersedes_id=wrong.id,
                change_reason="Wrong patient.",
            )
            kept = consents.record(session, ours.practice_id, error, now)
            again = consent(ours, "consent-3", supersedes_id=kept.id, change_reason="Why not.")
            with pytest.raises(ConflictError, match="corrected already"):
                consents.record(session, ours.practice_id, again, now)

    def test_a_correction_moves_no_consent_to_another_patient(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            wrong = consents.record(session, ours.practice_id, consent(ours), now)
            moved = consent(
                ours,
                "consent-2",
                patient_id=second_patient(session, ours, now),
                supersedes_id=wrong.id,
                change_reason="Moved.",
            )
            with pytest.raises(InputError):
                consents.record(session, ours.practice_id, moved, now)

    @pytest.mark.parametrize(
        "changes",
        [
            {"change_reason": "without a record"},
            {"decision": ConsentDecision.ENTERED_IN_ERROR},
            {"decision": ConsentDecision.REVOKED},
            {"effective_on": date(2026, 11, 30)},
        ],
    )
    def test_the_database_refuses_a_row_that_contradicts_itself(
        self, database: Database, ours: Tenant, now: datetime, changes: dict[str, Any]
    ) -> None:
        with database.write() as session, pytest.raises((IntegrityError, ConflictError)):
            consents.record(session, ours.practice_id, consent(ours, **changes), now)

    def test_another_practice_sees_nothing_and_cannot_point_at_it(
        self, database: Database, ours: Tenant, theirs: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            kept = consents.record(session, ours.practice_id, consent(ours), now)
            assert consents.of_patient(session, theirs.practice_id, ours.patient_id) == ()
            assert consents.of_practice(session, theirs.practice_id) == {}
            for foreign in (
                consent(ours),
                consent(theirs, recorded_by=ours.nurse_id),
                consent(theirs, supersedes_id=kept.id, change_reason="Theirs now."),
            ):
                with pytest.raises(NotFoundError):
                    consents.record(session, theirs.practice_id, foreign, now)


class TestReviews:
    def test_an_answer_is_read_back_with_its_day_in_the_practices_zone(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        late = now.replace(hour=3)  # the evening before in New York
        with database.write() as session:
            condition_reviews.record(session, ours.practice_id, condition_review(ours), late)

        with database.read() as session:
            (found,) = condition_reviews.of_patient(session, ours.practice_id, ours.patient_id)
        review = found.as_review(NEW_YORK)
        assert (review.answer, review.person) == (ReviewAnswer.CHRONIC, "A doctor")
        assert review.reviewed_on == late.date() - timedelta(days=1)

    def test_the_same_form_twice_answers_once(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            first = condition_reviews.record(session, ours.practice_id, condition_review(ours), now)
            again = condition_review(ours, revision=2)
            assert condition_reviews.record(session, ours.practice_id, again, now) == first
            other = condition_review(ours, reason="Another")
            with pytest.raises(ConflictError, match="other content"):
                condition_reviews.record(session, ours.practice_id, other, now)

    def test_two_answers_to_one_question_clash(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            condition_reviews.record(session, ours.practice_id, condition_review(ours), now)
            with pytest.raises(ConflictError, match="meanwhile"):
                condition_reviews.record(
                    session, ours.practice_id, condition_review(ours, "review-2"), now
                )

    def test_the_next_revision_holds_even_at_the_same_moment(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        undone = condition_review(ours, "review-2", revision=2, answer=ReviewAnswer.UNDONE)
        with database.write() as session:
            condition_reviews.record(session, ours.practice_id, condition_review(ours), now)
            condition_reviews.record(session, ours.practice_id, undone, now)

        with database.read() as session:
            found = condition_reviews.of_patient(session, ours.practice_id, ours.patient_id)
        assert [one.revision for one in found] == [1, 2]
        assert latest_reviews(one.as_review(NEW_YORK) for one in found) == {}

    def test_another_practice_sees_none_and_answers_about_none(
        self, database: Database, ours: Tenant, theirs: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            condition_reviews.record(session, ours.practice_id, condition_review(ours), now)
            assert condition_reviews.of_patient(session, theirs.practice_id, ours.patient_id) == ()
            assert condition_reviews.of_practice(session, theirs.practice_id) == {}
            assert condition_reviews.by_form(session, theirs.practice_id, "review-1") is None
            with pytest.raises(NotFoundError):
                condition_reviews.record(session, theirs.practice_id, condition_review(ours), now)


def test_the_month_page_reads_both(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write() as session:
        kept = consents.record(session, ours.practice_id, consent(ours), now)
        said = condition_reviews.record(session, ours.practice_id, condition_review(ours), now)

    with database.read() as session:
        (row,) = months.month_rows(session, ours.practice_id, NOVEMBER, NEW_YORK)
    assert (row.consents, row.reviews) == ((kept,), (said,))


def test_the_signed_months_of_a_patient_are_listed_once_each(
    database: Database, ours: Tenant, now: datetime
) -> None:
    october = NOVEMBER.previous()
    with database.write() as session:
        for form, changes in (("a", {}), ("b", {"revision": 2}), ("c", {"month": october})):
            sign_offs.record(session, ours.practice_id, sign_off(ours, form, **changes), now)
        found = sign_offs.signed_months(session, ours.practice_id, ours.patient_id)

    assert found == (october, NOVEMBER)
