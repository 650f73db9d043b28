"""Our own words for the domain's closed vocabularies; a test holds every member covered."""

from __future__ import annotations

from ccm_fhir.domain.codes import Activity, DosPolicy, FamilyChoice, MdmAnswer, Role
from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.domain.decision import COMPLEX_FAMILY, PRACTITIONER_FAMILY, STAFF_FAMILY
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.rules import CLINIC_FAMILY, Confidence
from ccm_fhir.domain.timekeeping import NotCounted
from ccm_fhir.domain.writeback import ContactMode, DeliveryState, Disposition
from ccm_fhir.services.choice_shapes import ChoiceStanding
from ccm_fhir.services.patient_month import MonthState

ANSWERS: dict[Answer, str] = {
    Answer.MET: "Met",
    Answer.NOT_MET: "Not met",
    Answer.UNKNOWN: "Unknown",
}

CRITERIA: dict[Criterion, str] = {
    Criterion.TWO_CHRONIC_CONDITIONS: "Chronic conditions",
    Criterion.DURATION_AND_RISK: "Duration and risk",
    Criterion.MEDICARE_COVERAGE: "Medicare coverage",
    Criterion.CONSENT: "Patient’s consent",
    Criterion.INITIATING_VISIT: "Initiating visit",
    Criterion.CARE_PLAN: "Comprehensive care plan",
    Criterion.PRACTICE_REQUIREMENTS: "Practice requirements",
    Criterion.ALIVE: "Patient is living",
    Criterion.NOT_BILLED_ELSEWHERE: "No competing claim",
    Criterion.NOT_AWAY_ALL_MONTH: "Days outside hospital",
}

ROLES: dict[Role, str] = {
    Role.CARE_MANAGER: "care manager",
    Role.PRACTITIONER: "billing practitioner",
    Role.BILLER: "biller",
    Role.ANALYST: "population analyst",
    Role.ADMIN: "administrator",
}

ACTIVITIES: dict[Activity, str] = {
    Activity.PATIENT_CALL: "Talking with the patient or caregiver",
    Activity.CARE_PLAN: "Writing or revising the care plan",
    Activity.MEDICATION: "Medication review and refills",
    Activity.COORDINATION: "Coordinating with other clinicians or services",
    Activity.EDUCATION: "Education and self-management support",
    Activity.CHART_REVIEW: "Reviewing the chart and results",
}

CONTACTS: dict[ContactMode, str] = {
    ContactMode.TELEPHONE: "by telephone",
    ContactMode.VIDEO: "by video",
    ContactMode.PORTAL: "by portal message",
    ContactMode.IN_PERSON: "in person",
}

NOT_COUNTED: dict[NotCounted, str] = {
    NotCounted.OUTSIDE_MONTH: "outside this month",
    NotCounted.BEFORE_CONSENT: "before the patient consented",
    NotCounted.AFTER_DEATH: "after the patient’s death",
    NotCounted.INPATIENT: "on a day of a hospital stay",
    NotCounted.SNF_PART_A: "on a day of a skilled nursing stay under Part A",
    NotCounted.IN_BILLED_VISIT: "inside a visit that is billed on its own",
    NotCounted.COUNTED_ELSEWHERE: "already counted for another service",
    NotCounted.OFFSHORE: "done outside the United States",
    NotCounted.NONCLINICAL: "done by non-clinical staff",
    NotCounted.OTHER_PERFORMER: "done by someone whose time these codes do not count",
    NotCounted.OVERLAP: "at a moment already counted in another entry",
}

DELIVERIES: dict[DeliveryState, str] = {
    DeliveryState.PLANNED: "waiting to be sent",
    DeliveryState.SENDING: "on its way",
    DeliveryState.SENT: "in the EHR",
    DeliveryState.UNCERTAIN: "sent, being checked",
    DeliveryState.REJECTED: "refused by the EHR",
    DeliveryState.QUARANTINE: "set aside for a person",
    DeliveryState.HELD: "held for a person",
}

TO_BE_KEYED = "to be keyed by hand"
KEYED = "keyed by hand"
TO_BE_FILED = "waiting for the claim file"
FILED = "in a claim file"
BY_FILE = "Claim"
WAYS = {
    "Sheet": "Hand-off",
    "QuestionnaireResponse": "Form",
    "DocumentReference": "Document",
    "ChargeItem": "Charge",
    "CarePlan": "Care plan",
    "CareTeam": "Care team",
}
"""What a resource is called where its FHIR name says little to who works with patients."""

