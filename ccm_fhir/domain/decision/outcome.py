"""What a decision says: the lines, why not more, and the other families beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from ccm_fhir.domain.codes import FamilyChoice, MdmLevel
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision.inputs import STANDARD_CHOICE, Choice
from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import PROGRAMME_FAMILIES
from ccm_fhir.domain.timekeeping import Tally

STAFF_FAMILY, COMPLEX_FAMILY, PRACTITIONER_FAMILY = PROGRAMME_FAMILIES
BELOW_TIME_THRESHOLD = Reason.BELOW_TIME_THRESHOLD.value
CANNOT_DETERMINE = Reason.CANNOT_DETERMINE.value
CODE_NOT_EFFECTIVE = Reason.CODE_NOT_EFFECTIVE.value
MDM_NOT_ATTESTED = "mdm_not_attested"
MDM_TOO_LOW = "mdm_too_low"
PLAN_NOT_REVISED = "plan_not_revised"
COMPLEX_DECLINED = "complex_declined"
_BEYOND_TIME = frozenset({MDM_NOT_ATTESTED, MDM_TOO_LOW, PLAN_NOT_REVISED, COMPLEX_DECLINED})
_ASKS_FOR_COMPLEX = frozenset({FamilyChoice.COMPLEX_IF_MET, FamilyChoice.HIGHEST_ALLOWED})


class Programme(StrEnum):
    """What one live claim a month is counted by: all CCM families are one programme."""

    CCM = "ccm"


class Threshold(Fact, frozen=True, kw_only=True):
    """Counted seconds at which one more unit is reached, and of which code."""

    seconds: int
    code: str


class DecidedLine(Fact, frozen=True, kw_only=True):
    """One code with its units, the day its last unit was reached and what Medicare allows."""

    code: str
    units: int
    reached_on: date
    rule_version: str
    citations: tuple[str, ...]
    allowed_usd: Decimal | None


class FamilyOutcome(Fact, frozen=True, kw_only=True):
    """What one family of codes would report, or why it would not.

    ``reasons`` are the contract's, and beside the chosen family those below. ``allowed_usd`` is
    the national non-facility amount; None without lines or a price. ``threshold`` is where the
    family's first code begins; None where none was in force.
    """

    family: str
    counted_seconds: int
    lines: tuple[DecidedLine, ...]
    reasons: tuple[str, ...]
    allowed_usd: Decimal | None
    threshold: Threshold | None = None

    @property
    def is_time_met(self) -> bool:
        """Whether the counted time is there, whatever else the family may ask."""
        return set(self.reasons) <= _BEYOND_TIME


class Decision(Fact, frozen=True, kw_only=True):
    """What may be reported for a patient-month, why, and what stands in the way.

    ``lines`` is empty unless every finding is MET and the time is there; then ``reasons`` is
    empty. ``reached`` is what the counted time supports in the chosen ``family``, whatever
    the findings; ``alternatives`` are all families of the programme, the chosen one among them.
    ``reported_on`` is the claim's date of service by the practice's policy. ``thresholds`` are
    those of the chosen family, reached or not, in order of time. ``choice`` and ``mdm_level``
    are what the practice chose and the practitioner attested, so that a signature covers them.
    """

    month: ServiceMonth
    eligible: Answer
    lines: tuple[DecidedLine, ...]
    reached: tuple[DecidedLine, ...]
    reasons: tuple[str, ...]
    unknown: tuple[Criterion, ...]
    tally: Tally
    next_threshold_seconds: int | None
    thresholds: tuple[Threshold, ...]
    findings: tuple[Finding, ...]
    rule_versions: tuple[str, ...]
    family: str = STAFF_FAMILY
    alternatives: tuple[FamilyOutcome, ...] = ()
    cautions: tuple[Caution, ...] = ()
    missing: tuple[str, ...] = ()
    reported_on: date | None = None
    choice: Choice = STANDARD_CHOICE
    mdm_level: MdmLevel | None = None

    @property
    def complex_care(self) -> FamilyOutcome | None:
        """The complex family; None where the setting or the month knows none."""
        return next((one for one in self.alternatives if one.family == COMPLEX_FAMILY), None)

    @property
    def is_mdm_awaited(self) -> bool:
        """Whether the practice's choice cannot be applied before the practitioner has spoken."""
        found = self.complex_care
        return (
            self.choice.family in _ASKS_FOR_COMPLEX
            and found is not None
            and found.reasons == (MDM_NOT_ATTESTED,)
        )

    @property
    def counted_seconds(self) -> int:
        """Seconds that count toward the chosen family."""
        return self.tally.counted_seconds

    @property
    def earliest_date_of_service(self) -> date | None:
        """The day on which the last reported unit was reached."""
        return max((line.reached_on for line in self.lines), default=None)

    @property
    def date_of_service(self) -> date | None:
        """The day the claim carries; one day for all lines."""
        return self.reported_on or self.earliest_date_of_service

    @property
    def allowed_total_usd(self) -> Decimal | None:
        """What Medicare allows nationally, outside a facility; None where a price is missing."""
        return total_allowed(self.lines)


def total_allowed(lines: tuple[DecidedLine, ...]) -> Decimal | None:
    """Return the sum of the lines' amounts; None without lines or where a price is missing."""
    if not lines:
        return None
    total = Decimal(0)
    for line in lines:
        if line.allowed_usd is None:
            return None
        total += line.allowed_usd
    return total
