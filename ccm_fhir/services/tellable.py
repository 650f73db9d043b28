"""What any rung of a ladder may print of one artefact, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ccm_fhir.domain.writeback import Artefact, ResourceKind
from ccm_fhir.errors import InputError
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.telling import Telling, document_reference, questionnaire_response, sheet
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.storage.vocabulary import ArtefactKind

Make = Callable[[ResourceKind, OurIdentifier, str | None], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One artefact and its printer: a resource kind, our identifier, the Encounter it is part of.

    ``note`` are the words that must not be lost, empty where nobody wrote any. ``is_live`` is
    false where the record was taken back since: what is not in the EHR then need not go there.
    ``notify`` makes what tells a work queue of a document, whose reference it is given.
    """

    artefact: Artefact
    kind: ArtefactKind
    artefact_id: str
    patient_id: str
    ehr_id: str
    note: str = field(repr=False)
    is_live: bool
    telling: Telling = field(repr=False)
    make: Make = field(repr=False)
    notify: Make | None = field(default=None, repr=False)


def in_lines(kind: ResourceKind, telling: Telling, ours: OurIdentifier) -> Json:
    """Return lines as a form, a document or a sheet.

    Raises:
        InputError: the kind holds no lines.
    """
    printers = {
        ResourceKind.QUESTIONNAIRE_RESPONSE: questionnaire_response,
        ResourceKind.DOCUMENT: document_reference,
        ResourceKind.SHEET: sheet,
    }
    if kind not in printers:
        raise InputError("resource", f"this is not told as {kind}")
    return printers[kind](telling, ours)
