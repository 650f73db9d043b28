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
    """One version of one resource: whose it is, which, and its facts, or why it was skipped.

    ``place`` is that of its line in the export: of versions of one age the later line counts.
    """

    place: int
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

    place: int
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


class Idle(msgspec.Struct, array_like=True, gc=False):
    """Conditions that cannot change any answer: whose each is, which, and in which version."""

    places: list[int] = []
    patients: list[str] = []
    ids: list[str] = []
    versions: list[str] = []
    updated: list[str] = []

    def packed(self, place: int) -> Packed:
        """Return one of them as a record without facts."""
        return Packed(
            self.places[place],
            self.patients[place],
            "Condition",
            self.ids[place],
            self.versions[place],
            self.updated[place],
            "",
            [],
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Carried(msgspec.Struct, array_like=True, gc=False):
    """What goes from one range to one part at a time."""

    records: list[Record]
    idle: Idle


class Keys(msgspec.Struct, array_like=True, gc=False):
    """Which resources a range holds, as numbers: each resource's own, and its patient's beside."""

    resources: list[int] = []
    patients: list[int] = []


class Arrived(msgspec.Struct, array_like=True, gc=False):
    """The same, come back from disk."""

    records: list[Packed]
    idle: Idle


_DECODE: list[Any] = [msgspec.msgpack.Decoder(kind).decode for kind in KEPT_FACTS]
pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Arrived).decode
unpack_keys = msgspec.msgpack.Decoder(Keys).decode


def kept(fact: Fact, also: tuple[Fact, ...]) -> list[tuple[int, Fact]]:
    """Return what a sweep keeps of a resource's facts, each with the number of its kind."""
    if isinstance(fact, PatientFact):
        fact = _lean(fact)
    number = _NUMBERS.get(type(fact))
    found = [] if number is None else [(number, fact)]
    for each in also:
        number = _NUMBERS.get(type(each))
        if number is not None:
            found.append((number, each))
    return found


def _lean(patient: PatientFact) -> PatientFact:
    """Return a patient without name, birth date and identifiers: nothing is judged by them."""
    return PatientFact(ref=patient.ref, is_deceased=patient.is_deceased, died_on=patient.died_on)
