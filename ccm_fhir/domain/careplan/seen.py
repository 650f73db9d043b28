"""What the picture of a care plan says: elements, gaps, dates, and the patient's copy."""

from __future__ import annotations

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.rules import PlanElement


class ElementState(Word):
    """How one element stands; ABSENT means not found in what was read."""

    PRESENT = "present"
    ABSENT = "absent"
    STALE = "stale"
    UNKNOWN = "unknown"


class ElementSeen(Fact, frozen=True, kw_only=True):
    """One element of the plan, with the sentence why and the resources that show it.

    ``is_by_words`` says that free text alone was recognised. ``remedy`` is empty where the
    element is present, and where only reading more would help.
    """

    element: PlanElement
    title: str
    state: ElementState
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()
    remedy: str = ""
    is_by_words: bool = False


class GapKind(Word):
    """Where parts of a plan do not hang together."""

    CONDITION_WITHOUT_GOAL = "condition_without_goal"
    GOAL_WITHOUT_ACTIVITY = "goal_without_activity"
    ACTIVITY_WITHOUT_PERFORMER = "activity_without_performer"
    GOAL_OUTSIDE_PLAN = "goal_outside_plan"
    GOAL_OVERDUE = "goal_overdue"


class Gap(Fact, frozen=True, kw_only=True):
    """One loose end; ``is_certain`` is false where the chart does not tell."""

    kind: GapKind
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()
    is_certain: bool = True


class CopyGiven(Fact, frozen=True, kw_only=True):
    """Whether the chart shows that the patient received a copy; a chart rarely can."""

    state: ElementState
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()


class CarePlanPicture(Fact, frozen=True, kw_only=True):
    """All active care plans of a month merged into one picture.

    ``plans`` is empty where there is none, or none could be read; ``established_on`` is the
    oldest plan's day, ``progressed_on`` the last progress noted on an intervention. ``saved_on`` is
    when the EHR last saved a plan or goal, which does not say that anybody reviewed it.
    ``unread`` names resource types that the EHR did not show.
    """

    rule_version: str
    plans: tuple[EvidenceRef, ...]
    elements: tuple[ElementSeen, ...]
    gaps: tuple[Gap, ...]
    copy_given: CopyGiven
    established_on: PartialDate | None = None
    progressed_on: PartialDate | None = None
    saved_on: PartialDate | None = None
    unread: tuple[str, ...] = ()

    @property
    def present(self) -> int:
        """How many elements are present."""
        return sum(1 for seen in self.elements if seen.state is ElementState.PRESENT)

    def lacking(self) -> tuple[ElementSeen, ...]:
        """Return the elements that are absent or stale, in the source's order."""
        lacking = (ElementState.ABSENT, ElementState.STALE)
        return tuple(seen for seen in self.elements if seen.state in lacking)
