"""Parts that show consent, the initiating visit, the care plan, other practices, and death."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fhir_fixtures.practice.consent import ALL_TOLD
from fhir_fixtures.practice.moments import in_month, on_weekday
from fhir_fixtures.practice.part import THREE_MONTHS, Part, consent_on
from fhir_fixtures.practice.people import NATIVE
from fhir_fixtures.practice.staff import OUTSIDE_ID
from fhir_fixtures.practice.story import ConsentGiven, Plan, Story


def _no_consent(story: Story, _as_of: date) -> Story:
    return replace(story, consent=None)


def _revoked(story: Story, as_of: date) -> Story:
    given = replace(consent_on(in_month(as_of, 3, 3)), ended_on=in_month(as_of, 1, 14))
    return replace(story, consent=given, managed_months=(3, 2))


def _year_only(story: Story, as_of: date) -> Story:
    return replace(story, consent=replace(consent_on(as_of), given=f"{as_of.year:04}"))


def _other_practice(story: Story, as_of: date) -> Story:
    given = in_month(as_of, 3, 3).isoformat()
    there = ConsentGiven(given=given, organization_id=OUTSIDE_ID, told=ALL_TOLD)
    return replace(story, consent=there)


def _half_told(story: Story, as_of: date) -> Story:
    given = replace(consent_on(in_month(as_of, 3, 3)), told=("availability", "right-to-stop"))
    return replace(story, consent=given)


def _stale_visit(story: Story, as_of: date) -> Story:
    return replace(
        story,
        visited_on=on_weekday(in_month(as_of, 17, 8)),
        consent=consent_on(in_month(as_of, 1, 5)),
        planned_on=in_month(as_of, 1, 6),
    )


def _no_visit(story: Story, _as_of: date) -> Story:
    return replace(story, visited_on=None, problems=story.problems[:3])


def _no_plan(story: Story, _as_of: date) -> Story:
    return replace(story, plan=Plan.NONE)


def _partial_plan(story: Story, _as_of: date) -> Story:
    return replace(story, plan=Plan.PARTIAL)


def _elsewhere(story: Story, as_of: date) -> Story:
    day = in_month(as_of, 0, min(12, max(1, as_of.day - 1)))
    return replace(story, billed_elsewhere_on=day, managed_months=THREE_MONTHS)


def _deceased(story: Story, as_of: date) -> Story:
    person = replace(story.person, died_on=in_month(as_of, 2, 20))
    return replace(story, person=person, managed_months=(3,))


PARTS = (
    Part(
        given="Irene",
        family="Noconsent",
        gender="female",
        born_on=date(1947, 5, 29),
        shows="No consent to chronic care management on record",
        expect="Consent: NOT MET (none on record)",
        twist=_no_consent,
    ),
    Part(
        given="Victor",
        family="Revoked",
        gender="male",
        born_on=date(1943, 12, 12),
        shows="A consent that the patient took back last month",
        expect="Consent: NOT MET (revoked last month)",
        twist=_revoked,
    ),
    Part(
        given="Beatrice",
        family="Yearonly",
        gender="female",
        born_on=date(1949, 8, 22),
        shows="A consent dated by its year alone, this year",
        expect="Consent: UNKNOWN (no telling whether it came before the month’s work)",
        twist=_year_only,
    ),
    Part(
        given="Stanley",
        family="Otherpractice",
        gender="male",
        born_on=date(1954, 1, 6),
        shows="A consent given to another practice",
        expect="Consent: NOT MET (not given to this practice)",
        twist=_other_practice,
    ),
    Part(
        given="Harriet",
        family="Halftold",
        gender="female",
        born_on=date(1945, 10, 18),
        shows="A consent that records only two of the four required statements",
        expect="Consent: UNKNOWN (cost sharing and “one practitioner” are not recorded)",
        twist=_half_told,
    ),
    Part(
        given="Agnes",
        family="Stalevisit",
        gender="female",
        born_on=date(1941, 3, 3),
        shows="The last visit was sixteen months before CCM began",
        expect="Initiating visit: NOT MET (over a year before)",
        twist=_stale_visit,
    ),
    Part(
        given="Theodore",
        family="Novisit",
        gender="male",
        born_on=date(1956, 9, 9),
        shows="A new patient without any visit",
        expect="Initiating visit: NOT MET (none on record)",
        twist=_no_visit,
        race=NATIVE,
    ),
    Part(
        given="Mabel",
        family="Noplan",
        gender="female",
        born_on=date(1950, 6, 15),
        shows="Consent and visit, but no care plan yet",
        expect="Care plan: NOT MET (none on record)",
        twist=_no_plan,
    ),
    Part(
        given="Clarence",
        family="Partialplan",
        gender="male",
        born_on=date(1948, 2, 25),
        shows="A care plan with one intervention, no goals and no care team",
        expect="Care plan: NOT MET (goals and care team are missing)",
        twist=_partial_plan,
    ),
    Part(
        given="Estelle",
        family="Elsewhere",
        gender="female",
        born_on=date(1946, 7, 31),
        shows="Another practice has already claimed 99490 for this month",
        expect="Billed elsewhere: NOT MET (only one practitioner is paid for a month)",
        twist=_elsewhere,
    ),
    Part(
        given="Raymond",
        family="Deceased",
        gender="male",
        born_on=date(1938, 4, 4),
        shows="Died two months ago; Medicare ended with him",
        expect="Alive: NOT MET; Medicare coverage: NOT MET (ended)",
        twist=_deceased,
    ),
)
