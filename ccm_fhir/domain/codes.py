"""Code systems and closed vocabularies that the rest of the domain speaks in."""

from __future__ import annotations

from enum import StrEnum

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9CM = "http://hl7.org/fhir/sid/icd-9-cm"
SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NUCC = "http://nucc.org/provider-taxonomy"
NPI = "http://hl7.org/fhir/sid/us-npi"
MBI = "http://hl7.org/fhir/sid/us-mbi"

_ALIASES = {
    "urn:oid:2.16.840.1.113883.6.90": ICD10CM,
    "2.16.840.1.113883.6.90": ICD10CM,
    "urn:oid:2.16.840.1.113883.6.103": ICD9CM,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "urn:oid:2.16.840.1.113883.6.14": HCPCS,
    "urn:oid:2.16.840.1.113883.6.285": HCPCS,
    "urn:oid:2.16.840.1.113883.6.101": NUCC,
    "urn:oid:2.16.840.1.113883.4.6": NPI,
}


def canonical_system(uri: str | None) -> str | None:
    """Return the one spelling of a code system URI; None stays None, unknown stays itself."""
    if uri is None:
        return None
    trimmed = uri.strip().rstrip("/")
    if trimmed.startswith("https://hl7.org/"):
        trimmed = "http" + trimmed.removeprefix("https")
    return _ALIASES.get(trimmed, trimmed)


class Role(StrEnum):
    """What a person may do here; no role does another's act by default."""

    CARE_MANAGER = "care_manager"
    PRACTITIONER = "practitioner"
    BILLER = "biller"
    ANALYST = "analyst"
    ADMIN = "admin"


class PerformerKind(StrEnum):
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
