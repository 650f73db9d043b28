"""The signed token of a calling EHR: read with suspicion first, believed once its key fits.

CDS Hooks 2.0, "Trusting CDS Clients". Everything that needs no key is checked before one is
fetched, so that a stranger's token causes no request of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError

from ccm_fhir.errors import HookError, SignatureError
from ccm_fhir.fhir.discovery import Jwks
from ccm_fhir.fhir.signatures import verified_claims

ALGORITHMS = frozenset({"ES384", "RS384"})
LONGEST_LIFE_SECONDS = 300
LEEWAY_SECONDS = 30
_LONGEST_TOKEN = 8192
_LONGEST_TEXT = 2000
_END_OF_TIME = 2**36  # two thousand years of seconds, which a datetime can still hold
_BEARER = re.compile(r"Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)\Z", re.IGNORECASE)
_BARRED_HEADERS = frozenset({"jwk", "x5u", "x5c", "crit", "b64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """What a token says of itself; nothing of it is true before ``check_signature``.

    ``key_set_url`` is its ``jku``, empty where it names none; ``tenant`` likewise.
    """

    text: str = field(repr=False)
    issuer: str
    tenant: str
    kid: str
    key_set_url: str
    jti: str = field(repr=False)
    expires_at: datetime


def read_token(authorization: str, audience: str, now: datetime) -> ClientToken:
    """Return what a call's token says, after every check that needs no key.

    Args:
        authorization: the header as sent.
        audience: the address that was called, letter by letter.
        now: an aware datetime.

    Raises:
        HookError: token_missing, or token_refused with the check that failed.
    """
    match = _BEARER.match(authorization)
    if match is None:
        raise HookError("token_missing")
    text = match[1]
    if len(text) > _LONGEST_TOKEN:
        _refuse("size")
    header, claims = _parts(text)
    kid, jku = _checked_header(header)
    _check_audience(claims.get("aud"), audience)
    return ClientToken(
        text=text,
        issuer=_text(claims, "iss"),
        tenant=_optional_text(claims, "tenant"),
        kid=kid,
        key_set_url=jku,
        jti=_text(claims, "jti"),
        expires_at=_end_of_life(claims, now.timestamp()),
    )


def check_signature(token: ClientToken, jwks: Jwks) -> None:
    """Raise HookError(token_refused) unless the issuer's own key signed a token."""
    try:
        verified_claims(token.text, jwks, ALGORITHMS, barred_headers=_BARRED_HEADERS)
    except SignatureError as refused:
        _refuse(refused.check)


def _parts(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        read = jws.extract_compact(text.encode())
        header, claims = read.headers(), json.loads(read.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        _refuse("format")
    if not isinstance(claims, dict):
        _refuse("format")
    return header, claims


def _checked_header(header: Mapping[str, Any]) -> tuple[str, str]:
    """Return ``kid`` and ``jku``."""
    if not isinstance(header.get("alg"), str) or header["alg"] not in ALGORITHMS:
        _refuse("alg")
    if header.get("typ") != "JWT":
        _refuse("typ")
    if _BARRED_HEADERS & header.keys():
        _refuse("key in the header")
    return _text(header, "kid"), _optional_text(header, "jku")


def _check_audience(value: object, audience: str) -> None:
    named = value if isinstance(value, list) else [value]
    if audience not in named:
        _refuse("aud")


def _end_of_life(claims: Mapping[str, Any], now: float) -> datetime:
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    if now > expires + LEEWAY_SECONDS:
        _refuse("exp")
    if now < issued - LEEWAY_SECONDS:
        _refuse("iat")
    if "nbf" in claims and now < _seconds(claims, "nbf") - LEEWAY_SECONDS:
        _refuse("nbf")
    if not 0 < expires - issued <= LONGEST_LIFE_SECONDS:
        _refuse("lifetime")
    return datetime.fromtimestamp(expires, UTC)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # JSON as Python reads it knows NaN and infinity, with which no comparison helps.
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(name)
    if not 0 <= value < _END_OF_TIME:
        _refuse(name)
    return float(value)


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    # What does not print (NUL, half a character) no database stores, and no address holds.
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        _refuse(name)
    if len(value) > _LONGEST_TEXT:
        _refuse(name)
    return value


def _optional_text(members: Mapping[str, Any], name: str) -> str:
    return _text(members, name) if name in members else ""


def _refuse(check: str) -> NoReturn:
    raise HookError("token_refused", check)
