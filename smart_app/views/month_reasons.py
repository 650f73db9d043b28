"""What holds a month's patients up, as links: how many, whose turn it is, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.services.patient_month import MonthReason
from smart_app.views import wording
from smart_app.views.formats import sentence

_UNKNOWN = "cannot_determine"
_CHARGE = "charge_missing_"
_WORDS = {
    "chart_not_read": "Chart not read",
    "time_waits_for_approval": "Typed time waits for approval",
    "held_by_a_person": "Held by a person",
    "delivery_rejected": "Refused by the EHR",
    "delivery_quarantine": "Something else is in the EHR",
    "delivery_held": "Not certain whether it arrived",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """One reason's line; ``code`` is what the address asks for."""

    code: str
    title: str
    patients: int
    owner: str
    fix: str
    is_chosen: bool


def reason_views(reasons: tuple[MonthReason, ...], chosen: str | None) -> tuple[ReasonView, ...]:
    """Return every reason's line."""
    return tuple(
        ReasonView(
            code=one.code,
            title=reason_title(one.code),
            patients=one.patients,
            owner="" if one.owner is None else wording.ROLES[one.owner],
            fix=_fix(one),
            is_chosen=one.code == chosen,
        )
        for one in reasons
    )


def reason_title(code: str) -> str:
    """Return a reason in a few words."""
    criterion, _, detail = code.partition(".")
    if detail and criterion in set(Criterion):
        return f"{wording.CRITERIA[Criterion(criterion)]}: {_detail(detail)}"
    if code in set(Reason):
        return wording.REASONS[Reason(code)]
    if code.startswith(_CHARGE):
        return f"No charge for {code.removeprefix(_CHARGE)}"
    return _WORDS.get(code) or wording.obstacle(code)


def _detail(code: str) -> str:
    if code == _UNKNOWN:
        return "not known"
    if code in set(Reason):
        words = wording.REASONS[Reason(code)]
        return words[0].lower() + words[1:]
    return code.replace("_", " ")


def _fix(one: MonthReason) -> str:
    """Return what mends it; where it differs from patient to patient, as an example."""
    text = sentence(one.fix)
    return f"For example: {text}" if one.fixes > 1 and text else text
