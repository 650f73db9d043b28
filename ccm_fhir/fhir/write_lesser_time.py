"""Time entries below Encounter and Procedure: as an Observation, and as lines for other rungs."""

from __future__ import annotations

from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.writeback import ContactMode, TimeRecord
from ccm_fhir.fhir.json import Json, concept, identifier, reference
from ccm_fhir.fhir.telling import Line, Telling
from ccm_fhir.fhir.write_time import (
    ACTIVITY_TEXT,
    PERFORMER_TEXT,
    OurIdentifier,
    duration,
    period,
)

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CONTACTS = {
    ContactMode.TELEPHONE: "Telephone",
    ContactMode.VIDEO: "Video",
    ContactMode.PORTAL: "Portal",
    ContactMode.IN_PERSON: "In person",
}


def observation_resource(record: TimeRecord, ours: OurIdentifier) -> Json:
    """Return the counted time of one entry as a measured duration, whole seconds or minutes."""
    resource: Json = {
        "resourceType": "Observation",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "final",
        "category": [concept(_CATEGORY, "procedure", "Procedure")],
        "code": concept(
            SNOMED, "386230005", "Case management", text=ACTIVITY_TEXT[record.activity]
        ),
        "subject": reference(record.patient_ref),
        "effectivePeriod": period(record),
        "performer": [reference(record.performer_ref), reference(record.practice_ref)],
        "valueQuantity": duration(_seconds(record)),
        "component": [
            {
                "code": {"text": "Performed by"},
                "valueCodeableConcept": {"text": PERFORMER_TEXT[record.performer]},
            },
            *(
                {"code": {"text": "Contact"}, "valueCodeableConcept": {"text": mode}}
                for mode in _contact(record)
            ),
        ],
    }
    if record.note:
        resource["note"] = [{"text": record.note}]
    return resource


def time_telling(record: TimeRecord, questionnaire: str) -> Telling:
    """Return an entry as lines; a note that was not written is no line."""
    lines = [
        Line(link_id="activity", label="Activity", value=ACTIVITY_TEXT[record.activity]),
        Line(link_id="started-at", label="Started", value=record.started_at),
        Line(link_id="ended-at", label="Ended", value=record.ended_at),
        Line(link_id="seconds", label="Duration in seconds", value=_seconds(record)),
        Line(link_id="performed-by", label="Performed by", value=PERFORMER_TEXT[record.performer]),
        *(Line(link_id="contact", label="Contact", value=mode) for mode in _contact(record)),
    ]
    if record.note:
        lines.append(Line(link_id="note", label="Note", value=record.note))
    return Telling(
        title="Care management time",
        questionnaire=questionnaire,
        patient_ref=record.patient_ref,
        author_ref=record.performer_ref,
        practice_ref=record.practice_ref,
        starts_at=record.started_at,
        ends_at=record.ended_at,
        lines=tuple(lines),
    )


def _contact(record: TimeRecord) -> tuple[str, ...]:
    return () if record.contact_mode is None else (_CONTACTS[record.contact_mode],)


def _seconds(record: TimeRecord) -> int:
    return int((record.ended_at - record.started_at).total_seconds())