CONSENT_IN_EHR: dict[Disposition, str] = {
    Disposition.PENDING: "Kept here, not yet in the EHR.",
    Disposition.SENT_UNKNOWN: "Kept here; whether it reached the EHR is being checked.",
    Disposition.ACCEPTED: "Kept here and in the EHR.",
    Disposition.ACCEPTED_LOSSY: "Kept here and in the EHR, which did not keep all of it.",
    Disposition.KEYED: "Kept here, and keyed into the EHR by hand.",
    Disposition.UNPLANNED: "Kept here, not yet in the EHR.",
    Disposition.QUARANTINE: "Kept here; the EHR may hold it twice, and a person must look.",
    Disposition.HELD: "Kept here; it is held back from the EHR, and a person must look.",
    Disposition.REJECTED: "Kept here; it is not in the EHR, and a person must look.",
    Disposition.VOIDED: "Kept here as history; what the EHR was told of it is taken back there.",
}
"""Where a recorded consent stands with the EHR."""

MONTH_STATES: dict[MonthState, str] = {
    MonthState.SENT: "Claim in the EHR",
    MonthState.SIGNED: "Signed",
    MonthState.READY: "Ready to sign",
    MonthState.SHORT_OF_TIME: "Short of time",
    MonthState.NEEDS_FIX: "Needs a fix",
    MonthState.NOT_ELIGIBLE: "Not eligible",
    MonthState.PROBLEM: "Claim has a problem",
    MonthState.CHART_NOT_READ: "Chart not read",
    MonthState.HELD: "Held",
    MonthState.BEING_JUDGED: "Being judged again",
    MonthState.CORRECTING: "Claim being corrected",
    MonthState.VOIDED: "Claim taken back",
}

VERDICTS: dict[Chronic, str] = {
    Chronic.CHRONIC: "Chronic",
    Chronic.NOT_CHRONIC: "Not chronic",
    Chronic.REVIEW: "Needs a clinician’s eye",
}

REASONS: dict[Reason, str] = {
    Reason.APCM_SAME_MONTH: "Another programme reports this month",
    Reason.BELOW_TIME_THRESHOLD: "Not enough time yet",
    Reason.CANNOT_DETERMINE: "A fact is missing",
    Reason.CARE_PLAN_COPY_NOT_GIVEN: "Copy of the care plan not given",
    Reason.CARE_PLAN_MISSING: "No care plan",
    Reason.CARE_PLAN_OVERSIGHT_SAME_PRACTITIONER: "Care plan oversight is reported",
    Reason.CCM_ALREADY_BILLED: "Already billed for the month",
    Reason.CERTIFIED_EHR_MISSING: "Certified EHR not attested",
    Reason.CODE_NOT_EFFECTIVE: "No code for this work was in force in this month",
    Reason.CONSENT_AFTER_SERVICE: "Consent came after the work",
    Reason.CONSENT_INVALID: "Consent does not suffice",
    Reason.CONSENT_MISSING: "No consent",
    Reason.CONSENT_NOT_FOR_BILLING_PRACTITIONER: "Consent names another practitioner",
    Reason.CONSENT_REVOKED: "Consent was revoked",
    Reason.CONTINUITY_MISSING: "Continuity of care not attested",
    Reason.ESRD_SAME_PRACTITIONER: "Dialysis payment is reported",
    Reason.FEWER_THAN_TWO_CONDITIONS: "Fewer than two chronic conditions",
    Reason.VISIT_CODE_NOT_QUALIFYING: "The initiating visit does not qualify",
    Reason.VISIT_MISSING: "No initiating visit",
    Reason.NO_24_7_ACCESS: "Access around the clock not attested",
    Reason.NO_PART_B: "No Medicare Part B",
    Reason.PAYER_NOT_MEDICARE: "The payer is not Medicare",
    Reason.PCM_SAME_PRACTITIONER: "Principal care management is reported",
    Reason.PRACTITIONER_NOT_ELIGIBLE: "Profession may not bill this",
    Reason.RISK_OR_DURATION_NOT_DOCUMENTED: "Duration or risk not documented",
    Reason.TCM_SAME_PERIOD: "Transitional care is reported",
    Reason.TIMELY_FILING_EXPIRED: "The time limit for filing has passed",
}

