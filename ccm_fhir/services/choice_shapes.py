"""What pages show of a practice's choice and of attested decision making: the shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Choice


class ChoiceStanding(StrEnum):
    """Where a recorded choice stands, seen from one month."""

    IN_FORCE = "in_force"
    AHEAD = "ahead"
    ENDED = "ended"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceMade:
    """One recorded choice; ``at`` is the practice's clock, ``until`` its last month if known.

    ``dos_policy`` is None for an exception; ``family`` is None where one was taken back.
    """

    family: FamilyChoice | None
    dos_policy: DosPolicy | None
    month: ServiceMonth
    by: str
    at: datetime
    reason: str = field(repr=False)
    standing: ChoiceStanding = ChoiceStanding.IN_FORCE
    until: ServiceMonth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceShown:
    """What holds for one patient-month; None where nobody has chosen, and no exception."""

    choice: Choice
    of_practice: ChoiceMade | None = None
    exception: ChoiceMade | None = None
    may_except: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeChoice:
    """The choice page: what holds this month, every choice, and from when one may be set."""

    practice_name: str
    month: ServiceMonth
    today_month: ServiceMonth
    shown: ChoiceShown
    history: tuple[ChoiceMade, ...]
    may_choose: bool
    months: tuple[ServiceMonth, ...]
    newest_signed: ServiceMonth | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmSaid:
    """One answer of a practitioner about a month's decision making."""

    answer: MdmAnswer
    is_plan_revised: bool | None
    rationale: str = field(repr=False)
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmShown:
    """The question of decision making, and its answers, oldest first: the last one holds.

    ``is_awaited``: the practice's choice cannot be applied before it is answered;
    ``is_anothers``: the last answer is another practitioner's, and counts when they sign.
    """

    is_awaited: bool
    asks_plan_revision: bool
    answers: tuple[MdmSaid, ...]
    may_attest: bool
    is_anothers: bool = False
