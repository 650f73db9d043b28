"""Code systems and closed vocabularies that the rest of the domain speaks in."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9CM = "http://hl7.org/fhir/sid/icd-9-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10CA = "http://hl7.org/fhir/sid/icd-10-ca"
ICD10GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NUCC = "http://nucc.org/provider-taxonomy"
NPI = "http://hl7.org/fhir/sid/us-npi"
MBI = "http://hl7.org/fhir/sid/us-mbi"

_SYSTEMS_KEPT = 1024
_OIDS = {
    "2.16.840.1.113883.6.90": ICD10CM,
    "2.16.840.1.113883.6.103": ICD9CM,  # diagnoses
    "2.16.840.1.113883.6.2": ICD9CM,  # the whole classification
    "2.16.840.1.113883.6.3": ICD10,
    "2.16.840.1.113883.6.94": ICD10CA,
    "2.16.840.1.113883.6.96": SNOMED,
    "2.16.840.1.113883.6.12": CPT,
    "2.16.840.1.113883.6.14": HCPCS,
    "2.16.840.1.113883.6.285": HCPCS,
    "2.16.840.1.113883.6.101": NUCC,
    "2.16.840.1.113883.4.6": NPI,
}
# HL7 Terminology's own pages of outside code systems, taken for their URIs, and older names.
_ALIASES = {
    "http://terminology.hl7.org/codesystem/icd10cm": ICD10CM,
    "http://terminology.hl7.org/codesystem/icd-10-cm": ICD10CM,
    "http://terminology.hl7.org/codesystem/icd9cm": ICD9CM,
    "http://terminology.hl7.org/codesystem/icd-9-cm": ICD9CM,
    "http://terminology.hl7.org/codesystem/icd10": ICD10,
    "http://fhir.de/codesystem/dimdi/icd-10-gm": ICD10GM,
    "http://terminology.hl7.org/codesystem/snomed": SNOMED,
}


@lru_cache(maxsize=_SYSTEMS_KEPT)
def canonical_system(uri: str | None) -> str | None:
    """Return the one spelling of a code system URI; None stays None, unknown stays itself."""
    if uri is None:
        return None
    trimmed = uri.strip().rstrip("/")
    for host in ("hl7.org", "terminology.hl7.org", "snomed.info", "fhir.de"):
        if trimmed.startswith(f"https://{host}/"):
            trimmed = "http" + trimmed.removeprefix("https")
    if trimmed.startswith(f"{SNOMED}/"):  # an edition or a version of SNOMED CT
        return SNOMED
    as_oid = _OIDS.get(trimmed.removeprefix("urn:oid:"))
    return as_oid or _ALIASES.get(trimmed.casefold(), trimmed)


class Word(StrEnum):
    """One word of a closed vocabulary; hashed as the string it is, which is also the quickest."""

    __hash__ = str.__hash__


class Role(StrEnum):
    """What a person may do here; no role does another's act by default."""

    CARE_MANAGER = "care_manager"
    PRACTITIONER = "practitioner"
    BILLER = "biller"
    ANALYST = "analyst"
    ADMIN = "admin"


class PerformerKind(Word):
    """Whose minutes these are, in the terms the codes care about (RULES: clinical staff, …)."""

    CLINICAL_STAFF = "clinical_staff"
    BILLING_PRACTITIONER = "billing_practitioner"
    NONCLINICAL_STAFF = "nonclinical_staff"


class Activity(StrEnum):
    """What the time was spent on; kept coarse enough to pick in one click."""

    PATIENT_CALL = "patient_call"
    CARE_PLAN = "care_plan"
    MEDICATION = "medication"
    COORDINATION = "coordination"
    EDUCATION = "education"
    CHART_REVIEW = "chart_review"


class CoverageKind(StrEnum):
    """What a Coverage says about Medicare; UNREADABLE is not NONE."""

    MEDICARE_PART_B = "medicare_part_b"
    MEDICARE_PART_A = "medicare_part_a"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    QMB = "qmb"
    OTHER = "other"
    UNREADABLE = "unreadable"


class EligibleProfession(StrEnum):
    """Professions that may bill CCM; which ones, and since when, is the rulebook's to say."""

    PHYSICIAN = "physician"
    NP = "np"
    PA = "pa"
    CNS = "cns"
    CNM = "cnm"


class NotCounted(Word):
    """Why seconds were left out of a count."""

    OUTSIDE_MONTH = "outside_month"
    BEFORE_CONSENT = "before_consent"
    AFTER_DEATH = "after_death"
    INPATIENT = "inpatient"
    SNF_PART_A = "snf_part_a"
    IN_BILLED_VISIT = "in_billed_visit"
    COUNTED_ELSEWHERE = "counted_elsewhere"
    NONCLINICAL = "nonclinical"
    OFFSHORE = "offshore"
    OTHER_PERFORMER = "other_performer"
    OVERLAP = "overlap"


class Setting(Word):
    """Where the billing practitioner practises, as far as it decides which codes are paid."""

    OFFICE = "office"
    FACILITY = "facility"
    RHC_FQHC = "rhc_fqhc"


class MdmLevel(StrEnum):
    """Medical decision making, as the billing practitioner attested it; never derived."""

    STRAIGHTFORWARD = "straightforward"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class MdmAnswer(StrEnum):
    """What the billing practitioner says when complex care's time is met; never derived."""

    MODERATE = "moderate"
    HIGH = "high"
    NOT_MET = "not_met"


class FamilyChoice(Word):
    """Which of the compliant families a practice reports; its own choice, never a default."""

    STANDARD = "standard"
    PRACTITIONER = "practitioner"
    COMPLEX_IF_MET = "complex_if_met"
    HIGHEST_ALLOWED = "highest_allowed"


class DosPolicy(StrEnum):
    """Which day of the month a claim carries as its date of service."""

    THRESHOLD_DATE = "threshold_date"
    MONTH_END = "month_end"


class RhcCoding(StrEnum):
    """How a rural health clinic or health center reports care management."""

    INDIVIDUAL = "individual"
    G0511 = "g0511"


class Scope(StrEnum):
    """For whom two services exclude each other in one month."""

    PATIENT = "patient"
    PRACTICE = "practice"
    PRACTITIONER = "practitioner"


class BilledBy(Word):
    """Who billed another service of the month, seen from the billing practitioner."""

    SELF = "billing_practitioner"
    SAME_GROUP = "other_practitioner_same_group"
    OTHER_GROUP = "other_practitioner_other_group"


class Comparison(StrEnum):
    """How counted time is compared with a threshold."""

    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
