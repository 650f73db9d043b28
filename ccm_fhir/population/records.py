"""Facts on their way from their line to their patient: what is kept of each, and how it is packed.

Kept is what ``screen`` asks about, and no more: no names, no identifiers, no results. A test holds
that nothing left out changes an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ccm_fhir.domain.facts import (
    CarePlanFact,
    CareTeamFact,
    ClaimFact,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    Fact,
    GoalFact,
    PatientFact,
    ServiceRequestFact,
    Skipped,
)

KEPT_FACTS: tuple[type[Fact], ...] = (
    PatientFact,
    ConditionFact,
    CoverageFact,
    ConsentFact,
    EncounterFact,
    CarePlanFact,
    GoalFact,
    CareTeamFact,
    ServiceRequestFact,
    ClaimFact,
)
"""In the order of their numbers in a record."""

SWEPT = frozenset(
    {
        "Patient",
        "Condition",
        "Coverage",
        "Consent",
        "Encounter",
        "CarePlan",
        "Goal",
        "CareTeam",
        "ServiceRequest",
        "Claim",
        "ExplanationOfBenefit",
        "QuestionnaireResponse",
        "DocumentReference",
    }
)
"""The resource types that a sweep reads; the others say nothing of what it asks."""

ASKED_FOR = ("Condition", "Coverage", "Consent", "Encounter", "CarePlan", "Claim")
"""The types whose absence from a whole export is told, since an answer rests on it."""

_NUMBERS = {kind: number for number, kind in enumerate(KEPT_FACTS)}


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One version of one resource: whose it is, which, and its facts, or why it was skipped."""

    patient: str
    resource_type: str
    resource_id: str
    version_id: str
    last_updated: str
    reason: str
    facts: list[tuple[int, Fact]]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record as it comes back from disk: its facts are not unpacked yet."""

    patient: str
    resource_type: str
    resource_id: str
    version_id: str
    last_updated: str
    reason: str
    facts: list[tuple[int, msgspec.Raw]]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def unpacked(self) -> Iterable[Fact]:
        """Return its facts."""
        return [_DECODE[number](raw) for number, raw in self.facts]

    def skipped(self) -> Skipped:
        """Return it as a resource that could not be read."""
        return Skipped(self.resource_type, self.reason)


_DECODE: list[Any] = [msgspec.msgpack.Decoder(kind).decode for kind in KEPT_FACTS]
pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(list[Packed]).decode


def kept(facts: Iterable[Fact]) -> list[tuple[int, Fact]]:
    """Return what a sweep keeps of facts, each with the number of its kind."""
    found: list[tuple[int, Fact]] = []
    for fact in facts:
        number = _NUMBERS.get(type(fact))
        if number is not None:
            found.append((number, _lean(fact) if isinstance(fact, PatientFact) else fact))
    return found


def _lean(patient: PatientFact) -> PatientFact:
    """Return a patient without name, birth date and identifiers: nothing is judged by them."""
    return PatientFact(ref=patient.ref, is_deceased=patient.is_deceased, died_on=patient.died_on)
