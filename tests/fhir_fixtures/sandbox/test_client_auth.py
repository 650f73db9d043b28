"""private_key_jwt: which assertions are believed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.fhir_fixtures.sandbox.conftest import (
    LAUNCH_URL,
    ORIGIN,
    REDIRECT_URI,
    TOKEN_URL,
    Clock,
    Ehr,
    Keys,
    Practice,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(ehr: Ehr, **assertion: Any) -> httpx2.Response:  # noqa: ANN401 (claims, header, key)
    proof = ehr.assertion(**assertion)
    return ehr.post_token(grant_type="client_credentials", scope="system/*.rs", **proof)


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_assertion_signed_with_a_registered_key_is_believed(ehr: Ehr, algorithm: str) -> None:
    assert _ask(ehr, algorithm=algorithm).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": f"{ORIGIN}/fhir"},
        {"aud": f"{TOKEN_URL}/"},
        {"aud": None},
        {"iss": "stranger"},
        {"iss": None},
        {"sub": "open-app"},
        {"sub": None},
        {"jti": None},
        {"exp": None},
        {"exp": "soon"},
        {"iss": "open-app", "sub": "open-app"},
        {"algorithm": "RS256", "header": {"kid": "RS384"}},
        {"header": {"kid": "unknown"}},
        {"header": {"typ": "at+jwt"}},
        {"algorithm": "RS384", "header": {"kid": "ES384"}},
    ],
    ids=str,
)
def test_assertion_with_one_thing_wrong_is_invalid_client(ehr: Ehr, wrong: dict[str, Any]) -> None:
    response = _ask(ehr, **wrong)

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def test_assertion_signed_with_a_foreign_key_is_invalid_client(ehr: Ehr) -> None:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert _ask(ehr, key=foreign).json()["error"] == "invalid_client"


def test_unsigned_assertion_is_invalid_client(ehr: Ehr) -> None:
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiUlMzODQifQ.eyJpc3MiOiJhcHAifQ."

    answer = ehr.post_token(
        grant_type="client_credentials",
        scope="system/*.rs",
        **{**ehr.assertion(), "client_assertion": unsigned},
    ).json()

    assert answer["error"] == "invalid_client"


def test_text_that_is_no_jwt_is_invalid_client(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials", **{**ehr.assertion(), "client_assertion": "nonsense"}
    ).json()

    assert answer["error"] == "invalid_client"


def test_other_assertion_type_is_invalid_client(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials", **{**ehr.assertion(), "client_assertion_type": "saml"}
    ).json()

    assert answer["error"] == "invalid_client"


def test_client_id_that_contradicts_the_assertion_is_invalid_client(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials", client_id="open-app", **ehr.assertion()
    ).json()

    assert answer["error"] == "invalid_client"


def test_unknown_client_is_invalid_client(ehr: Ehr) -> None:
    response = ehr.post_token(grant_type="refresh_token", client_id="stranger")

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


@pytest.mark.parametrize(("seconds", "status"), [(0, 401), (1, 200), (300, 200), (301, 401)])
def test_assertion_lives_five_minutes_at_most(ehr: Ehr, seconds: int, status: int) -> None:
    expiry = int((ehr.clock() + timedelta(seconds=seconds)).timestamp())

    assert _ask(ehr, exp=expiry).status_code == status


def test_assertion_is_accepted_once(ehr: Ehr) -> None:
    assert _ask(ehr, jti="same").status_code == 200

    replay = _ask(ehr, jti="same")

    assert replay.status_code == 401
    assert "jti" in replay.json()["error_description"]


def test_assertion_used_for_a_code_cannot_be_used_for_a_refresh(ehr: Ehr) -> None:
    proof = ehr.assertion()
    token = ehr.redeem(ehr.code(), **proof).json()["refresh_token"]

    assert ehr.refresh(token, **proof).json()["error"] == "invalid_client"


def test_refused_assertion_does_not_use_up_its_jti(ehr: Ehr) -> None:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _ask(ehr, jti="mine", key=foreign)

    assert _ask(ehr, jti="mine").status_code == 200


class KeySet:
    """The app's published keys, as the sandbox fetches them."""

    def __init__(self, jwks: Any) -> None:  # noqa: ANN401 (some are broken on purpose)
        self.jwks = jwks
        self.fetches = 0
        self.status = 200

    def __call__(self, _: httpx2.Request) -> httpx2.Response:
        self.fetches += 1
        return httpx2.Response(self.status, json=self.jwks)


@pytest.fixture
def key_set(keys: Keys) -> KeySet:
    return KeySet(keys.jwks())


@pytest.fixture
def fetching(key_set: KeySet, keys: Keys, clock: Clock) -> Iterator[Ehr]:
    client = Client(
        client_id="app",
        launch_url=LAUNCH_URL,
        redirect_uris=(REDIRECT_URI,),
        jwks_url="http://127.0.0.1:8700/.well-known/jwks.json",
    )
    app = create_app(
        SandboxSettings(origin=ORIGIN, clients=(client,)),
        practice=Practice(),
        clock=clock,
        jwks_transport=httpx2.MockTransport(key_set),
    )
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield Ehr(http, clock, keys)


def test_published_keys_are_fetched_once(fetching: Ehr, key_set: KeySet) -> None:
    _ask(fetching)

    assert _ask(fetching, algorithm="ES384").status_code == 200
    assert key_set.fetches == 1


def test_unknown_key_id_makes_the_sandbox_look_again(fetching: Ehr, key_set: KeySet) -> None:
    _ask(fetching)
    key_set.jwks = {"keys": [each | {"kid": "new"} for each in key_set.jwks["keys"][:1]]}
    fetching.clock.advance(seconds=3)

    assert _ask(fetching, header={"kid": "new"}).status_code == 200
    assert key_set.fetches == 2


def test_unknown_key_ids_cannot_make_it_look_all_the_time(fetching: Ehr, key_set: KeySet) -> None:
    for number in range(5):
        _ask(fetching, header={"kid": f"guess-{number}"})

    assert key_set.fetches == 1


def test_key_taken_out_of_the_set_stops_working(fetching: Ehr, key_set: KeySet) -> None:
    _ask(fetching)
    key_set.jwks = {"keys": []}
    fetching.clock.advance(minutes=5)

    assert _ask(fetching).json()["error"] == "invalid_client"


@pytest.mark.parametrize("jwks", [[], {"keys": None}, "text"])
def test_key_set_that_is_none_is_invalid_client(
    fetching: Ehr, key_set: KeySet, jwks: object
) -> None:
    key_set.jwks = jwks

    assert _ask(fetching).json()["error"] == "invalid_client"


def test_key_set_that_cannot_be_fetched_is_invalid_client(fetching: Ehr, key_set: KeySet) -> None:
    key_set.status = 500

    response = _ask(fetching)

    assert response.json()["error"] == "invalid_client"
    assert "could not be fetched" in response.json()["error_description"]
