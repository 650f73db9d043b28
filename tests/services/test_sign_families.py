"""Signing by the practice's choice: complex care, the practitioner's own codes, their claims."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import COMPLEX_FAMILY, PRACTITIONER_FAMILY, STAFF_FAMILY
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.approvals import set_policy
from ccm_fhir.services.attest_mdm import asks_plan_revision
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.storage import audit, fees, sign_offs
from tests.services.loopback_ehr import TODAY
from tests.services.reporting import RATIONALE, attest, choose, report_otherwise
from tests.world import BILLER, DOCTOR, NOVEMBER, NURSE, NURSE_PRACTITIONER, Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.services.choice_shapes import MdmShown
    from ccm_fhir.services.patient_month import MonthRow


@pytest.fixture
def doctor(site: Site) -> Desk:
    """Return the physician at a chart with 60 minutes of staff time, complex care chosen."""
    return with_an_hour(site)


def with_an_hour(site: Site) -> Desk:
    site.launch().record(minutes=60)
    doctor = site.launch(user=DOCTOR)
    choose(doctor)
    return doctor


def asked(desk: Desk) -> MdmShown:
    shown = desk.review().mdm
    assert shown is not None
    return shown


def reached(desk: Desk) -> dict[str, int]:
    decision = desk.review().decision
    assert decision is not None
    return {line.code: line.units for line in decision.reached}


def claim_of(desk: Desk) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(desk.delivery(ResourceKind.CLAIM).body_json)
    return body


def items(claim: dict[str, Any]) -> list[tuple[str, int, float, str]]:
    return [
        (
            item["productOrService"]["coding"][0]["code"],
            item["quantity"]["value"],
            item["net"]["value"],
            item["servicedDate"],
        )
        for item in claim["item"]
    ]


def row_of(desk: Desk) -> MonthRow:
    seen = overview(
        desk.site.world, desk.actor, MonthFilter(month=NOVEMBER), desk.site.clock()
    ).rows
    return next(row for row in seen if row.patient_id == desk.patient_id)


def test_the_month_waits_for_the_practitioners_word_and_nothing_is_assumed(doctor: Desk) -> None:
    shown = doctor.review()

    assert asked(doctor).is_awaited
    assert asked(doctor).may_attest
    assert asked(doctor).answers == ()
    assert [o.code for o in shown.sign_obstacles] == ["medical_decision_making_open"]
    assert not shown.may_sign
    assert row_of(doctor).awaits_mdm
    with pytest.raises(ConflictError, match="decision making"):
        doctor.sign()


def test_an_attested_level_makes_the_month_complex(doctor: Desk) -> None:
    attest(doctor)

    shown = doctor.review()
    assert shown.decision is not None
    assert shown.decision.family == COMPLEX_FAMILY
    assert shown.may_sign
    assert not row_of(doctor).awaits_mdm
    assert row_of(doctor).reached == (("99487", 1),)
    (said,) = asked(doctor).answers
    assert (said.answer, said.rationale, said.by) == (
        MdmAnswer.MODERATE,
        RATIONALE,
        "Amelia Signwell, MD",
    )
    assert said.is_plan_revised is None


def test_reporting_without_complex_care_takes_one_word(doctor: Desk) -> None:
    attest(doctor, MdmAnswer.NOT_MET)

    assert reached(doctor) == {"99490": 1, "99439": 2}
    assert not asked(doctor).is_awaited
    doctor.sign()
    assert [code for code, *_ in items(claim_of(doctor))] == ["99490", "99439"]


def test_a_later_answer_supersedes_and_both_stay_on_record(doctor: Desk) -> None:
    attest(doctor, MdmAnswer.NOT_MET)
    attest(doctor, MdmAnswer.HIGH)

    assert reached(doctor) == {"99487": 1}
    assert [said.answer for said in asked(doctor).answers] == [MdmAnswer.NOT_MET, MdmAnswer.HIGH]


def test_a_form_of_before_the_answer_signs_nothing(doctor: Desk) -> None:
    attest(doctor)
    form = doctor.signature()
    attest(doctor, MdmAnswer.HIGH)

    with pytest.raises(ConflictError, match="changed since it was shown"):
        doctor.sign(form)


def test_the_same_answer_sent_twice_is_one_answer_even_after_the_signature(doctor: Desk) -> None:
    request = attest(doctor)
    doctor.sign()

    attest(doctor, form_key=request.form_key)

    assert len(asked(doctor).answers) == 1
    assert not asked(doctor).may_attest


@pytest.mark.parametrize("user", [NURSE, BILLER])
def test_only_the_billing_practitioner_attests(site: Site, doctor: Desk, user: str) -> None:
    other = site.launch(user=user)

    with pytest.raises(NotAllowedError):
        attest(other)
    assert asked(other).is_awaited
    assert not asked(other).may_attest
    assert asked(doctor).answers == ()


@pytest.mark.parametrize("rationale", ["", "   ", "x" * 2001])
def test_a_level_needs_its_rationale(doctor: Desk, rationale: str) -> None:
    with pytest.raises(InputError) as refused:
        attest(doctor, rationale=rationale)

    assert refused.value.field == "rationale"


def test_after_the_signature_what_was_attested_stands(doctor: Desk) -> None:
    attest(doctor)
    doctor.sign()

    with pytest.raises(ConflictError, match="is signed"):
        attest(doctor, MdmAnswer.NOT_MET)


def test_one_practitioner_does_not_sign_on_anothers_word(site: Site, doctor: Desk) -> None:
    attest(doctor)
    other = site.launch(user=NURSE_PRACTITIONER)
    nurse = site.launch()

    assert (asked(other).is_awaited, asked(other).is_anothers) == (True, True)
    assert (asked(doctor).is_awaited, asked(doctor).is_anothers) == (False, False)
    assert (asked(nurse).is_awaited, asked(nurse).is_anothers) == (False, False)
    assert row_of(other).awaits_mdm
    assert not row_of(nurse).awaits_mdm
    with pytest.raises(ConflictError, match="decision making"):
        other.sign()

    attest(other, MdmAnswer.HIGH)
    assert asked(doctor).is_awaited
    other.sign()
    assert [code for code, *_ in items(claim_of(other))] == ["99487"]
    assert row_of(nurse).reached == (("99487", 1),)


def takes_the_whole_month(site: Site) -> None:
    """Let nobody's approval be needed for what was done earlier in the month."""
    set_policy(site.world, operator(site.world), TypedPolicy(late_after_days=31), site.clock())


