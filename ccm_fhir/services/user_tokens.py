"""A person's token at an EHR: renewed before its end and after a refusal, by one at a time.

EHRs rotate refresh tokens, so that two renewals at once would lose the grant: who comes second
waits for the first one's token.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from ccm_fhir.errors import LaunchError
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.scopes import parse_scopes
from ccm_fhir.fhir.tokens import TokenEndpoint, refresh
from ccm_fhir.services.ehr_access import gate_of, stamp, token_endpoint
from ccm_fhir.services.ehr_door import EhrDoor
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.token_cache import MARGIN
from ccm_fhir.storage import ehrs, grants, launches, patients
from ccm_fhir.storage.grants import Grant, NewTokens, Refreshing
from ccm_fhir.storage.vocabulary import GrantStatus

_PERSON_WAITS_SECONDS = 5.0
_LEASE = timedelta(seconds=30)
_LOOKS = 40
_LOOK_AGAIN_SECONDS = 0.1


def user_client(world: Installation, practice_id: str, grant_id: str) -> FhirClient:
    """Return a client that acts with a person's token, renewing it as it must."""
    with world.db.read(practice_id) as session:
        ehr = ehrs.get(session, practice_id, grants.get(session, practice_id, grant_id).ehr_id)
    return FhirClient(
        gate=gate_of(world, ehr),
        base_url=ehr.fhir_base,
        access_token=lambda: _live_token(world, practice_id, grant_id),
        renew=lambda refused: _other_token(world, practice_id, grant_id, refused),
        patience=replace(world.patience, tries=2, most_seconds=_PERSON_WAITS_SECONDS),
        pacing=EhrDoor(world, ehr, most_seconds=_PERSON_WAITS_SECONDS, is_person=True),
    )


def _live_token(world: Installation, practice_id: str, grant_id: str) -> str:
    now = world.clock()
    grant = _grant(world, practice_id, grant_id)
    if grant.expires_at - MARGIN > now:
        return grant.access_token.open(world.vault)
    if grant.status is not GrantStatus.ACTIVE or grant.refresh_token is None:
        raise LaunchError("reauthorise")
    return _renewed(world, grant, now)


def _other_token(world: Installation, practice_id: str, grant_id: str, refused: str) -> str:
    """Return a token other than a refused one; the same where there is no way to another."""
    grant = _grant(world, practice_id, grant_id)
    held = grant.access_token.open(world.vault)
    if held != refused or grant.refresh_token is None:
        return held
    if grant.status is not GrantStatus.ACTIVE:
        raise LaunchError("reauthorise")
    return _renewed(world, grant, world.clock())


def _renewed(world: Installation, grant: Grant, now: datetime) -> str:
    with world.db.write(grant.practice_id) as session:
        mine = grants.begin_refresh(
            session,
            grant.practice_id,
            Refreshing(grant_id=grant.id, version=grant.version, lease_until=now + _LEASE),
            now,
        )
        endpoint = token_endpoint(
            world, session, ehrs.get(session, grant.practice_id, grant.ehr_id)
        )
    return _asked(world, grant, endpoint, now) if mine else _awaited(world, grant)


def _awaited(world: Installation, old: Grant) -> str:
    """Return what somebody else's renewal brings; the old token where it brings nothing soon."""
    for _ in range(_LOOKS):
        grant = _grant(world, old.practice_id, old.id)
        if grant.status is not GrantStatus.ACTIVE:
            raise LaunchError("reauthorise")
        if grant.version != old.version:
            return grant.access_token.open(world.vault)
        world.patience.sleep(_LOOK_AGAIN_SECONDS)
    return old.access_token.open(world.vault)


def _asked(world: Installation, grant: Grant, endpoint: TokenEndpoint, now: datetime) -> str:
    if grant.refresh_token is None:
        return grant.access_token.open(world.vault)
    try:
        fresh = refresh(
            endpoint,
            refresh_token=grant.refresh_token.open(world.vault),
            granted=parse_scopes(grant.scope),
            stamp=stamp(world),
        )
    except LaunchError:
        _give_up(world, grant, now)
    if not _is_of_the_same_patient(world, grant, fresh.patient):
        _give_up(world, grant, now)
    with world.db.write(grant.practice_id) as session:
        grants.store_refreshed(
            session,
            world.vault,
            grant.practice_id,
            NewTokens(
                grant_id=grant.id,
                version=grant.version,
                access_token=fresh.access_token,
                refresh_token=fresh.refresh_token,
                scope=" ".join(sorted(fresh.scope)),
                expires_at=now + timedelta(seconds=fresh.expires_in_seconds),
            ),
            now,
        )
    return fresh.access_token


def _give_up(world: Installation, grant: Grant, now: datetime) -> NoReturn:
    with world.db.write(grant.practice_id) as session:
        grants.mark_reauthorise(session, grant.practice_id, grant.id, now)
    raise LaunchError("reauthorise") from None


def _is_of_the_same_patient(world: Installation, grant: Grant, patient: str | None) -> bool:
    """Whether a renewed token is for the patient whom the launch opened, where it names one.

    An EHR whose chart has moved on may say so here; nothing may be read into the former chart.
    """
    with world.db.read(grant.practice_id) as session:
        opened = launches.open_of_grant(session, grant.practice_id, grant.id)
        shown = {
            patients.get(session, grant.practice_id, one.patient_id).fhir_id
            for one in opened
            if one.patient_id is not None
        }
    return patient is None or not shown or shown == {patient}


def _grant(world: Installation, practice_id: str, grant_id: str) -> Grant:
    with world.db.read(practice_id) as session:
        return grants.get(session, practice_id, grant_id)
