"""Parts that are ready in every respect and differ by the minutes already worked this month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fhir_fixtures.practice.catalogue import (
    ATRIAL_FIBRILLATION,
    CORONARY_DISEASE,
    DEPRESSION,
    HEART_FAILURE,
    HYPERTENSIVE_HEART,
    KIDNEY_DISEASE,
)
from fhir_fixtures.practice.moments import in_month
from fhir_fixtures.practice.part import THREE_MONTHS, Part
from fhir_fixtures.practice.people import BLACK
from fhir_fixtures.practice.story import Kept, Problem, Story


def _enrolled(story: Story, _as_of: date) -> Story:
    return replace(story, managed_months=THREE_MONTHS)


def _kept(story: Story, kept: Kept) -> Story:
    return (
        story
        if story.consent is None
        else replace(story, consent=replace(story.consent, kept=kept))
    )


def _scanned(story: Story, as_of: date) -> Story:
    return _kept(_enrolled(story, as_of), Kept.CONSENT_AND_SCAN)


def _after_wellness_visit(story: Story, as_of: date) -> Story:
    problems = (*story.problems, Problem(disease=DEPRESSION))
    enrolled = replace(_enrolled(story, as_of), visit_code="G0439", problems=problems)
    return _kept(enrolled, Kept.FORM)


def _after_hospital(story: Story, as_of: date) -> Story:
    diseases = (HYPERTENSIVE_HEART, HEART_FAILURE, KIDNEY_DISEASE, ATRIAL_FIBRILLATION)
    return replace(
        _enrolled(story, as_of),
        problems=tuple(Problem(disease=d) for d in (*diseases, CORONARY_DISEASE)),
        hospital_stay_from=in_month(as_of, 1, 22),
    )


READY = Part(
    given="Rosa",
    family="Ready",
    gender="female",
    born_on=date(1951, 4, 12),
    shows="Everything in place and three managed months behind her; no minutes yet this month",
    expect="Every criterion that a chart can answer: MET. Log 20 minutes or more and 99490 is "
    "reached; the demo's walk does so with 22",
    twist=_enrolled,
)

PARTS = (
    Part(
        given="Carmen",
        family="Almost",
        gender="female",
        born_on=date(1947, 7, 16),
        shows="Speaks Spanish; 18 of the 20 minutes are done",
        expect="Every criterion that a chart can answer: MET. 18 minutes: two short of 99490",
        twist=_enrolled,
        is_hispanic=True,
        language="es",
    ),
    Part(
        given="Dolores",
        family="Exactly",
        gender="female",
        born_on=date(1953, 2, 20),
        shows="Exactly 20 minutes, by two people on two days; the visit was a wellness visit, and "
        "the consent is a filled-in form",
        expect="99490 reached with nothing to spare",
        twist=_after_wellness_visit,
    ),
    Part(
        given="Edith",
        family="Fortyone",
        gender="female",
        born_on=date(1944, 9, 5),
        shows="41 minutes; beside the Consent there is a scan of it",
        expect="99490 and 99439 once; one minute is left over",
        twist=_scanned,
        race=BLACK,
    ),
    Part(
        given="Norman",
        family="Sixtyfive",
        gender="male",
        born_on=date(1939, 11, 1),
        shows="65 minutes after last month’s emergency visit, hospital and nursing-facility stay; "
        "five diseases",
        expect="99490 and 99439 twice; five minutes are left over, and complex CCM is worth a look",
        twist=_after_hospital,
    ),
)
