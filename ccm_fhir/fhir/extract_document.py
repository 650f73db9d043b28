"""DocumentReference → what kind of document, and when; the document itself is not opened.

A document is a consent to chronic care management where its type, category or title says both.
What the patient was told of stands inside it, where nobody has looked: no statement is read.
"""

from __future__ import annotations

from collections.abc import Iterable

from ccm_fhir.domain.facts import ConsentFact, DocumentFact, Fact
from ccm_fhir.fhir.consent_words import mode_of, names_ccm, says_consent
from ccm_fhir.fhir.shapes import (
    Concept,
    Period,
    Reference,
    Resource,
    Shape,
    codes,
    codings,
    first_date,
    first_text,
    shortened,
    texts,
)
from ccm_fhir.fhir.source import Source

_LOINC = "http://loinc.org"
_CONSENT_DOCUMENT = "59284-0"
_STATUS = {"current": "active", "superseded": "inactive"}


class AttachmentShape(Shape, frozen=True, kw_only=True):
    """Attachment: its label, not its content."""

    title: str | None = None
    language: str | None = None


class ContentShape(Shape, frozen=True, kw_only=True):
    """DocumentReference.content."""

    attachment: AttachmentShape | None = None


class ContextShape(Shape, frozen=True, kw_only=True):
    """DocumentReference.context."""

    period: Period | None = None


class DocumentReferenceShape(Resource, frozen=True, kw_only=True):
    """DocumentReference."""

    subject: Reference | None = None
    status: str | None = None
    doc_status: str | None = None
    type: Concept | None = None
    category: list[Concept] | None = None
    date: str | None = None
    description: str | None = None
    content: list[ContentShape] | None = None
    context: ContextShape | None = None


def document_fact(shape: DocumentReferenceShape, source: Source) -> DocumentFact:
    """Return the document, dated by what it documents, else by when it was filed."""
    period = (shape.context.period if shape.context else None) or Period()
    titles = [one.title for one in _attachments(shape)]
    return DocumentFact(
        ref=source.ref,
        status=shape.status or "",
        types=codings(shape.type),
        categories=codes(shape.category),
        text=shortened(shape.description or next(filter(None, titles), ""))
        or first_text(shape.type),
        dated_on=first_date(period.start, shape.date),
    )


def consent_in_document(shape: DocumentReferenceShape, fact: Fact) -> tuple[ConsentFact, ...]:
    """Return the consent to chronic care management that a document is, if it is named so."""
    concepts = (shape.type, *(shape.category or ()))
    titles = (shape.description, *(one.title for one in _attachments(shape)))
    words = (*texts(*concepts), *(title for title in titles if title))
    if not isinstance(fact, DocumentFact) or not names_ccm(codings(*concepts), words):
        return ()
    if not _is_consent(fact, words):
        return ()
    is_draft = shape.doc_status == "preliminary"
    return (
        ConsentFact(
            ref=fact.ref,
            status="draft" if is_draft else _STATUS.get(fact.status, fact.status),
            is_for_ccm=True,
            given_on=fact.dated_on,
            mode=mode_of(words),
            language=next((a.language for a in _attachments(shape) if a.language), ""),
        ),
    )


def _is_consent(fact: DocumentFact, words: Iterable[str]) -> bool:
    typed = any(t.system == _LOINC and t.code == _CONSENT_DOCUMENT for t in fact.types)
    return typed or any(says_consent(text) for text in words)


def _attachments(shape: DocumentReferenceShape) -> list[AttachmentShape]:
    return [one.attachment for one in shape.content or () if one.attachment]
