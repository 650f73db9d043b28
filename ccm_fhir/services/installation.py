"""What every use case works with: one installation's database, law, tables, keys and doors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from ccm_fhir.domain.conditions import ChronicTable
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.retrying import Patience
from ccm_fhir.services.cds_desk import CdsDesk
from ccm_fhir.services.request_slots import RequestSlots
from ccm_fhir.services.token_cache import TokenCache
from ccm_fhir.storage.crypto import Vault
from ccm_fhir.storage.database import Database

DELIVER = "deliver_turn"
READ_PANEL = "read_panel"
REFRESH_MONTH = "refresh_month"


class Queue(Protocol):
    """The half of the durable engine that a use case sees: enqueue in its own transaction."""

    def enqueue(
        self,
        session: Session,
        workflow_name: str,
        workflow_id: str,
        *ids: str,
        delay_seconds: float = 0.0,
    ) -> None:
        """Enqueue a workflow that starts only if the caller's transaction commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTerminology:
    """The site's own terminology server; ``roots`` maps SNOMED CT concepts to our families."""

    base_url: str
    token: str = field(default="", repr=False)
    roots: Mapping[str, str] = field(default_factory=dict)
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installation; built once by the command line or the web app's start.

    ``base_url`` is the app's own address as browsers and EHRs see it, without a slash.
    ``open_gate`` makes the only door to an EHR's pinned origins; its second argument allows
    plain http on loopback. ``clock`` is the real one, for tokens and retries: dates of service
    come from the ``now`` that each use case is given. ``terminology`` is the site's own server,
    where it has one. ``slots`` keeps requests within each EHR's quota; without it nothing is
    slowed, and no EHR is left alone.
    """

    base_url: str
    db: Database
    vault: Vault = field(repr=False)
    audit_key: bytes = field(repr=False)
    rulebook: Rulebook
    table: ChronicTable
    queue: Queue
    open_gate: Callable[[frozenset[Origin], bool], OutgoingGate]
    new_secret: Callable[[], str]
    patience: Patience
    system_tokens: TokenCache
    clock: Callable[[], datetime]
    settle_seconds: float
    terminology: SiteTerminology | None = None
    slots: RequestSlots | None = field(default=None, repr=False)
    cds: CdsDesk = field(default_factory=CdsDesk, repr=False)

    @property
    def redirect_uri(self) -> str:
        """Where an EHR sends the browser back to; exact, registered there."""
        return f"{self.base_url}/callback"

    @property
    def launch_url(self) -> str:
        """Where an EHR opens the app."""
        return f"{self.base_url}/launch"

    @property
    def jwks_url(self) -> str:
        """Where an EHR finds our public keys."""
        return f"{self.base_url}/.well-known/jwks.json"

    @property
    def cds_services_url(self) -> str:
        """Where an EHR discovers our CDS Hooks services."""
        return f"{self.base_url}/cds-services"

    def identifier_system(self, kind: str) -> str:
        """Return the system of the identifiers we write on resources of one kind."""
        return f"{self.base_url}/identifier/{kind}"
