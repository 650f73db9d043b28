"""What to do next: one list of steps, who takes each, how, and why in this order.

Nothing that costs work stands before what could make the work useless: life, coverage and other
claims come first, then what opens the others, the patient's visit before consent, consent
before the plan. What only the practitioner's signature can settle comes last.
"""

from __future__ import annotations

from ccm_fhir.domain.careplan import CarePlanPicture, ElementState, Gap, GapKind
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.findings import Answer, Criterion, Finding

_PLACES: tuple[tuple[Criterion, str, str], ...] = (
    (Criterion.ALIVE, "Settle whether the patient is living", "Everything else depends on it."),
    (
        Criterion.MEDICARE_COVERAGE,
        "Confirm Medicare Part B",
        "No other step helps while the payer is not settled.",
    ),
    (
        Criterion.NOT_BILLED_ELSEWHERE,
        "Agree who reports this month",
        "Only one practitioner is paid for a month, so work may be in vain.",
    ),
    (
        Criterion.NOT_AWAY_ALL_MONTH,
        "Check the stays in hospital",
        "A month spent there has no day on which work counts.",
    ),
    (
        Criterion.TWO_CHRONIC_CONDITIONS,
        "Review the chronic conditions",
        "Consent and plan are about these conditions.",
    ),
    (
        Criterion.PRACTICE_REQUIREMENTS,
        "Record what the practice provides",
        "It is done once and opens the month for every patient.",
    ),
    (
        Criterion.INITIATING_VISIT,
        "Arrange or point to the initiating visit",
        "Care management is discussed there, before it begins.",
    ),
    (
        Criterion.CONSENT,
        "Ask for the patient’s consent and record it",
        "Work before consent does not count.",
    ),
    (
        Criterion.CARE_PLAN,
        "Write or complete the care plan",
        "It needs the conditions, and a patient who agreed.",
    ),
)
_LAST: tuple[tuple[Criterion, str, str], ...] = (
    (
        Criterion.DURATION_AND_RISK,
        "Attest duration and risk",
        "Last, since the billing practitioner does it while signing.",
    ),
    (
        Criterion.NOT_BILLED_ELSEWHERE,
        "Attest that nobody else reports this month",
        "Last, since the billing practitioner does it while signing.",
    ),
)
_FINAL = frozenset({"deceased", "inpatient_all_month"})
_GAP_STEPS: dict[GapKind, tuple[str, str]] = {
    GapKind.CONDITION_WITHOUT_GOAL: (
        "Give every condition a goal",
        "Add a goal for each, and link it to the condition.",
    ),
    GapKind.GOAL_OVERDUE: (
        "Look at the goals past their day",
        "Mark them as reached, or set a new day with the patient.",
    ),
    GapKind.ACTIVITY_WITHOUT_PERFORMER: (
        "Name who does each intervention",
        "Add the responsible person to the interventions that lack one.",
    ),
}


class NextStep(Fact, frozen=True, kw_only=True):
    """One thing to do: what, by whom, how, and why at this place in the list.

    ``criterion`` is the one that the step settles; None where it only completes the plan.
    """

    what: str
    who: Role
    how: str
    why_now: str
    criterion: Criterion | None = None
    evidence: tuple[EvidenceRef, ...] = ()


def next_steps(
    findings: tuple[Finding, ...], picture: CarePlanPicture | None
) -> tuple[NextStep, ...]:
    """Return what is left to do, in the order to do it; empty when nothing is.

    Where the month is past helping (a death, a month in hospital), that is the only step.
    """
    open_ones = [f for f in findings if f.answer is not Answer.MET]
    final = [f for f in open_ones if f.answer is Answer.NOT_MET and f.code in _FINAL]
    if final:
        return tuple(_step(f, what, why) for f in final[:1] for what, why in [_place(f)])
    attests = [f for f in open_ones if _is_attested(f)]
    return (
        *_access(open_ones),
        *_in_order([f for f in open_ones if f not in attests], _PLACES),
        *_plan(open_ones, picture),
        *_in_order(attests, _LAST),
    )


