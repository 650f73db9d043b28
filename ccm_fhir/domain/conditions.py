"""Which Conditions are chronic, and which of them are the same disease.

The tables come from ``terminology``; the families are this project's own clinical judgement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ccm_fhir.domain.codes import ICD9CM, ICD10CM, SNOMED
from ccm_fhir.domain.facts import Coding, ConditionFact, EvidenceRef

UNREADABLE = "unreadable"
_COUNTING_CLINICAL = frozenset({None, "active", "recurrence", "relapse"})
_DOUBTFUL_CLINICAL = frozenset({"inactive", "remission", UNREADABLE})
_EXCLUDED_VERIFICATION = frozenset({"refuted", "entered-in-error"})
_DECIDING = (ICD10CM, ICD9CM, SNOMED)
_SYSTEM_NAMES = {ICD10CM: "ICD-10-CM", ICD9CM: "ICD-9-CM", SNOMED: "SNOMED CT"}
_CODE_SHAPE = re.compile(r"[A-Z][0-9A-Z]{1,7}\Z")


class Chronic(StrEnum):
    """Chronic, not, or a person must look."""

    CHRONIC = "chronic"
    NOT_CHRONIC = "not_chronic"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What the tables say of one code; ``family`` may be empty where it is not chronic."""

    chronic: Chronic
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicTable:
    """The tables of one installation, keyed by normalised code."""

    version: str
    icd10cm: Mapping[str, str]
    icd9cm: Mapping[str, str]
    snomed: Mapping[str, str]
    labels: Mapping[str, str]

    def icd10cm_meaning(self, code: str) -> CodeMeaning | None:
        """Look a code up exactly, then without filler X; None where it is unknown."""
        normalised = normalise(code)
        packed = self.icd10cm.get(normalised) or self.icd10cm.get(normalised.rstrip("X"))
        return _unpack(packed)

    def icd9cm_meaning(self, code: str) -> CodeMeaning | None:
        """Look an ICD-9-CM code up, as old problem lists still carry them."""
        return _unpack(self.icd9cm.get(normalise(code)))

    def snomed_meaning(self, code: str) -> CodeMeaning | None:
        """Look a SNOMED CT concept up in the shipped map; None where it is not in it."""
        return _unpack(self.snomed.get(code.strip()))

    def label(self, family: str) -> str:
        """Return a family's name as a clinician says it."""
        return self.labels.get(family, family.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionVerdict:
    """What one Condition amounts to, and the sentence why; ``display`` is the chart's own word."""

    ref: EvidenceRef
    chronic: Chronic
    family: str
    icd10cm: str
    why: str
    display: str = field(default="", repr=False)


def normalise(code: str) -> str:
    """Return an ICD code without dots and blanks, in capitals."""
    return code.strip().upper().replace(".", "").replace(" ", "")


def classify(condition: ConditionFact, table: ChronicTable, as_of: date) -> ConditionVerdict:
    """Say whether a Condition is chronic; what cannot be read is for review, never dropped."""
    codes = _decide_by_codes(condition.codings, table)
    excluded = _excluded_because(condition, as_of)
    if excluded:
        return _verdict(condition, Chronic.NOT_CHRONIC, codes, excluded)
    doubt = _doubt_about(condition, as_of)
    if doubt and codes.chronic is not Chronic.NOT_CHRONIC:
        return _verdict(condition, Chronic.REVIEW, codes, doubt)
    return _verdict(condition, codes.chronic, codes, codes.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicFamily:
    """One disease, with every Condition that shows it and one code to report it by."""

    family: str
    label: str
    icd10cm: str
    evidence: tuple[EvidenceRef, ...]


def distinct_families(
    verdicts: tuple[ConditionVerdict, ...], table: ChronicTable
) -> tuple[ChronicFamily, ...]:
    """Group chronic Conditions by disease, in the order in which the diseases first appear."""
    grouped: dict[str, list[ConditionVerdict]] = {}
    for verdict in verdicts:
        if verdict.chronic is Chronic.CHRONIC:
            grouped.setdefault(verdict.family, []).append(verdict)
    return tuple(
        ChronicFamily(
            family=family,
            label=table.label(family),
            icd10cm=min((v.icd10cm for v in members if v.icd10cm), key=_most_specific, default=""),
            evidence=tuple(sorted({v.ref for v in members})),
        )
        for family, members in grouped.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _CodeDecision:
    chronic: Chronic
    family: str
    icd10cm: str
    why: str


def _decide_by_codes(codings: tuple[Coding, ...], table: ChronicTable) -> _CodeDecision:
    """ICD-10-CM decides; another system that is known and says otherwise makes it doubtful."""
    read = [(c, _meaning(c, table)) for c in codings if c.code.strip()]
    if any(c.system == ICD10CM and m is None for c, m in read):
        return _in_doubt("its ICD-10-CM code is unknown")
    known = [(c, m) for c, m in read if m is not None]
    if not known:
        return _in_doubt(
            "its codes are not in the loaded tables" if codings else "it carries no code"
        )
    if len({(m.chronic, m.family) for _, m in known}) > 1:
        return _in_doubt("its codes name different diseases")
    coding, meaning = min(known, key=lambda pair: _DECIDING.index(pair[0].system or ""))
    named = f"{_SYSTEM_NAMES[coding.system or '']} {coding.code.strip().upper()}"
    sentence = {
        Chronic.CHRONIC: f"{named} is chronic ({table.label(meaning.family)})",
        Chronic.NOT_CHRONIC: f"{named} is not a chronic condition",
        Chronic.REVIEW: f"the sources disagree whether {named} is chronic",
    }[meaning.chronic]
    return _CodeDecision(
        chronic=meaning.chronic,
        family=meaning.family,
        icd10cm=coding.code.strip().upper() if coding.system == ICD10CM else "",
        why=sentence,
    )


def _meaning(coding: Coding, table: ChronicTable) -> CodeMeaning | None:
    if coding.system == ICD10CM:
        is_code = _CODE_SHAPE.match(normalise(coding.code)) is not None
        return table.icd10cm_meaning(coding.code) if is_code else None
    if coding.system == ICD9CM:
        return table.icd9cm_meaning(coding.code)
    return table.snomed_meaning(coding.code) if coding.system == SNOMED else None


def _in_doubt(why: str) -> _CodeDecision:
    return _CodeDecision(chronic=Chronic.REVIEW, family="", icd10cm="", why=why)


def _excluded_because(condition: ConditionFact, as_of: date) -> str:
    if condition.verification_status in _EXCLUDED_VERIFICATION:
        return f"its verification status is {condition.verification_status}"
    if condition.clinical_status == "resolved":
        return "it is resolved"
    if condition.clinical_status is None and _abated(condition, as_of):
        return "it has ended"
    return ""


def _doubt_about(condition: ConditionFact, as_of: date) -> str:
    checks = (
        (condition.has_modifier, "it carries a modifier extension that may negate it"),
        (
            condition.verification_status not in {None, "confirmed"},
            "it is not confirmed",
        ),
        (condition.clinical_status in _DOUBTFUL_CLINICAL, "its clinical status is in doubt"),
        (condition.clinical_status not in _COUNTING_CLINICAL, "its clinical status is not known"),
        (_abated(condition, as_of), "it is marked active and yet ended"),
        ("health-concern" in condition.categories, "it is a health concern, not a diagnosis"),
    )
    return next((sentence for applies, sentence in checks if applies), "")


def _abated(condition: ConditionFact, as_of: date) -> bool:
    if condition.abatement is None:
        return condition.has_abatement
    return condition.abatement.is_on_or_before(as_of) is not False


def _verdict(
    condition: ConditionFact, chronic: Chronic, codes: _CodeDecision, why: str
) -> ConditionVerdict:
    return ConditionVerdict(
        ref=condition.ref,
        chronic=chronic,
        family=codes.family,
        icd10cm=codes.icd10cm,
        why=why,
        display=_display(condition),
    )


def _display(condition: ConditionFact) -> str:
    named = (c.display.strip() for c in condition.codings)
    return condition.text.strip() or next((text for text in named if text), "")


def _unpack(packed: str | None) -> CodeMeaning | None:
    if packed is None:
        return None
    flag, _, family = packed.partition("\t")
    chronic = {"1": Chronic.CHRONIC, "0": Chronic.NOT_CHRONIC}.get(flag, Chronic.REVIEW)
    return CodeMeaning(chronic, family)


def _most_specific(code: str) -> tuple[int, str]:
    return (-len(normalise(code)), code)
