"""Criteria about the practice, the patient's life, and other practitioners' claims."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role, Scope
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ClaimFact


def practice_requirements(question: Question) -> Finding:
    """Answer whether the practice attested what CCM asks of it."""
    practice = question.practice
    parts = (
        (practice.access_24_7, "24/7 access"),
        (practice.certified_ehr, "a certified EHR"),
        (practice.designated_team_member, "a designated member of the care team"),
    )
    absent = [name for value, name in parts if value is False]
    unsaid = [name for value, name in parts if value is None]
    if absent or unsaid:
        said = Said(
            answer=Answer.NOT_MET if absent else Answer.UNKNOWN,
            code="practice_requirements",
            reason=f"The practice has not attested {', '.join(absent or unsaid)}.",
            remedy="An administrator records what the practice provides.",
            owner=Role.ADMIN,
        )
    else:
        when = f" on {practice.attested_on}" if practice.attested_on else ""
        said = Said(
            answer=Answer.MET,
            code="practice_requirements",
            reason=(
                "The practice attested 24/7 access, a certified EHR and a designated team member"
                f"{when}."
            ),
        )
    return finding_of(Criterion.PRACTICE_REQUIREMENTS, question, said)


def alive(question: Question) -> Finding:
    """Answer whether the patient lived in the month."""
    patient = question.chart.patient
    died_before = (
        None
        if patient.died_on is None
        else patient.died_on.is_on_or_before(question.month.first_day - timedelta(days=1))
    )
    if not patient.is_deceased:
        said = Said(answer=Answer.MET, code="alive", reason="No death is on record.")
    elif died_before is True:
        said = Said(
            answer=Answer.NOT_MET,
            code="deceased",
            reason=f"The patient died on {patient.died_on}, before this month.",
            remedy="Nothing further can be reported.",
            owner=Role.BILLER,
            evidence=(patient.ref,),
        )
    elif patient.died_on is not None and patient.died_on.is_exact:
        said = Said(
            answer=Answer.MET,
            code="alive",
            reason=f"The patient died on {patient.died_on}; only work until then counts.",
            evidence=(patient.ref,),
        )
    else:
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="The patient is marked deceased without a day of death.",
            remedy="Record the date of death in the EHR.",
            owner=Role.BILLER,
            evidence=(patient.ref,),
        )
    return finding_of(Criterion.ALIVE, question, said)


def not_billed_elsewhere(question: Question) -> Finding:
    """Answer whether another claim already reports the patient's month."""
    criterion = Criterion.NOT_BILLED_ELSEWHERE
    others = tuple(c for c in question.chart.claims if _is_anothers_this_month(question, c))
    clashes = tuple(c for c in others if any(_bars(question, c, code) for code in c.codes))
    unsettled = tuple(c for c in others if any(_excludes(question, code) for code in c.codes))
    doubtful = tuple(c for c in others if any(_may_exclude(question, code) for code in c.codes))
    if clashes:
        codes = ", ".join(
            sorted({c for clash in clashes for c in clash.codes if _bars(question, clash, c)})
        )
        said = Said(
            answer=Answer.NOT_MET,
            code="ccm_already_billed_by_other_practitioner",
            reason=f"Another claim of this month already reports {codes}.",
            remedy="Only one practitioner is paid for a month; agree who reports it.",
            owner=Role.BILLER,
            evidence=tuple(c.ref for c in clashes),
        )
    elif unsettled:
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=(
                "Another practice's claim of this month may exclude this one; no source that was "
                "read settles it."
            ),
            remedy="Ask the payer, or agree with the other practice who reports the month.",
            owner=Role.BILLER,
            evidence=tuple(c.ref for c in unsettled),
        )
    elif criterion in question.attested:
        said = Said(
            answer=Answer.MET,
            code="not_billed_elsewhere",
            reason="The billing practitioner attested that nobody else reports this month.",
            notes=_recently_elsewhere(question),
        )
    elif doubtful:
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=(
                "Another claim of this month would stand in the way if the same practitioner "
                "filed it, and it does not say who did."
            ),
            remedy="The billing practitioner attests that it is another’s when signing the month.",
            owner=Role.PRACTITIONER,
            is_attestable=True,
            evidence=tuple(c.ref for c in doubtful),
        )
    elif not question.chart.was_read("Claim"):
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="The EHR does not show other claims, so another practitioner's cannot be seen.",
            remedy="The billing practitioner attests it when signing the month.",
            owner=Role.PRACTITIONER,
            is_attestable=True,
            notes=_recently_elsewhere(question),
        )
    else:
        said = Said(
            answer=Answer.MET,
            code="not_billed_elsewhere",
            reason="No other claim for care management in this month is in the EHR.",
            notes=_recently_elsewhere(question),
        )
    return finding_of(criterion, question, said)


def _is_anothers_this_month(question: Question, claim: ClaimFact) -> bool:
    if claim.status != "active" or claim.use not in {"claim", ""}:
        return False
    if question.own_claim_identifiers.intersection(claim.names):
        return False
    day, month = claim.serviced_on, question.month
    return day is None or (day.earliest <= month.last_day and day.latest >= month.first_day)


def _bars(question: Question, claim: ClaimFact, code: str) -> bool:
    """Whether a code surely excludes CCM, filed by whom the claim says."""
    relation = question.month_rules.relation(code)
    if relation is None:
        return False
    is_elsewhere = _is_anothers(question, claim)
    return any(
        exclusion.scope is Scope.PATIENT or (exclusion.scope is Scope.PRACTICE and not is_elsewhere)
        for exclusion in relation.exclusions
        if not exclusion.cited.blocking
    )


def _excludes(question: Question, code: str) -> bool:
    """Whether a code excludes CCM, or may, without the same practitioner having filed it."""
    return any(scope is not Scope.PRACTITIONER for scope in _scopes(question, code))


def _may_exclude(question: Question, code: str) -> bool:
    """Whether a code excludes CCM only if the same practitioner filed it."""
    return any(scope is Scope.PRACTITIONER for scope in _scopes(question, code))


def _scopes(question: Question, code: str) -> tuple[Scope, ...]:
    relation = question.month_rules.relation(code)
    return () if relation is None else tuple(e.scope for e in relation.exclusions)


def _recently_elsewhere(question: Question) -> tuple[str, ...]:
    """Say that another provider reported care management in the months before, if one did."""
    months = question.chart_rule.elsewhere_months
    earliest = question.month.plus(-months).first_day
    recent = sorted(
        {
            code
            for claim in question.chart.claims
            if _is_anothers(question, claim)
            and claim.serviced_on is not None
            and claim.serviced_on.earliest >= earliest
            and claim.serviced_on.latest < question.month.first_day
            for code in claim.codes
            if _excludes(question, code) or _may_exclude(question, code)
        }
    )
    if not recent:
        return ()
    return (
        (
            f"Another provider reported {', '.join(recent)} in the {months} months before; ask the "
            "patient whether they are enrolled elsewhere."
        ),
    )


def _is_anothers(question: Question, claim: ClaimFact) -> bool:
    """Whether a live claim is known to be another provider's."""
    ours = question.practice.organization
    return bool(
        claim.status == "active"
        and claim.use in {"claim", ""}
        and ours
        and claim.provider
        and claim.provider != ours
        and question.own_claim_identifiers.isdisjoint(claim.names)
    )
