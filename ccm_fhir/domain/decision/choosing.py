"""Which of the compliant families is reported: the practice's choice, applied."""

from __future__ import annotations

from decimal import Decimal

from ccm_fhir.domain.codes import FamilyChoice
from ccm_fhir.domain.decision.families import Family
from ccm_fhir.domain.decision.inputs import Choice, PatientMonth
from ccm_fhir.domain.decision.outcome import COMPLEX_FAMILY, PRACTITIONER_FAMILY, STAFF_FAMILY
from ccm_fhir.domain.findings import Answer
from ccm_fhir.errors import PriceTableMissingError


def choose(
    families: dict[str, Family], choice: Choice, month: PatientMonth, eligible: Answer
) -> Family:
    """Return the family to report, or the one that fell short.

    Raises:
        PriceTableMissingError: amounts decide and the year's prices are not loaded.
    """
    if STAFF_FAMILY not in families:
        return next(iter(families.values()))
    staff, complex_care = families[STAFF_FAMILY], families[COMPLEX_FAMILY]
    if choice.family is FamilyChoice.HIGHEST_ALLOWED:
        return _highest(families, staff, month, eligible)
    if choice.family is FamilyChoice.PRACTITIONER:
        return families[PRACTITIONER_FAMILY]
    if choice.family is FamilyChoice.COMPLEX_IF_MET and complex_care.outcome.lines:
        return complex_care
    return staff


def _highest(
    families: dict[str, Family], staff: Family, month: PatientMonth, eligible: Answer
) -> Family:
    compliant = [family for family in families.values() if family.outcome.lines]
    if len(compliant) <= 1:
        return compliant[0] if compliant else staff
    if any(family.outcome.allowed_usd is None for family in compliant):
        if eligible is Answer.MET:
            raise PriceTableMissingError(month.month.year)
        return staff
    # max keeps the first of equals: the staff family, then complex, then the practitioner's.
    return max(compliant, key=lambda family: family.outcome.allowed_usd or Decimal(0))
