"""The care plan's page: what stands, one person's draft of the next version, and what is new."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.domain.plans.additions import Addition, AdditionKind, Ours, additions
from ccm_fhir.domain.plans.allergies import Allergies, allergies_of
from ccm_fhir.domain.plans.building import Material, months_on, proposals
from ccm_fhir.domain.plans.changes import Now, SinceLast, since_last
from ccm_fhir.domain.plans.diffing import PartChange, diff
from ccm_fhir.domain.plans.drafting import Draft, draft_of, merged
from ccm_fhir.domain.plans.judging import PlanFinding, completeness, loose_ends, staleness
from ccm_fhir.domain.plans.measuring import Progress, progress_of
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.plans.serving import Served, served
from ccm_fhir.domain.plans.templates import PlanTemplates
from ccm_fhir.domain.rules import MonthRules
from ccm_fhir.errors import NotFoundError, RuleError
from ccm_fhir.rulebook.templates import load_templates
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.evidence_paths import evidence_paths
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import try_judge
from ccm_fhir.services.patient_month import PatientBanner
from ccm_fhir.services.plan_additions import ours_in_the_ehr
from ccm_fhir.services.plan_standing import (
    PlanDeliveries,
    VersionStanding,
    plan_deliveries,
    without_own,
)
from ccm_fhir.services.review import banner_of
from ccm_fhir.services.send_task import TaskStanding, task_standings
from ccm_fhir.storage import plan_contacts, plan_tasks, plans
from ccm_fhir.storage.plan_records import (
    CopyRecord,
    OutreachRecord,
    ReviewRecord,
    SavedDraft,
    VersionRecord,
)
from ccm_fhir.storage.plan_tasks import KeptTask
from ccm_fhir.storage.practices import Practice

__all__ = [
    "EDITORS",
    "PlanDesk",
    "StandingPlan",
    "VersionRecord",
    "VersionsCompared",
    "compare_versions",
    "current_draft",
    "draft_and_additions",
    "plan_desk",
]

EDITORS = (Role.CARE_MANAGER, Role.PRACTITIONER)
"""Who writes, adopts and reviews care plans and gives copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPlan:
    """The version in force: how it stands and what is new since it was last looked at."""

    version: VersionRecord
    review: PlanFinding
    since: SinceLast | None
    progress: tuple[Progress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDesk:
    """Everything that the care-plan page shows.

    ``draft`` is the reader's own, brought up to the chart; ``problem`` says why nothing can be
    proposed. ``people`` are names by user id; ``paths`` lead from a resource within the launch.
    """

    patient: PatientBanner
    practice_name: str
    month: ServiceMonth
    today: date
    draft: Draft = field(repr=False)
    saved_at: datetime | None
    standing: StandingPlan | None
    versions: tuple[VersionRecord, ...]
    completeness: tuple[PlanFinding, ...]
    loose_ends: tuple[PlanFinding, ...]
    served: tuple[Served, ...]
    templates: PlanTemplates
    reviews: tuple[ReviewRecord, ...]
    copies: tuple[CopyRecord, ...]
    outreach: tuple[OutreachRecord, ...]
    people: dict[str, str] = field(repr=False)
    paths: dict[str, str]
    family_labels: dict[str, str]
    may_edit: bool
    problem: str
    allergies: Allergies = field(repr=False)
    standings: dict[str, VersionStanding]
    """By version id."""
    tasks: tuple[KeptTask, ...]
    task_standings: dict[str, TaskStanding]
    """By task id; of a task that the EHR was not told there is none."""
    additions: tuple[Addition, ...] = field(repr=False)

    @property
    def is_changed(self) -> bool:
        """Whether adopting the draft would change anything."""
        now = Plan() if self.standing is None else self.standing.version.plan
        return bool(diff(now, self.draft.plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsCompared:
    """Two versions and what differs; ``newer`` is None for the reader's own draft."""

    patient: PatientBanner
    practice_name: str
    older: VersionRecord | None
    newer: VersionRecord | None
    versions: tuple[VersionRecord, ...]
    changes: tuple[PartChange, ...]
    people: dict[str, str] = field(repr=False)


def plan_desk(
    world: Installation, actor: Actor, patient_id: str, month: ServiceMonth, now: datetime
) -> PlanDesk:
    """Return the care-plan page of a patient; the reading is audited.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_care_plan", patient_id)
        gathered = gather(world, session, actor.practice_id, patient_id, month)
        kept = _kept(world, session, actor, gathered.patient.id, gathered.practice)
    today = now.astimezone(gathered.practice.zone).date()
    basis = _basis(world, gathered, kept, today)
    draft = _draft(kept, basis)
    return PlanDesk(
        patient=banner_of(gathered.patient, today),
        practice_name=gathered.practice.name,
        month=month,
        today=today,
        draft=draft,
        saved_at=None
        if kept.draft is None
        else kept.draft.saved_at.astimezone(gathered.practice.zone),
        standing=_standing(kept, basis, today),
        versions=kept.versions,
        completeness=() if basis.rules is None else _complete(draft.plan, basis.rules),
        loose_ends=loose_ends(draft.plan),
        served=served(draft.plan, basis.templates),
        templates=basis.templates,
        reviews=kept.reviews,
        copies=kept.copies,
        outreach=tuple(
            replace(call, tried_at=call.tried_at.astimezone(gathered.practice.zone))
            for call in kept.outreach
        ),
        people={user_id: user.name for user_id, user in gathered.people.items()},
        paths=evidence_paths(gathered),
        family_labels={family.family: family.label for family in basis.families},
        may_edit=actor.may(*EDITORS),
        problem=basis.problem,
        allergies=allergies_of(basis.chart),
        standings={
            version.id: kept.told.of(version.id, gathered.practice.zone)
            for version in kept.versions
        },
        tasks=kept.tasks,
        task_standings=kept.task_standings,
        additions=basis.added,
    )


def compare_versions(
    world: Installation, actor: Actor, patient_id: str, numbers: tuple[int, int], now: datetime
) -> VersionsCompared:
    """Return what differs between two versions; 0 stands for nothing yet, or for the draft.

    Args:
        world: the installation.
        actor: whose draft it is where the newer number is 0.
        patient_id: the patient.
        numbers: the older version's and the newer one's.
        now: the moment.

    Raises:
        NotFoundError: no such patient or version in this practice.
    """
    month = ServiceMonth.containing(now.date())
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_care_plan", patient_id)
        gathered = gather(world, session, actor.practice_id, patient_id, month)
        kept = _kept(world, session, actor, gathered.patient.id, gathered.practice)
    older, newer = (_numbered(kept.versions, number) for number in numbers)
    today = now.astimezone(gathered.practice.zone).date()
    draft = _draft(kept, _basis(world, gathered, kept, today))
    return VersionsCompared(
        patient=banner_of(gathered.patient, today),
        practice_name=gathered.practice.name,
        older=older,
        newer=newer,
        versions=kept.versions,
        changes=diff(
            Plan() if older is None else older.plan, draft.plan if newer is None else newer.plan
        ),
        people={user_id: user.name for user_id, user in gathered.people.items()},
    )


def current_draft(
    world: Installation, session: Session, actor: Actor, patient_id: str, now: datetime
) -> Draft:
    """Return a person's draft, brought up to the chart, in a transaction that will save it.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    return draft_and_additions(world, session, actor, patient_id, now)[0]


def draft_and_additions(
    world: Installation, session: Session, actor: Actor, patient_id: str, now: datetime
) -> tuple[Draft, tuple[Addition, ...]]:
    """Return a person's draft, as ``current_draft``, and what others added in the EHR.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    month = ServiceMonth.containing(now.date())
    gathered = gather(world, session, actor.practice_id, patient_id, month)
    today = now.astimezone(gathered.practice.zone).date()
    kept = _kept(world, session, actor, patient_id, gathered.practice)
    basis = _basis(world, gathered, kept, today)
    return _draft(kept, basis), basis.added


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    draft: SavedDraft | None
    versions: tuple[VersionRecord, ...]
    reviews: tuple[ReviewRecord, ...]
    copies: tuple[CopyRecord, ...]
    outreach: tuple[OutreachRecord, ...]
    told: PlanDeliveries
    ours: Ours
    tasks: tuple[KeptTask, ...]
    task_standings: dict[str, TaskStanding]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What proposals and answers rest on; ``rules`` is None where none are loaded."""

    chart: ChartFacts | None
    families: tuple[ChronicFamily, ...]
    rules: MonthRules | None
    templates: PlanTemplates
    today: date
    problem: str
    added: tuple[Addition, ...]


def _kept(
    world: Installation, session: Session, actor: Actor, patient_id: str, practice: Practice
) -> _Kept:
    practice_id = actor.practice_id
    versions = plans.versions_of(session, practice_id, patient_id)
    told = plan_deliveries(session, practice_id, patient_id)
    tasks = plan_tasks.of_patient(session, practice_id, patient_id)
    return _Kept(
        draft=plans.draft_of(session, practice_id, patient_id, actor.user_id),
        versions=versions,
        reviews=plan_contacts.reviews_of(session, practice_id, patient_id),
        copies=plan_contacts.copies_of(session, practice_id, patient_id),
        outreach=plan_contacts.outreach_of(session, practice_id, patient_id),
        told=told,
        ours=ours_in_the_ehr(world, session, practice, versions, told.own_refs),
        tasks=tasks,
        task_standings=task_standings(session, practice_id, patient_id),
    )


def _basis(world: Installation, gathered: Gathered, kept: _Kept, today: date) -> _Basis:
    families: tuple[ChronicFamily, ...] = ()
    rules, problem = _rules(world, today)
    if gathered.material is None:
        problem = "The chart has not been read yet, so nothing can be proposed from it."
    else:
        judgement, why = try_judge(world, gathered.material)
        families = () if judgement is None else judgement.eligibility.families
        problem = problem or why
    whole = None if gathered.chart is None else gathered.chart.facts
    plan = kept.versions[-1].plan if kept.versions else Plan()
    return _Basis(
        chart=None if whole is None else without_own(whole, kept.told.own_refs),
        families=families,
        rules=rules,
        templates=load_templates(),
        today=today,
        problem=problem,
        added=() if whole is None else additions(plan, whole, families, kept.ours),
    )


def _rules(world: Installation, today: date) -> tuple[MonthRules | None, str]:
    try:
        return world.rulebook.of_month(ServiceMonth.containing(today)), ""
    except RuleError as problem:
        return None, str(problem)


def _draft(kept: _Kept, basis: _Basis) -> Draft:
    if kept.draft is not None:
        begun = kept.draft.draft
    elif kept.versions:
        begun = draft_of(kept.versions[-1].plan, kept.versions[-1].number)
    else:
        begun = Draft()
    if basis.chart is None:
        return begun
    material = Material(
        chart=basis.chart,
        families=basis.families,
        templates=basis.templates,
        today=basis.today,
        added=tuple(one.part for one in basis.added if one.kind is AdditionKind.ACTIVITY),
    )
    return merged(begun, proposals(material))


def _complete(plan: Plan, rules: MonthRules) -> tuple[PlanFinding, ...]:
    return () if rules.care_plan is None else completeness(plan, rules.care_plan)


def _standing(kept: _Kept, basis: _Basis, today: date) -> StandingPlan | None:
    if not kept.versions:
        return None
    version = kept.versions[-1]
    looked_at = max([version.adopted_on, *(r.reviewed_on for r in kept.reviews)])
    chart, rules = basis.chart, basis.rules
    since = None
    if chart is not None and rules is not None and rules.chart is not None:
        now = Now(chart=chart, families=basis.families, rule=rules.chart, today=today)
        since = since_last(version.plan, _since(looked_at, today), now)
    return StandingPlan(
        version=version,
        review=staleness(version.plan, looked_at, today),
        since=since,
        progress=()
        if chart is None
        else tuple(progress_of(goal, chart, today) for goal in version.plan.goals),
    )


def _since(looked_at: date, today: date) -> date:
    """Return the day after which things are new: the last look, or a month ago if that is more."""
    return min(looked_at, months_on(today, -1))


def _numbered(versions: tuple[VersionRecord, ...], number: int) -> VersionRecord | None:
    if number == 0:
        return None
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise NotFoundError("plan version")
    return found
