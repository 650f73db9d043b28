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
from ccm_fhir.domain.remittance.reasons import (
    group_in_words,
    reason_in_words,
    remark_in_words,
)

__all__ = [
    "COINSURANCE",
    "CO_PAYMENT",
    "DEDUCTIBLE",
    "UNPROCESSABLE",
    "Adjustment",
    "AnswerStatus",
    "AnsweredClaim",
    "AnsweredLine",
    "ProviderAdjustment",
    "Remittance",
    "group_in_words",
    "reason_in_words",
    "remark_in_words",
]
