"""The doctor: looks at a registered EHR before the first write, and writes nothing there.

Each check stands for itself; what an earlier one made impossible is said to be skipped. The
CapabilityStatement that was read is kept, so that the plan can be told again by its hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.writeback import Tenant
from ccm_fhir.errors import (
    ConfigurationError,
    FhirError,
    ForbiddenOriginError,
    InputError,
    LaunchError,
)
from ccm_fhir.fhir.capability import Capability, parse_capability
from ccm_fhir.fhir.capability_writes import FetchedStatement, fetch_statement
from ccm_fhir.fhir.discovery import SmartConfiguration, discover, read_jwks
from ccm_fhir.fhir.scopes import DELIVERED_TYPES
from ccm_fhir.services.diagnosis import Check, CheckName, Diagnosis, StatementFact
from ccm_fhir.services.doctor_checks import (
    clock_check,
    failed,
    ok,
    resource_accesses,
    scopes_check,
    skipped,
    troubled,
    warned,
)
from ccm_fhir.services.ehr_access import gate_of, system_token
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.pace_check import pace_check
from ccm_fhir.services.read_statement import keep_statement
from ccm_fhir.services.write_plan import tenant_of, write_plans, written_types
from ccm_fhir.storage import ehrs, practices, statements
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.statements import Statement
from ccm_fhir.storage.tenancy import enter

_FHIR_R4 = "4.0"


def find_ehr(world: Installation, name: str) -> Ehr:
    """Return the one EHR with a name or an id, of whatever practice.

    Raises:
        InputError: there is none, or there are several of that name.
    """
    every: list[Ehr] = []
    with world.db.read() as session:
        for practice in practices.list_all(session):
            enter(session, practice.id)
            every += ehrs.list_all(session, practice.id)
    found = [ehr for ehr in every if name == ehr.id or name.casefold() == ehr.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(ehr.id for ehr in found)
        raise InputError("ehr", f"several have this name; give the id of one: {ids}")
    known = ", ".join(sorted(ehr.name for ehr in every)) or "none; run: ccm-fhir ehr add"
    raise InputError("ehr", f"no EHR has this name; registered are: {known}")


def diagnose(world: Installation, ehr: Ehr) -> Diagnosis:
    """Return what can be found out about an EHR without writing to it."""
    return _Doctor(world=world, ehr=ehr).examine()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doctor:
    world: Installation
    ehr: Ehr

    def examine(self) -> Diagnosis:
        config, discovery = self._discovery()
        fetched, statement = self._statement()
        kept = self._kept(fetched)
        capability = parse_capability(kept.body_json.encode()) if kept else None
        granted, token = self._token(config)
        tenant = self._tenant()
        written = DELIVERED_TYPES if tenant.capability is None else written_types(tenant)
        return Diagnosis(
            ehr=self.ehr.name,
            fhir_base=self.ehr.fhir_base,
            checked_at=self.world.clock(),
            checks=(
                discovery,
                self._signing_keys(config),
                statement,
                self._clock(fetched),
                token,
                scopes_check(config, granted, capability, written),
                pace_check(self.world, self.ehr),
            ),
            statement=_fact(kept, capability),
            resources=resource_accesses(config, granted or frozenset(), capability, written),
            plans=write_plans(
                capability,
                granted or frozenset(),
                tenant.proofs,
                tenant.overrides,
                tenant.lacks,
            ),
        )

    def _discovery(self) -> tuple[SmartConfiguration | None, Check]:
        name = CheckName.DISCOVERY
        try:
            config = discover(gate_of(self.world, self.ehr), self.ehr.fhir_base)
        except ForbiddenOriginError:
            return None, failed(
                name,
                "Its SMART configuration names a server outside the pinned origins. If the EHR "
                "has moved, register it anew with ccm-fhir ehr add; if nobody knows of a move, "
                "do not.",
            )
        except FhirError as problem:
            return None, troubled(name, problem)
        if "client-confidential-asymmetric" not in config.capabilities:
            return config, warned(
                name,
                "It does not advertise client-confidential-asymmetric, by which we deliver; "
                "ask whether backend services with a key are offered.",
            )
        return config, ok(name, "Its SMART configuration is as it was pinned.")

    def _signing_keys(self, config: SmartConfiguration | None) -> Check:
        name = CheckName.SIGNING_KEYS
        if config is None:
            return skipped(name)
        try:
            keys = read_jwks(gate_of(self.world, self.ehr), config)
        except FhirError as problem:
            return troubled(name, problem)
        if not keys.keys:
            return failed(name, "It publishes no key: nobody who launches could be recognised.")
        return ok(name, f"It publishes {len(keys.keys)} of its keys.")

    def _statement(self) -> tuple[FetchedStatement | None, Check]:
        name = CheckName.STATEMENT
        try:
            fetched = fetch_statement(gate_of(self.world, self.ehr), self.ehr.fhir_base)
        except FhirError as problem:
            return None, troubled(name, problem)
        version = fetched.capability.fhir_version
        if not version.startswith(_FHIR_R4):
            return fetched, failed(
                name, f"It speaks FHIR {version or 'of no stated version'}; R4 (4.0) is needed."
            )
        return fetched, ok(name, f"FHIR {version}; read now and kept.")

    def _kept(self, fetched: FetchedStatement | None) -> Statement | None:
        practice_id, ehr_id = self.ehr.practice_id, self.ehr.id
        if fetched is None:
            with self.world.db.read(practice_id) as session:
                return statements.latest(session, practice_id, ehr_id)
        return keep_statement(self.world, self.ehr, fetched)

    def _tenant(self) -> Tenant:
        with self.world.db.read(self.ehr.practice_id) as session:
            return tenant_of(session, self.ehr, None)

    def _clock(self, fetched: FetchedStatement | None) -> Check:
        name = CheckName.CLOCK
        if fetched is None:
            return skipped(name)
        if fetched.served_at is None:
            return warned(name, "The EHR does not say what time it is (no Date header).")
        return clock_check(self.world.clock(), fetched.served_at)

    def _token(self, config: SmartConfiguration | None) -> tuple[frozenset[str] | None, Check]:
        name = CheckName.TOKEN
        if config is None:
            return None, skipped(name)
        try:
            token = system_token(self.world, self.ehr)
        except LaunchError as refusal:
            return None, failed(
                name,
                f"The EHR refused us a token ({refusal.detail or refusal.reason}). Its "
                f"administrator needs client id {self.ehr.client_id} and the address of our "
                f"keys, {self.world.jwks_url}.",
            )
        except (FhirError, ConfigurationError) as problem:
            return None, troubled(name, problem)
        return token.scope, ok(name, "The EHR gave us a token for our key.")


def _fact(kept: Statement | None, capability: Capability | None) -> StatementFact | None:
    if kept is None or capability is None:
        return None
    return StatementFact(
        software=capability.software,
        fhir_version=capability.fhir_version,
        declared_sha256=kept.declared_sha256,
        declares_this_since=kept.fetched_at,
    )
