"""What any rung of a ladder may print of one artefact, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.writeback import Artefact, ResourceKind, RungName
from ccm_fhir.errors import InputError
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.telling import Telling, document_reference, questionnaire_response, sheet
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.storage.vocabulary import ArtefactKind

Make = Callable[[ResourceKind, OurIdentifier, str | None], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One of several requests that together are a rung; ``depends_on`` go before it."""

    kind: ResourceKind
    ours: OurIdentifier
    body: Json = field(repr=False)
    depends_on: tuple[str, ...]


Anchors = Callable[[RungName], tuple[Piece, ...]]
InPieces = Callable[[RungName, tuple[str, ...]], tuple[Piece, ...]]


def _no_anchors(_: RungName) -> tuple[Piece, ...]:
    return ()


def _no_pieces(_: RungName, __: tuple[str, ...]) -> tuple[Piece, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One artefact and its printer: a resource kind, our identifier, the Encounter it is part of.

    ``note`` are the words that must not be lost, empty where nobody wrote any. ``is_live`` is
    false where the record was taken back since: what is not in the EHR then need not go there.
    ``notify`` makes what tells a work queue of a document, whose reference it is given.
    ``in_pieces`` makes a rung of which every line is a request of its own, given the deliveries
    of its ``anchors``. ``lacks`` says which rungs this very artefact cannot take, and why.
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
    anchors: Anchors = field(default=_no_anchors, repr=False)
    in_pieces: InPieces = field(default=_no_pieces, repr=False)
    lacks: Mapping[RungName, str] = field(default_factory=dict)


def placeholder(delivery_id: str) -> str:
    """Return the reference that sending replaces with the delivered resource's own."""
    return f"urn:uuid:{delivery_id}"


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
