"""The care team's work in the current month, not yet in the EHR: the demo seeds its ledger so.

Work lies on working days before ``as_of``. Where the month has had none, any earlier day
serves; on the first of a month, the small hours of that very day do. Two people's and two
patients' intervals never overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from fhir_fixtures.practice.model import WorkEntry
from fhir_fixtures.practice.moments import at, month_start
from fhir_fixtures.practice.staff import CARE_MANAGER_ID as NORA
from fhir_fixtures.practice.staff import SECOND_CARE_MANAGER_ID as LUIS

_SLOT = timedelta(minutes=90)  # longer than any patient's whole month of work
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class _Work:
    user_id: str
    minutes: int
    activity: str
    note: str


_LOG = {
    "pt-almost": (
        _Work(NORA, 8, "patient_call", "Blood sugar diary reviewed by telephone, in Spanish."),
        _Work(NORA, 6, "care_plan", "Goals updated after the call."),
        _Work(NORA, 4, "coordination", "Eye examination report requested."),
    ),
    "pt-exactly": (
        _Work(LUIS, 9, "patient_call", "Asked about mood, sleep and appetite."),
        _Work(NORA, 11, "medication", "Reconciled the medication list with the pharmacy."),
    ),
    "pt-fortyone": (
        _Work(NORA, 15, "patient_call", "Low-salt diet explained; home readings taken down."),
        _Work(NORA, 12, "coordination", "Home-delivered meals arranged with the county."),
        _Work(LUIS, 14, "education", "Glucose meter shown by video, with the daughter."),
    ),
    "pt-sixtyfive": (
        _Work(NORA, 20, "patient_call", "After the hospital stay: weight, breathing, who helps."),
        _Work(NORA, 15, "medication", "Discharge list reconciled with the home list."),
        _Work(LUIS, 18, "coordination", "Heart failure clinic and home nursing agreed on dates."),
        _Work(NORA, 12, "care_plan", "Plan revised: daily weights, when to call."),
    ),
}
_CONTACTS = frozenset({"patient_call", "education"})


def time_log(as_of: date) -> tuple[WorkEntry, ...]:
    """Return the work of the month so far, the earliest first."""
    entries = (
        entry
        for slot, (patient_id, works) in enumerate(_LOG.items())
        for entry in _entries(patient_id, works, slot, as_of)
    )
    return tuple(sorted(entries, key=lambda e: (e.started_at, e.patient_id)))


def _entries(patient_id: str, works: tuple[_Work, ...], slot: int, as_of: date) -> list[WorkEntry]:
    days, opens_at = _days(as_of)
    entries: list[WorkEntry] = []
    done = 0
    for number, work in enumerate(works):
        day = days[number * len(days) // len(works)]
        start = at(day, opens_at) + slot * _SLOT + timedelta(minutes=done)
        entries.append(
            WorkEntry(
                user_id=work.user_id,
                patient_id=patient_id,
                started_at=start,
                minutes=work.minutes,
                activity=work.activity,
                contact=work.activity in _CONTACTS,
                note=work.note,
            )
        )
        done += work.minutes
    return entries


def _days(as_of: date) -> tuple[list[date], int]:
    first = month_start(as_of)
    earlier = [first + timedelta(days=n) for n in range((as_of - first).days)]
    working = [day for day in earlier if day.weekday() < _SATURDAY]
    if working or earlier:
        return working or earlier, 9
    return [as_of], 0
