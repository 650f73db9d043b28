"""The month so far: the care team's work of the synthetic practice, typed in by the care team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import groupby

from fhir_fixtures.people.browser import Browser
from fhir_fixtures.people.person import Person, Work
from fhir_fixtures.practice import generate
from fhir_fixtures.practice.model import WorkEntry

_SEED = 20261123
_PATIENTS = 40


def type_in_the_month(ehr: str, today: date, say: Callable[[str], None]) -> None:
    """Let each person type in their work, patient by patient."""
    log = generate(seed=_SEED, patients=_PATIENTS, as_of=today).time_log
    by_place = sorted(log, key=lambda e: (e.user_id, e.patient_id, e.started_at))
    for user_id, entries in groupby(by_place, key=lambda e: e.user_id):
        with Browser() as browser:
            person = Person(browser, ehr, user_id)
            for patient_id, works in groupby(entries, key=lambda e: e.patient_id):
                page = person.launch(patient_id)
                for work in works:
                    page = person.record_time(page, _typed(work))
    say(f"{len(log)} stretches of this month's work are recorded.")


def _typed(work: WorkEntry) -> Work:
    return Work(
        day=work.started_at.date(),
        start=work.started_at.time(),
        minutes=work.minutes,
        activity=work.activity,
        contact_mode="telephone" if work.contact else "",
        note=work.note,
    )
