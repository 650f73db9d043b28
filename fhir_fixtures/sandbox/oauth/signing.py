"""The sandbox's own keys, their public halves for everybody, and what is signed with them."""

import json
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ALGORITHM = "RS256"
CALL_ALGORITHM = "ES384"


class Signer:
    """Keys of this sandbox alone: RSA for id tokens, P-384 for its own calls of CDS Hooks."""

    def __init__(self) -> None:
        self._kid = secrets.token_urlsafe(8)
        self._call_kid = secrets.token_urlsafe(8)
        self._call_key = ec.generate_private_key(ec.SECP384R1())

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        public |= {"kid": self._kid, "use": "sig", "alg": ALGORITHM}
        public.pop("key_ops", None)
        calling: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self._call_key.public_key()))
        calling |= {"kid": self._call_kid, "use": "sig", "alg": CALL_ALGORITHM}
        calling.pop("key_ops", None)
        return {"keys": [public, calling]}

    def sign(self, claims: dict[str, Any], *, now: datetime, lifetime: timedelta) -> str:
        """The claims as a JWT that says when it was made and until when it holds."""
        headers = {"kid": self._kid}
        return jwt.encode(
            _dated(claims, now, lifetime), self._key, algorithm=ALGORITHM, headers=headers
        )

    def sign_call(
        self, claims: dict[str, Any], *, jku: str, now: datetime, lifetime: timedelta
    ) -> str:
        """The claims as the token of one call to a CDS service."""
        headers = {"kid": self._call_kid, "jku": jku}
        return jwt.encode(
            _dated(claims, now, lifetime),
            self._call_key,
            algorithm=CALL_ALGORITHM,
            headers=headers,
        )


def _dated(claims: dict[str, Any], now: datetime, lifetime: timedelta) -> dict[str, Any]:
    return {
        **claims,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