def test_below_the_time_of_complex_care_there_is_nothing_to_attest(site: Site) -> None:
    site.launch().record(minutes=59)
    doctor = site.launch(user=DOCTOR)
    choose(doctor)

    assert doctor.review().mdm is None
    with pytest.raises(ConflictError, match="time of complex care is not met"):
        attest(doctor)


def test_a_month_past_the_loaded_rules_cannot_be_attested(doctor: Desk) -> None:
    with pytest.raises(ConflictError, match="loaded until"):
        attest(doctor, month=ServiceMonth(2027, 1))


def test_a_patient_who_is_not_eligible_is_not_asked_about(site: Site) -> None:
    site.launch(patient="pt-noconsent").record(minutes=60)
    doctor = site.launch(patient="pt-noconsent", user=DOCTOR)
    choose(doctor)

    assert doctor.review().mdm is None
    with pytest.raises(ConflictError):
        attest(doctor)


def test_under_the_standard_choice_nobody_waits_for_an_answer(site: Site) -> None:
    site.launch().record(minutes=60)
    doctor = site.launch(user=DOCTOR)

    assert not asked(doctor).is_awaited
    assert doctor.review().may_sign
    attest(doctor)
    doctor.sign()
    assert [code for code, *_ in items(claim_of(doctor))] == ["99490", "99439"]


def test_years_in_which_the_plan_had_to_be_revised_ask_for_it(site: Site) -> None:
    rulebook = site.world.rulebook

    assert asks_plan_revision(rulebook, ServiceMonth(2019, 12))
    assert not asks_plan_revision(rulebook, ServiceMonth(2020, 1))
    assert not asks_plan_revision(rulebook, ServiceMonth(2016, 12))


