"""Stated months: one in which everything is met, and single strokes that change it."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import msgspec

from ccm_fhir.conformance.answers import Answered, Refused, answer_line
from ccm_fhir.conformance.read import read_line
from ccm_fhir.domain.decision import Decision, decide
from ccm_fhir.domain.stated import Law, to_patient_month
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.terminology import load_chronic_table

Json = dict[str, Any]
_REMOVED = object()
REMOVED: Any = _REMOVED
"""Put in a field's place, takes the field away."""

_COMPLETE: Json = {
    "id": "case",
    "service_month": "2026-03",
    "patient": {"enrolled_part_b": True},
    "conditions": ["E11.9", "I10", "J44.9"],
    "conditions_meet_risk_and_12mo": True,
    "consent": {
        "date": "2025-11-05",
        "mode": "verbal_documented",
        "to_billing_practitioner": True,
        "revoked": None,
    },
    "initiating_visit": {"date": "2025-11-05", "code": "99214", "by": "billing_practitioner"},
    "last_seen_by_billing_practitioner": "2025-11-05",
    "ccm_first_month": "2025-12",
    "care_plan": {"date": "2025-11-05", "copy_given": True},
    "practice_attestations": {
        "access_24_7": True,
        "certified_ehr": True,
        "continuity_designated_team_member": True,
    },
    "payer": "medicare_ffs_part_b",
    "billing_practitioner": {"role": "physician"},
    "other_services": [],
    "time_entries": [],
    "mdm_level": None,
    "setting": "office",
    "pos": "11",
    "practice_choice": {"family": "standard"},
}


@cache
def law() -> Law:
    return Law(load_rulebook(), load_chronic_table())


def staff(minutes: int, day: str = "2026-03-03", **more: object) -> Json:
    return {"date": day, "performer_role": "clinical_staff", "minutes": minutes, **more}


def own(minutes: int, day: str = "2026-03-04", **more: object) -> Json:
    entry = staff(minutes, day, **more)
    return entry | {"performer_role": "physician", "personally": True} | more


def timed(day: str, start: str, end: str, **more: object) -> Json:
    entry = {"date": day, "performer_role": "clinical_staff", "start": start, "end": end}
    return entry | more


def month(*entries: Json, **changes: object) -> Json:
    """Return the complete month; ``a__b=…`` changes field b of object a."""
    stated = deepcopy(_COMPLETE)
    stated["time_entries"] = list(entries)
    for name, value in changes.items():
        holder, _, field = name.rpartition("__")
        target = stated[holder] if holder else stated
        if value is _REMOVED:
            target.pop(field, None)
        else:
            target[field] = value
    return stated


def ask(stated: Json) -> Answered | Refused:
    return answer_line(1, msgspec.json.encode(stated), law())


def answer(*entries: Json, **changes: object) -> Answered:
    given = ask(month(*entries, **changes))
    assert isinstance(given, Answered), given
    return given


def refusal(*entries: Json, **changes: object) -> str:
    given = ask(month(*entries, **changes))
    assert isinstance(given, Refused), given
    return given.error


def decision(*entries: Json, **changes: object) -> Decision:
    stated = read_line(msgspec.json.encode(month(*entries, **changes)))
    asked, choice = to_patient_month(stated, law())
    return decide(asked, law().rulebook, choice)


def units(given: Answered) -> dict[str, int]:
    return {line.code: line.units for line in given.lines}
