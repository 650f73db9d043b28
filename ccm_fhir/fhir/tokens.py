"""The second half of a SMART launch: tokens for a code, for a refresh token, for our key.

SMART App Launch 2.2, "Exchange code for access token", "Refresh", "Backend Services".
Authlib speaks OAuth here; its transport is the gate's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from ccm_fhir.errors import ConfigurationError, EhrFormatError, EhrHttpError, LaunchError
from ccm_fhir.fhir.gate import OutgoingGate, translated
from ccm_fhir.fhir.grants import TokenGrant, parse_grant
from ccm_fhir.fhir.keys import SigningKey, client_assertion
from ccm_fhir.fhir.scopes import parse_scopes

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ERROR_CODE = re.compile(r"[a-z][a-z_]{1,63}\Z")


class ClientAuthMethod(StrEnum):
    """How we prove to a token endpoint who we are (RFC 7591 §2 names)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  # a method's name, not a secret
    PRIVATE_KEY_JWT = "private_key_jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """Our registration at one EHR; a secret or a key goes with its own method alone."""

    client_id: str
    method: ClientAuthMethod
    secret: str = field(default="", repr=False)
    key: SigningKey | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a method without what it needs."""
        if self.method is ClientAuthMethod.CLIENT_SECRET_BASIC and not self.secret:
            raise ConfigurationError("client_secret", "is missing for client_secret_basic")
        if self.method is ClientAuthMethod.PRIVATE_KEY_JWT and self.key is None:
            raise ConfigurationError("signing_key", "is missing for private_key_jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a token request is made, and a number used once (for ``private_key_jwt``)."""

    now: datetime
    jti: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Where tokens are asked for, through which gate, and as whom."""

    gate: OutgoingGate
    url: str
    credentials: ClientCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeExchange:
    """An authorization code with what proves that it is ours; ``scope`` is what we asked for."""

    code: str = field(repr=False)
    redirect_uri: str
    code_verifier: str = field(repr=False)
    scope: str = ""


def exchange_code(endpoint: TokenEndpoint, exchange: CodeExchange, stamp: Stamp) -> TokenGrant:
    """Trade an authorization code for tokens.

    A grant without a patient is returned as such: whether one is needed is the caller's matter.

    Raises:
        LaunchError: ``authorization_refused`` with the OAuth error code, or
            ``token_response_invalid``.
        EhrHttpError: a status without an OAuth error.
        EhrFormatError, EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    token = _asked(
        endpoint,
        lambda client: client.fetch_token(
            endpoint.url,
            grant_type="authorization_code",
            code=exchange.code,
            redirect_uri=exchange.redirect_uri,
            code_verifier=exchange.code_verifier,
            **_assertion(endpoint, stamp),
        ),
        what="exchanging the authorization code",
    )
    return parse_grant(token, silent_scope=parse_scopes(exchange.scope))


def refresh(
    endpoint: TokenEndpoint, *, refresh_token: str, granted: frozenset[str], stamp: Stamp
) -> TokenGrant:
    """Trade a refresh token for a new access token; asks for the same scopes by saying nothing.

    The grant always holds a refresh token: the new one where the EHR rotates them, else the
    one given. ``granted`` is what the grant keeps if the answer does not name scopes; launch
    context that the answer does not repeat is absent from it.

    Raises:
        as ``exchange_code``.
    """
    token = _asked(
        endpoint,
        lambda client: client.refresh_token(
            endpoint.url, refresh_token=refresh_token, **_assertion(endpoint, stamp)
        ),
        what="refreshing the access token",
    )
    return parse_grant(
        {**token, "refresh_token": token.get("refresh_token") or refresh_token},
        silent_scope=granted,
    )


def client_credentials(endpoint: TokenEndpoint, *, scope: str, stamp: Stamp) -> TokenGrant:
    """Ask for a token of our own (Backend Services); it comes without a refresh token.

    Raises:
        as ``exchange_code``.
    """
    token = _asked(
        endpoint,
        lambda client: client.fetch_token(
            endpoint.url,
            grant_type="client_credentials",
            scope=scope,
            **_assertion(endpoint, stamp),
        ),
        what="asking for a backend token",
    )
    return parse_grant({**token, "refresh_token": None}, silent_scope=parse_scopes(scope))


def _asked(
    endpoint: TokenEndpoint, ask: Callable[[OAuth2Client], Mapping[str, Any]], *, what: str
) -> Mapping[str, Any]:
    credentials = endpoint.credentials
    with (
        _oauth_translated(what),
        OAuth2Client(
            client_id=credentials.client_id,
            client_secret=credentials.secret or None,
            token_endpoint_auth_method=credentials.method.value,
            transport=endpoint.gate.checked_transport,
            timeout=endpoint.gate.timeout,
            follow_redirects=False,
            trust_env=False,
        ) as client,
    ):
        client.register_client_auth_method(
            (ClientAuthMethod.PRIVATE_KEY_JWT.value, _already_in_the_body)
        )
        for step in ("access_token_response", "refresh_token_response"):
            client.register_compliance_hook(step, lambda answer: _not_elsewhere(answer, what))
        return ask(client)


def _not_elsewhere(answer: httpx2.Response, what: str) -> httpx2.Response:
    if answer.is_redirect:
        raise EhrHttpError(what, answer.status_code)
    return answer


def _assertion(endpoint: TokenEndpoint, stamp: Stamp) -> dict[str, str]:
    credentials = endpoint.credentials
    if credentials.method is not ClientAuthMethod.PRIVATE_KEY_JWT or credentials.key is None:
        return {}
    signed = client_assertion(
        credentials.key,
        client_id=credentials.client_id,
        token_url=endpoint.url,
        now=stamp.now,
        jti=stamp.jti,
    )
    return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": signed}


def _already_in_the_body(
    _client: object, _method: str, uri: str, headers: object, body: object
) -> tuple[str, object, object]:
    return uri, headers, body


@contextmanager
def _oauth_translated(what: str) -> Iterator[None]:
    try:
        with translated(what):
            yield
    except OAuthError as refusal:
        code = str(refusal.error)
        detail = code if _ERROR_CODE.match(code) else "unknown_error"
        raise LaunchError("authorization_refused", detail) from None
    except httpx2.HTTPStatusError as answer:
        raise EhrHttpError(what, answer.response.status_code) from None
    except ValueError:
        raise EhrFormatError(what, "it is not a JSON object") from None
