"""The parts of all active plans, joined: goals, activities and teams behind their references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import (
    CarePlanFact,
    CareTeamFact,
    ChartFacts,
    Coding,
    EvidenceRef,
    GoalFact,
    PlannedActivityFact,
    ServiceRequestFact,
)

_DEAD_GOALS = frozenset({"cancelled", "rejected", "entered-in-error"})
_DEAD_ACTIVITIES = frozenset({"cancelled", "entered-in-error", "revoked"})
_DEAD_TEAMS = frozenset({"inactive", "entered-in-error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One planned activity with what its referenced ServiceRequest says of it.

    ``is_opaque`` says that it refers to a resource that was not read.
    """

    plan: EvidenceRef
    status: str
    kind: str
    text: str
    codings: tuple[Coding, ...]
    categories: tuple[str, ...]
    goals: tuple[str, ...]
    performers: tuple[str, ...]
    evidence: tuple[EvidenceRef, ...]
    is_opaque: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParts:
    """What the plans in force hold, dead parts left out.

    ``loose_goals`` are live goals that no plan refers to; ``unseen_goals`` and
    ``unseen_activities`` count entries that were not read or lead nowhere. An activity that is
    counted but not planned, beside others that are, says what must not be done.
    """

    plans: tuple[CarePlanFact, ...]
    goals: tuple[GoalFact, ...]
    loose_goals: tuple[GoalFact, ...]
    unseen_goals: int
    activities: tuple[Activity, ...]
    unseen_activities: int
    addresses: tuple[EvidenceRef, ...]
    has_team: bool

    @property
    def refs(self) -> tuple[EvidenceRef, ...]:
        """The plans themselves."""
        return tuple(plan.ref for plan in self.plans)

    @property
    def goal_count(self) -> int:
        """Live goals of the plans, read or not."""
        return len(self.goals) + self.unseen_goals

    @property
    def activity_count(self) -> int:
        """Live activities of the plans, read or not."""
        return len(self.activities) + self.unseen_activities


def in_force(plans: Iterable[CarePlanFact], month: ServiceMonth) -> tuple[CarePlanFact, ...]:
    """Return the active plans not plainly written after the month, in order of reference."""
    found = (p for p in plans if p.status == "active" and not _is_later(p, month))
    return tuple(sorted(found, key=lambda plan: plan.ref))


def parts_of(plans: tuple[CarePlanFact, ...], chart: ChartFacts) -> PlanParts:
    """Return the joined parts of some plans of a chart."""
    goals = {str(goal.ref): goal for goal in chart.goals}
    linked = tuple(dict.fromkeys(ref for plan in plans for ref in plan.goal_refs))
    alive = tuple(g for ref in linked if (g := goals.get(ref)) is not None and _is_alive(g))
    dead = sum(1 for ref in linked if ref in goals and not _is_alive(goals[ref]))
    counted = max(sum(plan.goals for plan in plans), len(linked))
    activities = tuple(
        _joined(plan, planned, chart)
        for plan in plans
        for planned in plan.planned
        if planned.status not in _DEAD_ACTIVITIES
    )
    return PlanParts(
        plans=plans,
        goals=tuple(sorted(alive, key=lambda goal: goal.ref)),
        loose_goals=_loose(chart, frozenset(linked)),
        unseen_goals=max(0, counted - len(alive) - dead - _doubles(plans)),
        activities=activities,
        unseen_activities=sum(plan.activities for plan in plans if not plan.planned),
        addresses=_addressed(plans),
        has_team=any(_has_team(plan, chart.care_teams) for plan in plans),
    )


def ref_of(reference: str) -> EvidenceRef | None:
    """Return a local reference (``Goal/1``) as evidence; None where it is none."""
    resource_type, _, resource_id = reference.partition("/")
    return EvidenceRef(resource_type, resource_id) if resource_type and resource_id else None


def refs_of(references: Iterable[str]) -> tuple[EvidenceRef, ...]:
    """Return those of the references that are local, each once, in order."""
    found = (ref_of(reference) for reference in references)
    return tuple(dict.fromkeys(ref for ref in found if ref is not None))


def _is_later(plan: CarePlanFact, month: ServiceMonth) -> bool:
    began = plan.established_on
    return began is not None and began.is_on_or_before(month.last_day) is False


def _is_alive(goal: GoalFact) -> bool:
    return goal.lifecycle_status not in _DEAD_GOALS


def _doubles(plans: tuple[CarePlanFact, ...]) -> int:
    """How many goal entries repeat one that another entry already named."""
    every = [ref for plan in plans for ref in plan.goal_refs]
    return len(every) - len(set(every))


def _loose(chart: ChartFacts, linked: frozenset[str]) -> tuple[GoalFact, ...]:
    loose = (g for g in chart.goals if str(g.ref) not in linked and _is_alive(g))
    return tuple(sorted(loose, key=lambda goal: goal.ref))


def _addressed(plans: tuple[CarePlanFact, ...]) -> tuple[EvidenceRef, ...]:
    return tuple(sorted(refs_of(a for plan in plans for a in plan.addresses)))


def _has_team(plan: CarePlanFact, teams: tuple[CareTeamFact, ...]) -> bool:
    """Whether a plan's team is one that is not known to be over."""
    if not plan.has_care_team:
        return False
    status = {str(team.ref): team.status for team in teams}
    return not plan.care_teams or any(
        status.get(ref, "") not in _DEAD_TEAMS for ref in plan.care_teams
    )


def _joined(plan: CarePlanFact, planned: PlannedActivityFact, chart: ChartFacts) -> Activity:
    asked: ServiceRequestFact | None = next(
        (s for s in chart.service_requests if str(s.ref) == planned.ref), None
    )
    pointed = ref_of(planned.ref)
    return Activity(
        plan=plan.ref,
        status=planned.status or (asked.status if asked else ""),
        kind=planned.kind or (pointed.resource_type if pointed else ""),
        text=" ".join(t for t in (planned.text, asked.text if asked else "") if t),
        codings=planned.codings + (asked.codings if asked else ()),
        categories=asked.categories if asked else (),
        goals=planned.goals,
        performers=planned.performers + (asked.performers if asked else ()),
        evidence=(plan.ref,) if pointed is None else (plan.ref, pointed),
        is_opaque=pointed is not None and asked is None and not planned.performers,
    )
