from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from ccm_fhir.errors import LaunchError
from ccm_fhir.fhir.discovery import Jwks
from ccm_fhir.fhir.idtoken import ExpectedIdToken, validate

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ISSUER = "https://auth.example"
BASE = "https://ehr.example/fhir"
EXPECTED = ExpectedIdToken(issuer=ISSUER, client_id="app", nonce="nonce-1", fhir_base=BASE, now=NOW)
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC256 = ECKey.generate_key("P-256", {"kid": "ec-256"})
EC384 = ECKey.generate_key("P-384", {"kid": "ec-384"})
EVIL = RSAKey.generate_key(2048, {"kid": "rsa-1"})
PUBLISHED = Jwks(tuple(key.as_dict(private=False) for key in (RSA, EC256, EC384)))


def claims(**changes: object) -> dict[str, Any]:
    made = {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": "app",
        "nonce": "nonce-1",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "fhirUser": f"{BASE}/Practitioner/p1",
    } | changes
    return {name: value for name, value in made.items() if value != "absent"}


def signed(
    payload: dict[str, Any] | None = None,
    key: RSAKey | ECKey | OctKey = RSA,
    **header: object,
) -> str:
    head: dict[str, Any] = {"alg": "RS256", "kid": "rsa-1"} | header
    registry = jws.JWSRegistry(strict_check_header=False, algorithms=[head["alg"]])
    return jwt.encode(
        {name: value for name, value in head.items() if value != "absent"},
        payload or claims(),
        key,
        registry=registry,
        algorithms=[head["alg"]],
    )


def unsigned() -> str:
    def encode(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    return f"{encode({'alg': 'none'})}.{encode(claims())}."


def tampered() -> str:
    head, _, signature = signed().split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(sub="admin")).encode()).rstrip(b"=")
    return f"{head}.{other.decode()}.{signature}"


SECRET = OctKey.import_key(RSA.as_pem(private=False).replace(b"-----", b"=="))
LATE = int((NOW - timedelta(seconds=61)).timestamp())
SOON = int((NOW + timedelta(seconds=61)).timestamp())

FORGED = {
    "no signature": (unsigned(), "alg"),
    "HS256 with the public key as the secret": (signed(key=SECRET, alg="HS256"), "alg"),
    "payload changed after signing": (tampered(), "signature"),
    "another's key under the same kid": (signed(key=EVIL), "signature"),
    "an unknown kid": (signed(key=EVIL, kid="evil"), "kid"),
    "its own key in the header": (
        signed(key=EVIL, jwk=EC256.as_dict(private=False)),
        "key in the header",
    ),
    "a key set of its own": (signed(key=EVIL, jku="https://evil.test/k"), "key in the header"),
    "a certificate of its own": (signed(key=EVIL, x5u="https://evil.test/c"), "key in the header"),
    "an algorithm that is not allowed": (signed(alg="PS256"), "alg"),
    "a key of another curve": (signed(key=EC256, alg="ES256", kid="ec-384"), "kid"),
    "for another client": (signed(claims(aud="other")), "aud"),
    "for several, and not issued to us": (signed(claims(aud=["app", "other"])), "azp"),
    "issued to another": (signed(claims(azp="other")), "azp"),
    "of another issuer": (signed(claims(iss=ISSUER + "/")), "iss"),
    "expired": (signed(claims(exp=LATE)), "exp"),
    "without an end": (signed(claims(exp="absent")), "exp"),
    "an end that is text": (signed(claims(exp="9999999999")), "exp"),
    "an end that is no number": (signed(claims(exp=float("nan"))), "exp"),
    "not yet valid": (signed(claims(nbf=SOON)), "nbf"),
    "from the future": (signed(claims(iat=SOON)), "iat"),
    "another nonce": (signed(claims(nonce="nonce-2")), "nonce"),
    "no nonce": (signed(claims(nonce="absent")), "nonce"),
    "no subject": (signed(claims(sub="absent")), "sub"),
    "a user on another server": (
        signed(claims(fhirUser="https://evil.test/fhir/Practitioner/p1")),
        "fhirUser",
    ),
    "a user on a longer base": (
        signed(claims(fhirUser="https://ehr.example/fhir-evil/Practitioner/p1")),
        "fhirUser",
    ),
    "a user of no user's type": (signed(claims(fhirUser="Device/d1")), "fhirUser"),
    "a user with a path of its own": (
        signed(claims(fhirUser="Practitioner/../Patient/1")),
        "fhirUser",
    ),
    "noise": ("not.a.token", "signature"),
    "nothing": ("", "signature"),
}


