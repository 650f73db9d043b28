"""What a doctor finds out about one EHR, in words an integrator can act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ccm_fhir.domain.writeback import WritePlan


class CheckName(StrEnum):
    """What is looked at, in this order."""

    DISCOVERY = "discovery"
    SIGNING_KEYS = "signing keys"
    STATEMENT = "CapabilityStatement"
    CLOCK = "clock"
    TOKEN = "token"  # noqa: S105  # what is checked, not a secret
    SCOPES = "scopes"
    PACE = "pace"


class CheckState(StrEnum):
    """How it went. SKIPPED is what could not be looked at after something before it failed."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: the fact, the reason, and what would change it."""

    name: CheckName
    state: CheckState
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAccess:
    """Whether a type can be read and created, by declaration and scope; nothing is tried.

    ``missing`` names what stands in the way of what we ask for, such as
    ``not declared: create``; a type that we never write is not creatable, and lacks nothing.
    """

    resource_type: str
    is_readable: bool
    is_creatable: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFact:
    """Which CapabilityStatement the plan rests on."""

    software: str
    fhir_version: str
    declared_sha256: str
    declares_this_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was found out about an EHR at a moment."""

    ehr: str
    fhir_base: str
    checked_at: datetime
    checks: tuple[Check, ...]
    statement: StatementFact | None
    resources: tuple[ResourceAccess, ...]
    plans: tuple[WritePlan, ...]

    @property
    def is_unreachable(self) -> bool:
        """Whether the EHR, or its token endpoint, gave no answer."""
        return any(check.state is CheckState.UNREACHABLE for check in self.checks)

    @property
    def has_failed(self) -> bool:
        """Whether something must be put right before anything can be written."""
        return any(check.state is CheckState.FAILED for check in self.checks)
