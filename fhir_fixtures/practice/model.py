"""What the generator hands out: resources, the cast, the users and the month's work log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Resource = dict[str, Any]
"""One FHIR R4 resource as the JSON object that would be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """A demo patient who shows one thing, and what the app should then say."""

    patient_id: str
    name: str
    shows: str
    expect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in to the sandbox EHR; ``id`` is also the Practitioner's."""

    id: str
    name: str
    fhir_user: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEntry:
    """One stretch of one person's work for one patient, not yet in any EHR."""

    user_id: str
    patient_id: str
    started_at: datetime
    minutes: int
    activity: str
    contact: bool
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A whole synthetic practice; a resource never refers to a later one."""

    resources: tuple[Resource, ...] = field(repr=False)
    cast: tuple[CastMember, ...]
    users: tuple[User, ...]
    time_log: tuple[WorkEntry, ...]