@pytest.mark.proves("R28", "R29", "S4")
@pytest.mark.parametrize(("token", "check"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused(token: str, check: str) -> None:
    with pytest.raises(LaunchError) as caught:
        validate(token, PUBLISHED, EXPECTED)

    assert caught.value.reason == "id_token_invalid"
    assert caught.value.detail == check


@pytest.mark.proves("R28", "S4")
@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "RS384"), (EC256, "ES256"), (EC384, "ES384")]
)
def test_an_honest_token_names_a_person(key: RSAKey | ECKey, algorithm: str) -> None:
    identity = validate(signed(key=key, alg=algorithm, kid=key.kid), PUBLISHED, EXPECTED)

    assert (identity.issuer, identity.subject) == (ISSUER, "user-1")
    assert identity.fhir_user == "Practitioner/p1"
    assert "user-1" not in repr(identity)
    assert "p1" not in repr(identity)


@pytest.mark.proves("R29")
@pytest.mark.parametrize(
    "fhir_user",
    [
        "Practitioner/p1",
        f"{BASE}/Practitioner/p1",
        "Practitioner/p1/_history/3",
    ],
)
def test_a_user_is_resolved_against_the_base(fhir_user: str) -> None:
    identity = validate(signed(claims(fhirUser=fhir_user)), PUBLISHED, EXPECTED)

    assert identity.fhir_user == "Practitioner/p1"


def test_a_token_without_fhir_user_still_names_a_subject() -> None:
    assert validate(signed(claims(fhirUser="absent")), PUBLISHED, EXPECTED).fhir_user == ""


@pytest.mark.proves("S4")
def test_a_minute_of_skew_is_forgiven() -> None:
    edge = claims(
        exp=int(NOW.timestamp()) - 60, nbf=int(NOW.timestamp()) + 60, iat=int(NOW.timestamp()) + 60
    )

    assert validate(signed(edge), PUBLISHED, EXPECTED).subject == "user-1"


def test_several_audiences_pass_when_it_was_issued_to_us() -> None:
    token = signed(claims(aud=["other", "app"], azp="app"))

    assert validate(token, PUBLISHED, EXPECTED).subject == "user-1"


def test_a_token_without_kid_passes_only_where_one_key_fits() -> None:
    token = signed(kid="absent")
    twins = Jwks((*PUBLISHED.keys, EVIL.as_dict(private=False) | {"kid": "rsa-2"}))

    assert validate(token, PUBLISHED, EXPECTED).subject == "user-1"
    with pytest.raises(LaunchError):
        validate(token, twins, EXPECTED)


def test_a_key_for_encryption_does_not_sign() -> None:
    keys = Jwks((RSA.as_dict(private=False) | {"use": "enc"},))

    with pytest.raises(LaunchError):
        validate(signed(), keys, EXPECTED)


def test_a_short_rsa_key_is_refused() -> None:
    short = RSAKey(rsa.generate_private_key(65537, 1024), None, {"kid": "rsa-1"})  # noqa: S505  # short on purpose

    with pytest.raises(LaunchError):
        validate(signed(key=short), Jwks((short.as_dict(private=False),)), EXPECTED)


def test_a_broken_key_set_refuses_and_does_not_crash() -> None:
    keys = Jwks(({"kty": "RSA", "kid": "rsa-1", "n": 7, "e": None},))

    with pytest.raises(LaunchError):
        validate(signed(), keys, EXPECTED)


@pytest.mark.proves("S4")
@pytest.mark.parametrize(
    ("claim", "expected"),
    [("iss", replace(EXPECTED, issuer="")), ("nonce", replace(EXPECTED, nonce=""))],
)
def test_nothing_expected_means_nothing_accepted(claim: str, expected: ExpectedIdToken) -> None:
    with pytest.raises(LaunchError):
        validate(signed(claims(**{claim: ""})), PUBLISHED, expected)
