"""Which Conditions are chronic, which are the same disease, and whether there are two of them."""

from ccm_fhir.domain.conditions.families import (
    ChronicFamily,
    DistinctFamilies,
    distinct_families,
    two_distinct_families,
)
from ccm_fhir.domain.conditions.judging import UNREADABLE, ConditionVerdict, classify
from ccm_fhir.domain.conditions.tables import (
    Chronic,
    ChronicTable,
    CodeMeaning,
    FamilyName,
    SiteAnswer,
    TableSource,
    Tier,
    normalise,
)

__all__ = [
    "UNREADABLE",
    "Chronic",
    "ChronicFamily",
    "ChronicTable",
    "CodeMeaning",
    "ConditionVerdict",
    "DistinctFamilies",
    "FamilyName",
    "SiteAnswer",
    "TableSource",
    "Tier",
    "classify",
    "distinct_families",
    "normalise",
    "two_distinct_families",
]
