"""Parts that show which Conditions count, and which of them count as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fhir_fixtures.practice.catalogue import (
    ATRIAL_FIBRILLATION,
    COMMON_COLD,
    COPD,
    CORONARY_DISEASE,
    DIABETES,
    DIABETES_HIGH_SUGAR,
    HEART_FAILURE,
    HYPERTENSION,
    HYPERTENSIVE_HEART,
    KIDNEY_DISEASE,
    OSTEOARTHRITIS,
    Disease,
)
from fhir_fixtures.practice.part import Part
from fhir_fixtures.practice.people import BLACK
from fhir_fixtures.practice.story import Coded, Problem, Standing, Story


def _one_condition(story: Story, _as_of: date) -> Story:
    return _with(
        story,
        Problem(disease=HYPERTENSION),
        Problem(disease=COMMON_COLD, at_visit=True),
    )


def _same_disease(story: Story, _as_of: date) -> Story:
    return _with(
        story,
        Problem(disease=DIABETES),
        Problem(disease=DIABETES_HIGH_SUGAR),
        Problem(disease=DIABETES, coded=Coded.ICD10CM, at_visit=True),
    )


def _text_only(story: Story, _as_of: date) -> Story:
    told = ("Sugar diabetes, diet controlled", "High blood pressure, from the old paper chart")
    return _with(
        story,
        *(Problem(disease=Disease("", words, "", "", ""), coded=Coded.TEXT) for words in told),
    )


def _snomed_only(story: Story, _as_of: date) -> Story:
    return _with(
        story,
        Problem(disease=COPD, coded=Coded.SNOMED),
        Problem(disease=ATRIAL_FIBRILLATION, coded=Coded.SNOMED),
    )


def _refuted(story: Story, _as_of: date) -> Story:
    return _with(
        story,
        Problem(disease=HYPERTENSION),
        Problem(disease=COPD, standing=Standing.REFUTED),
        Problem(disease=CORONARY_DISEASE, standing=Standing.ENTERED_IN_ERROR),
        Problem(disease=OSTEOARTHRITIS, standing=Standing.RESOLVED),
    )


def _provisional(story: Story, _as_of: date) -> Story:
    return _with(
        story,
        Problem(disease=HYPERTENSION),
        Problem(disease=KIDNEY_DISEASE, standing=Standing.PROVISIONAL),
    )


def _heart_pair(story: Story, _as_of: date) -> Story:
    return _with(story, Problem(disease=HYPERTENSIVE_HEART), Problem(disease=HEART_FAILURE))


def _with(story: Story, *problems: Problem) -> Story:
    return replace(story, problems=problems)


PARTS = (
    Part(
        given="Walter",
        family="Onecondition",
        gender="male",
        born_on=date(1949, 5, 2),
        shows="One chronic disease (hypertension) and a common cold",
        expect="Two chronic conditions: NOT MET (one distinct disease; a cold is not chronic)",
        twist=_one_condition,
    ),
    Part(
        given="Dorothy",
        family="Samedisease",
        gender="female",
        born_on=date(1944, 1, 19),
        shows="Diabetes recorded three times, as E11.9, as E11.65 and again at a visit",
        expect="Two chronic conditions: NOT MET (three records, one disease)",
        twist=_same_disease,
    ),
    Part(
        given="Harold",
        family="Textonly",
        gender="male",
        born_on=date(1940, 9, 30),
        shows="Two conditions in words only, without codes",
        expect="Two chronic conditions: UNKNOWN (words are for review, never counted)",
        twist=_text_only,
    ),
    Part(
        given="Eleanor",
        family="Snomedonly",
        gender="female",
        born_on=date(1951, 12, 8),
        shows="COPD and atrial fibrillation with SNOMED CT codes alone",
        expect="Two chronic conditions: MET through the shipped SNOMED CT map; "
        "a claim still needs an ICD-10-CM code",
        twist=_snomed_only,
    ),
    Part(
        given="Frank",
        family="Refuted",
        gender="male",
        born_on=date(1946, 3, 14),
        shows="Hypertension; COPD refuted, heart disease entered in error, arthritis resolved",
        expect="Two chronic conditions: NOT MET (only hypertension counts)",
        twist=_refuted,
    ),
    Part(
        given="Priscilla",
        family="Provisional",
        gender="female",
        born_on=date(1953, 7, 7),
        shows="Hypertension, and kidney disease that is only provisional",
        expect="Two chronic conditions: UNKNOWN (one counts, one needs a clinician)",
        twist=_provisional,
        race=BLACK,
    ),
    Part(
        given="Calvin",
        family="Heartpair",
        gender="male",
        born_on=date(1942, 11, 27),
        shows="I11.0 with I50.22: hypertensive heart disease and its heart failure",
        expect="Two chronic conditions: MET (hypertension and heart failure are two diseases)",
        twist=_heart_pair,
    ),
)
