"""The decision: which codes a patient-month supports, and the argument for each.

``decide`` is pure. UNKNOWN never yields a line; what the counted time alone would reach is
told apart (``reached``), so that a care team sees progress before every question is settled.
"""

from ccm_fhir.domain.decision.deciding import decide
from ccm_fhir.domain.decision.inputs import STANDARD_CHOICE, Choice, PatientMonth, of_chart
from ccm_fhir.domain.decision.outcome import (
    BELOW_TIME_THRESHOLD,
    CANNOT_DETERMINE,
    CODE_NOT_EFFECTIVE,
    COMPLEX_DECLINED,
    COMPLEX_FAMILY,
    MDM_NOT_ATTESTED,
    MDM_TOO_LOW,
    PLAN_NOT_REVISED,
    PRACTITIONER_FAMILY,
    STAFF_FAMILY,
    DecidedLine,
    Decision,
    FamilyOutcome,
    Programme,
    Threshold,
)

__all__ = [
    "BELOW_TIME_THRESHOLD",
    "CANNOT_DETERMINE",
    "CODE_NOT_EFFECTIVE",
    "COMPLEX_DECLINED",
    "COMPLEX_FAMILY",
    "MDM_NOT_ATTESTED",
    "MDM_TOO_LOW",
    "PLAN_NOT_REVISED",
    "PRACTITIONER_FAMILY",
    "STAFF_FAMILY",
    "STANDARD_CHOICE",
    "Choice",
    "DecidedLine",
    "Decision",
    "FamilyOutcome",
    "PatientMonth",
    "Programme",
    "Threshold",
    "decide",
    "of_chart",
]