def test_attestations_and_choices_are_in_the_audit_trail(doctor: Desk) -> None:
    attest(doctor)
    report_otherwise(doctor, FamilyChoice.STANDARD)

    with doctor.site.world.db.read() as session:
        check = audit.verify(session, doctor.site.world.audit_key, doctor.site.practice_id)
        acts = session.connection().exec_driver_sql("SELECT act FROM audit").scalars().all()
    assert check.broken_at is None
    assert {"choose_coding", "attest_mdm", "except_month"} <= set(acts)


def test_what_is_signed_says_by_which_choice_and_level(doctor: Desk) -> None:
    attest(doctor, MdmAnswer.HIGH)
    doctor.sign()

    with doctor.site.world.db.read() as session:
        signed = sign_offs.find_latest(
            session, doctor.site.practice_id, doctor.patient_id, NOVEMBER
        )
    assert signed is not None
    kept = json.loads(signed.decision_json)
    assert (kept["family"], kept["mdm_level"]) == (COMPLEX_FAMILY, "high")
    assert kept["choice"]["family"] == "complex_if_met"


def test_a_complex_claim_arrives_in_the_ehr_as_it_was_signed(each_own_site: Site) -> None:
    site = each_own_site
    takes_the_whole_month(site)
    nurse = site.launch()
    nurse.record(minutes=60, started_on=date(2026, 11, 9))
    nurse.record(minutes=33, started_on=date(2026, 11, 16))
    doctor = site.launch(user=DOCTOR)
    choose(doctor)
    attest(doctor)
    doctor.sign()

    arrived = site.deliver_all(doctor.patient_id)[ResourceKind.CLAIM]

    assert arrived.state is DeliveryState.SENT
    (claim,) = site.in_the_ehr(arrived)
    assert items(claim) == [
        ("99487", 1, 190.0, "2026-11-16"),
        ("99489", 1, 105.0, "2026-11-16"),
    ]
    assert claim["total"]["value"] == 295.0
    assert len(claim["diagnosis"]) >= 2
    assert all(item["diagnosisSequence"] for item in claim["item"])
    assert len(claim["procedure"]) == 2
    assert claim["careTeam"][0]["provider"]["reference"] == doctor.actor.fhir_user
    assert claim["supportingInfo"][0]["valueQuantity"]["value"] == 93


def test_a_practitioners_claim_holds_their_own_work_and_no_one_elses(each_own_site: Site) -> None:
    site = each_own_site
    takes_the_whole_month(site)
    site.launch().record(minutes=60)
    other = site.launch(user=NURSE_PRACTITIONER)
    other.record(minutes=25, start_time=time(8))
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=35, start_time=time(10, 30), started_on=date(2026, 11, 12))
    doctor.record(minutes=25, start_time=time(10, 30), started_on=date(2026, 11, 17))
    choose(doctor, FamilyChoice.PRACTITIONER, dos_policy=DosPolicy.MONTH_END)
    site.clock.advance(days=7)  # the claim's day, the last of the month, has come
    doctor.sign()

    arrived = site.deliver_all(doctor.patient_id)[ResourceKind.CLAIM]

    (claim,) = site.in_the_ehr(arrived)
    assert items(claim) == [
        ("99491", 1, 120.0, "2026-11-30"),
        ("99437", 1, 85.0, "2026-11-30"),
    ]
    assert len(claim["procedure"]) == 2
    assert claim["supportingInfo"][0]["valueQuantity"]["value"] == 60


def test_another_practitioners_minutes_are_not_the_signers_own(site: Site) -> None:
    other = site.launch(user=NURSE_PRACTITIONER)
    other.record(minutes=29, start_time=time(8))
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=29, start_time=time(10))
    choose(doctor, FamilyChoice.PRACTITIONER)

    assert reached(doctor) == {}
    assert reached(other) == {}
    report_otherwise(doctor, FamilyChoice.STANDARD)
    assert reached(doctor) == {"99490": 1, "99439": 1}


