"""Whether a token is signed with one of an issuer's published keys: asked in one place only.

JSON Web Signature (RFC 7515) with asymmetric algorithms alone; the key is chosen by us, never by
the token.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from ccm_fhir.errors import SignatureError
from ccm_fhir.fhir.discovery import Jwks

MIN_RSA_BITS = 2048
_KEY_OF_ALGORITHM = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
}


def verified_claims(
    token: str, jwks: Jwks, algorithms: Collection[str], *, barred_headers: frozenset[str]
) -> Mapping[str, Any]:
    """Return the claims of a token whose signature holds.

    Args:
        token: in the compact form.
        jwks: the keys of its issuer; without a ``kid`` exactly one of them must fit.
        algorithms: those allowed, of RS256, RS384, ES256 and ES384.
        barred_headers: headers with which a token would bring or point to keys of its own.

    Raises:
        SignatureError: alg, key in the header, kid, short key or signature.
    """
    registry = jws.JWSRegistry(algorithms=list(_KEY_OF_ALGORITHM), strict_check_header=False)
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm = header.get("alg")
        if algorithm not in algorithms or algorithm not in _KEY_OF_ALGORITHM:
            raise SignatureError("alg")
        if barred_headers & header.keys():
            raise SignatureError("key in the header")
        key = _key(header, jwks)
        return jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise SignatureError("signature") from None


def has_key(jwks: Jwks, kid: str) -> bool:
    """Whether a key set names a key of this id, fit for use or not."""
    return any(key.get("kid") == kid for key in jwks.keys)


def _key(header: Mapping[str, Any], jwks: Jwks) -> RSAKey | ECKey:
    kind, curve = _KEY_OF_ALGORITHM[header["alg"]]
    fitting = [
        key
        for key in jwks.keys
        if key.get("kty") == kind
        and key.get("crv") == curve
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
        and ("kid" not in header or key.get("kid") == header["kid"])
    ]
    if len(fitting) != 1:  # none, or more than one to choose from
        raise SignatureError("kid")
    if kind == "EC":
        return ECKey.import_key(dict(fitting[0]))
    modulus = urlsafe_b64decode(str(fitting[0].get("n", "")).encode())
    if int.from_bytes(modulus).bit_length() < MIN_RSA_BITS:
        raise SignatureError("short key")
    return RSAKey.import_key(dict(fitting[0]))
