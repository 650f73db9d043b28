"""Evidence as chips: which resource, which version, and where it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccm_fhir.domain.facts import EvidenceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A resource a conclusion rests on; ``href`` is empty where the EHR offers no page."""

    ref: str
    version: str
    href: str


def evidence(ref: EvidenceRef, links: Mapping[str, str]) -> EvidenceView:
    """Return a reference as a chip."""
    return EvidenceView(ref=str(ref), version=ref.version_id, href=links.get(str(ref), ""))
