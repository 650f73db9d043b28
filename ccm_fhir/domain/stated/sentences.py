"""Reasons and cautions as sentences: what is the case, what would change it, and who could."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.decision import (
    COMPLEX_DECLINED,
    MDM_NOT_ATTESTED,
    MDM_TOO_LOW,
    PLAN_NOT_REVISED,
)
from ccm_fhir.domain.reasons import Caution, Reason


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words, and who can change it; None where nobody can.

    ``statement`` names the eligibility statement that cites it, if any.
    """

    sentence: str
    remedy: str
    statement: str = ""
    owner: Role | None = None


SENTENCES: dict[Reason, Said] = {
    Reason.APCM_SAME_MONTH: Said(
        "Advanced primary care management is reported for the month and absorbs this work.",
        "Agree which of the two programmes reports the month; not both can.",
        owner=Role.BILLER,
    ),
    Reason.BELOW_TIME_THRESHOLD: Said(
        "The time that counts is below the first threshold of the codes.",
        "Only care that was given and recorded counts; nothing is rounded up or carried over.",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CANNOT_DETERMINE: Said(
        "A fact that the rules need is not stated.",
        "State what is missing; until then nothing is reported.",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CARE_PLAN_COPY_NOT_GIVEN: Said(
        "No copy of the care plan was given to the patient or caregiver.",
        "Give the copy and record it.",
        "required_consent_statements",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CARE_PLAN_MISSING: Said(
        "No comprehensive care plan was in place in the month.",
        "Establish the plan; months from then on can be reported.",
        owner=Role.PRACTITIONER,
    ),
    Reason.CARE_PLAN_OVERSIGHT_SAME_PRACTITIONER: Said(
        "The same practitioner reports oversight of home health or hospice care for the month.",
        "Only one of the two can be reported by one practitioner.",
        owner=Role.BILLER,
    ),
    Reason.CCM_ALREADY_BILLED: Said(
        "Care management is already billed for the month, by another practitioner or by an "
        "earlier claim.",
        "One claim a patient and month is paid; agree who reports it.",
        owner=Role.BILLER,
    ),
    Reason.CERTIFIED_EHR_MISSING: Said(
        "The practice does not attest a certified EHR.",
        "The practice attests it, if it is so.",
        owner=Role.ADMIN,
    ),
    Reason.CODE_NOT_EFFECTIVE: Said(
        "No code of the chosen family was payable in the month.",
        "Nothing; the code begins later, or has ended.",
    ),
    Reason.CONSENT_AFTER_SERVICE: Said(
        "Consent was given only after the work was done.",
        "Only work from the day of consent on can be reported.",
        "consent_modes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CONSENT_INVALID: Said(
        "The way in which consent was given did not suffice on the day it was given.",
        "Obtain consent in a form that the rules of the day accept; it holds from then on.",
        "consent_modes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CONSENT_MISSING: Said(
        "No consent to care management is on record.",
        "Ask the patient, tell the four required things, and document the consent.",
        "consent_modes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CONSENT_NOT_FOR_BILLING_PRACTITIONER: Said(
        "The consent was given to another practitioner.",
        "Obtain consent for the practitioner who bills now.",
        "consent_modes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CONSENT_REVOKED: Said(
        "The patient revoked consent before this month.",
        "Ask again, if the patient wishes, and document a new consent.",
        "consent_modes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.CONTINUITY_MISSING: Said(
        "The practice does not attest a designated member of the care team.",
        "The practice attests it, if it is so.",
        owner=Role.ADMIN,
    ),
    Reason.ESRD_SAME_PRACTITIONER: Said(
        "The same practitioner reports the monthly payment for a dialysis patient.",
        "Only one of the two can be reported by one practitioner.",
        owner=Role.BILLER,
    ),
    Reason.FEWER_THAN_TWO_CONDITIONS: Said(
        "Fewer than two distinct chronic conditions are stated.",
        "Nothing, unless a chronic condition is missing from the problem list.",
        "minimum_condition_families",
        owner=Role.PRACTITIONER,
    ),
    Reason.VISIT_CODE_NOT_QUALIFYING: Said(
        "The visit that is said to start care management is not of a kind that can.",
        "Schedule a qualifying visit with the billing practitioner.",
        "initiating_visit_codes",
        owner=Role.CARE_MANAGER,
    ),
    Reason.VISIT_MISSING: Said(
        "The patient was new, or not seen within the year before, and no qualifying visit by "
        "the billing practitioner started care management.",
        "Schedule a visit (evaluation and management, AWV or IPPE) with the practitioner.",
        "initiating_visit_within_days",
        owner=Role.CARE_MANAGER,
    ),
    Reason.NO_24_7_ACCESS: Said(
        "The practice does not attest access around the clock.",
        "The practice attests it, if it is so.",
        owner=Role.ADMIN,
    ),
    Reason.NO_PART_B: Said(
        "The patient is not enrolled in Medicare Part B.",
        "Check eligibility with the payer.",
        "coverage_kinds",
        owner=Role.BILLER,
    ),
    Reason.PAYER_NOT_MEDICARE: Said(
        "The payer is not Medicare; its own rules decide.",
        "Check the payer's policy; this decision speaks for Medicare alone.",
        "coverage_kinds",
        owner=Role.BILLER,
    ),
    Reason.PCM_SAME_PRACTITIONER: Said(
        "The same practitioner reports principal care management for the month.",
        "Only one of the two can be reported by one practitioner.",
        owner=Role.BILLER,
    ),
    Reason.PRACTITIONER_NOT_ELIGIBLE: Said(
        "The billing practitioner's profession may not bill care management.",
        "A physician, NP, PA, CNS or CNM must be the one who bills.",
        "professions",
        owner=Role.PRACTITIONER,
    ),
    Reason.RISK_OR_DURATION_NOT_DOCUMENTED: Said(
        "It is not documented that the conditions last twelve months and carry a significant risk.",
        "The billing practitioner documents it, if it is so.",
        "minimum_condition_families",
        owner=Role.PRACTITIONER,
    ),
    Reason.TCM_SAME_PERIOD: Said(
        "The same practitioner reports transitional care, which before 2020 excluded this.",
        "Nothing for this month.",
    ),
    Reason.TIMELY_FILING_EXPIRED: Said(
        "The time limit for filing a claim has passed.",
        "Nothing; the limit runs from the date of service.",
        owner=Role.BILLER,
    ),
}
"""Every reason has its words; a test holds the table complete."""

DEMANDS: dict[str, Said] = {
    MDM_NOT_ATTESTED: Said(
        "The billing practitioner has not attested the complexity of the month's medical "
        "decision making.",
        "It is the practitioner's own judgement of the month's work; it is never derived here.",
        owner=Role.PRACTITIONER,
    ),
    MDM_TOO_LOW: Said(
        "The medical decision making that the practitioner attested is below what these codes "
        "require.",
        "Nothing; the attestation stands as it was made.",
    ),
    COMPLEX_DECLINED: Said(
        "The billing practitioner reports the non-complex codes for this month.",
        "The practitioner may still attest moderate or high decision making, until the month is "
        "signed.",
        owner=Role.PRACTITIONER,
    ),
    PLAN_NOT_REVISED: Said(
        "In this month these codes also require that the care plan was established or "
        "substantially revised, and that is not stated.",
        "State it, if it is so.",
        owner=Role.PRACTITIONER,
    ),
}
"""What a family of codes may lack beyond the reasons that keep a whole month from being billed."""

CAUTIONS: dict[Caution, str] = {
    Caution.ADDON_CAP_REACHED: "The counted time goes past what the month's add-on code allows; "
    "the time beyond it is not reported.",
    Caution.COMPLEX_MET_NONCOMPLEX_REPORTED: "What the complex codes ask is also met; by the "
    "practice's choice the other family is reported.",
    Caution.COMPLEX_TIME_WITHOUT_MDM: "The counted time would also reach the complex codes; no "
    "level of medical decision making is attested, so they are not considered.",
    Caution.CONCURRENT_PCM: "Another practitioner reports principal care management for this "
    "patient in the same month; each must manage different needs.",
    Caution.CONCURRENT_RPM: "Remote monitoring is reported in the same month; no minute may count "
    "for both.",
    Caution.CONCURRENT_TCM: "Transitional care is reported in the same month; no minute may count "
    "for both.",
    Caution.CONSENT_REVOKED_MONTH_END: "The patient revoked consent during the month; it takes "
    "effect at the month's end, so later months cannot be reported.",
    Caution.CONSIDER_PCM: "One serious chronic condition alone is stated; this programme needs "
    "two. Another programme exists for a single condition.",
    Caution.DOUBLE_COUNTED_REMOVED: "Time already used for another service was left out.",
    Caution.EM_TIME_EXCLUDED: "Time inside a separately billed visit was left out.",
    Caution.SPLIT_AT_MONTH_END: "An entry runs past the month's edge; only its part inside the "
    "month counts.",
    Caution.FACE_TO_FACE_COUNTED: "Time spent face to face counts here; check that it belongs to "
    "no visit that is billed.",
    Caution.G0511_RETIRED: "The clinics' single code has ended; the individual codes are reported "
    "in its place.",
    Caution.INPATIENT_EXCLUDED: "Time on days of a hospital stay was left out.",
    Caution.INSTITUTIONAL_CLAIM: "In this setting the claim goes on the institutional form "
    "(837I), not the professional one.",
    Caution.MA_CONTRACT_RULES: "The patient has a Medicare Advantage plan; its contract may ask "
    "for more, or pay differently.",
    Caution.REVIEW_CONDITION_FAMILIES: "A person must look at whether the conditions are distinct "
    "chronic diseases.",
    Caution.AFTER_DEATH_EXCLUDED: "Time after the patient's death was left out.",
    Caution.BEFORE_CONSENT_EXCLUDED: "Time before the patient consented was left out.",
    Caution.MUE_CAP_APPLIED: "Units were cut to the payer's daily maximum for the code.",
    Caution.NO_FACE_TO_FACE: "No visit in person is stated for the last twelve months.",
    Caution.NONCLINICAL_EXCLUDED: "Time of people who are not clinical staff was left out.",
    Caution.NONCOMPLEX_PAYS_MORE: "The allowed amount of the complex codes is below that of the "
    "other family; the practice chose them where they are met.",
    Caution.NPP_REDUCED: "Medicare allows this practitioner's profession only a share of the "
    "amount shown.",
    Caution.OFFSHORE_EXCLUDED: "Time worked outside the United States was left out.",
    Caution.OVERLAP_MERGED: "Entries overlap; each moment was counted once.",
    Caution.PRACTITIONER_TIME_AS_STAFF: "The practitioner's own time is counted as staff time "
    "here; the same minutes cannot also be reported under the practitioner's codes.",
    Caution.QMB_NO_COST_SHARING: "The patient is a Qualified Medicare Beneficiary and must not be "
    "charged the patient's share.",
    Caution.SOURCE_UNCONFIRMED: "A rule that this decision rests on has not been read in a "
    "primary source.",
    Caution.SNF_EXCLUDED: "Time on days of a skilled nursing stay under Part A was left out.",
    Caution.STAFF_FAMILY_WOULD_SUPPORT: "The practitioner's codes are not reached; all the time "
    "together would reach the clinical staff's code.",
    Caution.STAFF_TIME_UNBILLED: "Staff time is on record that the practitioner's codes do not "
    "count.",
}
"""Every caution has its sentence; a test holds the table complete."""


def said(text: str) -> Said:
    """Return the words of a reason, whether of the whole month or of one family's demands."""
    return DEMANDS[text] if text in DEMANDS else SENTENCES[Reason(text)]
