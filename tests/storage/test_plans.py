"""Care plans as stored: drafts saved over, versions in a row, each form once, apart by practice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.plans.drafting import Draft, draft_of
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import plan_contacts, plans
from ccm_fhir.storage.plan_records import SavedDraft
from tests.domain.plan_parts import whole_plan
from tests.storage.makers import plan_copy, plan_outreach, plan_review, plan_version

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant


class TestDrafts:
    def test_a_draft_is_saved_over_and_dropped(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        owner = (ours.patient_id, ours.nurse_id)
        later = now + timedelta(minutes=3)
        with database.write(ours.practice_id) as session:
            plans.save_draft(session, ours.practice_id, owner, Draft(), now)
            full = draft_of(whole_plan(), 2)
            plans.save_draft(session, ours.practice_id, owner, full, later)

        with database.read(ours.practice_id) as session:
            found = plans.draft_of(session, ours.practice_id, *owner)
            others = plans.draft_of(session, ours.practice_id, ours.patient_id, ours.doctor_id)
        assert found == SavedDraft(draft=full, saved_at=later)
        assert others is None
        with database.write(ours.practice_id) as session:
            plans.drop_draft(session, ours.practice_id, *owner)
            plans.drop_draft(session, ours.practice_id, *owner)
            assert plans.draft_of(session, ours.practice_id, *owner) is None


class TestVersions:
    def test_what_was_adopted_is_read_back(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write(ours.practice_id) as session:
            kept = plans.adopt(session, ours.practice_id, plan_version(ours), now)

        with database.read(ours.practice_id) as session:
            (found,) = plans.versions_of(session, ours.practice_id, ours.patient_id)
        assert found == kept
        assert found.plan == whole_plan()

    def test_the_same_form_twice_adopts_once(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write(ours.practice_id) as session:
            first = plans.adopt(session, ours.practice_id, plan_version(ours), now)
            assert (
                plans.adopt(session, ours.practice_id, plan_version(ours, number=2), now) == first
            )

    def test_a_version_over_one_that_somebody_adopted_meanwhile_is_refused(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write(ours.practice_id) as session:
            plans.adopt(session, ours.practice_id, plan_version(ours), now)
            mine = plan_version(ours, "plan-2", adopted_by=ours.doctor_id)
            with pytest.raises(ConflictError, match="meanwhile"):
                plans.adopt(session, ours.practice_id, mine, now)
            plans.adopt(session, ours.practice_id, replace(mine, number=2), now)

    def test_versions_are_judged_with_their_own_last_review(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        with database.write(ours.practice_id) as session:
            first = plans.adopt(session, ours.practice_id, plan_version(ours), now)
            second = plan_version(ours, "plan-2", number=2, plan=Plan())
            plans.adopt(session, ours.practice_id, second, now)
            for n, day in enumerate((15, 20, 18)):
                review = plan_review(
                    ours, first.id, reviewed_on=date(2026, 11, day), form_key=f"r{n}"
                )
                plan_contacts.record_review(session, ours.practice_id, review, now)
            alone = plans.adopted_of(session, ours.practice_id, ours.patient_id)
            every = plans.adopted_of_practice(session, ours.practice_id)

        assert [(v.number, v.reviewed_on) for v in alone] == [(1, date(2026, 11, 20)), (2, None)]
        assert every == {ours.patient_id: alone}

    def test_nothing_of_another_practice_is_seen_or_referred_to(
        self, database: Database, ours: Tenant, theirs: Tenant, now: datetime
    ) -> None:
        with database.write() as session:
            version = plans.adopt(session, theirs.practice_id, plan_version(theirs), now)
            assert plans.versions_of(session, ours.practice_id, theirs.patient_id) == ()
            assert plans.adopted_of_practice(session, ours.practice_id) == {}
            with pytest.raises(NotFoundError):
                plans.adopt(session, ours.practice_id, plan_version(theirs, "other"), now)
            with pytest.raises(NotFoundError):
                plan_contacts.record_copy(
                    session, ours.practice_id, plan_copy(ours, version.id), now
                )


class TestWhatWasDone:
    def test_copies_reviews_and_calls_are_kept_once_a_form(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        practice_id = ours.practice_id
        with database.write(practice_id) as session:
            version = plans.adopt(session, practice_id, plan_version(ours), now)
            for _ in range(2):
                plan_contacts.record_copy(session, practice_id, plan_copy(ours, version.id), now)
                plan_contacts.record_review(
                    session, practice_id, plan_review(ours, version.id), now
                )
                plan_contacts.record_outreach(session, practice_id, plan_outreach(ours), now)

            assert len(plan_contacts.copies_of(session, practice_id, ours.patient_id)) == 1
            assert len(plan_contacts.reviews_of(session, practice_id, ours.patient_id)) == 1
            assert len(plan_contacts.outreach_of(session, practice_id, ours.patient_id)) == 1

    def test_a_form_with_other_content_is_refused(
        self, database: Database, ours: Tenant, now: datetime
    ) -> None:
        practice_id = ours.practice_id
        with database.write(practice_id) as session:
            version = plans.adopt(session, practice_id, plan_version(ours), now)
            plan_contacts.record_copy(session, practice_id, plan_copy(ours, version.id), now)
            other = plan_copy(ours, version.id, given_to="a daughter")
            with pytest.raises(ConflictError, match="other content"):
                plan_contacts.record_copy(session, practice_id, other, now)

    def test_the_latest_comes_first(self, database: Database, ours: Tenant, now: datetime) -> None:
        with database.write(ours.practice_id) as session:
            for n in range(3):
                call = plan_outreach(ours, f"call-{n}", note=str(n))
                plan_contacts.record_outreach(
                    session, ours.practice_id, call, now + timedelta(minutes=n)
                )
            found = plan_contacts.outreach_of(session, ours.practice_id, ours.patient_id)

        assert [call.note for call in found] == ["2", "1", "0"]


def test_no_record_prints_its_content(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write(ours.practice_id) as session:
        version = plans.adopt(session, ours.practice_id, plan_version(ours), now)

    printed = repr(version) + repr(plan_copy(ours, version.id)) + repr(plan_review(ours, "v"))
    assert "Metformin" not in printed
    assert "the patient" not in printed
    assert "telephone" not in printed
