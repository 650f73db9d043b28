"""One patient's line of the results."""

from __future__ import annotations

import msgspec

from ccm_fhir.domain.eligibility import Outcome, Screened
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Finding


class ResultFinding(msgspec.Struct, frozen=True, gc=False):
    """One criterion's answer: MET, NOT_MET or UNKNOWN, its code, and the reason in a sentence."""

    criterion: str
    answer: str
    code: str
    reason: str
    evidence: list[str]


class Result(msgspec.Struct, frozen=True, gc=False):
    """One patient of the export (``Patient/id``); of a failed one ``findings`` say why."""

    patient: str
    outcome: str
    families: tuple[str, ...]
    evidence: list[str]
    missing: tuple[str, ...]
    findings: list[ResultFinding]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


encode_result = msgspec.json.Encoder().encode
decode_result = msgspec.json.Decoder(Result).decode


def result_of(patient: str, screened: Screened) -> Result:
    """Return the result of a patient who was judged."""
    return Result(
        patient,
        screened.outcome.value,
        screened.families,
        _named(screened.evidence),
        tuple(criterion.value for criterion in screened.missing),
        [_finding(finding) for finding in screened.findings],
    )


def failed_result(patient: str, reason: str) -> Result:
    """Return the result of a patient who could not be judged."""
    why = ResultFinding("patient", "UNKNOWN", "failed", reason, [])
    return Result(patient, Outcome.FAILED.value, (), [], (), [why])


def _finding(finding: Finding) -> ResultFinding:
    return ResultFinding(
        finding.criterion.value,
        finding.answer.value,
        finding.code,
        finding.reason,
        _named(finding.evidence),
    )


def _named(evidence: tuple[EvidenceRef, ...]) -> list[str]:
    return sorted([f"{ref.resource_type}/{ref.resource_id}" for ref in evidence])
