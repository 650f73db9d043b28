"""The shapes of law: what a rule file says once it has been read and checked.

Values come from ``rulebook/data``; nothing here holds a number of law.
"""

from ccm_fhir.domain.rules.book import CLINIC_FAMILY, PROGRAMME_FAMILIES, Rulebook
from ccm_fhir.domain.rules.care_plan import (
    CarePlanRule,
    ElementRule,
    PlanElement,
    Recognition,
)
from ccm_fhir.domain.rules.chart import ChartRule, MeasureRule, RiskRule
from ccm_fhir.domain.rules.codes import CodeRule
from ccm_fhir.domain.rules.eligibility import EligibilityRule
from ccm_fhir.domain.rules.month import (
    ClaimRule,
    ClinicRule,
    CountingRule,
    MonthRules,
    ServiceRelation,
)
from ccm_fhir.domain.rules.prices import (
    FeeRules,
    GpciRule,
    LocalityId,
    Participation,
    PlaceRule,
    PriceRule,
    RateKind,
    RateRule,
)
from ccm_fhir.domain.rules.services import Exclusion, ServiceGroup
from ccm_fhir.domain.rules.sources import Citation, Cited, Confidence, InForce

__all__ = [
    "CLINIC_FAMILY",
    "PROGRAMME_FAMILIES",
    "CarePlanRule",
    "ChartRule",
    "Citation",
    "Cited",
    "ClaimRule",
    "ClinicRule",
    "CodeRule",
    "Confidence",
    "CountingRule",
    "ElementRule",
    "EligibilityRule",
    "Exclusion",
    "FeeRules",
    "GpciRule",
    "InForce",
    "LocalityId",
    "MeasureRule",
    "MonthRules",
    "Participation",
    "PlaceRule",
    "PlanElement",
    "PriceRule",
    "RateKind",
    "RateRule",
    "Recognition",
    "RiskRule",
    "Rulebook",
    "ServiceGroup",
    "ServiceRelation",
]
