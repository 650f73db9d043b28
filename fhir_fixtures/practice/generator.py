"""From a seed to a practice, one patient at a time.

A patient is a pure function of (seed, index, day), so that a million can be streamed, or split
over machines, without keeping any.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_fixtures.practice.cast import CAST_SIZE, cast_members, cast_story
from fhir_fixtures.practice.chart import chart_of
from fhir_fixtures.practice.coverage import payer_resources
from fhir_fixtures.practice.filler import filler_story
from fhir_fixtures.practice.model import Practice, Resource
from fhir_fixtures.practice.staff import practice_resources, users
from fhir_fixtures.practice.worklog import time_log


def patient_resources(seed: int, index: int, as_of: date) -> tuple[Resource, ...]:
    """Return one patient's whole chart; the cast come first and do not depend on the seed."""
    story = cast_story(index, as_of) if index < CAST_SIZE else filler_story(seed, index, as_of)
    return chart_of(story, as_of)


def iter_resources(seed: int, patients: int, as_of: date) -> Iterator[Resource]:
    """Yield the practice, then patient after patient; what is referred to comes first."""
    yield from practice_resources()
    yield from payer_resources()
    for index in range(patients):
        yield from patient_resources(seed, index, as_of)


def generate(*, seed: int, patients: int, as_of: date) -> Practice:
    """Return a whole practice; the same arguments give the same practice.

    Args:
        seed: Draws everybody outside the cast.
        patients: How many; fewer than the cast leaves out the end of the cast.
        as_of: The day on which the charts are told; nothing in the code reads a clock.
    """
    cast = cast_members()[:patients]
    present = {member.patient_id for member in cast}
    return Practice(
        resources=tuple(iter_resources(seed, patients, as_of)),
        cast=cast,
        users=users(),
        time_log=tuple(entry for entry in time_log(as_of) if entry.patient_id in present),
    )
