"""Provenance: who answers for what was written, which software put it together, and from what.

Few EHRs take one; it is then kept beside what was sent
(https://hl7.org/fhir/R4/provenance.html, US Core Provenance).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.fhir.json import Json, concept, identifier, reference

if TYPE_CHECKING:
    from datetime import datetime

_AGENT_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_LEDGER = "urn:ccm-fhir:ledger-entry-sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written, who answers for it, and the ledger entries (by hash) it rests on."""

    target_refs: tuple[str, ...] = field(repr=False)
    recorded_at: datetime
    author_ref: str
    practice_ref: str
    software: str
    entry_hashes: tuple[str, ...] = ()


def provenance_resource(written: Written) -> Json:
    """Return the Provenance of what was created.

    Raises:
        ValueError: nothing was written.
    """
    if not written.target_refs:
        message = "a Provenance speaks of something that was written"
        raise ValueError(message)
    resource: Json = {
        "resourceType": "Provenance",
        "target": [reference(ref) for ref in written.target_refs],
        "recorded": written.recorded_at.isoformat(timespec="seconds"),
        "activity": concept(_OPERATION, "CREATE", "create"),
        "agent": [
            {
                "type": concept(_AGENT_TYPE, "author", "Author"),
                "who": reference(written.author_ref),
                "onBehalfOf": reference(written.practice_ref),
            },
            {
                "type": concept(_AGENT_TYPE, "assembler", "Assembler"),
                "who": {"type": "Device", "display": written.software},
                "onBehalfOf": reference(written.practice_ref),
            },
        ],
    }
    if written.entry_hashes:
        resource["entity"] = [
            {"role": "source", "what": {"identifier": identifier(_LEDGER, each)}}
            for each in written.entry_hashes
        ]
    return resource
