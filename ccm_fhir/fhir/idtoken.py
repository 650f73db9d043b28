"""Who launched: an id_token is believed only when every check of it passes.

SMART App Launch 2.2, "Scopes for requesting identity data"; OpenID Connect Core §3.1.3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, NoReturn

from ccm_fhir.errors import LaunchError, SignatureError
from ccm_fhir.fhir.discovery import Jwks
from ccm_fhir.fhir.references import local_reference
from ccm_fhir.fhir.signatures import verified_claims

SKEW_SECONDS = 60
_ALGORITHMS = frozenset({"RS256", "RS384", "ES256", "ES384"})
_SMUGGLED_KEYS = frozenset({"jku", "x5u", "jwk"})
_USER_TYPES = frozenset({"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedIdToken:
    """What an honest id_token says; ``fhir_base`` is the launch's ``iss``."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    fhir_base: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person at an EHR: (issuer, subject) is who, ``fhir_user`` is their ``Type/id``.

    ``fhir_user`` is empty where the token names none.
    """

    issuer: str
    subject: str = field(repr=False)
    fhir_user: str = field(repr=False)


def validate(id_token: str, jwks: Jwks, expected: ExpectedIdToken) -> Identity:
    """Return who an id_token speaks of.

    Raises:
        LaunchError: ``id_token_invalid``; the detail names the check that failed, no value.
    """
    claims = _verified_claims(id_token, jwks)
    _check_issuer_and_audience(claims, expected)
    _check_times(claims, expected.now.timestamp())
    if claims.get("nonce") != expected.nonce or not expected.nonce:
        _refuse("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        _refuse("sub")
    return Identity(
        issuer=expected.issuer,
        subject=subject,
        fhir_user=_fhir_user(claims.get("fhirUser"), expected.fhir_base),
    )


def _verified_claims(id_token: str, jwks: Jwks) -> Mapping[str, Any]:
    try:
        return verified_claims(id_token, jwks, _ALGORITHMS, barred_headers=_SMUGGLED_KEYS)
    except SignatureError as refused:
        _refuse(refused.check)


def _check_issuer_and_audience(claims: Mapping[str, Any], expected: ExpectedIdToken) -> None:
    if not expected.issuer or claims.get("iss") != expected.issuer:
        _refuse("iss")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        _refuse("aud")
    # Several audiences: the token must say that it was issued to us (OIDC Core §2, azp).
    must_name_us = len(audiences) > 1 or "azp" in claims
    if must_name_us and claims.get("azp") != expected.client_id:
        _refuse("azp")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires = _number(claims.get("exp"))
    if expires is None or now > expires + SKEW_SECONDS:
        _refuse("exp")
    for name in ("nbf", "iat"):
        if name not in claims:
            continue
        moment = _number(claims[name])
        if moment is None or now < moment - SKEW_SECONDS:
            _refuse(name)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON as Python reads it knows NaN and infinity, with which no comparison helps.
    return float(value) if isfinite(value) else None


def _fhir_user(value: object, fhir_base: str) -> str:
    if value is None:
        return ""
    reference = local_reference(value, fhir_base) if isinstance(value, str) else ""
    if reference.partition("/")[0] not in _USER_TYPES:
        _refuse("fhirUser")
    return reference


def _refuse(check: str) -> NoReturn:
    raise LaunchError("id_token_invalid", check)
