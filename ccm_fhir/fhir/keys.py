"""Our signing keys for asymmetric client authentication, and the assertions they sign.

SMART App Launch 2.2, "Client Authentication: Asymmetric" (RFC 7523).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from ccm_fhir.errors import ConfigurationError

ASSERTION_LIFE = timedelta(seconds=240)
RSA_BITS = 3072
MIN_RSA_BITS = 2048
_CURVE = "P-384"
_PUBLIC_MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}


class SigningAlgorithm(StrEnum):
    """The two that SMART requires of a server; a client may use either."""

    RS384 = "RS384"
    ES384 = "ES384"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key of ours; ``kid`` is its RFC 7638 thumbprint."""

    algorithm: SigningAlgorithm
    kid: str
    private: RSAKey | ECKey = field(repr=False, compare=False)

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 PEM."""
        return self.private.as_pem(private=True)

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key with its type, its ``kid`` and nothing else."""
        members = self.private.as_dict(private=False)
        bare = {name: members[name] for name in _PUBLIC_MEMBERS[self.private.key_type]}
        return {**bare, "kid": self.kid}


def generate(algorithm: SigningAlgorithm, *, rsa_bits: int = RSA_BITS) -> SigningKey:
    """Make a new key; ``rsa_bits`` counts for RS384 alone."""
    if algorithm is SigningAlgorithm.ES384:
        return _named(algorithm, ECKey.generate_key(_CURVE))
    return _named(algorithm, RSAKey.generate_key(rsa_bits))


def from_pem(pem: bytes) -> SigningKey:
    """Read a private key; its kind decides the algorithm.

    Raises:
        ConfigurationError: not a private RSA key of 2048 bits or more, nor a P-384 key.
    """
    try:
        found = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if isinstance(found, RSAPrivateKey) and found.key_size >= MIN_RSA_BITS:
        return _named(SigningAlgorithm.RS384, RSAKey.import_key(pem))
    if isinstance(found, EllipticCurvePrivateKey) and isinstance(found.curve, SECP384R1):
        return _named(SigningAlgorithm.ES384, ECKey.import_key(pem))
    raise ConfigurationError("signing_key", "needs an RSA key (2048 bits or more) or a P-384 key")


def public_jwks(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Return the key set to publish (RFC 7517 §5): public halves alone."""
    return {"keys": [key.public_jwk() for key in keys]}


def choose_key(keys: Sequence[SigningKey], signing_algs: frozenset[str]) -> SigningKey:
    """Return the first key whose algorithm the server lists; the first of all if it lists none.

    Raises:
        ConfigurationError: there is no such key.
    """
    for key in keys:
        if not signing_algs or key.algorithm in signing_algs:
            return key
    raise ConfigurationError("signing_key", "none is of an algorithm which the EHR accepts")


def client_assertion(
    key: SigningKey, *, client_id: str, token_url: str, now: datetime, jti: str
) -> str:
    """Sign a client assertion that lives 240 seconds.

    Args:
        key: ours, whose public half the EHR knows.
        client_id: becomes ``iss`` and ``sub``.
        token_url: becomes ``aud``, letter by letter as posted to.
        now: an aware datetime.
        jti: never used before, refreshes included.
    """
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "jti": jti,
        "iat": issued_at,
        "exp": issued_at + int(ASSERTION_LIFE.total_seconds()),
    }
    header = {"alg": key.algorithm.value, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, key.private, algorithms=[key.algorithm.value])


def _named(algorithm: SigningAlgorithm, private: RSAKey | ECKey) -> SigningKey:
    return SigningKey(algorithm=algorithm, kid=private.thumbprint(), private=private)
