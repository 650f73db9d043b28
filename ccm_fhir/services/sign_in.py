"""From an authorization code to a known person: tokens kept sealed, identity proved."""

from __future__ import annotations

from datetime import timedelta

from ccm_fhir.errors import LaunchError
from ccm_fhir.fhir.discovery import SmartConfiguration, read_jwks
from ccm_fhir.fhir.grants import TokenGrant
from ccm_fhir.fhir.idtoken import ExpectedIdToken, Identity, validate
from ccm_fhir.fhir.people import read_user
from ccm_fhir.fhir.scopes import launch_scopes
from ccm_fhir.fhir.tokens import CodeExchange, exchange_code
from ccm_fhir.services.ehr_access import (
    configuration_of,
    gate_of,
    stamp,
    token_endpoint,
)
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.roles import standing_of
from ccm_fhir.services.user_tokens import user_client
from ccm_fhir.storage import grants, practices, users
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.grants import Grant, NewGrant
from ccm_fhir.storage.launches import Attempt
from ccm_fhir.storage.users import AppUser, SeenUser
from ccm_fhir.storage.vocabulary import GrantKind


def launch_scope(config: SmartConfiguration, launch: str | None) -> str:
    """Return the scopes to ask for: in the chart's context, or with a patient to be picked."""
    return launch_scopes(config.capabilities, standalone=launch is None)


def exchanged(
    world: Installation, ehr: Ehr, attempt: Attempt, code: str
) -> tuple[TokenGrant, Identity]:
    """Trade the code for tokens and validate who they speak for."""
    with world.db.read(ehr.practice_id) as session:
        endpoint = token_endpoint(world, session, ehr)
    tokens = exchange_code(
        endpoint,
        CodeExchange(
            code=code,
            redirect_uri=world.redirect_uri,
            code_verifier=attempt.code_verifier.open(world.vault),
            scope=launch_scope(configuration_of(ehr), attempt.launch),
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
    if not identity.fhir_user:
        raise LaunchError("fhir_user_missing")
    return tokens, identity


def kept_grant(world: Installation, ehr: Ehr, tokens: TokenGrant) -> Grant:
    """Keep a person's tokens, sealed."""
    now = world.clock()
    with world.db.write(ehr.practice_id) as session:
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


def known_user(world: Installation, ehr: Ehr, identity: Identity, grant: Grant) -> AppUser:
    """Read who the person is and keep them, with a first role where their taxonomy gives one.

    Somebody whose roles are all in other organizations gets no role here.
    """
    person = read_user(user_client(world, ehr.practice_id, grant.id), identity.fhir_user)
    with world.db.write(ehr.practice_id) as session:
        ours = practices.get(session, ehr.practice_id).organization_ref
        is_elsewhere = bool(ours and person.organizations and ours not in person.organizations)
        standing = standing_of(() if is_elsewhere else person.taxonomy)
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
