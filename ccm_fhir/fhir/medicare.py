"""Which part of Medicare a code or a phrase means, and what several of them mean together.

Sources: the Source of Payment Typology (NAHDO, whose codes are a hierarchy of digits); X12
element 1032 (claim filing indicator) and 1336 (insurance type).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.facts import Coding

_SOPT_SYSTEMS = frozenset(
    {
        "https://nahdo.org/sopt",
        "http://nahdo.org/sopt",
        "urn:oid:2.16.840.1.113883.3.221.5",
        "2.16.840.1.113883.3.221.5",
        "urn:oid:2.16.840.1.113883.6.301.3",
    }
)
_LONGEST_KEPT = 200  # characters; what is longer is worked out each time
_X12_OID = "2.16.840.1.113883.6.255"

_ADVANTAGE = CoverageKind.MEDICARE_ADVANTAGE
_OTHER = CoverageKind.OTHER
_MEDICARE_UNSPECIFIED = CoverageKind.UNREADABLE

# The longest prefix wins: 12 is "Medicare non-managed care", its 122 the drug benefit.
_SOPT = {
    "1": _MEDICARE_UNSPECIFIED,
    "11": _ADVANTAGE,
    "122": _OTHER,
    "123": _ADVANTAGE,
    "14": _ADVANTAGE,
    "191": _OTHER,
    "2": CoverageKind.MEDICAID,
    **dict.fromkeys("3456789", _OTHER),
}
_X12 = {
    "MB": CoverageKind.MEDICARE_PART_B,
    "MA": CoverageKind.MEDICARE_PART_A,
    "16": _ADVANTAGE,
    "HN": _ADVANTAGE,
    "MP": _MEDICARE_UNSPECIFIED,
    "MC": CoverageKind.MEDICAID,
    "QM": CoverageKind.QMB,
    **dict.fromkeys(("MH", "MI", "SP", "OT", "CI", "BL", "CH", "VA", "WC", "AM", "TV"), _OTHER),
}

_PART = r"(?:medicare\s+)?parts?\s*"
_PHRASES = (
    (re.compile(rf"\b(?:no|not|without|excluding)\s+{_PART}[abcd]\b"), _MEDICARE_UNSPECIFIED),
    (re.compile(r"centers for medicare (?:&|and) medicaid services|\bcms\b"), None),
    (re.compile(r"\bqmb\b|qualified medicare beneficiary"), CoverageKind.QMB),
    (re.compile(rf"medigap|medicare supplement\w*|{_PART}d\b|prescription drug"), _OTHER),
    (
        re.compile(
            rf"medicare advantage|{_PART}c\b|medicare (?:hmo|ppo|pffs|msa|managed care)"
            r"|\bma-?pd\b|\b[cdi]-?snp\b|special needs plan"
        ),
        _ADVANTAGE,
    ),
    (
        re.compile(
            rf"{_PART}a\s*(?:and|&|/|\+|,)\s*(?:{_PART})?b\b|medicare a\s*(?:&|/|and)\s*b\b"
        ),
        CoverageKind.MEDICARE_PART_B,
    ),
    (re.compile(rf"\b{_PART}b\b|\bmedicare b\b"), CoverageKind.MEDICARE_PART_B),
    (re.compile(rf"\b{_PART}a\b|\bmedicare a\b"), CoverageKind.MEDICARE_PART_A),
    (re.compile(r"medicaid|medi-cal\b|medical assistance"), CoverageKind.MEDICAID),
)
# The administrative contractors that pay Medicare's own claims; none pays for one part alone.
_SMELLS = re.compile(
    r"medicare|noridian|novitas|palmetto gba|national government services"
    r"|first coast service options|cgs administrators"
)


class Hint(msgspec.Struct, frozen=True):
    """What one code or phrase says: kinds, whether it smells of Medicare, whether it says much."""

    kinds: frozenset[CoverageKind] = frozenset()
    smells: bool = False
    says_something: bool = False


def hint_of_code(coding: Coding) -> Hint:
    """Return what a coding of Coverage.type says; nothing where its system is not one of ours."""
    system, code = coding.system or "", coding.code.upper()
    if system in _SOPT_SYSTEMS:
        prefixes = (code[:length] for length in range(len(code), 0, -1))
        return _hint(next((_SOPT[prefix] for prefix in prefixes if prefix in _SOPT), None))
    if "x12" in system.lower() or _X12_OID in system:
        return _hint(_X12.get(code))
    return Hint()


def hint_of_text(text: str) -> Hint:
    """Return what a name says: of a plan, a type or a payor."""
    return (_kept_hint if len(text) <= _LONGEST_KEPT else _hint_of_text)(text)


def _hint_of_text(text: str) -> Hint:
    rest = " ".join(text.lower().split())
    kinds: set[CoverageKind] = set()
    smells = False
    for phrase, kind in _PHRASES:
        rest, count = phrase.subn(" ", rest)
        if count and (kind is None or kind is _MEDICARE_UNSPECIFIED):
            smells = True
        elif count and kind is not None:
            kinds.add(kind)
    smells = smells or (not kinds and bool(_SMELLS.search(rest)))
    return Hint(kinds=frozenset(kinds), smells=smells, says_something=bool(text.strip()))


# A practice's payors have the same few names in every chart.
_kept_hint = lru_cache(maxsize=4096)(_hint_of_text)


def settle(hints: Iterable[Hint]) -> CoverageKind:
    """Return the one kind that hints agree upon.

    Part A with Part B is Part B; a QMB is a Medicaid programme. Any other disagreement, and
    Medicare without a part, is UNREADABLE.
    """
    given = tuple(hints)
    kinds = frozenset().union(*(hint.kinds for hint in given))
    if CoverageKind.QMB in kinds:
        kinds -= {CoverageKind.MEDICAID}
    if CoverageKind.MEDICARE_PART_B in kinds:
        kinds -= {CoverageKind.MEDICARE_PART_A}
    smells = any(hint.smells for hint in given)
    if len(kinds) == 1:
        (kind,) = kinds
        return CoverageKind.UNREADABLE if smells and kind is _OTHER else kind
    if kinds or smells or not any(hint.says_something for hint in given):
        return CoverageKind.UNREADABLE
    return _OTHER


def _hint(kind: CoverageKind | None) -> Hint:
    if kind is None:
        return Hint()
    if kind is _MEDICARE_UNSPECIFIED:
        return Hint(smells=True, says_something=True)
    return Hint(kinds=frozenset({kind}), says_something=True)
