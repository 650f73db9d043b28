"""How one criterion of a stated month is answered: by a reason's own sentence and remedy."""

from __future__ import annotations

from functools import lru_cache

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import EligibilityRule
from ccm_fhir.domain.stated.sentences import SENTENCES

_KEPT = 4096


def met(criterion: Criterion, rule: EligibilityRule, *cautions: Caution) -> Finding:
    """Return that a criterion is met as stated."""
    return _finding(criterion, Answer.MET, criterion.value, rule.version, cautions)


def not_met(criterion: Criterion, reason: Reason, rule: EligibilityRule, *c: Caution) -> Finding:
    """Return that a criterion is not met, and why."""
    return _finding(criterion, Answer.NOT_MET, reason, rule.version, c)


def unknown(criterion: Criterion, rule: EligibilityRule, *missing: str) -> Finding:
    """Return that a criterion cannot be answered without the facts named."""
    return _finding(criterion, Answer.UNKNOWN, Reason.CANNOT_DETERMINE, rule.version, (), missing)


def unread(criterion: Criterion, rule: EligibilityRule, place: str) -> Finding:
    """Return that nobody has read what the law says of the thing stated: a person must ask."""
    cautions = (Caution.SOURCE_UNCONFIRMED,)
    code = Reason.CANNOT_DETERMINE
    return _finding(criterion, Answer.UNKNOWN, code, rule.version, cautions, (place,))


# A finding of a stated month holds nothing of the patient, so that equal ones are one object.
@lru_cache(maxsize=_KEPT)
def _finding(  # noqa: PLR0913, PLR0917  # what makes findings equal
    criterion: Criterion,
    answer: Answer,
    code: str,
    version: str,
    cautions: tuple[Caution, ...],
    missing: tuple[str, ...] = (),
) -> Finding:
    said = SENTENCES.get(Reason(code)) if answer is not Answer.MET else None
    return Finding(
        criterion=criterion,
        answer=answer,
        code=code,
        reason="" if said is None else said.sentence,
        remedy="" if said is None else said.remedy,
        owner=None if answer is Answer.MET else Role.CARE_MANAGER,
        rule_version=version,
        cautions=cautions,
        missing=missing,
    )
