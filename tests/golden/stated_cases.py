"""Months that are complete but for one thing each, as somebody states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.months import REMOVED, month

if TYPE_CHECKING:
    from tests.conformance.months import Json

_VISIT = {"date": "2025-11-05", "code": "99214", "by": "billing_practitioner"}
_CONSENT = {"date": "2025-11-05", "mode": "verbal_documented", "to_billing_practitioner": True}
_BEFORE_2017 = {"service_month": "2016-06", "ccm_first_month": "2016-06"}


def _consent(**changes: object) -> Json:
    return {"consent": {k: v for k, v in (_CONSENT | changes).items() if v is not REMOVED}}


def _visit(seen: object = REMOVED, **changes: object) -> Json:
    visit = {k: v for k, v in (_VISIT | changes).items() if v is not REMOVED}
    return {"initiating_visit": visit, "last_seen_by_billing_practitioner": seen}


def _early(**changes: object) -> Json:
    """Return changes to a month of 2016, when every patient needed a visit."""
    consent = _CONSENT | {"date": "2016-05-20", "mode": "written"}
    plan = {"date": "2016-05-20", "copy_given": True}
    return {**_BEFORE_2017, "consent": consent, "care_plan": plan, **changes}


def _service(*codes: object, **more: object) -> Json:
    return {"other_services": [{"code": code, **more} for code in codes]}


_US = "billing_practitioner"
_SCOPES = (_US, "other_practitioner_same_group", "other_practitioner_other_group")
STATED: dict[str, Json] = {
    "a complete month": {},
    # --- consent ---
    "consent: nothing said": {"consent": REMOVED},
    "consent: there is none": {"consent": None},
    "consent: to another practitioner": _consent(to_billing_practitioner=False),
    "consent: to another practitioner, day and mode not said": _consent(
        to_billing_practitioner=False, date=REMOVED, mode=REMOVED
    ),
    "consent: day not said": _consent(date=REMOVED),
    "consent: day not known": _consent(date=None),
    "consent: mode not said": _consent(mode=REMOVED),
    "consent: practitioner not said": _consent(to_billing_practitioner=REMOVED),
    "consent: only its mode said": {"consent": {"mode": "written"}},
    "consent: on the month's last day": _consent(date="2026-03-31"),
    "consent: on the day after the month": _consent(date="2026-04-01"),
    "consent: by word, and nobody wrote it down": _consent(mode="verbal"),
    "consent: by word before words were enough": _consent(date="2016-12-31"),
    "consent: in writing before words were enough": _consent(date="2016-12-31", mode="written"),
    "consent: by word on the first day on which words were enough": _consent(date="2017-01-01"),
    "consent: by word before words were enough, and not written down": _consent(
        date="2016-12-31", mode="verbal"
    ),
    "consent: revoked in the month before": _consent(revoked="2026-02-28"),
    "consent: revoked on the month's first day": _consent(revoked="2026-03-01"),
    "consent: revoked on the month's last day": _consent(revoked="2026-03-31"),
    "consent: revoked in the month after": _consent(revoked="2026-04-01"),
    # --- the visit ---
    "visit: nothing said, nor when the patient was seen": {
        "initiating_visit": REMOVED,
        "last_seen_by_billing_practitioner": REMOVED,
    },
    "visit: nothing said, but seen": {"initiating_visit": REMOVED},
    "visit: none, and not said when seen": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": REMOVED,
    },
    "visit: none, and never seen": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": None,
    },
    "visit: none, but seen": {"initiating_visit": None},
    "visit: none, and seen too long before": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": "2024-11-30",
    },
    "visit: none, and seen a year before to the day": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": "2024-12-01",
    },
    "visit: none, and seen on the last day of the first month": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": "2025-12-31",
    },
    "visit: none, and seen after the first month": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": "2026-01-01",
    },
    "visit: a year before to the day": _visit(date="2024-12-01"),
    "visit: a day earlier than that": _visit(date="2024-11-30"),
    "visit: on the last day of the first month": _visit(date="2025-12-31"),
    "visit: the day after that": _visit(date="2026-01-01"),
    "visit: with a code that starts nothing": _visit(code="99211"),
    "visit: with a code that starts nothing, and seen that day": _visit(
        seen="2025-11-05", code="99211"
    ),
    "visit: with a code that starts nothing, and seen another day": _visit(
        seen="2025-11-06", code="99211"
    ),
    "visit: with a code that starts nothing, after being seen at the start": {
        **_visit(seen="2024-12-05", date="2026-01-05", code="99211"),
        "ccm_first_month": "2024-12",
    },
    "visit: with the staff": _visit(by="clinical_staff"),
    "visit: with another": _visit(by="other"),
    "visit: day not said": _visit(date=REMOVED),
    "visit: day not known": _visit(date=None),
    "visit: code not said": _visit(code=REMOVED),
    "visit: by whom not said": _visit(by=REMOVED),
    "visit: nothing said of it": {
        "initiating_visit": {},
        "last_seen_by_billing_practitioner": REMOVED,
    },
    "visit: qualifies, but nobody was seen for a year": {
        **_visit(seen="2025-02-28", date="2024-12-05"),
        "ccm_first_month": "2024-12",
    },
    "visit: qualifies, and seen a year before the month": {
        **_visit(seen="2025-03-01", date="2024-12-05"),
        "ccm_first_month": "2024-12",
    },
    "visit: none, seen at the start, and nobody for a year": {
        "initiating_visit": None,
        "last_seen_by_billing_practitioner": "2024-11-20",
        "ccm_first_month": "2024-12",
    },
    "visit: with the staff, and seen another day": _visit(seen="2025-11-06", by="clinical_staff"),
    "visit: first month not said, so that of the consent": {
        **_visit(date="2025-11-30"),
        "ccm_first_month": REMOVED,
    },
    "visit: first month not said, and visit after the consent's": {
        **_visit(date="2025-12-01"),
        "ccm_first_month": REMOVED,
    },
    "visit: neither first month nor consent said": {
        **_visit(date="2026-03-31"),
        "ccm_first_month": REMOVED,
        "consent": REMOVED,
    },
    "visit: care management begins after the month": {
        **_visit(date="2026-04-01"),
        "ccm_first_month": "2026-04",
    },
    "visit, 2016: within the year": _early(**_visit(date="2016-05-20")),
    "visit, 2016: none, but seen": _early(
        initiating_visit=None, last_seen_by_billing_practitioner="2016-05-20"
    ),
    "visit, 2016: none, and not said when seen": _early(
        initiating_visit=None, last_seen_by_billing_practitioner=REMOVED
    ),
    # --- conditions, risk, coverage, plan ---
    "conditions: one": {"conditions": ["E11.9"]},
    "conditions: none": {"conditions": []},
    "conditions: two codes of one disease": {"conditions": ["E11.9", "E11.65"]},
    "conditions: one, and one that a person must judge": {"conditions": ["E11.9", "Z85.3"]},
    "conditions: two that a person must judge": {"conditions": ["Z85.3", "Z85.46"]},
    "conditions: one, and one that passes": {"conditions": ["E11.9", "J00"]},
    "conditions: one, before there was care for one": _early(conditions=["E11.9"]),
    "risk: nothing said": {"conditions_meet_risk_and_12mo": REMOVED},
    "risk: not documented": {"conditions_meet_risk_and_12mo": False},
    "coverage: another payer": {"payer": "other"},
    "coverage: Medicare Advantage": {"payer": "medicare_advantage"},
    "coverage: Medicare Advantage, and the state pays the patient's share": {
        "payer": "medicare_advantage",
        "patient": {"enrolled_part_b": True, "qmb": True},
    },
    "coverage: the state pays the patient's share": {
        "patient": {"enrolled_part_b": True, "qmb": True}
    },
    "coverage: the state does not pay": {"patient": {"enrolled_part_b": True, "qmb": False}},
    "coverage: Part B not said": {"patient": {}},
    "coverage: no Part B": {"patient": {"enrolled_part_b": False}},
    "plan: nothing said": {"care_plan": REMOVED},
    "plan: there is none": {"care_plan": None},
    "plan: on the month's last day": {"care_plan": {"date": "2026-03-31", "copy_given": True}},
    "plan: on the day after": {"care_plan": {"date": "2026-04-01", "copy_given": True}},
    "plan: no copy given": {"care_plan": {"date": "2025-11-05", "copy_given": False}},
    "plan: no copy given, and no day": {"care_plan": {"copy_given": False}},
    "plan: copy not said": {"care_plan": {"date": "2025-11-05"}},
    "plan: day not said": {"care_plan": {"copy_given": True}},
    "plan: nothing said of it": {"care_plan": {}},
    # --- practice and practitioner ---
    "practice: nothing said": {"practice_attestations": REMOVED},
    **{
        f"practice: {name} is {said}": {f"practice_attestations__{name}": value}
        for name in ("access_24_7", "certified_ehr", "continuity_designated_team_member")
        for said, value in (("not so", False), ("not said", REMOVED))
    },
    "practice: one not so, one not said": {
        "practice_attestations": {"access_24_7": False, "certified_ehr": True}
    },
    "practice: nothing is so": {
        "practice_attestations": {
            "access_24_7": False,
            "certified_ehr": False,
            "continuity_designated_team_member": False,
        }
    },
    **{
        f"practitioner: {role.strip()}": {"billing_practitioner": {"role": role}}
        for role in ("physician", "NP ", "pa", "cns", "cnm", "chiropractor")
    },
    "practitioner: not said": {"billing_practitioner": {}},
    # --- other services ---
    **{
        f"service: {code} by the {by.replace('_', ' ')}": _service(code, by=by)
        for code in ("99424", "G0556", "99495", "G0181", "90960", "99457", "99484", "99490")
        for by in _SCOPES
    },
    **{
        f"service: {code}, not said by whom": _service(code)
        for code in ("99424", "99457", "99213", "G0506")
    },
    "service: 99495 by the billing practitioner, in 2016": _early(**_service("99495", by=_US)),
    "service: its minutes are ours": _service("99457", by=_US, distinct_time=False, minutes=9),
    "service: two, and their minutes are ours": _service(
        "99457", "99457", by=_US, distinct_time=False, minutes=9
    ),
    "service: its minutes are ours, and are not said": _service(
        "99457", by=_US, distinct_time=False
    ),
    "service: its minutes are its own": _service("99457", by=_US, distinct_time=True, minutes=9),
    "service: two that may not be": _service("99424", "G0181", by=_US),
}
"""What is changed of the complete month; each is one question."""

REFUSED: dict[str, Json] = {
    "a consent revoked before it was given": _consent(revoked="2025-11-04"),
    "a diagnosis that is none": {"conditions": ["E11.9", "Z99.Z9"]},
    "a first month that is none": {"ccm_first_month": "2025-13"},
    "a service that nobody looked up": _service("99490", "X9999", by=_US),
}
"""What cannot be answered, because it cannot be so."""


def stated(changes: Json) -> Json:
    """Return the complete month with its changes."""
    return month(**changes)
