"""A decision as canonical JSON: what a person signs is what was shown, byte for byte."""

from __future__ import annotations

import hashlib

import msgspec

from ccm_fhir.domain.decision import Decision

_ENCODER = msgspec.json.Encoder(order="deterministic")


def to_json(decision: Decision) -> str:
    """Return a decision with its findings, tally and rule versions; equal ones give equal text."""
    return _ENCODER.encode(decision).decode()


def hash_of(decision: Decision) -> str:
    """Return the SHA-256 of a decision's canonical JSON."""
    return hashlib.sha256(to_json(decision).encode()).hexdigest()
