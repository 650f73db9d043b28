"""The words by which a chart says that a thing is consent to chronic care management.

Charts keep it as a Consent, a form or a document. It counts as such by explicit naming alone:
a code, or words that say both. What the patient was told of is read from codes, never from
free text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ccm_fhir.domain.codes import CPT, HCPCS
from ccm_fhir.domain.facts import Coding

_CCM = re.compile(
    r"chronic[\s_-]*care[\s_-]*management|(?<![a-z0-9])ccm(?![a-z0-9])|ccm(?=[\s_-]*consent)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"consent|(?<![a-z])agree(?:s|d|ment)?(?![a-z])", re.IGNORECASE)
_VERBAL = re.compile(r"(?<![a-z])(?:verbal|verbally|oral|orally)(?![a-z])", re.IGNORECASE)
_WRITTEN = re.compile(r"(?<![a-z])(?:written|signed|signature)(?![a-z])", re.IGNORECASE)
_CCM_CODES = frozenset({"99490", "99439", "99491", "99437", "99487", "99489"})
_YES = frozenset({"true", "y", "yes", "la33-6", "373066001"})
_NO = frozenset({"false", "n", "no", "la32-8", "373067005"})

# The statements' names are the rulebook's; forms of EHRs spell them in these ways, too.
_SPELLINGS = {
    "availability": ("service-availability", "services-available", "availability-of-services"),
    "cost-sharing": ("costsharing", "cost-share", "copay", "copayment", "coinsurance"),
    "one-practitioner": (
        "one-provider",
        "only-one-practitioner",
        "only-one-provider",
        "single-practitioner",
        "single-provider",
    ),
    "right-to-stop": ("right-to-revoke", "right-to-withdraw", "stop-anytime", "stop-any-time"),
}
_STATEMENTS = {
    spelling: name for name, spellings in _SPELLINGS.items() for spelling in (name, *spellings)
}


def names_ccm(named: Iterable[Coding], words: Iterable[str]) -> bool:
    """Whether codes or words name chronic care management."""
    for coding in named:
        billing = coding.system in {CPT, HCPCS} and coding.code in _CCM_CODES
        if billing or _CCM.search(coding.code):
            return True
    return any(_CCM.search(text) for text in words)


def says_ccm(text: str) -> bool:
    """Whether words name chronic care management."""
    return bool(_CCM.search(text))


def says_consent(text: str) -> bool:
    """Whether words speak of consent."""
    return bool(_CONSENT.search(text))


def statement_of(code: str) -> str:
    """Return the name of the statement that a code stands for, else the code itself."""
    return _STATEMENTS.get(plain(code), code)


def is_statement(code: str) -> bool:
    """Whether a code stands for something that the patient is told of."""
    return plain(code) in _STATEMENTS


def plain(code: str) -> str:
    """Return a code in lower case with hyphens, as forms name their items in many ways."""
    return re.sub(r"[\s_]+", "-", code.strip().lower())


def mode_of(words: Iterable[str]) -> str:
    """Return ``verbal`` or ``written`` where the words say one of them, else an empty string."""
    said = tuple(words)
    verbal = any(_VERBAL.search(text) for text in said)
    written = any(_WRITTEN.search(text) for text in said)
    if verbal == written:
        return ""
    return "verbal" if verbal else "written"


def answered_yes(answers: Iterable[str]) -> bool | None:
    """Whether answers say yes; None where they say neither yes nor no, or both."""
    given = {answer.strip().lower() for answer in answers}
    yes, no = bool(given & _YES), bool(given & _NO)
    return None if yes == no else yes
