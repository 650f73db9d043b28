"""What a chart is read with: whose token, for which patient."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A person's right to read one patient's chart; ``grant_id`` names the token."""

    practice_id: str
    user_id: str
    grant_id: str
    patient_id: str | None
    scopes: frozenset[str]
