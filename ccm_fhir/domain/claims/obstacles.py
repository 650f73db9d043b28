"""Obstacles: what keeps a claim back, who can mend it and how; never an exception."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.facts import EvidenceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that keeps a claim back, who can mend it and how.

    ``fix`` is whole sentences without a patient's data; ``evidence`` are the resources that a
    person should look at.
    """

    code: str
    owner: str
    fix: str
    evidence: tuple[EvidenceRef, ...] = field(default=(), repr=False)
