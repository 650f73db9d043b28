"""Who calls our hooks: registered by an administrator, and proved anew by each call's token."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccm_fhir.errors import HookError, InputError, NotFoundError
from ccm_fhir.fhir.cds_hooks.token import (
    LEEWAY_SECONDS,
    ClientToken,
    check_signature,
    read_token,
)
from ccm_fhir.fhir.discovery import Jwks, fetch_jwks
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.services.cds_desk import Deadline
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.key_cache import Wanted
from ccm_fhir.services.setup_hand import audit_command
from ccm_fhir.storage import cds_clients, ehrs
from ccm_fhir.storage.cds_clients import CdsClient, NewCdsClient
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.tenancy import enter

SERVICE_ID = "ccm-patient-view"
_KEY_SET_SECONDS = 5.0
_LARGEST_KEY_SET_BYTES = 256 * 1024
_KEPT_AFTER = timedelta(seconds=2 * LEEWAY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsRegistration:
    """What an administrator says about an EHR that is to call us."""

    fhir_base: str
    issuer: str
    jwks_url: str
    tenant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A proved caller and the EHR it speaks for."""

    client: CdsClient
    ehr: Ehr = field(repr=False)


def register_caller(world: Installation, registration: CdsRegistration, now: datetime) -> CdsClient:
    """Let a registered EHR call our hooks.

    Raises:
        NotFoundError: no EHR with this base is registered.
        InputError: an address that is none, or plain http outside a demo.
        ConflictError: the issuer and tenant are taken.
    """
    with world.db.write() as session:
        bare = registration.fhir_base.rstrip("/")
        found = (ehrs.find_by_base(session, spelt) for spelt in (bare, f"{bare}/"))
        ehr = next((one for one in found if one is not None), None)
        if ehr is None:
            raise NotFoundError("EHR; run: ccm-fhir ehr add")
        _check(registration, ehr)
        new = NewCdsClient(
            ehr_id=ehr.id,
            issuer=registration.issuer,
            jwks_url=registration.jwks_url,
            tenant=registration.tenant,
        )
        enter(session, ehr.practice_id)
        client = cds_clients.add(session, ehr.practice_id, new, now)
        audit_command(world, session, ehr.practice_id, f"add_cds_client {client.id}")
        return client


def prove_caller(
    world: Installation, authorization: str, address: str, deadline: Deadline
) -> Caller:
    """Return who calls; a token is believed once, and only by its registered keys.

    Args:
        world: the installation.
        authorization: the header as sent.
        address: ours, as it was called.
        deadline: until when the keys must be there.

    Raises:
        HookError: token_missing, token_refused, or token_unchecked.
    """
    now = world.clock()
    token = read_token(authorization, address, now)
    caller = _registered(world, token)
    wanted = Wanted(
        url=caller.client.jwks_url,
        kid=token.kid,
        now=now,
        most_seconds=deadline.seconds_left,
    )
    keys = world.cds.keys.get(wanted, lambda: _fetched(world, caller))
    if keys is None:
        raise HookError("token_unchecked")
    check_signature(token, keys)
    if deadline.is_over():  # nobody waits any more; the token is not used up
        raise HookError("token_unchecked")
    with world.db.write(caller.client.practice_id) as session:
        cds_clients.forget_tokens(session, caller.client.practice_id, now)
        forget_at = token.expires_at + _KEPT_AFTER
        if not cds_clients.use_token(session, caller.client, token.jti, forget_at):
            raise HookError("token_refused", "jti")
    return caller


def _registered(world: Installation, token: ClientToken) -> Caller:
    with world.db.read() as session:
        client = cds_clients.find(session, token.issuer, token.tenant)
        if client is None:
            raise HookError("token_refused", "iss or tenant")
        ehr = ehrs.get(session, client.practice_id, client.ehr_id)
    if not ehr.is_active:
        raise HookError("token_refused", "iss or tenant")
    if token.key_set_url not in {"", client.jwks_url}:
        raise HookError("token_refused", "jku")
    return Caller(client=client, ehr=ehr)


def _fetched(world: Installation, caller: Caller) -> Jwks:
    """Fetch the caller's keys; this may outlast the call, so that the next one finds them."""
    url = caller.client.jwks_url
    gate = world.open_gate(frozenset({Origin.of(url)}), caller.ehr.allow_loopback_http)
    deadline = world.cds.deadline(_KEY_SET_SECONDS)
    hurried = gate.within(_KEY_SET_SECONDS, deadline.is_over, max_bytes=_LARGEST_KEY_SET_BYTES)
    return fetch_jwks(hurried, url)


def _check(registration: CdsRegistration, ehr: Ehr) -> None:
    for name, value in (("issuer", registration.issuer), ("tenant", registration.tenant)):
        if value != value.strip() or not value.isprintable():
            raise InputError(name, "holds blanks or signs that do not print")
    if not registration.issuer:
        raise InputError("issuer", "the iss of the EHR's tokens is needed, to the letter")
    origin = Origin.of(registration.jwks_url)
    if origin.scheme != "https" and not (ehr.allow_loopback_http and origin.is_loopback):
        raise InputError("jwks", "https is required outside a demo")
