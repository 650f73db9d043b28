from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.fhir.keys import (
    SigningAlgorithm,
    SigningKey,
    choose_key,
    client_assertion,
    from_pem,
    generate,
    public_jwks,
)

TOKEN_URL = "https://auth.example/token"  # an address
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RSA = generate(SigningAlgorithm.RS384, rsa_bits=2048)
EC = generate(SigningAlgorithm.ES384)
SHORT_RSA = rsa.generate_private_key(65537, 1024).private_bytes(  # noqa: S505  # short on purpose
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
BOTH = pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])


def assertion(key: SigningKey) -> str:
    return client_assertion(key, client_id="app", token_url=TOKEN_URL, now=NOW, jti="once")


@pytest.mark.proves("R19", "R21", "S5")
@BOTH
def test_an_assertion_is_verified_by_the_published_key(key: SigningKey) -> None:
    kind = RSAKey if key.algorithm is SigningAlgorithm.RS384 else ECKey
    (published,) = public_jwks([key])["keys"]

    token = jwt.decode(assertion(key), kind.import_key(published), algorithms=[key.algorithm.value])

    assert token.header == {"alg": key.algorithm.value, "kid": published["kid"], "typ": "JWT"}


@pytest.mark.proves("R20", "S5")
def test_an_assertion_says_who_to_whom_and_for_four_minutes() -> None:
    signed = jws.extract_compact(assertion(EC).encode())
    claims = jwt.decode(assertion(EC), EC.private, algorithms=["ES384"]).claims

    assert signed.headers()["typ"] == "JWT"
    assert claims == {
        "iss": "app",
        "sub": "app",
        "aud": "https://auth.example/token",
        "jti": "once",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 240,
    }


@BOTH
def test_a_key_survives_its_pem(key: SigningKey) -> None:
    again = from_pem(key.to_pem())

    assert again == key
    assert again.to_pem() == key.to_pem()


@pytest.mark.proves("R22")
def test_published_keys_are_bare_and_never_private() -> None:
    rsa, ec = public_jwks([RSA, EC])["keys"]

    assert set(rsa) == {"kty", "n", "e", "kid"}
    assert set(ec) == {"kty", "crv", "x", "y", "kid"}


@pytest.mark.proves("R19")
def test_a_kid_is_the_thumbprint_of_the_public_key() -> None:
    (published,) = public_jwks([RSA])["keys"]

    assert published["kid"] == RSAKey.import_key(published).thumbprint()


def test_a_new_rsa_key_has_3072_bits() -> None:
    assert len(generate(SigningAlgorithm.RS384).to_pem()) > len(RSA.to_pem())


@pytest.mark.parametrize(
    "pem",
    [
        b"not a key",
        SHORT_RSA,
        RSAKey.generate_key(2048).as_pem(private=False),
        ECKey.generate_key("P-256").as_pem(private=True),
    ],
    ids=["noise", "short", "public", "another curve"],
)
def test_a_key_that_cannot_sign_for_smart_is_refused(pem: bytes) -> None:
    with pytest.raises(ConfigurationError):
        from_pem(pem)


def test_the_key_is_chosen_by_what_the_server_accepts() -> None:
    assert choose_key([RSA, EC], frozenset({"ES384"})) == EC
    assert choose_key([RSA, EC], frozenset()) == RSA


def test_no_acceptable_key_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        choose_key([RSA], frozenset({"ES384"}))


def test_a_key_prints_nothing_secret() -> None:
    assert "PRIVATE" not in repr(EC)
    assert "private" not in repr(EC)
