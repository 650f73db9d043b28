"""Where a fact comes from: the resource, its version, and the server its references live on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.fhir.references import normalise_reference
from ccm_fhir.fhir.shapes import Reference


@dataclass(frozen=True, slots=True)
class Source:
    """One resource being read; ``base_url`` tells local references from foreign ones."""

    ref: EvidenceRef
    base_url: str = ""

    def local(self, reference: Reference | None) -> str:
        """Return a reference in its one spelling; empty where there is none."""
        return normalise_reference(reference.reference if reference else None, self.base_url)

    def locals(self, references: Iterable[Reference | None] | None) -> tuple[str, ...]:
        """Return those of the references that refer to something, each once."""
        spelled = (self.local(reference) for reference in references or ())
        return tuple(dict.fromkeys(one for one in spelled if one))