def _is_attested(finding: Finding) -> bool:
    """Whether a finding waits for nothing but the practitioner's signature."""
    return finding.criterion is Criterion.DURATION_AND_RISK or (
        finding.criterion is Criterion.NOT_BILLED_ELSEWHERE and finding.answer is Answer.UNKNOWN
    )


def _place(finding: Finding) -> tuple[str, str]:
    return next((what, why) for c, what, why in _PLACES if c is finding.criterion)


def _step(finding: Finding, what: str, why_now: str) -> NextStep:
    return NextStep(
        what=what,
        who=finding.owner or Role.CARE_MANAGER,
        how=finding.remedy,
        why_now=why_now,
        criterion=finding.criterion,
        evidence=finding.evidence,
    )


def _access(open_ones: list[Finding]) -> tuple[NextStep, ...]:
    """Return one step for everything that the EHR does not let this app read."""
    shut = [f for f in open_ones if f.is_unread]
    if not shut:
        return ()
    return (
        NextStep(
            what="Let this app read more of the chart",
            who=Role.ADMIN,
            how=" ".join(dict.fromkeys(f.remedy for f in shut)),
            why_now="First, since what cannot be read cannot be answered.",
        ),
    )


def _in_order(
    findings: list[Finding], places: tuple[tuple[Criterion, str, str], ...]
) -> tuple[NextStep, ...]:
    return tuple(
        _step(finding, what, why)
        for criterion, what, why in places
        for finding in findings
        if finding.criterion is criterion and not finding.is_unread
    )


def _plan(open_ones: list[Finding], picture: CarePlanPicture | None) -> tuple[NextStep, ...]:
    """Return what completes a plan that exists; nothing where one must first be written."""
    if picture is None or not picture.plans:
        return ()
    if any(f.criterion is Criterion.CONSENT and f.answer is Answer.NOT_MET for f in open_ones):
        return ()
    return (*_elements(picture), *_gaps(picture.gaps), *_copy(picture), *_unread(picture))


def _elements(picture: CarePlanPicture) -> tuple[NextStep, ...]:
    lacking = picture.lacking()
    if not lacking:
        return ()
    names = ", ".join(e.title.lower() for e in lacking)
    return (
        NextStep(
            what=f"Add what the care plan lacks of CMS’s list ({len(lacking)})",
            who=Role.CARE_MANAGER,
            how=f"Missing or out of date: {names}.",
            why_now="CMS lists these as typical; an auditor looks for them.",
            evidence=picture.plans,
        ),
    )


def _gaps(gaps: tuple[Gap, ...]) -> tuple[NextStep, ...]:
    steps = []
    for kind, (what, how) in _GAP_STEPS.items():
        found = [gap for gap in gaps if gap.kind is kind and gap.is_certain]
        if found:
            steps.append(
                NextStep(
                    what=what,
                    who=Role.CARE_MANAGER,
                    how=how,
                    why_now="A plan whose parts hang together can be worked from.",
                    evidence=tuple(sorted({ref for gap in found for ref in gap.evidence})),
                )
            )
    return tuple(steps)


def _copy(picture: CarePlanPicture) -> tuple[NextStep, ...]:
    if picture.copy_given.state is ElementState.PRESENT:
        return ()
    return (
        NextStep(
            what="Give the patient a copy of the plan, and record that",
            who=Role.CARE_MANAGER,
            how="Hand over or send the plan to the patient or caregiver, and write down when.",
            why_now="After the plan is complete, so that the copy is too.",
            evidence=picture.copy_given.evidence,
        ),
    )


def _unread(picture: CarePlanPicture) -> tuple[NextStep, ...]:
    if not picture.unread:
        return ()
    types = ", ".join(picture.unread)
    return (
        NextStep(
            what="Let this app read more of the care plan",
            who=Role.ADMIN,
            how=f"Ask the EHR's administrator to let this app read {types}.",
            why_now="It refuses nothing, but parts of the plan stay unseen until then.",
        ),
    )
