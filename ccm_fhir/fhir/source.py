"""Where a fact comes from: the resource, its version, and the server its references live on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.fhir.references import normalise_reference
from ccm_fhir.fhir.shapes import Reference, identifier_values


@dataclass(frozen=True, slots=True)
class Source:
    """One resource being read; ``base_url`` tells local references from foreign ones."""

    ref: EvidenceRef
    base_url: str = ""

    def local(self, reference: Reference | None) -> str:
        """Return a reference in its one spelling; empty where there is none.

        A contained resource is spelled as part of its container (``CarePlan/1#goal``), so that
        two containers' ``#goal`` differ; a logical reference as ``system|value``.
        """
        if reference is None:
            return ""
        text = reference.reference
        if not text:
            return _logical(reference)
        if text[0] != "#":
            return normalise_reference(text, self.base_url)
        container = str(self.ref).partition("#")[0]
        return f"{container}{text}" if len(text) > 1 else container

    def locals(self, references: Iterable[Reference | None] | None) -> tuple[str, ...]:
        """Return those of the references that refer to something, each once."""
        spelled = (self.local(reference) for reference in references or ())
        return tuple(dict.fromkeys(one for one in spelled if one))

    def inner(self, inner_id: str) -> Source:
        """Return the source of a contained resource, in the version of its container."""
        container = self.ref
        ref = EvidenceRef(
            container.resource_type, f"{container.resource_id}#{inner_id}", container.version_id
        )
        return Source(ref, self.base_url)


def _logical(reference: Reference) -> str:
    named = identifier_values([reference.identifier] if reference.identifier else ())
    return named[0] if named else ""
