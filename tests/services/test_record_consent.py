"""Recording consent: by whom, which fields, once; and that the decision follows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.writeback import ResourceKind, RungName
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.consents import ConsentHistory, consent_history
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.record_consent import (
    LONGEST_NOTE,
    ConsentError,
    DecidedConsent,
    record_consent,
    take_back_consent,
)
from ccm_fhir.storage import audit, deliveries
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.builders import ALL_TOLD
from tests.services.loopback_ehr import TODAY
from tests.world import BILLER, DOCTOR, NOVEMBER, READY, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Callable

NO_CONSENT = "pt-noconsent"
GIVEN, DECLINED, REVOKED = list(ConsentDecision)[:3]
PAUSED, RESUMED, ELSEWHERE = (
    ConsentDecision.PAUSED,
    ConsentDecision.RESUMED,
    ConsentDecision.ELSEWHERE,
)
ERROR = ConsentDecision.ENTERED_IN_ERROR


@pytest.fixture
def nurse(site: Site) -> Desk:
    """Return the care manager at the chart of Irene Noconsent."""
    return site.launch(patient=NO_CONSENT)


def decided(desk: Desk, **changes: Any) -> DecidedConsent:  # noqa: ANN401  # any field
    """Return a whole consent of today."""
    usual = DecidedConsent(
        patient_id=desk.patient_id,
        form_key=str(uuid4()),
        decision=GIVEN,
        decided_on=TODAY,
        told=frozenset(ALL_TOLD),
        mode=ConsentMode.VERBAL,
        language="es",
        given_by=ConsentGiver.PATIENT,
    )
    return replace(usual, **changes)


def revoked(desk: Desk, day: date = TODAY) -> DecidedConsent:
    return decided(desk, decision=REVOKED, decided_on=day, told=frozenset())


def record(desk: Desk, what: DecidedConsent | None = None, **changes: Any) -> str:  # noqa: ANN401
    what = what or decided(desk, **changes)
    return record_consent(desk.site.world, desk.actor, what, desk.site.clock())


def take_back(desk: Desk, record_id: str, reason: str = "Wrong patient.") -> None:
    error = ConsentError(
        patient_id=desk.patient_id, record_id=record_id, form_key=str(uuid4()), reason=reason
    )
    take_back_consent(desk.site.world, desk.actor, error, desk.site.clock())


def finding(desk: Desk, month: ServiceMonth = NOVEMBER) -> Finding:
    return next(f for f in desk.review(month).findings if f.criterion is Criterion.CONSENT)


def history(desk: Desk) -> ConsentHistory:
    return consent_history(
        desk.site.world, desk.actor, desk.patient_id, NOVEMBER, desk.site.clock()
    )


def refused_field(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        act()
    return refused.value.field


def test_a_consent_recorded_here_turns_the_criterion_met(nurse: Desk) -> None:
    assert finding(nurse).answer is Answer.NOT_MET

    record_id = record(nurse, decided_on=TODAY - timedelta(days=2))

    found = finding(nurse)
    assert found.answer is Answer.MET
    assert [str(ref) for ref in found.evidence] == [f"RecordedConsent/{record_id}"]


def test_time_before_the_consent_does_not_count_and_time_after_does(nurse: Desk) -> None:
    record(nurse, decided_on=TODAY)
    nurse.record(started_on=TODAY - timedelta(days=3))
    nurse.record(minutes=21)

    assert [e.counted_seconds for e in nurse.review().entries] == [0, 21 * 60]


def test_the_month_page_decides_by_it_too(nurse: Desk, site: Site) -> None:
    def missing() -> set[Criterion]:
        page = overview(site.world, nurse.actor, MonthFilter(month=NOVEMBER), site.clock())
        (row,) = (row for row in page.rows if row.patient_id == nurse.patient_id)
        return {f.criterion for f in row.missing}

    assert Criterion.CONSENT in missing()
    record(nurse)
    assert Criterion.CONSENT not in missing()


def test_a_claim_over_a_consent_recorded_here_points_at_no_resource(site: Site) -> None:
    doctor = site.launch(patient=NO_CONSENT, user=DOCTOR)
    record(doctor)
    doctor.record(minutes=25)
    doctor.sign()

    body = doctor.delivery(ResourceKind.CLAIM).body_json

    assert "RecordedConsent" not in body
    assert f"Given on {TODAY} (verbal), recorded by the practice" in body


@pytest.mark.parametrize("left_out", ALL_TOLD)
def test_a_yes_needs_every_statement(nurse: Desk, left_out: str) -> None:
    told = frozenset(ALL_TOLD) - {left_out}

    assert refused_field(lambda: record(nurse, told=told)) == left_out
    assert finding(nurse).answer is Answer.NOT_MET


def test_a_no_may_come_before_everything_was_told(nurse: Desk) -> None:
    record(nurse, decision=DECLINED, told=frozenset({"availability"}), mode=None, language="")

    (entry,) = history(nurse).history
    assert (entry.decision, entry.statements) == (DECLINED, ("availability",))
    assert finding(nurse).answer is Answer.NOT_MET


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decided_on": TODAY + timedelta(days=1)}, "decided_on"),
        ({"decided_on": date(1900, 1, 1)}, "decided_on"),
        ({"told": frozenset({*ALL_TOLD, "bonus"})}, "told"),
        ({"mode": None}, "mode"),
        ({"language": ""}, "language"),
        ({"language": "spanish please"}, "language"),
        ({"language": "e"}, "language"),
        ({"given_by": None}, "given_by"),
        ({"given_by": ConsentGiver.REPRESENTATIVE}, "representative_name"),
        (
            {"given_by": ConsentGiver.REPRESENTATIVE, "representative_name": "Grace"},
            "representative_relation",
        ),
        ({"representative_name": "n" * 201}, "representative_name"),
        ({"note": "n" * (LONGEST_NOTE + 1)}, "note"),
        ({"decision": ERROR}, "decision"),
    ],
)
def test_a_field_that_cannot_be_is_named_and_nothing_recorded(
    nurse: Desk, changes: dict[str, Any], field: str
) -> None:
    assert refused_field(lambda: record(nurse, **changes)) == field
    assert history(nurse).history == ()


def test_a_consent_after_death_is_refused(site: Site) -> None:
    nurse = site.launch(patient="pt-deceased")

    assert refused_field(lambda: record(nurse)) == "decided_on"


@pytest.mark.parametrize("tag", ["en", "es-MX", "zh-Hant", "zh-Hant-TW", "ase", "es-419"])
def test_languages_are_taken_by_their_tags(nurse: Desk, tag: str) -> None:
    record(nurse, language=tag)

    assert history(nurse).history[0].language == tag


def test_a_biller_records_no_consent_and_sees_it(site: Site, nurse: Desk) -> None:
    biller = site.launch(patient=NO_CONSENT, user=BILLER)
    record_id = record(nurse)

    with pytest.raises(NotAllowedError):
        record(biller)
    with pytest.raises(NotAllowedError):
        take_back(biller, record_id)
    assert not history(biller).may_record
    assert len(history(biller).history) == 1


def test_a_practitioner_records_consent_as_well(site: Site) -> None:
    doctor = site.launch(patient=NO_CONSENT, user=DOCTOR)
    record(doctor)

    assert finding(doctor).answer is Answer.MET


def test_the_same_form_sent_twice_is_recorded_once(each_site: Site) -> None:
    nurse = each_site.launch(patient=NO_CONSENT)
    what = decided(nurse)

    assert record(nurse, what) == record(nurse, what)
    assert len(history(nurse).history) == 1


def test_the_same_form_with_other_content_is_refused(nurse: Desk) -> None:
    what = decided(nurse)
    record(nurse, what)

    with pytest.raises(ConflictError, match="other content"):
        record(nurse, replace(what, note="Another thought."))


def test_two_decisions_of_one_day_are_refused(nurse: Desk) -> None:
    record(nurse, decision=DECLINED)

    assert refused_field(lambda: record(nurse)) == "decided_on"


def test_a_correction_may_turn_a_no_into_a_yes(nurse: Desk) -> None:
    wrong = record(nurse, decision=DECLINED)
    record(nurse, corrects_id=wrong, change_reason="The wrong box was ticked.")

    assert finding(nurse).answer is Answer.MET
    newest, oldest = history(nurse).history
    assert (newest.stands, oldest.stands) == (True, False)
    assert (newest.corrects_id, newest.change_reason) == (wrong, "The wrong box was ticked.")


def test_a_correction_says_why_and_what_and_happens_once(nurse: Desk, site: Site) -> None:
    wrong = record(nurse, decision=DECLINED)

    assert refused_field(lambda: record(nurse, corrects_id=wrong)) == "change_reason"
    with pytest.raises(NotFoundError):
        record(nurse, corrects_id="nothing", change_reason="Why.")
    other = site.launch(patient=READY)
    with pytest.raises(NotFoundError):
        record(other, corrects_id=wrong, change_reason="Of another patient.")
    record(nurse, corrects_id=wrong, change_reason="First.")
    with pytest.raises(ConflictError, match="corrected already"):
        record(nurse, corrects_id=wrong, change_reason="Second.")


def test_a_record_taken_back_no_longer_counts_and_stays_in_the_history(nurse: Desk) -> None:
    record_id = record(nurse)
    take_back(nurse, record_id)

    assert finding(nurse).answer is Answer.NOT_MET
    assert [e.decision for e in history(nurse).history] == [ERROR, GIVEN]
    with pytest.raises(ConflictError):
        take_back(nurse, record_id)
    with pytest.raises(NotFoundError):
        take_back(nurse, "nothing")
    assert refused_field(lambda: take_back(nurse, record_id, " ")) == "reason"


def test_a_revocation_ends_a_consent_of_the_ehr_with_its_month(site: Site) -> None:
    nurse = site.launch(patient=READY)
    october = date(2026, 10, 12)
    record(nurse, revoked(nurse, october))

    assert finding(nurse).code == "consent_revoked"
    assert finding(nurse, NOVEMBER.previous()).answer is Answer.MET
    (entry,) = history(nurse).history
    assert entry.effective_on == date(2026, 10, 31)


def test_nothing_is_revoked_that_was_never_given(nurse: Desk) -> None:
    assert refused_field(lambda: record(nurse, revoked(nurse))) == "decided_on"
    record(nurse, decided_on=TODAY - timedelta(days=1))
    early = TODAY - timedelta(days=2)
    assert refused_field(lambda: record(nurse, revoked(nurse, early))) == "decided_on"
    record(nurse, revoked(nurse))
    assert finding(nurse).answer is Answer.MET  # until the month's end


def test_a_signed_month_keeps_its_claim_and_is_named(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=25)
    doctor.sign()
    before = doctor.review().claim

    record(doctor, decision=DECLINED)

    after = doctor.review()
    assert after.claim == before
    assert after.signed is not None
    assert history(doctor).signed_months == (NOVEMBER,)


def test_a_month_shown_before_a_refusal_was_recorded_is_not_signed(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=25)
    shown = doctor.signature()
    record(site.launch(), decision=DECLINED)

    with pytest.raises(ConflictError, match="changed since it was shown"):
        doctor.sign(shown)


def test_every_look_and_every_record_is_audited(nurse: Desk, site: Site) -> None:
    record(nurse)
    history(nurse)

    with site.world.db.read() as session:
        checked = audit.verify(session, site.world.audit_key, site.practice_id)
    assert checked.broken_at is None
    assert checked.entries >= 4


def test_a_patient_of_another_practice_is_unknown(nurse: Desk) -> None:
    elsewhere = nurse.acting(practice_id="another")

    with pytest.raises(NotFoundError):
        record(elsewhere, patient_id=nurse.patient_id)


class TestBesideConsent:
    """A pause, its end, and care by another practice."""

    def test_nothing_can_be_paused_without_a_consent(self, nurse: Desk) -> None:
        with pytest.raises(InputError, match="nothing is paused"):
            record(nurse, decision=PAUSED, told=frozenset())

    def test_a_pause_can_end_only_once_it_was_begun(self, nurse: Desk) -> None:
        record(nurse, decided_on=TODAY - timedelta(days=3))
        with pytest.raises(InputError, match="No pause"):
            record(nurse, decision=RESUMED, told=frozenset())

        record(nurse, decision=PAUSED, decided_on=TODAY - timedelta(days=2), told=frozenset())
        record(nurse, decision=RESUMED, decided_on=TODAY - timedelta(days=1), told=frozenset())

        with pytest.raises(InputError, match="has not ended already"):
            record(nurse, decision=RESUMED, told=frozenset())

    def test_the_ehr_is_told_by_a_person_and_by_no_consent_resource(self, nurse: Desk) -> None:
        record(nurse, decided_on=TODAY - timedelta(days=1))
        paused = record(nurse, decision=PAUSED, told=frozenset())

        site = nurse.site
        with site.world.db.read(site.practice_id) as session:
            (told,) = deliveries.of_artefact(
                session, site.practice_id, ArtefactKind.CONSENT, paused
            )
        assert (told.resource_type, told.rung) == (ResourceKind.SHEET, RungName.HAND_OFF)
        assert "The patient pauses; the consent stands." in told.body_json

    def test_it_is_in_the_history_with_the_day_from_which_it_holds(self, nurse: Desk) -> None:
        record(nurse, decided_on=TODAY - timedelta(days=1))
        record(nurse, decision=ELSEWHERE, told=frozenset(), note="The clinic in the next town.")

        (kept,) = (one for one in history(nurse).history if one.decision is ELSEWHERE)

        assert (kept.decided_on, kept.effective_on, kept.script_version) == (TODAY, None, "")
        assert finding(nurse).answer is Answer.UNKNOWN