OBSTACLES: dict[str, str] = {
    "claim_live": "A claim stands, and no payer has answered it",
    "correction_needs_a_person": "The payer has decided the claim",
    "earlier_claim_not_sent": "The month’s claim is still on its way",
    "earlier_claim_uncertain": "Not known whether the month’s claim arrived",
    "nothing_to_correct": "No claim stands",
    "two_claims_stand": "Two claims stand",
    "void_not_answered": "The void is not answered yet",
    "code_malformed": "A line’s code is no code",
    "coverage_ended_in_month": "Coverage ended within the month",
    "coverage_gone": "Coverage no longer in the EHR",
    "coverage_not_on_record": "Coverage not on record",
    "date_of_service_not_reached": "Date of service still ahead",
    "date_of_service_outside_month": "Date of service outside the month",
    "diagnosis_without_icd10cm": "Diagnosis without ICD-10-CM code",
    "duplicate_in_ehr": "Another claim of this month in the EHR",
    "duplicate_in_ledger": "Another claim of this month was made here",
    "evidence_missing": "Coverage, consent or care plan not in the chart",
    "institutional_claim_needed": "Institutional claim needed",
    "medical_decision_making_open": "Decision making not attested",
    "not_covered_on_date_of_service": "Cover on the date of service not shown",
    "patient_merged": "Patient merged into another record",
    "possible_duplicate_in_ehr": "A claim in the EHR may be of this month",
    "practice_npi_missing": "Practice’s NPI missing",
    "practitioner_npi_missing": "Practitioner’s NPI missing",
    "practitioner_taxonomy_malformed": "Practitioner’s taxonomy code malformed",
    "rules_not_loaded": "Rules not loaded",
    "timely_filing_expired": "The time limit for filing has passed",
    "too_few_diagnoses": "Too few diagnoses for a claim",
    "two_billing_practitioners": "Two billing practitioners",
}
"""What keeps a claim back, in a few words; one about a single billing code has its own."""

CONFIDENCES: dict[Confidence, str] = {
    Confidence.CONFIRMED_TWICE: "confirmed in two places",
    Confidence.CONFIRMED: "confirmed",
    Confidence.DERIVED: "derived from other rules",
    Confidence.UNCONFIRMED: "source not confirmed",
}

FAMILIES: dict[str, str] = {
    STAFF_FAMILY: "Clinical staff’s time",
    COMPLEX_FAMILY: "Complex care, clinical staff’s time",
    PRACTITIONER_FAMILY: "Practitioner’s own time",
    CLINIC_FAMILY: "The clinic’s single code",
}

FAMILY_CHOICES: dict[FamilyChoice, str] = {
    FamilyChoice.STANDARD: "The clinical staff’s codes",
    FamilyChoice.PRACTITIONER: "The practitioner’s own codes",
    FamilyChoice.COMPLEX_IF_MET: "The complex codes where they are met, else the clinical staff’s",
    FamilyChoice.HIGHEST_ALLOWED: "Of the codes that are fully met, those allowed the most",
}

FAMILY_CHOICE_HINTS: dict[FamilyChoice, str] = {
    FamilyChoice.STANDARD: "Time of clinical staff and of practitioners is counted together.",
    FamilyChoice.PRACTITIONER: (
        "Only time that the practitioner who signs gave in person is counted; staff time is not "
        "reported."
    ),
    FamilyChoice.COMPLEX_IF_MET: (
        "Where the time is there, the practitioner says whether the month’s decision making was "
        "moderate or high before the month can be signed."
    ),
    FamilyChoice.HIGHEST_ALLOWED: (
        "Compares Medicare’s national amounts, so the year’s price table must be loaded; the "
        "practitioner is asked for the decision making as above."
    ),
}

DOS_POLICIES: dict[DosPolicy, str] = {
    DosPolicy.THRESHOLD_DATE: "The day on which the last reported unit was reached",
    DosPolicy.MONTH_END: (
        "The last day of the month, or the day of death before it; nothing is signed earlier"
    ),
}

CHOICE_STANDINGS: dict[ChoiceStanding, str] = {
    ChoiceStanding.IN_FORCE: "In force",
    ChoiceStanding.AHEAD: "Still to come",
    ChoiceStanding.ENDED: "Ended",
    ChoiceStanding.REPLACED: "Replaced by a later choice for the same month",
}

MDM_ANSWERS: dict[MdmAnswer, str] = {
    MdmAnswer.MODERATE: "Moderate decision making",
    MdmAnswer.HIGH: "High decision making",
    MdmAnswer.NOT_MET: "The non-complex codes are reported",
}

IN_FLIGHT = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
"""States that change without anyone doing anything; pages look again while there are any."""


def owner(value: str) -> str:
    """Return a role's words for its code; a code that is no role is told as it stands."""
    return ROLES[Role(value)] if value in set(Role) else value.replace("_", " ")


def reason(text: str) -> str:
    """Return a reason's title; what a family of codes asks beyond those has one for all."""
    return REASONS[Reason(text)] if text in set(Reason) else "These codes ask for more"


def obstacle(code: str) -> str:
    """Return what keeps a claim back in a few words."""
    return OBSTACLES.get(code, code.replace("_", " ").capitalize())


SOURCES = {"typed": "typed", "live": "by timer", "unwatched": "by timer, no page beside it"}
