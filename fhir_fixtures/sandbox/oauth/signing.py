"""The sandbox's own signing key, its public half for everybody, and id tokens made with it."""

import json
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ALGORITHM = "RS256"


class Signer:
    """An RSA key of this sandbox alone, so that it cannot be mistaken for another."""

    def __init__(self) -> None:
        self._kid = secrets.token_urlsafe(8)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        public |= {"kid": self._kid, "use": "sig", "alg": ALGORITHM}
        public.pop("key_ops", None)
        return {"keys": [public]}

    def sign(self, claims: dict[str, Any], *, now: datetime, lifetime: timedelta) -> str:
        """The claims as a JWT that says when it was made and until when it holds."""
        dated = {
            **claims,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode(dated, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})
