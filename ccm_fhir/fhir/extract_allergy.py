"""AllergyIntolerance → what the patient does not bear, or that nothing of the kind is known."""

from __future__ import annotations

from ccm_fhir.domain.facts import AllergyFact
from ccm_fhir.fhir.shapes import (
    Concept,
    Reference,
    Resource,
    Shape,
    codes,
    codings,
    first_text,
    shortened,
)
from ccm_fhir.fhir.source import Source


class ReactionShape(Shape, frozen=True, kw_only=True):
    """AllergyIntolerance.reaction."""

    substance: Concept | None = None
    manifestation: list[Concept] | None = None


class AllergyShape(Resource, frozen=True, kw_only=True):
    """AllergyIntolerance."""

    patient: Reference | None = None
    clinical_status: Concept | None = None
    verification_status: Concept | None = None
    criticality: str | None = None
    code: Concept | None = None
    reaction: list[ReactionShape] | None = None


def allergy_fact(shape: AllergyShape, source: Source) -> AllergyFact:
    """Return the allergy; where it has no code, a reaction's substance names it."""
    reactions = shape.reaction or ()
    named = shape.code or next((one.substance for one in reactions if one.substance), None)
    shown = [first_text(each) for one in reactions for each in one.manifestation or ()]
    return AllergyFact(
        ref=source.ref,
        clinical_status=_status(shape.clinical_status),
        verification_status=_status(shape.verification_status),
        criticality=shape.criticality or "",
        codings=codings(named),
        text=first_text(named),
        reactions=tuple(dict.fromkeys(shortened(text) for text in shown if text)),
    )


def _status(concept: Concept | None) -> str:
    found = codes([concept]) if concept else ()
    return found[0] if found else ""
