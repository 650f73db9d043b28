"""New values for storage tests, each valid until a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from ccm_fhir.domain.claims import Address, claim_number
from ccm_fhir.domain.codes import (
    Activity,
    DosPolicy,
    FamilyChoice,
    MdmAnswer,
    PerformerKind,
    Setting,
)
from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.domain.remittance import AnsweredClaim, AnswerStatus, MatchedBy, key_of
from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.storage import billing, claim_answers, claim_files, ehr_answers, remittances
from ccm_fhir.storage.billing import BillingSaid, PartnerSaid
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.claim_answers import ClaimAnswer, NewAnswerFile
from ccm_fhir.storage.claim_files import NewFile, NewFiled, NextNumbers
from ccm_fhir.storage.claim_statements import NewClaimStatement
from ccm_fhir.storage.claims import NewClaim
from ccm_fhir.storage.coding_choices import NewChoice
from ccm_fhir.storage.condition_reviews import NewReview
from ccm_fhir.storage.consents import NewConsent
from ccm_fhir.storage.deliveries import NewDelivery
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.ledger import NewEntry
from ccm_fhir.storage.mdm_attestations import NewMdmAttestation
from ccm_fhir.storage.month_locks import NewLock
from ccm_fhir.storage.patient_locations import NewPatientLocation
from ccm_fhir.storage.plan_records import NewCopy, NewOutreach, NewVersion
from ccm_fhir.storage.plan_records import NewReview as NewPlanReview
from ccm_fhir.storage.plan_tasks import NewTask
from ccm_fhir.storage.remittances import NewPaid, NewRemittance
from ccm_fhir.storage.sign_offs import NewSignOff
from ccm_fhir.storage.statements import NewStatement
from ccm_fhir.storage.vocabulary import (
    AnswerKind,
    ArtefactKind,
    ChartSource,
    ClaimsLeaveBy,
    CopyGivenBy,
    CopyLanguage,
    FilingVerdict,
    LockAct,
    OutreachOutcome,
)
from tests.domain.plan_parts import whole_plan

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from sqlmodel import Session

    from ccm_fhir.storage.claims import ClaimRecord
    from ccm_fhir.storage.crypto import Vault
    from tests.storage.conftest import Tenant

V = TypeVar("V", bound="DataclassInstance")

NOVEMBER = ServiceMonth(2026, 11)
KEY = b"ledger key"
TEN_O_CLOCK = datetime(2026, 11, 10, 15, 0, tzinfo=UTC)


def changed(value: V, changes: dict[str, Any]) -> V:
    """Return a value with some fields changed."""
    return replace(value, **changes)


def entry(tenant: Tenant, form_key: str = "form-1", **changes: object) -> NewEntry:
    """Return 22 minutes of the nurse's work."""
    new = NewEntry(
        patient_id=tenant.patient_id,
        user_id=tenant.nurse_id,
        performer=PerformerKind.CLINICAL_STAFF,
        credential="RN",
        started_at=TEN_O_CLOCK,
        ended_at=TEN_O_CLOCK + timedelta(minutes=22),
        zone="America/New_York",
        activity=Activity.PATIENT_CALL,
        note="called",
        form_key=form_key,
    )
    return changed(new, changes)


def consent(tenant: Tenant, form_key: str = "consent-1", **changes: object) -> NewConsent:
    """Return a whole verbal consent, told to the nurse."""
    new = NewConsent(
        patient_id=tenant.patient_id,
        decision=ConsentDecision.GIVEN,
        decided_on=date(2026, 11, 10),
        statements=("availability", "cost-sharing", "one-practitioner", "right-to-stop"),
        mode=ConsentMode.VERBAL,
        language="es",
        given_by=ConsentGiver.PATIENT,
        script_version="2026-11",
        recorded_by=tenant.nurse_id,
        form_key=form_key,
    )
    return changed(new, changes)


