"""A sandbox EHR in this process, with two patients, two users and a clock that tests move."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.testclient import TestClient

from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.settings import Client, SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

ORIGIN = "http://localhost:8710"
BASE = f"{ORIGIN}/fhir"
TOKEN_URL = f"{ORIGIN}/oauth/token"
REDIRECT_URI = "http://127.0.0.1:8700/callback"
LAUNCH_URL = "http://127.0.0.1:8700/launch"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
SCOPE = "launch openid fhirUser offline_access patient/*.cruds"


@dataclass
class Clock:
    """The time, until a test moves it."""

    now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass(frozen=True)
class Person:
    """A user of the stub practice."""

    id: str
    name: str
    fhir_user: str
    role: str


@dataclass(frozen=True)
class Member:
    """A patient of the stub practice's cast."""

    patient_id: str
    name: str
    shows: str
    expect: str


def _patient(patient_id: str, family: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "identifier": [{"system": "urn:mrn", "value": f"MRN-{patient_id}"}],
        "name": [{"family": family, "given": ["Ada"]}],
        "gender": "female",
        "birthDate": "1950-02-03",
    }


def _condition(condition_id: str, patient_id: str, category: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": condition_id,
        "subject": {"reference": f"Patient/{patient_id}"},
        "category": [{"coding": [{"system": "urn:category", "code": category}]}],
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]},
    }


def _encounter(encounter_id: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/one"},
        "participant": [{"individual": {"reference": "Practitioner/manager"}}],
        "period": {"start": f"{day}T10:00:00Z", "end": f"{day}T10:20:00Z"},
    }


@dataclass(frozen=True)
class Practice:
    """Two patients, their conditions and goals, two encounters, one practitioner."""

    resources: tuple[dict[str, Any], ...] = (
        {"resourceType": "Practitioner", "id": "manager", "name": [{"family": "Manager"}]},
        _patient("one", "Ready"),
        _patient("two", "Other"),
        _condition("problem-one", "one", "problem-list-item"),
        _condition("visit-one", "one", "encounter-diagnosis"),
        _condition("problem-two", "two", "problem-list-item"),
        _encounter("early", "2026-09-01"),
        _encounter("late", "2026-11-02"),
        *(
            {
                "resourceType": "Goal",
                "id": f"goal-{each}",
                "lifecycleStatus": "active",
                "description": {"text": "Walk"},
                "subject": {"reference": f"Patient/{each}"},
            }
            for each in ("one", "two")
        ),
    )
    cast: tuple[Member, ...] = (
        Member("one", "Ada Ready", "Everything is in place", "99490 after 20 minutes"),
    )
    users: tuple[Person, ...] = (
        Person("nurse", "Nora Nurse", "Practitioner/manager", "care manager"),
        Person("doctor", "Dora Doctor", "Practitioner/doctor", "billing practitioner"),
    )


@dataclass(frozen=True)
class Keys:
    """The app's private keys, one for each algorithm."""

    rsa: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    ec: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP384R1())
    )

    def jwks(self) -> dict[str, Any]:
        rsa_key = json.loads(RSAAlgorithm.to_jwk(self.rsa.public_key()))
        ec_key = json.loads(ECAlgorithm.to_jwk(self.ec.public_key()))
        return {"keys": [rsa_key | {"kid": "RS384"}, ec_key | {"kid": "ES384"}]}


@dataclass
class Ehr:
    """The sandbox as an app and a browser meet it."""

    http: TestClient
    clock: Clock
    keys: Keys

    def launch(self, user: str = "nurse", patient: str = "one", **options: str) -> str:
        response = self.http.post("/launches", data={"user": user, "patient": patient, **options})
        assert response.status_code == 303, response.text
        return query_of(response)["launch"]

    def authorize(self, *, without: str = "", **changed: str) -> httpx2.Response:
        params = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPE,
            "state": "the-state",
            "aud": BASE,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **changed,
        }
        if "launch" in params.get("scope", "").split() and "launch" not in params:
            params["launch"] = self.launch()
        params.pop(without, None)
        return self.http.get("/oauth/authorize", params=params)

    def code(self, **changed: str) -> str:
        return query_of(self.authorize(**changed))["code"]

    def post_token(self, **form: str) -> httpx2.Response:
        return self.http.post("/oauth/token", data=form)

    def redeem(self, code: str, **changed: str) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **self.assertion(),
            **changed,
        }
        return self.post_token(**form)

    def refresh(self, token: str, **changed: str) -> httpx2.Response:
        return self.post_token(
            grant_type="refresh_token", refresh_token=token, **{**self.assertion(), **changed}
        )

    def assertion(
        self,
        *,
        algorithm: str = "RS384",
        header: dict[str, Any] | None = None,
        key: rsa.RSAPrivateKey | None = None,
        **changed: object,
    ) -> dict[str, str]:
        claims = {
            "iss": "app",
            "sub": "app",
            "aud": TOKEN_URL,
            "exp": int((self.clock() + timedelta(minutes=4)).timestamp()),
            "jti": str(uuid4()),
            **changed,
        }
        signed = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            key or (self.keys.ec if algorithm == "ES384" else self.keys.rsa),
            algorithm=algorithm,
            headers={"kid": algorithm, **(header or {})},
        )
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": signed,
        }

    def tokens(self, scope: str = SCOPE, **options: str) -> dict[str, Any]:
        """The token response of an EHR launch."""
        code = self.code(scope=scope, launch=self.launch(**options))
        answer: dict[str, Any] = self.redeem(code).json()
        assert "access_token" in answer, answer
        return answer

    def backend_token(self, scope: str) -> str:
        response = self.post_token(grant_type="client_credentials", scope=scope, **self.assertion())
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def fhir(
        self,
        method: str,
        path: str,
        *,
        token: str,
        **options: Any,  # noqa: ANN401 (whatever httpx2 takes)
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self.http.request(method, f"/fhir{path}", headers=headers, **options)


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def query_of(response: httpx2.Response) -> dict[str, str]:
    """The parameters of a redirect."""
    query = urlsplit(response.headers["location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(keys: Keys) -> SandboxSettings:
    confidential = Client(
        client_id="app", launch_url=LAUNCH_URL, redirect_uris=(REDIRECT_URI,), jwks=keys.jwks()
    )
    public = Client(
        client_id="open-app", launch_url=LAUNCH_URL, redirect_uris=(REDIRECT_URI,), public=True
    )
    return SandboxSettings(origin=ORIGIN, clients=(confidential, public))


@pytest.fixture
def ehr(settings: SandboxSettings, clock: Clock, keys: Keys) -> Iterator[Ehr]:
    app = create_app(settings, practice=Practice(), clock=clock)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield Ehr(http, clock, keys)
