"""Reads the form for typed time; every field that cannot be read is told at once."""

from __future__ import annotations

import re
from datetime import date, time

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.services.keep_time import TypedTime
from smart_app.deps import Write
from smart_app.pages.answers import patient_id_of
from smart_app.views.forms import CORRECTION_FIELDS, TIME_FIELDS, Attempt, Wrong, wrong

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:\d{2})?\Z", re.ASCII)
_SECONDS = re.compile(r"[0-5]?\d\Z", re.ASCII)
_MINUTES = re.compile(r"\d{1,4}\Z", re.ASCII)


def read_time(write: Write) -> TypedTime | Attempt:
    """Return the typed time, or the form with what is wrong in it."""
    return _read(write, "time", TIME_FIELDS, patient_id_of(write.opened.visit))


def read_correction(write: Write, patient_id: str) -> TypedTime | Attempt:
    """Return what an entry should have said, or the form with what is wrong in it."""
    return _read(write, "correct", CORRECTION_FIELDS, patient_id)


def _read(write: Write, form: str, fields: tuple[str, ...], patient_id: str) -> TypedTime | Attempt:
    typed = {name: write.text(name) for name in fields}
    seconds = typed.get("seconds") or "0"
    wrongs = _wrongs(form, typed, seconds)
    if wrongs:
        return Attempt(form=form, form_key=write.form_key(), typed=typed, wrong=wrongs)
    contact = typed["contact_mode"]
    return TypedTime(
        patient_id=patient_id,
        form_key=write.form_key(),
        started_on=date.fromisoformat(typed["started_on"]),
        start_time=time.fromisoformat(typed["start_time"]),
        minutes=int(typed["minutes"]),
        seconds=int(seconds),
        activity=Activity(typed["activity"]),
        contact_mode=ContactMode(contact) if contact else None,
        note=typed["note"],
        overlap_seen=typed["overlap_seen"] == "yes",
    )


def _wrongs(form: str, typed: dict[str, str], seconds: str) -> tuple[Wrong, ...]:
    checks = (
        (_is_day(typed["started_on"]), "started_on", "Give the day on which the work was done."),
        (bool(_CLOCK.match(typed["start_time"])), "start_time", "Give the time of day it began."),
        (bool(_MINUTES.match(typed["minutes"])), "minutes", "Give whole minutes, as a number."),
        (bool(_SECONDS.match(seconds)), "seconds", "Give seconds from 0 to 59."),
        (typed["activity"] in set(Activity), "activity", "Choose what the time was spent on."),
        (
            typed["contact_mode"] in {"", *ContactMode},
            "contact_mode",
            "Choose how the patient was in touch, or none.",
        ),
    )
    return tuple(wrong(form, name, problem) for holds, name, problem in checks if not holds)


def _is_day(text: str) -> bool:
    if not _DAY.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