def month_lock(tenant: Tenant, form_key: str = "lock-1", **changes: object) -> NewLock:
    """Return the doctor's lock of November, of the whole practice."""
    new = NewLock(
        patient_id=None,
        month=NOVEMBER,
        act=LockAct.LOCK,
        reason="All claims are sent",
        user_id=tenant.doctor_id,
        form_key=form_key,
    )
    return changed(new, changes)


def patient_location(
    tenant: Tenant, form_key: str = "place-1", **changes: object
) -> NewPatientLocation:
    """Return that a patient is seen at the practice's first location from November on."""
    usual = NewPatientLocation(
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        location_id=tenant.practice_id,
        user_id=tenant.nurse_id,
        form_key=form_key,
    )
    return changed(usual, changes)


def condition_review(tenant: Tenant, form_key: str = "review-1", **changes: object) -> NewReview:
    """Return the doctor's yes about a Condition."""
    new = NewReview(
        patient_id=tenant.patient_id,
        condition_id="c1",
        condition_version="1",
        fingerprint="f" * 64,
        answer=ReviewAnswer.CHRONIC,
        family="copd",
        reason="Spirometry",
        revision=1,
        user_id=tenant.doctor_id,
        person="A doctor",
        form_key=form_key,
    )
    return changed(new, changes)


def plan_version(tenant: Tenant, form_key: str = "plan-1", **changes: object) -> NewVersion:
    """Return the first version of a plan, adopted by the nurse."""
    new = NewVersion(
        patient_id=tenant.patient_id,
        number=1,
        plan=whole_plan(),
        adopted_on=date(2026, 11, 10),
        adopted_by=tenant.nurse_id,
        form_key=form_key,
    )
    return changed(new, changes)


def plan_review(tenant: Tenant, version_id: str, **changes: object) -> NewPlanReview:
    """Return a review of a version."""
    new = NewPlanReview(
        patient_id=tenant.patient_id,
        version_id=version_id,
        reviewed_on=date(2026, 11, 15),
        note="Gone through by telephone.",
        reviewed_by=tenant.nurse_id,
        form_key="review-1",
    )
    return changed(new, changes)


def plan_copy(tenant: Tenant, version_id: str, **changes: object) -> NewCopy:
    """Return a Spanish copy sent by mail."""
    new = NewCopy(
        patient_id=tenant.patient_id,
        version_id=version_id,
        given_on=date(2026, 11, 16),
        way=CopyGivenBy.MAIL,
        language=CopyLanguage.SPANISH,
        given_to="the patient",
        text_sha256="0" * 64,
        recorded_by=tenant.nurse_id,
        form_key="copy-1",
    )
    return changed(new, changes)


def plan_outreach(tenant: Tenant, form_key: str = "call-1", **changes: object) -> NewOutreach:
    """Return an attempt that nobody answered."""
    new = NewOutreach(
        patient_id=tenant.patient_id,
        outcome=OutreachOutcome.NO_ANSWER,
        next_on=date(2026, 11, 23),
        tried_by=tenant.nurse_id,
        form_key=form_key,
    )
    return changed(new, changes)


def plan_task(tenant: Tenant, form_key: str = "task-1", **changes: object) -> NewTask:
    """Return a task of the care manager's, due in a week."""
    new = NewTask(
        patient_id=tenant.patient_id,
        text="Call the pharmacy about the refill",
        performer=Performer.CARE_MANAGER,
        due_on=date(2026, 11, 23),
        made_by=tenant.nurse_id,
        form_key=form_key,
    )
    return changed(new, changes)


def sign_off(tenant: Tenant, form_key: str = "sign-1", **changes: object) -> NewSignOff:
    """Return the doctor's signature under November."""
    new = NewSignOff(
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        programme=Programme.CCM,
        revision=1,
        user_id=tenant.doctor_id,
        decision_json='{"lines":["99490"]}',
        form_key=form_key,
    )
    return changed(new, changes)


