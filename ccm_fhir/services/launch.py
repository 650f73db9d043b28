"""A SMART launch from first request to an open patient, and nothing kept that failed on the way.

SMART App Launch 2.2. An unknown issuer causes no request of ours; the state is single-use,
bound to the browser and to the EHR it was made for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.errors import EhrUnreachableError, FhirError, LaunchError
from ccm_fhir.fhir.discovery import SmartConfiguration, discover, read_jwks
from ccm_fhir.fhir.grants import TokenGrant
from ccm_fhir.fhir.idtoken import ExpectedIdToken, Identity, validate
from ccm_fhir.fhir.people import read_user
from ccm_fhir.fhir.scopes import launch_scopes
from ccm_fhir.fhir.smart import AuthorizationRequest, authorization_url
from ccm_fhir.fhir.tokens import CodeExchange, exchange_code
from ccm_fhir.services.ehr_access import (
    configuration_of,
    gate_of,
    stamp,
    token_endpoint,
    user_client,
)
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.read_chart import read_and_keep
from ccm_fhir.services.reading import Reading
from ccm_fhir.services.roles import standing_of
from ccm_fhir.services.sessions import continue_or_start
from ccm_fhir.storage import audit, ehrs, grants, launches, patients, users
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.ehrs import Discovery, Ehr
from ccm_fhir.storage.grants import Grant, NewGrant
from ccm_fhir.storage.launches import Attempt, NewAttempt, NewLaunch
from ccm_fhir.storage.users import AppUser, SeenUser
from ccm_fhir.storage.vocabulary import AttemptRefusal, GrantKind

_ATTEMPT_LIFE = timedelta(minutes=10)
_DISCOVERY_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """What an EHR opens the app with; ``browser`` is the pre-session cookie's value."""

    iss: str
    launch: str | None
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What the EHR's authorization server sends the browser back with."""

    state: str
    code: str = field(repr=False)
    iss: str = ""
    error: str = ""
    browser: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A finished launch: the session's secret for the cookie, the launch id for the URL."""

    session_token: str = field(repr=False)
    launch_id: str


def begin_launch(world: Installation, request: LaunchRequest) -> str:
    """Return the authorization URL to send the browser to.

    Raises:
        LaunchError: missing_parameter, unknown_issuer, ehr_unreachable or ehr_invalid.
    """
    if not request.iss:
        raise LaunchError("missing_parameter", "iss")
    ehr = _registered(world, request.iss)
    config = _fresh_configuration(world, ehr)
    if not config.authorization_endpoint:
        raise LaunchError("ehr_invalid")
    state, nonce, verifier = world.new_secret(), world.new_secret(), world.new_secret()
    with world.db.write() as session:
        launches.begin_attempt(
            session,
            world.vault,
            ehr.practice_id,
            NewAttempt(
                state_hash=hashed(state),
                ehr_id=ehr.id,
                launch=request.launch,
                code_verifier=verifier,
                nonce=nonce,
                browser_hash=hashed(request.browser),
                expires_at=world.clock() + _ATTEMPT_LIFE,
            ),
            world.clock(),
        )
    return authorization_url(
        gate_of(world, ehr),
        config,
        AuthorizationRequest(
            client_id=ehr.client_id,
            redirect_uri=world.redirect_uri,
            scope=_scope(config, request.launch),
            aud=ehr.fhir_base,
            launch=request.launch,
            state=state,
            nonce=nonce,
            code_verifier=verifier,
        ),
    )


def complete_launch(world: Installation, callback: Callback, now: datetime) -> SignedIn:
    """Exchange the code, know the person, read the chart, and open the launch.

    Raises:
        LaunchError: state_unknown, authorization_refused, token_response_invalid,
            id_token_invalid, user_not_approved, ehr_unreachable, ehr_invalid.
    """
    attempt = _consumed(world, callback)
    if callback.error or not callback.code:
        raise LaunchError("authorization_refused")
    with world.db.read() as session:
        ehr = ehrs.get(session, attempt.practice_id, attempt.ehr_id)
    config = configuration_of(ehr)
    if callback.iss and config.issuer and callback.iss != config.issuer:
        raise LaunchError("state_unknown")
    try:
        tokens, identity = _exchanged(world, ehr, attempt, callback.code)
        grant = _kept(world, ehr, tokens)
        user = _known_user(world, ehr, identity, grant)
    except EhrUnreachableError:
        raise LaunchError("ehr_unreachable") from None
    except FhirError:
        raise LaunchError("ehr_invalid") from None
    if user.role is None:
        raise LaunchError("user_not_approved")
    return _opened(world, _Launching(ehr, tokens, grant, user), callback.session_token, now)


@dataclass(frozen=True, slots=True)
class _Launching:
    ehr: Ehr
    tokens: TokenGrant
    grant: Grant
    user: AppUser


def _scope(config: SmartConfiguration, launch: str | None) -> str:
    return launch_scopes(config.capabilities, standalone=launch is None)


def _registered(world: Installation, iss: str) -> Ehr:
    with world.db.read() as session:
        for spelling in (iss, iss.rstrip("/"), iss.rstrip("/") + "/"):
            ehr = ehrs.find_by_base(session, spelling)
            if ehr is not None:
                return ehr
    raise LaunchError("unknown_issuer")


