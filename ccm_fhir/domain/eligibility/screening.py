"""What a patient's findings amount to where a population is searched for whom to offer CCM.

Who the law means (two chronic conditions, Medicare, alive) comes first, and what bars the month.
What is still to be done (consent, visit, care plan, an attestation) makes nobody less a candidate:
it is listed as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.conditions import ChronicFamily
    from ccm_fhir.domain.facts import ConsentFact

_WHO = (Criterion.TWO_CHRONIC_CONDITIONS, Criterion.MEDICARE_COVERAGE)
_BARS = (Criterion.ALIVE, Criterion.NOT_BILLED_ELSEWHERE, Criterion.NOT_AWAY_ALL_MONTH)
_TO_DO = (
    Criterion.DURATION_AND_RISK,
    Criterion.CONSENT,
    Criterion.INITIATING_VISIT,
    Criterion.CARE_PLAN,
)


class Outcome(Word):
    """Where a sweep leaves a patient.

    EXCLUDED: something bars the month, or the patient has said no. FAILED: the patient could not
    be judged at all.
    """

    CANDIDATE = "candidate"
    REVIEW = "review"
    NOT_ELIGIBLE = "not_eligible"
    EXCLUDED = "excluded"
    FAILED = "failed"


class Screened(Fact, frozen=True, kw_only=True):
    """A patient's outcome, and what it rests on.

    ``families`` are the distinct diseases in order of name; ``evidence`` are the resources behind
    the criteria that decide the outcome; ``missing`` are the criteria still to be met.
    """

    outcome: Outcome
    families: tuple[str, ...]
    evidence: tuple[EvidenceRef, ...]
    missing: tuple[Criterion, ...]
    findings: tuple[Finding, ...]


def screened(
    findings: tuple[Finding, ...],
    families: tuple[ChronicFamily, ...],
    refused: tuple[ConsentFact, ...],
) -> Screened:
    """Return what findings amount to.

    Args:
        findings: one of each criterion.
        families: the diseases in the chart.
        refused: the patient's own refusals of care management.
    """
    by_criterion = {finding.criterion: finding for finding in findings}
    deciding = [by_criterion[criterion] for criterion in (*_WHO, *_BARS)]
    return Screened(
        outcome=_outcome(by_criterion, has_refused=bool(refused)),
        families=tuple(sorted(each.family for each in families)),
        evidence=tuple(dict.fromkeys(ref for finding in deciding for ref in finding.evidence)),
        missing=tuple(finding.criterion for finding in findings if _is_missing(finding)),
        findings=findings,
    )


def _outcome(by_criterion: dict[Criterion, Finding], *, has_refused: bool) -> Outcome:
    bars = [by_criterion[criterion] for criterion in _BARS]
    who = [by_criterion[criterion] for criterion in _WHO]
    if any(f.answer is Answer.NOT_MET for f in bars) or _is_declined(
        by_criterion[Criterion.CONSENT], has_refused=has_refused
    ):
        return Outcome.EXCLUDED
    if any(f.answer is Answer.NOT_MET for f in who):
        return Outcome.NOT_ELIGIBLE
    if any(f.answer is Answer.UNKNOWN and not _is_unseen(f) for f in (*who, *bars)):
        return Outcome.REVIEW
    return Outcome.CANDIDATE


def _is_declined(consent: Finding, *, has_refused: bool) -> bool:
    """Whether the patient's own last word on record is no."""
    if consent.answer is not Answer.NOT_MET:
        return False
    return has_refused or consent.code == "consent_revoked"


def _is_unseen(finding: Finding) -> bool:
    """Whether nothing on record bars the month, and what could bar it is just not shown."""
    if finding.criterion not in _BARS or finding.evidence:
        return False
    return finding.is_unread or finding.is_attestable


def _is_missing(finding: Finding) -> bool:
    if finding.answer is Answer.MET:
        return False
    return finding.criterion in _TO_DO or _is_unseen(finding)
