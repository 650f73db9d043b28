"""Signing a month: by whom, of what, once; and that nothing unknown is ever billed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.sign import STATEMENTS
from ccm_fhir.storage import attestations, claims, fees, practices
from ccm_fhir.storage.practices import NewPractice
from tests.services.wire import with_json
from tests.world import (
    BILLER,
    DOCTOR,
    NOVEMBER,
    NURSE,
    NURSE_PRACTITIONER,
    READY,
    Desk,
    Site,
    open_site,
)

if TYPE_CHECKING:
    from tests.services.loopback_ehr import Ehr

BOTH = frozenset({Criterion.DURATION_AND_RISK, Criterion.NOT_BILLED_ELSEWHERE})


@pytest.fixture
def doctor(site: Site) -> Desk:
    """Return the physician at the chart of Rosa Ready, with 22 minutes of their own recorded."""
    return ready_to_sign(site)


def ready_to_sign(site: Site, *, patient: str = READY, user: str = DOCTOR) -> Desk:
    desk = site.launch(patient=patient, user=user)
    desk.record()
    return desk


def claims_of(desk: Desk) -> list[claims.ClaimRecord]:
    with desk.site.world.db.read() as session:
        return list(claims.of_month(session, desk.site.practice_id, NOVEMBER))


def test_a_signature_makes_one_claim_of_what_was_shown(site: Site) -> None:
    site.launch().record()
    doctor = site.launch(user=DOCTOR)
    doctor.sign()

    shown = doctor.review()

    assert shown.claim is not None
    assert shown.claim.lines == (("99490", 1, Decimal("95.00")),)
    assert shown.signed is not None
    assert shown.signed.signed_by == "Amelia Signwell, MD"
    assert not shown.may_sign
    body = json.loads(doctor.delivery(ResourceKind.CLAIM).body_json)
    assert body["total"] == {"value": 95.0, "currency": "USD"}
    assert body["item"][0]["servicedDate"] == "2026-11-23"


def test_the_statements_are_kept_word_for_word(doctor: Desk) -> None:
    to_attest = doctor.review().to_attest
    doctor.sign()

    with doctor.site.world.db.read() as session:
        kept = attestations.of_month(session, doctor.site.practice_id, doctor.patient_id, NOVEMBER)
    assert {Criterion(k.kind): k.statement for k in kept} == {c: STATEMENTS[c] for c in to_attest}
    assert {k.user_id for k in kept} == {doctor.actor.user_id}


@pytest.mark.parametrize("user", [NURSE, BILLER])
def test_only_a_billing_practitioner_signs(site: Site, doctor: Desk, user: str) -> None:
    other = site.launch(user=user)

    with pytest.raises(NotAllowedError):
        other.sign(doctor.signature())
    assert not other.review().may_sign
    assert claims_of(doctor) == []


def test_a_nurse_practitioner_signs_as_well(site: Site) -> None:
    desk = ready_to_sign(site, user=NURSE_PRACTITIONER)

    desk.sign()

    assert len(claims_of(desk)) == 1


def test_a_statement_that_was_not_ticked_is_named_and_nothing_is_signed(doctor: Desk) -> None:
    with pytest.raises(InputError) as refused:
        doctor.sign(attested=frozenset())

    assert refused.value.field == Criterion.DURATION_AND_RISK.value
    assert doctor.review().signed is None
    assert claims_of(doctor) == []


def test_ticking_more_than_is_asked_attests_nothing_more(doctor: Desk) -> None:
    doctor.sign(attested=frozenset(Criterion))

    with doctor.site.world.db.read() as session:
        kept = attestations.of_month(session, doctor.site.practice_id, doctor.patient_id, NOVEMBER)
    assert {Criterion(k.kind) for k in kept} <= BOTH


def test_a_month_that_changed_since_it_was_shown_is_not_signed(site: Site, doctor: Desk) -> None:
    shown = doctor.signature()
    site.launch().record(start_time=time(11))

    with pytest.raises(ConflictError, match="changed since it was shown"):
        doctor.sign(shown)
    assert claims_of(doctor) == []


def test_a_chart_read_again_without_change_may_be_signed_as_shown(site: Site, doctor: Desk) -> None:
    shown = doctor.signature()
    site.launch()

    doctor.sign(shown)

    assert len(claims_of(doctor)) == 1


def test_the_same_form_sent_twice_signs_once(doctor: Desk) -> None:
    signature = doctor.signature()

    doctor.sign(signature)
    doctor.sign(signature)

    assert len(claims_of(doctor)) == 1


def test_a_signed_month_is_not_signed_again(doctor: Desk) -> None:
    doctor.sign()

    with pytest.raises(ConflictError, match="already signed"):
        doctor.sign()
    assert len(claims_of(doctor)) == 1


def test_a_month_whose_chart_was_never_read_is_not_signed(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Patient/", with_json(lambda _: {}))
    desk = site.launch(user=DOCTOR)

    with pytest.raises(ConflictError, match="has not been read"):
        desk.sign()


@pytest.mark.parametrize("same_form", [True, False])
def test_two_who_sign_at_the_same_moment_make_one_claim(
    each_site: Site, *, same_form: bool
) -> None:
    doctor = ready_to_sign(each_site)
    signature = doctor.signature()
    forms = [signature, signature if same_form else doctor.signature()]

    def attempt(form: Any) -> str:  # noqa: ANN401  # a SignMonth
        try:
            doctor.sign(form)
        except ConflictError:
            return "refused"
        return "signed"

    with ThreadPoolExecutor(2) as people:
        outcomes = sorted(people.map(attempt, forms))

    assert outcomes[-1] == "signed"
    assert len(claims_of(doctor)) == 1
    planned = [d for d in each_site.deliveries(doctor.patient_id) if d.resource_type == "Claim"]
    assert len(planned) == 1
    if same_form:
        assert outcomes == ["signed", "signed"]


def test_time_recorded_while_the_month_is_signed_is_in_the_claim_or_refused(
    each_site: Site,
) -> None:
    doctor = ready_to_sign(each_site)
    nurse = each_site.launch()
    form = doctor.signature()

    def record() -> str:
        try:
            nurse.record(start_time=time(11))
        except ConflictError:
            return "refused"
        return "recorded"

    def sign() -> str:
        try:
            doctor.sign(form)
        except ConflictError:
            return "refused"
        return "signed"

    with ThreadPoolExecutor(2) as people:
        recorded, signed = people.submit(record), people.submit(sign)

    assert {recorded.result(), signed.result()} in (
        {"recorded", "refused"},
        {"refused", "signed"},
    )


def test_a_practitioner_without_npi_is_told_and_signs_nothing(doctor: Desk) -> None:
    nameless = doctor.acting(npi="")

    shown = nameless.review()

    assert [o.code for o in shown.sign_obstacles] == ["practitioner_npi_missing"]
    assert not shown.may_sign
    with pytest.raises(ConflictError, match="NPI"):
        nameless.sign()
    assert claims_of(doctor) == []


def test_a_practice_without_npi_is_told(doctor: Desk) -> None:
    with doctor.site.world.db.write() as session:
        held = practices.get(session, doctor.site.practice_id)
        practices.update(
            session,
            held.id,
            NewPractice(
                name=held.name,
                time_zone=held.time_zone,
                npi="",
                organization_ref=held.organization_ref,
                place_of_service=held.place_of_service,
                identifier_namespace=held.identifier_namespace,
            ),
        )

    assert [o.code for o in doctor.review().sign_obstacles] == ["practice_npi_missing"]
    with pytest.raises(ConflictError, match="practice's NPI"):
        doctor.sign()


def test_a_missing_charge_is_told_by_its_code(site: Site, doctor: Desk) -> None:
    with site.world.db.write() as session:
        session.connection().exec_driver_sql("DELETE FROM fee WHERE code = '99490'")
        assert "99490" not in fees.in_force(session, site.practice_id, NOVEMBER.last_day)

    assert [o.code for o in doctor.review().sign_obstacles] == ["charge_missing_99490"]
    with pytest.raises(ConflictError, match="charge for 99490"):
        doctor.sign()


def test_a_patient_with_snomed_codes_alone_needs_icd10_before_a_claim(site: Site) -> None:
    doctor = ready_to_sign(site, patient="pt-snomedonly")

    shown = doctor.review()

    assert [o.code for o in shown.sign_obstacles] == ["diagnosis_without_icd10cm"]
    with pytest.raises(ConflictError, match="ICD-10-CM"):
        doctor.sign()
    assert claims_of(doctor) == []


def test_a_month_below_the_threshold_has_nothing_to_sign(site: Site) -> None:
    site.launch().record(minutes=19)
    doctor = site.launch(user=DOCTOR)

    assert not doctor.review().may_sign
    with pytest.raises(ConflictError):
        doctor.sign()


NEVER_BILLED = {
    "words alone": ("pt-textonly", Criterion.TWO_CHRONIC_CONDITIONS, Answer.UNKNOWN),
    "a provisional diagnosis": (
        "pt-provisional",
        Criterion.TWO_CHRONIC_CONDITIONS,
        Answer.UNKNOWN,
    ),
    "Medicare, but which part": ("pt-whichpart", Criterion.MEDICARE_COVERAGE, Answer.UNKNOWN),
    "a consent dated by its year": ("pt-yearonly", Criterion.CONSENT, Answer.UNKNOWN),
    "a consent half told": ("pt-halftold", Criterion.CONSENT, Answer.UNKNOWN),
    "one condition": ("pt-onecondition", Criterion.TWO_CHRONIC_CONDITIONS, Answer.NOT_MET),
    "one disease thrice": ("pt-samedisease", Criterion.TWO_CHRONIC_CONDITIONS, Answer.NOT_MET),
    "refuted diagnoses": ("pt-refuted", Criterion.TWO_CHRONIC_CONDITIONS, Answer.NOT_MET),
    "no part B": ("pt-nopartb", Criterion.MEDICARE_COVERAGE, Answer.NOT_MET),
    "another payer": ("pt-commercial", Criterion.MEDICARE_COVERAGE, Answer.NOT_MET),
    "no consent": ("pt-noconsent", Criterion.CONSENT, Answer.NOT_MET),
    "a revoked consent": ("pt-revoked", Criterion.CONSENT, Answer.NOT_MET),
    "a consent to others": ("pt-otherpractice", Criterion.CONSENT, Answer.NOT_MET),
    "a stale visit": ("pt-stalevisit", Criterion.INITIATING_VISIT, Answer.NOT_MET),
    "no visit": ("pt-novisit", Criterion.INITIATING_VISIT, Answer.NOT_MET),
    "no plan": ("pt-noplan", Criterion.CARE_PLAN, Answer.NOT_MET),
    "a partial plan": ("pt-partialplan", Criterion.CARE_PLAN, Answer.NOT_MET),
    "billed elsewhere": ("pt-elsewhere", Criterion.NOT_BILLED_ELSEWHERE, Answer.NOT_MET),
    "no longer living": ("pt-deceased", Criterion.ALIVE, Answer.NOT_MET),
}


@pytest.mark.parametrize(
    ("patient", "criterion", "answer"), NEVER_BILLED.values(), ids=NEVER_BILLED
)
def test_what_is_unknown_or_not_met_is_never_billed_whatever_is_ticked(
    site: Site, patient: str, criterion: Criterion, answer: Answer
) -> None:
    doctor = ready_to_sign(site, patient=patient)

    shown = doctor.review()

    assert {f.criterion: f.answer for f in shown.findings}[criterion] is answer
    assert not shown.may_sign
    with pytest.raises(ConflictError):
        doctor.sign(attested=frozenset(Criterion))
    assert claims_of(doctor) == []
    assert "Claim" not in doctor.states()


def test_a_practice_that_has_attested_nothing_bills_nothing(
    sqlite_url: str, shared_ehr: Ehr
) -> None:
    with open_site(sqlite_url, shared_ehr, attested_on=None) as site:
        doctor = ready_to_sign(site)

        shown = doctor.review()

        answers = {f.criterion: f.answer for f in shown.findings}
        assert answers[Criterion.PRACTICE_REQUIREMENTS] is Answer.UNKNOWN
        with pytest.raises(ConflictError):
            doctor.sign(attested=frozenset(Criterion))
        assert claims_of(doctor) == []


UNREAD = {
    "Condition": Criterion.TWO_CHRONIC_CONDITIONS,
    "Coverage": Criterion.MEDICARE_COVERAGE,
    "Consent": Criterion.CONSENT,
    "Encounter": Criterion.INITIATING_VISIT,
    "CarePlan": Criterion.CARE_PLAN,
}


@pytest.mark.parametrize(("kind", "criterion"), UNREAD.items(), ids=UNREAD)
def test_what_could_not_be_read_is_unknown_and_never_billed(
    site: Site, kind: str, criterion: Criterion
) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", f"/fhir/{kind}$", with_json(lambda _: {"resourceType": "nothing"}))
    doctor = ready_to_sign(site)

    shown = doctor.review()

    assert {f.criterion: f.answer for f in shown.findings}[criterion] is Answer.UNKNOWN
    with pytest.raises(ConflictError):
        doctor.sign(attested=frozenset(Criterion))
    assert claims_of(doctor) == []


def test_claims_that_could_not_be_read_must_be_attested(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Claim$", with_json(lambda _: {"resourceType": "nothing"}))
    doctor = ready_to_sign(site)

    assert set(doctor.review().to_attest) == BOTH
    with pytest.raises(InputError) as refused:
        doctor.sign(attested=frozenset({Criterion.DURATION_AND_RISK}))
    assert refused.value.field == Criterion.NOT_BILLED_ELSEWHERE.value
    doctor.sign()
    assert len(claims_of(doctor)) == 1
