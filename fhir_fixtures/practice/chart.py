"""From one patient's story to the patient's resources, each after those it refers to."""

from __future__ import annotations

from datetime import date

from fhir_fixtures.practice.allergies import allergies_of
from fhir_fixtures.practice.conditions import conditions_of
from fhir_fixtures.practice.consent import consents_of
from fhir_fixtures.practice.coverage import coverages_of
from fhir_fixtures.practice.encounters import hospital_stays_of, visit_of
from fhir_fixtures.practice.history import claims_elsewhere_of, managed_months_of
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.people import patient_of
from fhir_fixtures.practice.plan import plan_of
from fhir_fixtures.practice.results import orders_of, results_of
from fhir_fixtures.practice.story import Story


def chart_of(story: Story, as_of: date) -> tuple[Resource, ...]:
    """Return every resource of one patient; a pure function of its arguments."""
    coverages = coverages_of(story)
    visit = visit_of(story)
    conditions = conditions_of(story, visit, as_of)
    return (
        patient_of(story),
        *coverages,
        *(() if visit is None else (visit,)),
        *hospital_stays_of(story),
        *conditions,
        *plan_of(story, conditions),
        *consents_of(story),
        *managed_months_of(story, coverages[0], conditions, as_of),
        *claims_elsewhere_of(story, coverages[0], conditions),
        *results_of(story, as_of),
        *orders_of(story, as_of),
        *allergies_of(story, as_of),
    )
