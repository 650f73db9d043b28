"""What is told of one piece of work or one consent, in lines: said alike on every lower rung.

A form, a document and a sheet are three printings of the same lines, so that no rung says more
or less than another (https://hl7.org/fhir/R4/questionnaireresponse.html, documentreference.html).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime

from ccm_fhir.fhir.json import Json, concept, identifier, reference, to_bytes
from ccm_fhir.fhir.write_time import OurIdentifier

_LOINC = "http://loinc.org"
_NOTE = ("34109-9", "Note")  # LOINC
_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
_TEXT = "text/plain"
_JSON = "application/json"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact: its link id, its label for a reader, and its value."""

    link_id: str
    label: str
    value: str | int | datetime = field(repr=False)

    @property
    def text(self) -> str:
        """The value as a reader sees it."""
        if isinstance(self.value, datetime):
            return self.value.isoformat(sep=" ", timespec="seconds")
        return str(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Everything a lower rung says: whose it is, who answers for it, when, and the lines.

    ``document_type`` is a LOINC code with its display. ``pdf`` is the same in print, where it is
    had. ``replaces`` is the document in the EHR that this one takes the place of, if any.
    """

    title: str
    questionnaire: str
    patient_ref: str = field(repr=False)
    author_ref: str
    practice_ref: str
    starts_at: datetime
    ends_at: datetime
    lines: tuple[Line, ...] = field(repr=False)
    document_type: tuple[str, str] = _NOTE
    pdf: bytes = field(default=b"", repr=False)
    replaces: str = ""


def as_error(telling: Telling, reference_of: str, reason: str) -> Telling:
    """Return the same lines as a correction: what stands elsewhere is entered in error, and why."""
    return replace(
        telling,
        title=f"Entered in error: {telling.title}",
        lines=(
            Line(link_id="entered-in-error", label="Entered in error", value=reference_of),
            Line(link_id="reason", label="Reason", value=reason),
            *telling.lines,
        ),
    )


def questionnaire_response(telling: Telling, ours: OurIdentifier) -> Json:
    """Return the lines as answers of a form."""
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": identifier(ours.system, ours.value),
        "questionnaire": telling.questionnaire,
        "status": "completed",
        "subject": reference(telling.patient_ref),
        "authored": telling.ends_at.isoformat(),
        "author": reference(telling.author_ref),
        "item": [_item(line) for line in telling.lines],
    }


def document_reference(telling: Telling, ours: OurIdentifier) -> Json:
    """Return the lines as a note: plain text for a reader, and the same facts as JSON."""
    note: Json = {
        "resourceType": "DocumentReference",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "current",
        "type": concept(_LOINC, *telling.document_type, text=telling.title),
        "category": [concept(_CATEGORY, "clinical-note", "Clinical Note")],
        "subject": reference(telling.patient_ref),
        "date": telling.ends_at.isoformat(),
        "author": [reference(telling.author_ref)],
        "custodian": reference(telling.practice_ref),
        "description": telling.title,
        "content": [
            _attachment(_TEXT, plain_text(telling, ours).encode(), telling.title),
            _attachment(_JSON, to_bytes(facts(telling, ours)), f"{telling.title} (data)"),
            *([_attachment(_PDF, telling.pdf, telling.title)] if telling.pdf else []),
        ],
        "context": {
            "period": {
                "start": telling.starts_at.isoformat(),
                "end": telling.ends_at.isoformat(),
            }
        },
    }
    if telling.replaces:
        note["relatesTo"] = [{"code": "replaces", "target": reference(telling.replaces)}]
    return note


def sheet(telling: Telling, ours: OurIdentifier) -> Json:
    """Return the lines for a person who keys them in; no FHIR server is sent this."""
    return {"resourceType": "Sheet", **facts(telling, ours)}


def facts(telling: Telling, ours: OurIdentifier) -> Json:
    """Return what is told as plain data, by its link ids."""
    return {
        "identifier": identifier(ours.system, ours.value),
        "title": telling.title,
        "patient": telling.patient_ref,
        "author": telling.author_ref,
        "practice": telling.practice_ref,
        "lines": [
            {"id": line.link_id, "label": line.label, "value": _plain(line)}
            for line in telling.lines
        ],
    }


def plain_text(telling: Telling, ours: OurIdentifier) -> str:
    """Return the note as a reader sees it."""
    lines = [f"{line.label}: {line.text}" for line in telling.lines]
    return "\n".join([telling.title, "", *lines, "", f"Reference {ours.value}", ""])


def _plain(line: Line) -> str | int:
    return line.value if isinstance(line.value, int) else line.text


def _item(line: Line) -> Json:
    return {"linkId": line.link_id, "text": line.label, "answer": [_answer(line)]}


def _answer(line: Line) -> Json:
    if isinstance(line.value, datetime):
        return {"valueDateTime": line.value.isoformat()}
    if isinstance(line.value, int):
        return {"valueInteger": line.value}
    return {"valueString": line.value}


def _attachment(content_type: str, body: bytes, title: str) -> Json:
    data = base64.b64encode(body).decode()
    return {"attachment": {"contentType": content_type, "data": data, "title": title}}