def statement(tenant: Tenant, declared: str = "a", **changes: object) -> NewStatement:
    """Return a CapabilityStatement that has just been read."""
    new = NewStatement(
        ehr_id=tenant.ehr_id,
        body_json="{}",
        body_sha256="b" * 64,
        declared_sha256=declared * 64,
    )
    return changed(new, changes)


def claim(tenant: Tenant, sign_off_id: str, **changes: object) -> NewClaim:
    """Return November's claim."""
    new = NewClaim(
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        programme=Programme.CCM,
        revision=1,
        sign_off_id=sign_off_id,
        identifier="claim-identifier-1",
        total_usd=Decimal("62.50"),
        draft_json='{"lines":[]}',
    )
    return changed(new, changes)


def delivery(tenant: Tenant, **changes: object) -> NewDelivery:
    """Return a Procedure to be told to the EHR."""
    new = NewDelivery(
        id=new_id(TEN_O_CLOCK),
        ehr_id=tenant.ehr_id,
        patient_id=tenant.patient_id,
        resource_type=ResourceKind.PROCEDURE,
        artefact_kind=ArtefactKind.TIME_ENTRY,
        artefact_id="entry-1",
        identifier_system="https://ccm.example/ids",
        identifier="identifier-1",
        body_json='{"resourceType":"Procedure"}',
    )
    return changed(new, changes)


def chart(tenant: Tenant, read_at: datetime, **changes: object) -> NewChart:
    """Return a chart that says nothing but when it was read."""
    facts = ChartFacts(patient=PatientFact(ref=EvidenceRef("Patient", "fhir-1")), read_at=read_at)
    new = NewChart(
        patient_id=tenant.patient_id,
        facts=facts,
        source=ChartSource.LAUNCH,
        read_by_user_id=tenant.nurse_id,
    )
    return changed(new, changes)


def choice(tenant: Tenant, form_key: str = "choice-1", **changes: object) -> NewChoice:
    """Return the doctor's choice for the practice from November on."""
    new = NewChoice(
        patient_id=None,
        month=NOVEMBER,
        family=FamilyChoice.COMPLEX_IF_MET,
        dos_policy=DosPolicy.MONTH_END,
        reason="",
        user_id=tenant.doctor_id,
        form_key=form_key,
    )
    return changed(new, changes)


def exception(tenant: Tenant, form_key: str = "except-1", **changes: object) -> NewChoice:
    """Return an exception for the patient's November."""
    new = NewChoice(
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        family=FamilyChoice.PRACTITIONER,
        dos_policy=None,
        reason="a synthetic reason",
        user_id=tenant.doctor_id,
        form_key=form_key,
    )
    return changed(new, changes)


def mdm(tenant: Tenant, form_key: str = "mdm-1", **changes: object) -> NewMdmAttestation:
    """Return the doctor's word on the decision making of November."""
    new = NewMdmAttestation(
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        answer=MdmAnswer.MODERATE,
        is_plan_revised=None,
        rationale="a synthetic rationale",
        user_id=tenant.doctor_id,
        form_key=form_key,
    )
    return changed(new, changes)


def billing_said(**changes: object) -> BillingSaid:
    """Return who the practice is on a claim file."""
    new = BillingSaid(
        name="Example Family Medicine",
        taxonomy="261QP2300X",
        setting=Setting.OFFICE,
        address=Address(
            line="12 Example Street", city="Albany", state="NY", postal_code="12207-0001"
        ),
    )
    return changed(new, changes)


def partner(**changes: object) -> PartnerSaid:
    """Return a trading partner for test files."""
    new = PartnerSaid(
        submitter_name="Example Family Medicine",
        submitter_qualifier="ZZ",
        submitter_id="EX1",
        contact_name="Billing Office",
        contact_phone="5185550100",
        receiver_name="Example House",
        receiver_qualifier="ZZ",
        receiver_id="HOUSE",
        payer_name="Medicare Part B of Example",
        payer_id="13282",
        is_production=False,
        claims_leave_by=ClaimsLeaveBy.FILE,
        has_provider_signature=True,
        assignment="A",
        are_benefits_assigned=True,
        may_release_information=True,
        control_numbers_after=0,
    )
    return changed(new, changes)


