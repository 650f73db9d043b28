"""Each reason as a sentence: what is the case, what would change it, and which rule says so."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words; ``statement`` names the eligibility statement that cites it, if any."""

    sentence: str
    remedy: str
    statement: str = ""


SENTENCES: dict[Reason, Said] = {
    Reason.APCM_SAME_MONTH: Said(
        "Advanced primary care management is reported for the month and absorbs this work.",
        "Agree which of the two programmes reports the month; not both can.",
    ),
    Reason.BELOW_TIME_THRESHOLD: Said(
        "The time that counts is below the first threshold of the codes.",
        "Only care that was given and recorded counts; nothing is rounded up or carried over.",
    ),
    Reason.CANNOT_DETERMINE: Said(
        "A fact that the rules need is not stated.",
        "State what is missing; until then nothing is reported.",
    ),
    Reason.CARE_PLAN_COPY_NOT_GIVEN: Said(
        "No copy of the care plan was given to the patient or caregiver.",
        "Give the copy and record it.",
        "required_consent_statements",
    ),
    Reason.CARE_PLAN_MISSING: Said(
        "No comprehensive care plan was in place in the month.",
        "Establish the plan; months from then on can be reported.",
    ),
    Reason.CARE_PLAN_OVERSIGHT_SAME_PRACTITIONER: Said(
        "The same practitioner reports oversight of home health or hospice care for the month.",
        "Only one of the two can be reported by one practitioner.",
    ),
    Reason.CCM_ALREADY_BILLED: Said(
        "Care management is already billed for the month, by another practitioner or by an "
        "earlier claim.",
        "One claim a patient and month is paid; agree who reports it.",
    ),
    Reason.CERTIFIED_EHR_MISSING: Said(
        "The practice does not attest a certified EHR.",
        "The practice attests it, if it is so.",
    ),
    Reason.CODE_NOT_EFFECTIVE: Said(
        "No code of the chosen family was payable in the month.",
        "Nothing; the code begins later, or has ended.",
    ),
    Reason.CONSENT_AFTER_SERVICE: Said(
        "Consent was given only after the work was done.",
        "Only work from the day of consent on can be reported.",
        "consent_modes",
    ),
    Reason.CONSENT_INVALID: Said(
        "The way in which consent was given did not suffice on the day it was given.",
        "Obtain consent in a form that the rules of the day accept; it holds from then on.",
        "consent_modes",
    ),
    Reason.CONSENT_MISSING: Said(
        "No consent to care management is on record.",
        "Ask the patient, tell the four required things, and document the consent.",
        "consent_modes",
    ),
    Reason.CONSENT_NOT_FOR_BILLING_PRACTITIONER: Said(
        "The consent was given to another practitioner.",
        "Obtain consent for the practitioner who bills now.",
        "consent_modes",
    ),
    Reason.CONSENT_REVOKED: Said(
        "The patient revoked consent before this month.",
        "Ask again, if the patient wishes, and document a new consent.",
        "consent_modes",
    ),
    Reason.CONTINUITY_MISSING: Said(
        "The practice does not attest a designated member of the care team.",
        "The practice attests it, if it is so.",
    ),
    Reason.ESRD_SAME_PRACTITIONER: Said(
        "The same practitioner reports the monthly payment for a dialysis patient.",
        "Only one of the two can be reported by one practitioner.",
    ),
    Reason.FEWER_THAN_TWO_CONDITIONS: Said(
        "Fewer than two distinct chronic conditions are stated.",
        "Nothing, unless a chronic condition is missing from the problem list.",
        "minimum_condition_families",
    ),
    Reason.VISIT_CODE_NOT_QUALIFYING: Said(
        "The visit that is said to start care management is not of a kind that can.",
        "Schedule a qualifying visit with the billing practitioner.",
        "initiating_visit_codes",
    ),
    Reason.VISIT_MISSING: Said(
        "The patient was new, or not seen within the year before, and no qualifying visit by "
        "the billing practitioner started care management.",
        "Schedule a visit (evaluation and management, AWV or IPPE) with the practitioner.",
        "initiating_visit_within_days",
    ),
    Reason.NO_24_7_ACCESS: Said(
        "The practice does not attest access around the clock.",
        "The practice attests it, if it is so.",
    ),
    Reason.NO_PART_B: Said(
        "The patient is not enrolled in Medicare Part B.",
        "Check eligibility with the payer.",
        "coverage_kinds",
    ),
    Reason.PAYER_NOT_MEDICARE: Said(
        "The payer is not Medicare; its own rules decide.",
        "Check the payer's policy; this decision speaks for Medicare alone.",
        "coverage_kinds",
    ),
    Reason.PCM_SAME_PRACTITIONER: Said(
        "The same practitioner reports principal care management for the month.",
        "Only one of the two can be reported by one practitioner.",
    ),
    Reason.PRACTITIONER_NOT_ELIGIBLE: Said(
        "The billing practitioner's profession may not bill care management.",
        "A physician, NP, PA, CNS or CNM must be the one who bills.",
        "professions",
    ),
    Reason.RISK_OR_DURATION_NOT_DOCUMENTED: Said(
        "It is not documented that the conditions last twelve months and carry a significant risk.",
        "The billing practitioner documents it, if it is so.",
        "minimum_condition_families",
    ),
    Reason.TCM_SAME_PERIOD: Said(
        "The same practitioner reports transitional care, which before 2020 excluded this.",
        "Nothing for this month.",
    ),
    Reason.TIMELY_FILING_EXPIRED: Said(
        "The time limit for filing a claim has passed.",
        "Nothing; the limit runs from the date of service.",
    ),
}
"""Every reason has its words; a test holds the table complete."""
