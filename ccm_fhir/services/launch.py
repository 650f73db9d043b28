"""A SMART launch from first request to an open patient, and nothing kept that failed on the way.

SMART App Launch 2.2. An unknown issuer causes no request of ours; the state is single-use,
bound to the browser and to the EHR it was made for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.errors import EhrUnreachableError, FhirError, LaunchError
from ccm_fhir.fhir.grants import TokenGrant
from ccm_fhir.fhir.smart import AuthorizationRequest, authorization_url
from ccm_fhir.services.app_context import AppContext, read_app_context
from ccm_fhir.services.discovery import fresh_configuration, registered_ehr
from ccm_fhir.services.ehr_access import (
    configuration_of,
    gate_of,
)
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.read_chart import read_and_keep
from ccm_fhir.services.reading import Reading
from ccm_fhir.services.sessions import continue_or_start
from ccm_fhir.services.sign_in import exchanged, kept_grant, known_user, launch_scope
from ccm_fhir.storage import audit, ehrs, launches, patients
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.grants import Grant
from ccm_fhir.storage.launches import Attempt, NewAttempt, NewLaunch
from ccm_fhir.storage.users import AppUser
from ccm_fhir.storage.vocabulary import AttemptRefusal

_ATTEMPT_LIFE = timedelta(minutes=10)
_BY_POST = "authorize-post"


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
    """A finished launch: the session's secret for the cookie, the launch id for the URL.

    ``opens`` is the view that the card asked for from which the app was launched, if any;
    ``intent`` is what the EHR wants opened, in its own word, or empty.
    """

    session_token: str = field(repr=False)
    launch_id: str
    opens: AppContext | None = None
    intent: str = ""


def begin_launch(world: Installation, request: LaunchRequest) -> str:
    """Return the authorization URL to send the browser to.

    Raises:
        LaunchError: missing_parameter, unknown_issuer, ehr_unreachable or ehr_invalid.
    """
    if not request.iss:
        raise LaunchError("missing_parameter", "iss")
    ehr = registered_ehr(world, request.iss)
    config = fresh_configuration(world, ehr)
    if not config.authorization_endpoint:
        raise LaunchError("ehr_invalid")
    state, nonce, verifier = world.new_secret(), world.new_secret(), world.new_secret()
    with world.db.write(ehr.practice_id) as session:
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
            scope=launch_scope(config, request.launch),
            aud=ehr.fhir_base,
            launch=request.launch,
            state=state,
            nonce=nonce,
            code_verifier=verifier,
        ),
    )


def takes_posted_requests(world: Installation, iss: str) -> bool:
    """Whether an EHR's authorization page takes its request by POST (``authorize-post``).

    Raises:
        LaunchError: unknown_issuer.
    """
    return configuration_of(registered_ehr(world, iss)).supports(_BY_POST)


def complete_launch(world: Installation, callback: Callback, now: datetime) -> SignedIn:
    """Exchange the code, know the person, read the chart, and open the launch.

    Raises:
        LaunchError: state_unknown, authorization_refused, token_response_invalid,
            id_token_invalid, user_not_approved, ehr_unreachable, ehr_invalid.
    """
    attempt = _consumed(world, callback)
    if callback.error or not callback.code:
        raise LaunchError("authorization_refused")
    with world.db.read(attempt.practice_id) as session:
        ehr = ehrs.get(session, attempt.practice_id, attempt.ehr_id)
    config = configuration_of(ehr)
    if callback.iss and config.issuer and callback.iss != config.issuer:
        raise LaunchError("state_unknown")
    try:
        tokens, identity = exchanged(world, ehr, attempt, callback.code)
        grant = kept_grant(world, ehr, tokens)
        user = known_user(world, ehr, identity, grant)
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


def _consumed(world: Installation, callback: Callback) -> Attempt:
    if not callback.state:
        raise LaunchError("missing_parameter", "state")
    with world.db.write() as session:
        attempt = launches.consume_attempt(session, hashed(callback.state), world.clock())
    if isinstance(attempt, AttemptRefusal) or attempt.browser_hash != hashed(callback.browser):
        raise LaunchError("state_unknown")
    return attempt


def _opened(
    world: Installation, launching: _Launching, session_token: str, now: datetime
) -> SignedIn:
    ehr, tokens = launching.ehr, launching.tokens
    patient_id: str | None = None
    with world.db.write(ehr.practice_id) as session:
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
    return SignedIn(
        session_token=token,
        launch_id=launch.id,
        intent=launch.intent,
        opens=read_app_context(tokens.app_context),
    )
