"""Why a patient-month is not ready: one code a reason, with its owner and what mends it.

A code is stable enough to be asked for in an address, and never tells of one patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ccm_fhir.domain.claims import Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.stated.sentences import SENTENCES
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.storage.standings import ReasonKept

CHART_NOT_READ = ReasonKept(
    code="chart_not_read",
    owner=Role.CARE_MANAGER.value,
    fix="Open the patient from the EHR, or let an administrator read the panel.",
)
RULES_NOT_LOADED = "rules_not_loaded"
TIME_WAITS = ReasonKept(
    code="time_waits_for_approval",
    owner=Role.PRACTITIONER.value,
    fix="Approve or refuse the typed entries that wait; until then they do not count.",
)
MDM_OPEN = "medical_decision_making_open"
HELD = ReasonKept(
    code="held_by_a_person",
    owner=Role.BILLER.value,
    fix="Somebody locked this patient’s month and said why; unlock it to go on.",
)
_DELIVERIES: Mapping[DeliveryState, str] = {
    DeliveryState.REJECTED: "The EHR refused a resource; the patient’s page says why.",
    DeliveryState.QUARANTINE: "The EHR holds something else than was sent; look at both.",
    DeliveryState.HELD: "It may or may not have arrived in the EHR; a person must look.",
}


def of_findings(findings: Iterable[Finding]) -> tuple[ReasonKept, ...]:
    """Return the criteria that are not met, or that nobody can settle by signing."""
    return tuple(
        ReasonKept(
            code=f"{found.criterion.value}.{found.code}",
            owner="" if found.owner is None else found.owner.value,
            fix=found.remedy,
        )
        for found in findings
        if found.answer is Answer.NOT_MET
        or (found.answer is Answer.UNKNOWN and not found.is_attestable)
    )


def of_obstacles(obstacles: Iterable[Obstacle]) -> tuple[ReasonKept, ...]:
    """Return what keeps the claim from being drafted."""
    return tuple(ReasonKept(code=o.code, owner=o.owner, fix=o.fix) for o in obstacles)


def of_decision(decision: Decision) -> tuple[ReasonKept, ...]:
    """Return why a decision has no line although every criterion is met."""
    return tuple(_said(text) for text in decision.reasons)


def of_deliveries(states: Iterable[DeliveryState]) -> tuple[ReasonKept, ...]:
    """Return what went wrong on the way to the EHR."""
    return tuple(
        ReasonKept(code=f"delivery_{state.value}", owner=Role.BILLER.value, fix=_DELIVERIES[state])
        for state in sorted({state for state in states if state in _DELIVERIES})
    )


def _said(text: str) -> ReasonKept:
    said = SENTENCES.get(Reason(text)) if text in set(Reason) else None
    if said is None:
        return ReasonKept(code=text, owner="", fix="")
    return ReasonKept(
        code=text, owner="" if said.owner is None else said.owner.value, fix=said.remedy
    )


SHORT = _said(Reason.BELOW_TIME_THRESHOLD.value)
