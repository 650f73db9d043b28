"""Money back: what payers answered, whose claims they speak of, and what each came to."""

from ccm_fhir.domain.remittance.answers import (
    CO_PAYMENT,
    COINSURANCE,
    DEDUCTIBLE,
    UNPROCESSABLE,
    Adjustment,
    AnsweredClaim,
    AnsweredLine,
    AnswerStatus,
    ProviderAdjustment,
    Remittance,
)
from ccm_fhir.domain.remittance.matching import (
    AnswerKey,
    BilledClaim,
    BilledLine,
    Incoming,
    Match,
    MatchedBy,
    Matching,
    Unmatched,
    WhyNot,
    incoming_of,
    key_of,
    match,
)
from ccm_fhir.domain.remittance.reasons import (
    group_in_words,
    reason_in_words,
    remark_in_words,
)
from ccm_fhir.domain.remittance.settling import Outcome, Settlement, settle
from ccm_fhir.domain.remittance.sources import answers_that_count

__all__ = [
    "COINSURANCE",
    "CO_PAYMENT",
    "DEDUCTIBLE",
    "UNPROCESSABLE",
    "Adjustment",
    "AnswerKey",
    "AnswerStatus",
    "AnsweredClaim",
    "AnsweredLine",
    "BilledClaim",
    "BilledLine",
    "Incoming",
    "Match",
    "MatchedBy",
    "Matching",
    "Outcome",
    "ProviderAdjustment",
    "Remittance",
    "Settlement",
    "Unmatched",
    "WhyNot",
    "answers_that_count",
    "group_in_words",
    "incoming_of",
    "key_of",
    "match",
    "reason_in_words",
    "remark_in_words",
    "settle",
]
