"""The cast: demo patients told by hand, each for one thing that a newcomer should see."""

from __future__ import annotations

from datetime import date

from fhir_fixtures.practice import parts_conditions, parts_coverage, parts_enrolment, parts_time
from fhir_fixtures.practice.model import CastMember
from fhir_fixtures.practice.story import Story

_PARTS = (
    parts_time.READY,
    *parts_time.PARTS,
    *parts_conditions.PARTS,
    *parts_coverage.PARTS,
    *parts_enrolment.PARTS,
)

CAST_SIZE = len(_PARTS)


def cast_members() -> tuple[CastMember, ...]:
    """Return the whole cast; the patient of the demo's walk comes first."""
    return tuple(part.as_member() for part in _PARTS)


def cast_story(index: int, as_of: date) -> Story:
    """Return the story of the cast member with this patient index."""
    return _PARTS[index].story(index, as_of)
