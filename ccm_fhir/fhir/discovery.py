"""SMART discovery: what an EHR says about its authorization server, and which hosts that needs.

SMART App Launch 2.2, "Using Well-Known". Real documents omit keys, misspell them and list
scopes they do not mean, so that nothing but the token endpoint is demanded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

import httpx2
import msgspec

from ccm_fhir.errors import EhrFormatError, EhrHttpError, ForbiddenOriginError, InputError
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin

WELL_KNOWN = ".well-known/smart-configuration"
OPENID = ".well-known/openid-configuration"
_READING = "reading its SMART configuration"
_FOLLOWING = "following its SMART configuration"
_READING_OPENID = "reading its OpenID configuration"
_READING_KEYS = "reading its signing keys"


class SmartConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What a discovery document says; an absent endpoint is an empty string.

    ``base_url`` is the FHIR base exactly as it was asked for: it is the ``aud`` of a launch.
    """

    base_url: str
    token_endpoint: str
    authorization_endpoint: str = ""
    issuer: str = ""
    jwks_uri: str = ""
    introspection_endpoint: str = ""
    revocation_endpoint: str = ""
    capabilities: frozenset[str] = frozenset()
    scopes_supported: frozenset[str] = frozenset()
    auth_methods: frozenset[str] = frozenset()
    signing_algs: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset()
    pkce_methods: frozenset[str] = frozenset()

    def supports(self, capability: str) -> bool:
        """Whether a capability such as ``permission-v2`` is advertised."""
        return capability in self.capabilities


class Jwks(msgspec.Struct, frozen=True):
    """The public keys of an issuer (RFC 7517 §5), as they were published."""

    keys: tuple[Mapping[str, Any], ...]


def preview(gate: OutgoingGate, base_url: str) -> SmartConfiguration:
    """Read an EHR's discovery document without comparing its endpoints with the pins.

    For adding an EHR: the gate holds the base's origin alone, and ``needed_origins`` of the
    result is what a person is asked to pin.

    Raises:
        EhrHttpError: any status but 200.
        EhrFormatError: not a JSON object, or it names no usable token endpoint.
        EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    document = _read_object(gate, base_url.rstrip("/") + "/" + WELL_KNOWN, _READING)
    return parse_configuration(document, base_url)


def discover(gate: OutgoingGate, base_url: str) -> SmartConfiguration:
    """Read an EHR's discovery document; every endpoint in it lies in the gate's origins.

    Raises:
        ForbiddenOriginError: an endpoint lies elsewhere.
        EhrHttpError, EhrFormatError, EhrUnreachableError: as ``preview``.
    """
    config = preview(gate, base_url)
    if not needed_origins(config) <= gate.origins:
        raise ForbiddenOriginError(_FOLLOWING)
    return config


def needed_origins(config: SmartConfiguration) -> frozenset[Origin]:
    """Return the origins which an EHR needs pinned: its base and each endpoint we may use.

    An issuer is among them only where keys must be looked up through it.
    """
    used = [config.base_url, config.token_endpoint, config.authorization_endpoint]
    used += [config.introspection_endpoint, config.revocation_endpoint]
    used.append(config.jwks_uri or _openid_url(config))
    return frozenset(Origin.of(url) for url in used if url)


def read_jwks(gate: OutgoingGate, config: SmartConfiguration) -> Jwks:
    """Fetch the issuer's public keys, by ``jwks_uri`` or else by OpenID discovery.

    Raises:
        EhrFormatError: no way to the keys, another issuer's metadata, or not a key set.
        EhrHttpError, EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    return fetch_jwks(gate, config.jwks_uri or _openid_jwks_uri(gate, config))


def fetch_jwks(gate: OutgoingGate, url: str) -> Jwks:
    """Fetch the key set at an address.

    Raises:
        EhrFormatError: it is not a key set.
        EhrHttpError, EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    keys = _read_object(gate, url, _READING_KEYS).get("keys")
    if not isinstance(keys, list):
        raise EhrFormatError(_READING_KEYS, "it is not a key set")
    return Jwks(tuple(key for key in keys if isinstance(key, dict)))


def parse_configuration(document: Mapping[str, Any], base_url: str) -> SmartConfiguration:
    """Read a discovery document; relative endpoints are resolved against the base.

    Raises:
        EhrFormatError: it names no token endpoint, or an endpoint that is not a web address.
    """
    token_endpoint = _endpoint(document, "token_endpoint", base_url)
    if not token_endpoint:
        raise EhrFormatError(_READING, "it names no token endpoint")
    return SmartConfiguration(
        base_url=base_url,
        token_endpoint=token_endpoint,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", base_url),
        issuer=_text(document.get("issuer")),
        jwks_uri=_endpoint(document, "jwks_uri", base_url),
        introspection_endpoint=_endpoint(document, "introspection_endpoint", base_url),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", base_url),
        capabilities=_names(document, "capabilities"),
        scopes_supported=_names(document, "scopes_supported"),
        # Checked 2026-11: Veradigm publishes the list under the key without "_supported".
        auth_methods=_names(document, "token_endpoint_auth_methods_supported")
        | _names(document, "token_endpoint_auth_methods"),
        signing_algs=_names(document, "token_endpoint_auth_signing_alg_values_supported"),
        grant_types=_names(document, "grant_types_supported"),
        pkce_methods=_names(document, "code_challenge_methods_supported"),
    )


def _openid_jwks_uri(gate: OutgoingGate, config: SmartConfiguration) -> str:
    url = _openid_url(config)
    if not url:
        raise EhrFormatError(_READING_KEYS, "its SMART configuration names neither keys nor issuer")
    document = _read_object(gate, url, _READING_OPENID)
    if document.get("issuer") != config.issuer:
        raise EhrFormatError(_READING_OPENID, "it is another issuer's")
    jwks_uri = _text(document.get("jwks_uri"))
    if not jwks_uri:
        raise EhrFormatError(_READING_OPENID, "it names no keys")
    return jwks_uri


def _openid_url(config: SmartConfiguration) -> str:
    url = config.issuer.rstrip("/") + "/" + OPENID
    try:
        Origin.of(url)
    except InputError:  # no issuer, or one that is a name and no address
        return ""
    return url


def _read_object(gate: OutgoingGate, url: str, what: str) -> Mapping[str, Any]:
    answer = gate.get(url, what=what, headers={"Accept": "application/json"})
    if answer.status_code != httpx2.codes.OK:
        raise EhrHttpError(what, answer.status_code)
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(what, "it is not JSON") from None
    if not isinstance(document, dict):
        raise EhrFormatError(what, "it is not a JSON object")
    return document


def _endpoint(document: Mapping[str, Any], key: str, base_url: str) -> str:
    text = _text(document.get(key))
    if not text:
        return ""
    try:
        url = urljoin(base_url.rstrip("/") + "/", text)
        Origin.of(url)
    except (InputError, ValueError):
        raise EhrFormatError(_READING, f"its {key} is not a web address") from None
    return url


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _names(document: Mapping[str, Any], key: str) -> frozenset[str]:
    value = document.get(key)
    listed: Iterable[object] = value if isinstance(value, list) else ()
    return frozenset(item for item in listed if isinstance(item, str))