def filed_claim(claim: ClaimRecord, **changes: object) -> NewFiled:
    """Return a claim's first turn in the first set."""
    new = NewFiled(
        claim_id=claim.id,
        revision=claim.revision,
        claim_number=claim_number(claim.identifier),
        set_control=1,
        turn=1,
        reason="",
        total_usd=claim.total_usd,
    )
    return changed(new, changes)


def claim_file(*filed: NewFiled, **changes: object) -> NewFile:
    """Return a test file of some claims, the first of its practice."""
    new = NewFile(
        month=NOVEMBER,
        numbers=NextNumbers(number=1, first_set_control=1),
        last_set_control=1,
        is_production=False,
        submitter_id="EX1",
        receiver_id="HOUSE",
        payer_id="13282",
        total_usd=sum((one.total_usd for one in filed), Decimal(0)),
        sha256="0" * 64,
        user_id=None,
        filed=filed,
        content=b"ISA*secret~",
    )
    return changed(new, changes)


def answer_file(*answers: ClaimAnswer, **changes: object) -> NewAnswerFile:
    """Return a 277CA of some answers."""
    new = NewAnswerFile(
        kind=AnswerKind.CLAIMS, sha256="1" * 64, unmatched=0, user_id=None, answers=answers
    )
    return changed(new, changes)


def filed_and_answered(
    session: Session, vault: Vault, practice_id: str, claim: ClaimRecord, now: datetime
) -> None:
    """Let a claim be in a file that was written, and taken by a 277CA."""
    billing.set_billing(session, vault, practice_id, billing_said(), "123456789", now)
    made = claim_files.record(session, vault, practice_id, claim_file(filed_claim(claim)), now)
    claim_files.mark_written(session, practice_id, made.id, None, now)
    (filed,) = claim_files.filed_in(session, practice_id, made.id)
    taken = ClaimAnswer(
        filed_id=filed.id, kind=AnswerKind.CLAIMS, verdict=FilingVerdict.TAKEN, codes="A2:20"
    )
    claim_answers.record(session, practice_id, answer_file(taken), now)
    remittances.record(session, practice_id, remittance(paid(claim)), now)
    shown = {"ExplanationOfBenefit/1": paid(claim).answer}
    ehr_answers.record(session, practice_id, claim.id, shown, now)


def claim_said(tenant: Tenant, claim_id: str, **changes: object) -> NewClaimStatement:
    """Return the doctor's word that a claim is to be replaced."""
    new = NewClaimStatement(
        claim_id=claim_id,
        patient_id=tenant.patient_id,
        month=NOVEMBER,
        said=ClaimSaid.REPLACE,
        reason="A call was missing.",
        user_id=tenant.doctor_id,
        form_key="said-1",
    )
    return changed(new, changes)


def paid(claim: ClaimRecord, occurrence: int = 1) -> NewPaid:
    """Return a payer's answer that pays a claim."""
    number = claim_number(claim.identifier)
    answer = AnsweredClaim(
        claim_number=number,
        status=AnswerStatus.PROCESSED,
        status_code="1",
        charge_usd=claim.total_usd,
        paid_usd=claim.total_usd,
    )
    return NewPaid(
        claim_id=claim.id,
        key=key_of(answer, "payer|8800001", occurrence),
        matched_by=MatchedBy.CLAIM_NUMBER,
        answer=answer,
    )


def remittance(*paid: NewPaid, **changes: object) -> NewRemittance:
    """Return a remittance of some answers."""
    new = NewRemittance(sha256="2" * 64, unmatched=0, user_id=None, paid=paid)
    return changed(new, changes)
