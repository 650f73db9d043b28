"""Everybody else: plausible charts, each drawn from the seed and the patient's index alone."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from fhir_fixtures.practice.catalogue import ACUTE, CHRONIC
from fhir_fixtures.practice.moments import in_month, on_weekday
from fhir_fixtures.practice.part import consent_on
from fhir_fixtures.practice.people import ASIAN, BLACK, NATIVE, WHITE
from fhir_fixtures.practice.story import (
    Coded,
    Insurance,
    Person,
    Plan,
    Problem,
    Standing,
    Story,
)

_GIVEN = {
    "female": ("Ada", "Clara", "Flora", "Hazel", "Ivy", "June", "Lucia", "Opal", "Pearl", "Vera"),
    "male": (
        "Abel",
        "Basil",
        "Cyrus",
        "Ernest",
        "Felix",
        "Hugo",
        "Julio",
        "Otis",
        "Ralph",
        "Silas",
    ),
}
_FAMILY_STARTS = (
    "Ash",
    "Birch",
    "Brook",
    "Cedar",
    "Clover",
    "Elm",
    "Fern",
    "Hazel",
    "Maple",
    "Moss",
)
_FAMILY_ENDS = ("bank", "bridge", "dale", "field", "ford", "grove", "hill", "mead", "well", "wick")
_RACES = (WHITE, BLACK, ASIAN, NATIVE)
_PAYERS = {
    Insurance.ORIGINAL_MEDICARE: 60,
    Insurance.MEDICARE_ADVANTAGE: 26,
    Insurance.QMB: 8,
    Insurance.PART_A_ONLY: 4,
    Insurance.MEDICARE_UNSPECIFIED: 2,
}
_CODED = {Coded.BOTH: 75, Coded.ICD10CM: 12, Coded.SNOMED: 8, Coded.TEXT: 5}
_STANDING = {
    Standing.ACTIVE: 88,
    Standing.RESOLVED: 7,
    Standing.PROVISIONAL: 3,
    Standing.REFUTED: 2,
}
_VISITS = ("99213", "99214", "99215", "G0439")
_ENROLLED_SHARE = 0.35
_MEDICARE_FROM_AGE = 66


def filler_story(seed: int, index: int, as_of: date) -> Story:
    """Return the story of a patient outside the cast; the same arguments, the same story."""
    rng = random.Random(f"{seed}:{index}")  # noqa: S311  # reproducible, not secret
    age = rng.choice(range(60, 96))
    story = Story(
        patient_id=f"pt-{index:07}",
        index=index,
        person=_person(rng, as_of, age),
        problems=_problems(rng),
        insurance=_insurance(rng, age),
        visited_on=_visited_on(rng, as_of),
        visit_code=rng.choice(_VISITS),
    )
    return _enrolled(rng, story, as_of) if rng.random() < _ENROLLED_SHARE else story


def _person(rng: random.Random, as_of: date, age: int) -> Person:
    gender = rng.choice(("female", "male"))
    return Person(
        given=rng.choice(_GIVEN[gender]),
        family=rng.choice(_FAMILY_STARTS) + rng.choice(_FAMILY_ENDS),
        gender=gender,
        birth_date=date(as_of.year - age, 1, 1) + timedelta(days=rng.randrange(365)),
        race=rng.choices(_RACES, weights=(70, 15, 10, 5))[0],
        is_hispanic=(is_hispanic := rng.random() < 0.15),  # noqa: PLR2004  # a share
        language="es" if is_hispanic and rng.random() < 0.5 else "en",  # noqa: PLR2004  # a share
    )


def _problems(rng: random.Random) -> tuple[Problem, ...]:
    chronic = rng.sample(CHRONIC, rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 5)))
    drawn = tuple(
        Problem(
            disease=disease,
            coded=rng.choices(tuple(_CODED), weights=tuple(_CODED.values()))[0],
            standing=rng.choices(tuple(_STANDING), weights=tuple(_STANDING.values()))[0],
        )
        for disease in chronic
    )
    has_acute = rng.random() < 0.2  # noqa: PLR2004  # a share
    acute = Problem(disease=rng.choice(ACUTE), standing=Standing.RESOLVED, at_visit=True)
    return (*drawn, acute) if has_acute else drawn


def _insurance(rng: random.Random, age: int) -> Insurance:
    if age < _MEDICARE_FROM_AGE:
        return Insurance.COMMERCIAL
    return rng.choices(tuple(_PAYERS), weights=tuple(_PAYERS.values()))[0]


def _visited_on(rng: random.Random, as_of: date) -> date:
    return on_weekday(in_month(as_of, rng.choice((2, 3, 4, 5, 6, 8, 10, 13, 18)), 10))


def _enrolled(rng: random.Random, story: Story, as_of: date) -> Story:
    """Return the story with consent and plan, and managed months where they could be billed."""
    joined = replace(
        story,
        visited_on=on_weekday(in_month(as_of, rng.choice((4, 5, 6, 7)), 10)),
        consent=consent_on(in_month(as_of, 3, rng.choice((2, 3, 4)))),
        plan=rng.choices((Plan.COMPLETE, Plan.PARTIAL), weights=(80, 20))[0],
        planned_on=in_month(as_of, 3, 6),
    )
    if not _could_be_billed(joined):
        return joined
    return replace(joined, managed_months=rng.choice(((3, 2, 1), (3, 2), (2, 1), (1,))))


def _could_be_billed(story: Story) -> bool:
    billable = (Insurance.ORIGINAL_MEDICARE, Insurance.MEDICARE_ADVANTAGE, Insurance.QMB)
    families = {
        p.disease.family
        for p in story.problems
        if p.standing is Standing.ACTIVE and p.coded in {Coded.BOTH, Coded.ICD10CM}
    }
    return story.insurance in billable and len(families - {""}) > 1 and story.plan is Plan.COMPLETE