def test_who_does_not_sign_sees_what_the_busiest_practitioner_would_sign(site: Site) -> None:
    site.launch(user=NURSE_PRACTITIONER).record(minutes=10, start_time=time(8))
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=31, start_time=time(10))
    nurse = site.launch()
    choose(doctor, FamilyChoice.PRACTITIONER)

    assert reached(nurse) == {"99491": 1}
    assert row_of(nurse).reached == (("99491", 1),)
    assert row_of(doctor).reached == (("99491", 1),)

    doctor.sign()
    after = nurse.review().decision
    assert after is not None
    assert after.family == PRACTITIONER_FAMILY
    assert after.counted_seconds == 31 * 60
    assert row_of(nurse).counted_seconds == 31 * 60


def test_a_charge_that_is_missing_for_the_chosen_codes_is_told(site: Site, doctor: Desk) -> None:
    with site.world.db.write() as session:
        session.connection().exec_driver_sql("DELETE FROM fee WHERE code = '99487'")
        assert "99487" not in fees.in_force(session, site.practice_id, TODAY)
    attest(doctor)

    assert [o.code for o in doctor.review().sign_obstacles] == ["charge_missing_99487"]
    with pytest.raises(ConflictError, match="charge for 99487"):
        doctor.sign()


def test_the_higher_amount_is_reported_only_where_it_was_chosen(site: Site) -> None:
    site.launch().record(minutes=95)
    doctor = site.launch(user=DOCTOR)
    choose(doctor, FamilyChoice.HIGHEST_ALLOWED)

    assert not doctor.review().may_sign
    attest(doctor)
    assert reached(doctor) == {"99487": 1, "99489": 1}
    doctor.sign()
    assert sum((Decimal(str(net)) for *_, net, _ in items(claim_of(doctor))), Decimal(0)) == 295


def test_amounts_that_are_not_loaded_are_told_and_nothing_is_signed(site: Site) -> None:
    world = replace(site.world, rulebook=replace(site.world.rulebook, prices=()))
    site = replace(site, world=world)
    site.launch().record(minutes=60)
    doctor = site.launch(user=DOCTOR)
    doctor.record(minutes=35, start_time=time(11))
    choose(doctor, FamilyChoice.HIGHEST_ALLOWED)
    attest(doctor)

    shown = doctor.review()

    assert shown.decision is not None
    (obstacle,) = shown.sign_obstacles
    assert (obstacle.code, obstacle.owner) == ("rules_not_loaded", "admin")
    assert "CY2026" in obstacle.fix
    assert not shown.may_sign
    with pytest.raises(ConflictError, match="CY2026 Physician Fee Schedule"):
        doctor.sign()


def test_a_month_that_can_no_longer_be_filed_is_not_signed(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    doctor.record()
    signed = site.launch(patient="pt-advantage", user=DOCTOR)
    signed.record(start_time=time(10))
    signed.sign()
    a_year = 365 * 24 * 3600
    site.clock.advance(seconds=a_year)
    assert doctor.review().may_sign

    site.clock.advance(seconds=24 * 3600)

    shown = doctor.review()
    assert shown.decision is not None
    assert "timely_filing_expired" in shown.decision.reasons
    assert not shown.may_sign
    assert row_of(doctor).state is MonthState.NOT_ELIGIBLE
    with pytest.raises(ConflictError):
        doctor.sign()
    kept = signed.review().decision
    assert kept is not None
    assert "timely_filing_expired" not in kept.reasons


def test_a_month_shown_under_one_choice_is_not_signed_under_another(site: Site) -> None:
    site.launch().record(minutes=22)
    doctor = site.launch(user=DOCTOR)
    form = doctor.signature()
    choose(doctor)

    with pytest.raises(ConflictError, match="changed since it was shown"):
        doctor.sign(form)
    assert doctor.review().decision is not None
    assert reached(doctor) == {"99490": 1}
    decision = doctor.review().decision
    assert decision is not None
    assert decision.family == STAFF_FAMILY
