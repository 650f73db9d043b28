"""Why something was not paid: the codes common in care management, in our own words.

The lists of claim adjustment reason codes (CARC, X12 code source 139) and remittance advice
remark codes (RARC, code source 411) are kept by X12, which publishes both; CMS maintains the
remark codes (https://x12.org/codes). The words here are ours, shorter than theirs, and bind
nobody. A code that is not listed is shown as the code.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, str] = {
    "CO": "the practice bears it, by its contract or the rules",
    "PR": "the patient or a further insurance bears it",
    "OA": "neither, or told for information",
    "PI": "the payer's own decision",
}

ADJUSTMENT_REASONS: Mapping[str, str] = {
    "1": "deductible",
    "2": "coinsurance",
    "3": "co-payment",
    "4": "modifier missing, or not right for the code",
    "11": "the diagnosis does not support the code",
    "16": "the claim lacks something or has an error; see the remark codes",
    "18": "exact duplicate of another claim or line",
    "22": "another insurance may have to pay first",
    "23": "what another insurance paid or adjusted",
    "24": "covered by a capitated or managed-care plan, such as Medicare Advantage",
    "26": "service before the cover began",
    "27": "service after the cover ended",
    "29": "filed too late",
    "31": "the patient is not known to this payer",
    "45": "above the fee schedule or contract; not to be charged to the patient",
    "50": "not seen as medically necessary",
    "96": "not covered; see the remark codes",
    "97": "included in the payment for another service",
    "109": "not this payer's to pay; send it to the right one",
    "119": "the most for this period has been reached",
    "140": "number and name of the patient do not agree",
    "151": "the payer's record does not support so many or so frequent services",
    "170": "not payable to this kind of provider",
    "185": "the rendering provider may not perform this service",
    "204": "not in the patient's benefits",
    "208": "an NPI is missing or not on file",
    "234": "not paid separately",
    "236": "not payable with another code of the same day, by the coding edits",
    "253": "sequestration: the cut of federal payments",
    "B7": "the provider was not certified or eligible on the date of service",
    "B9": "the patient is in hospice",
    "B13": "paid before",
    "B15": "needs another service that was not billed or not accepted",
    "B20": "provided, in whole or in part, by another provider",
}

REMARKS: Mapping[str, str] = {
    "M15": "paid as part of another service of the claim",
    "M76": "a diagnosis is missing or invalid",
    "M86": "the same or a similar service was paid within the period",
    "MA01": "the decision may be appealed",
    "MA07": "passed on to Medicaid",
    "MA18": "passed on to the supplemental insurer",
    "MA130": "not processed, and not to be appealed: correct it and send a new claim",
    "N19": "included in the main service",
    "N20": "not payable with another service of the same day",
    "N95": "this kind of provider may not bill the service",
    "N115": "decided by a local coverage determination",
    "N130": "see the plan's own documents",
    "N211": "the decision may not be appealed",
    "N290": "the rendering provider's number is missing or invalid",
    "N362": "more units than the payer's maximum",
    "N382": "the patient's number is missing or invalid",
    "N418": "sent to the wrong payer",
}


def reason_in_words(code: str) -> str:
    """Return an adjustment reason in words, or the code where it is not listed."""
    return ADJUSTMENT_REASONS.get(code, code)


def remark_in_words(code: str) -> str:
    """Return a remark in words, or the code where it is not listed."""
    return REMARKS.get(code, code)


def group_in_words(group: str) -> str:
    """Return who bears an adjustment in words, or the group's code where it is not listed."""
    return GROUPS.get(group, group)
