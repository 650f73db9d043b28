"""A part in the cast, and the ready patient from whom every part departs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fhir_fixtures.practice.catalogue import DIABETES, HYPERLIPIDEMIA, HYPERTENSION
from fhir_fixtures.practice.consent import ALL_TOLD
from fhir_fixtures.practice.model import CastMember
from fhir_fixtures.practice.moments import in_month, on_weekday
from fhir_fixtures.practice.people import WHITE
from fhir_fixtures.practice.staff import PRACTICE_ID
from fhir_fixtures.practice.story import ConsentGiven, Person, Plan, Problem, Story

READY_PROBLEMS = (
    Problem(disease=DIABETES),
    Problem(disease=HYPERTENSION),
    Problem(disease=HYPERLIPIDEMIA),
    Problem(disease=HYPERTENSION, at_visit=True),
)
THREE_MONTHS = (3, 2, 1)


def unchanged(story: Story, _as_of: date) -> Story:
    """Return the ready patient's story as it is."""
    return story


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member of the cast: who, what for, and how the story departs from the ready one."""

    given: str
    family: str
    gender: str
    born_on: date
    shows: str
    expect: str
    twist: Callable[[Story, date], Story] = unchanged
    race: tuple[str, str] = WHITE
    is_hispanic: bool = False
    language: str = "en"

    @property
    def patient_id(self) -> str:
        """The Patient's id, after the family name."""
        return f"pt-{self.family.lower()}"

    def as_member(self) -> CastMember:
        """Return the line for the table of demo patients."""
        return CastMember(
            patient_id=self.patient_id,
            name=f"{self.given} {self.family}",
            shows=self.shows,
            expect=self.expect,
        )

    def story(self, index: int, as_of: date) -> Story:
        """Return the part's story, told for a day."""
        return self.twist(self._ready_story(index, as_of), as_of)

    def _ready_story(self, index: int, as_of: date) -> Story:
        return Story(
            patient_id=self.patient_id,
            index=index,
            person=Person(
                given=self.given,
                family=self.family,
                gender=self.gender,
                birth_date=self.born_on,
                race=self.race,
                is_hispanic=self.is_hispanic,
                language=self.language,
            ),
            problems=READY_PROBLEMS,
            visited_on=on_weekday(in_month(as_of, 4, 12)),
            consent=consent_on(in_month(as_of, 3, 3)),
            plan=Plan.COMPLETE,
            planned_on=in_month(as_of, 3, 5),
        )


def consent_on(day: date) -> ConsentGiven:
    """Return a whole consent to this practice."""
    return ConsentGiven(given=day.isoformat(), organization_id=PRACTICE_ID, told=ALL_TOLD)