def _fresh_configuration(world: Installation, ehr: Ehr) -> SmartConfiguration:
    now = world.clock()
    if ehr.discovered_at is not None and now - ehr.discovered_at < _DISCOVERY_LIFE:
        return configuration_of(ehr)
    try:
        config = discover(gate_of(world, ehr), ehr.fhir_base)
    except EhrUnreachableError:
        raise LaunchError("ehr_unreachable") from None
    except FhirError:
        raise LaunchError("ehr_invalid") from None
    with world.db.write() as session:
        ehrs.record_discovery(
            session,
            ehr.practice_id,
            ehr.id,
            Discovery(document_json=document_of(config), pinned_origins=ehr.pinned_origins),
            now,
        )
    return config


def document_of(config: SmartConfiguration) -> str:
    """Return the part of a discovery document that we keep, as JSON."""
    return json.dumps(
        {
            "issuer": config.issuer,
            "authorization_endpoint": config.authorization_endpoint,
            "token_endpoint": config.token_endpoint,
            "jwks_uri": config.jwks_uri,
            "introspection_endpoint": config.introspection_endpoint,
            "revocation_endpoint": config.revocation_endpoint,
            "capabilities": sorted(config.capabilities),
            "scopes_supported": sorted(config.scopes_supported),
            "grant_types_supported": sorted(config.grant_types),
            "token_endpoint_auth_methods_supported": sorted(config.auth_methods),
            "token_endpoint_auth_signing_alg_values_supported": sorted(config.signing_algs),
            "code_challenge_methods_supported": sorted(config.pkce_methods),
        },
        sort_keys=True,
    )


def _consumed(world: Installation, callback: Callback) -> Attempt:
    if not callback.state:
        raise LaunchError("missing_parameter", "state")
    with world.db.write() as session:
        attempt = launches.consume_attempt(session, hashed(callback.state), world.clock())
    if isinstance(attempt, AttemptRefusal) or attempt.browser_hash != hashed(callback.browser):
        raise LaunchError("state_unknown")
    return attempt


def _exchanged(
    world: Installation, ehr: Ehr, attempt: Attempt, code: str
) -> tuple[TokenGrant, Identity]:
    with world.db.read() as session:
        endpoint = token_endpoint(world, session, ehr)
    tokens = exchange_code(
        endpoint,
        CodeExchange(
            code=code,
            redirect_uri=world.redirect_uri,
            code_verifier=attempt.code_verifier.open(world.vault),
            scope=_scope(configuration_of(ehr), attempt.launch),
        ),
        stamp(world),
    )
    if not tokens.id_token:
        raise LaunchError("id_token_invalid")
    config = configuration_of(ehr)
    identity = validate(
        tokens.id_token,
        read_jwks(gate_of(world, ehr), config),
        ExpectedIdToken(
            issuer=config.issuer,
            client_id=ehr.client_id,
            nonce=attempt.nonce,
            fhir_base=ehr.fhir_base,
            now=world.clock(),
        ),
    )
    return tokens, identity


def _kept(world: Installation, ehr: Ehr, tokens: TokenGrant) -> Grant:
    now = world.clock()
    with world.db.write() as session:
        return grants.add(
            session,
            world.vault,
            ehr.practice_id,
            NewGrant(
                ehr_id=ehr.id,
                kind=GrantKind.USER,
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token or None,
                scope=" ".join(sorted(tokens.scope)),
                expires_at=now + timedelta(seconds=tokens.expires_in_seconds),
            ),
            now,
        )


def _known_user(world: Installation, ehr: Ehr, identity: Identity, grant: Grant) -> AppUser:
    person = read_user(user_client(world, ehr.practice_id, grant.id), identity.fhir_user)
    standing = standing_of(person.taxonomy)
    with world.db.write() as session:
        return users.upsert(
            session,
            ehr.practice_id,
            SeenUser(
                ehr_id=ehr.id,
                issuer=identity.issuer,
                subject=identity.subject,
                fhir_user=identity.fhir_user,
                name=person.name,
                role=standing.role,
                npi=person.npi,
                taxonomy=standing.taxonomy,
                profession=standing.profession,
            ),
            world.clock(),
        )


def _opened(
    world: Installation, launching: _Launching, session_token: str, now: datetime
) -> SignedIn:
    ehr, tokens = launching.ehr, launching.tokens
    patient_id: str | None = None
    with world.db.write() as session:
        if tokens.patient:
            known = patients.find_by_fhir_id(session, ehr.practice_id, ehr.id, tokens.patient)
            fact = PatientFact(ref=EvidenceRef("Patient", tokens.patient))
            record = known or patients.upsert(session, ehr.practice_id, ehr.id, fact, now)
            patient_id = record.id
        token, id_hash = continue_or_start(world, session, launching.user, session_token)
        launch = launches.start(
            session,
            ehr.practice_id,
            NewLaunch(
                ehr_id=ehr.id,
                user_id=launching.user.id,
                session_id_hash=id_hash,
                patient_id=patient_id,
                grant_id=launching.grant.id,
                need_patient_banner=tokens.need_patient_banner,
                style_url=tokens.smart_style_url or "",
                intent=tokens.intent or "",
                encounter_ref=f"Encounter/{tokens.encounter}" if tokens.encounter else "",
                scopes=" ".join(sorted(tokens.scope)),
            ),
            world.clock(),
        )
        audit.append(
            session,
            world.audit_key,
            ehr.practice_id,
            AuditEntry(act="launch", user_id=launching.user.id, patient_id=patient_id),
            world.clock(),
        )
    if patient_id is not None:
        reading = Reading(
            practice_id=ehr.practice_id,
            user_id=launching.user.id,
            grant_id=launching.grant.id,
            patient_id=patient_id,
            scopes=tokens.scope,
        )
        read_and_keep(world, reading, now)
    return SignedIn(session_token=token, launch_id=launch.id)
