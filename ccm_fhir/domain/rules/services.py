"""Other services of the same month: which exclude which, for whom, and since when."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import BilledBy, Scope
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules.sources import Cited, InForce

_REACH = {
    Scope.PRACTITIONER: frozenset({BilledBy.SELF}),
    Scope.PRACTICE: frozenset({BilledBy.SELF, BilledBy.SAME_GROUP}),
    Scope.PATIENT: frozenset(BilledBy),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion(InForce):
    """Two groups of codes that may not both be reported for one patient in one month.

    Written in both groups' files; ``rules check`` proves that the two agree.
    """

    group: str
    other: str
    scope: Scope
    reason: Reason
    cited: Cited

    def reaches(self, billed_by: BilledBy) -> bool:
        """Whether a service billed by somebody falls under this exclusion."""
        return billed_by in _REACH[self.scope]

    @property
    def mirrored(self) -> tuple[object, ...]:
        """What the other group's file must say of the same exclusion."""
        return (
            self.other,
            self.group,
            self.scope,
            self.reason,
            self.in_force_from,
            self.in_force_until,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGroup:
    """Codes that stand in one relation to care management; ``caution`` where both are billed.

    ``ranges`` are first and last codes, both included.
    """

    name: str
    summary: str
    ranges: tuple[tuple[str, str], ...]
    caution: Caution | None
    cited: Cited

    def covers(self, code: str) -> bool:
        """Whether a code belongs to this group."""
        return any(first <= code <= last for first, last in self.ranges)
