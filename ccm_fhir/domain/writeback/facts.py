"""What is known of one practice's EHR when a write is planned: declared, granted, signed, proved.

Four inputs, and in this precedence: the last proved outcome, a signed override, the
CapabilityStatement; a granted scope is needed besides, and never enough. Real servers make each
of them lie alone: statements leave out what works, and scopes name what does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ccm_fhir.domain.writeback.rungs import RungName

CREATE = "create"
UPDATE = "update"
OPERATION = "$create"  # an operation that creates a resource, as Oracle Health names it
EVERY_TYPE = "*"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Act:
    """One thing asked of a FHIR server: a create of a type, or an operation such as ``$create``."""

    resource_type: str
    code: str = CREATE

    @property
    def is_operation(self) -> bool:
        """Whether it is an operation and no interaction."""
        return self.code.startswith("$")

    @property
    def permission(self) -> str:
        """The SMART v2 letter it needs; an operation that makes a resource needs a create's."""
        return "u" if self.code == UPDATE else "c"

    def __str__(self) -> str:
        return self.resource_type if self.code == CREATE else f"{self.resource_type}/{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCapability:
    """What a CapabilityStatement declares for one type; operations are named with their ``$``.

    ``has_update_create`` is false where no update is declared, whatever the flag says: real
    statements set it on types that can only be read.
    """

    resource_type: str
    interactions: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    has_identifier_search: bool = False
    has_conditional_create: bool = False
    has_update_create: bool = False

    def declares(self, act: Act) -> bool:
        """Whether the act is declared."""
        return act.code in (self.operations if act.is_operation else self.interactions)


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrCapability:
    """What a CapabilityStatement declares, of what a writer asks."""

    types: tuple[TypeCapability, ...] = ()
    has_batch: bool = False
    has_transaction: bool = False

    def of(self, resource_type: str) -> TypeCapability | None:
        """Return what is declared for a type; None where it is not mentioned."""
        return next((one for one in self.types if one.resource_type == resource_type), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A permission (a letter of ``cruds``) on a type, or on every type (``*``)."""

    resource_type: str
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's signed word that the EHR takes an act, or does not, whatever it declares.

    Raises:
        InputError: nobody signed it, no reason is given, or its moment has no time zone.
    """

    act: Act
    is_supported: bool
    signed_by: str
    signed_at: datetime
    reason: str

    def __post_init__(self) -> None:
        """Refuse an override nobody answers for."""
        if not self.signed_by.strip():
            raise InputError("signed_by", "say who signs this override")
        if not self.reason.strip():
            raise InputError("reason", "say why the EHR's own statement is set aside")
        _require_zone("signed_at", self.signed_at)


class Verdict(StrEnum):
    """What an answer proved about an act."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not_supported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What this practice's EHR has shown about an act, when, and by which HTTP status.

    A proof holds until a later one. Withdrawing one (after an upgrade, say) is a person's act
    and means not to pass it any more.

    Raises:
        InputError: its moment has no time zone.
    """

    act: Act
    verdict: Verdict
    proved_at: datetime
    status: int

    def __post_init__(self) -> None:
        """Refuse a moment that cannot be put in order."""
        _require_zone("proved_at", self.proved_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """All that a plan rests on for one practice at one EHR.

    ``capability`` is None where no CapabilityStatement was ever read. ``installed`` are the
    rungs this installation has a writer, an adapter or a drop for. ``lacks`` are rungs that the
    EHR may take and that lack something here, each with the sentence that says what.
    """

    capability: EhrCapability | None
    granted: frozenset[Granted]
    overrides: tuple[Override, ...] = ()
    proofs: tuple[Proof, ...] = ()
    installed: frozenset[RungName] = frozenset()
    lacks: Mapping[RungName, str] = field(default_factory=dict)

    def allows(self, act: Act) -> bool:
        """Whether the granted scopes allow an act."""
        return any(
            Granted(resource_type=name, permission=act.permission) in self.granted
            for name in (act.resource_type, EVERY_TYPE)
        )

    def last_proof(self, act: Act) -> Proof | None:
        """Return the last proof; of two at the same moment, the one that closes the rung."""
        of_act = (proof for proof in self.proofs if proof.act == act)
        return max(
            of_act,
            key=lambda proof: (proof.proved_at, proof.verdict is Verdict.NOT_SUPPORTED),
            default=None,
        )

    def last_override(self, act: Act) -> Override | None:
        """Return the last override; of two at the same moment, the one that closes the rung."""
        of_act = (override for override in self.overrides if override.act == act)
        return max(
            of_act, key=lambda signed: (signed.signed_at, not signed.is_supported), default=None
        )


def _require_zone(field: str, moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise InputError(field, "a moment with a time zone is needed")
