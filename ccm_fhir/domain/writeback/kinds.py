"""What of our ledger the EHR is told, and in which order.

A time entry is a Procedure (one contiguous interval of work); where it was a contact with the
patient it is also an Encounter, which the Procedure points at. The month's claim comes after
the time it rests on, so that it can reference what was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.domain.codes import Activity, PerformerKind


class ResourceKind(StrEnum):
    """The resource types this product writes; SHEET is none: a person keys it in."""

    ENCOUNTER = "Encounter"
    PROCEDURE = "Procedure"
    OBSERVATION = "Observation"
    QUESTIONNAIRE_RESPONSE = "QuestionnaireResponse"
    DOCUMENT = "DocumentReference"
    CONSENT = "Consent"
    GOAL = "Goal"
    CARE_TEAM = "CareTeam"
    CARE_PLAN = "CarePlan"
    CLAIM = "Claim"
    CHARGE_ITEM = "ChargeItem"
    TASK = "Task"
    COMMUNICATION = "Communication"
    SHEET = "Sheet"


class DeliveryState(StrEnum):
    """Where a resource is on its way into the EHR; every one has exactly one state."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"
    QUARANTINE = "quarantine"
    HELD = "held"


class ContactMode(StrEnum):
    """How the patient was in touch; only a contact is an Encounter."""

    TELEPHONE = "telephone"
    VIDEO = "video"
    PORTAL = "portal"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRecord:
    """One live ledger entry with everything its resources say."""

    entry_id: str
    patient_ref: str = field(repr=False)
    performer_ref: str
    performer: PerformerKind
    practice_ref: str
    started_at: datetime
    ended_at: datetime
    activity: Activity
    contact_mode: ContactMode | None
    note: str = field(repr=False)
    care_plan_ref: str = ""
    condition_refs: tuple[str, ...] = ()


def resources_of(record: TimeRecord) -> tuple[ResourceKind, ...]:
    """Return what a time entry becomes in the EHR, in the order of writing."""
    if record.contact_mode is None:
        return (ResourceKind.PROCEDURE,)
    return (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE)
