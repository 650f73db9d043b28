"""A calling EHR for the tests of CDS Hooks: its keys, its tokens, its record and its calls."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.testclient import TestClient

from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.services.cds_desk import CdsDesk
from smart_app.main import AppSettings, create_app
from tests.builders import ORGANIZATION
from tests.services.loopback_ehr import cast
from tests.smart_app.front import BASE, EHR, NOW, Front, open_front

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ccm_fhir.domain.facts import ChartFacts
    from ccm_fhir.services.installation import Installation

FHIR = f"{EHR}/fhir"
ISSUER = f"{EHR}/issuer"
KEYS_URL = f"{EHR}/keys"
SERVICES = f"{BASE}/cds-services"
SERVICE = f"{SERVICES}/ccm-patient-view"
FEEDBACK = f"{SERVICE}/feedback"
LENT = "lent-token-9d41"  # made up
PATIENT = "p1"
KEYS = {
    "patient": "Patient",
    "conditions": "Condition",
    "coverages": "Coverage",
    "consents": "Consent",
    "encounters": "Encounter",
    "carePlans": "CarePlan",
}
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-384", {"kid": "ec"})
EVIL = ECKey.generate_key("P-384", {"kid": "ec"})
Json = dict[str, Any]


def claims(audience: str = SERVICE, **changes: object) -> Json:
    """Return the claims of an honest token; a change to ``"absent"`` leaves a claim out."""
    issued = int(NOW.timestamp())
    made: Json = {
        "iss": ISSUER,
        "aud": audience,
        "iat": issued,
        "exp": issued + 120,
        "jti": str(uuid4()),
    }
    return _present(made | changes)


def signed(payload: Json | None = None, key: ECKey | RSAKey | OctKey = EC, **header: object) -> str:
    """Return a token in its compact form."""
    head = _present({"alg": "ES384", "kid": "ec", "typ": "JWT"} | header)
    registry = jws.JWSRegistry(strict_check_header=False, algorithms=[head["alg"]])
    body = claims() if payload is None else payload
    return jws.serialize_compact(head, json.dumps(body), key, [head["alg"]], registry=registry)


def spelt(header: object, payload: object, signature: str = "") -> str:
    """Return a token that nobody signed."""
    parts = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
        for each in (header, payload)
    )
    return ".".join((*parts, signature))


def _present(members: Json) -> Json:
    return {name: value for name, value in members.items() if value != "absent"}


@cache
def _record(member: str, patient: str) -> str:
    theirs = [
        each
        for each in cast().resources
        if each["id"] == member or f'"Patient/{member}"' in json.dumps(each)
    ]
    text = json.dumps(theirs).replace("Organization/org-maple-street", ORGANIZATION)
    return text.replace(member, patient)


def record_of(member: str, patient: str = PATIENT) -> list[Json]:
    """Return the record of one of the demo's cast, under another id and in our practice."""
    found: list[Json] = json.loads(_record(member, patient))
    return found


def bundle(resources: list[Json], **members: object) -> Json:
    """Return a searchset."""
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **members}


def prefetch_of(record: list[Json]) -> Json:
    """Return what an EHR sends along that satisfies every template."""
    by_type = {kind: [r for r in record if r["resourceType"] == kind] for kind in KEYS.values()}
    return {
        key: by_type[kind][0] if kind == "Patient" else bundle(by_type[kind])
        for key, kind in KEYS.items()
    }


def call_of(prefetch: object = None, **changes: object) -> Json:
    """Return a call of the hook; a change to ``"absent"`` leaves a member out."""
    made: Json = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "fhirServer": FHIR,
        "context": {"userId": "Practitioner/nurse-1", "patientId": PATIENT},
    }
    if prefetch is not None:
        made["prefetch"] = prefetch
    return _present(made | changes)


def lent(**changes: object) -> Json:
    """Return a token that the EHR lends for a call."""
    made: Json = {
        "access_token": LENT,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "ccm-fhir",
    }
    return _present(made | changes)


@dataclass(kw_only=True)
class FarEhr:
    """The EHR as we reach it: its keys, its record, how long it takes, and what it was asked."""

    record: list[Json] = field(default_factory=list)
    keys: list[Json] = field(default_factory=lambda: public(EC, RSA))
    status: int = 200
    takes_seconds: float = 0
    keys_take_seconds: float = 0
    keys_answer: httpx2.Response | None = None
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path == "/keys":
            time.sleep(self.keys_take_seconds)
            return self.keys_answer or httpx2.Response(200, json={"keys": self.keys})
        if self.takes_seconds:
            time.sleep(self.takes_seconds)
        if self.status != 200:
            return httpx2.Response(self.status, json={"resourceType": "OperationOutcome"})
        return self._answer(request)

    @property
    def asked(self) -> list[str]:
        """The paths of the record that were asked for."""
        return [r.url.path.removeprefix("/fhir/") for r in self.requests if r.url.path != "/keys"]

    @property
    def fetched_keys(self) -> int:
        return sum(1 for r in self.requests if r.url.path == "/keys")

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        kind, _, wanted = request.url.path.removeprefix("/fhir/").partition("/")
        found = [r for r in self.record if r["resourceType"] == kind]
        if not wanted:
            return httpx2.Response(200, json=bundle(found))
        read = next((r for r in found if r["id"] == wanted), None)
        return httpx2.Response(404) if read is None else httpx2.Response(200, json=read)


def public(*keys: ECKey | RSAKey) -> list[Json]:
    """Return the public halves of keys."""
    return [dict(key.as_dict(private=False)) for key in keys]


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """An installation that one EHR may call, and that EHR."""

    front: Front = field(repr=False)
    world: Installation = field(repr=False)
    client: TestClient
    far: FarEhr = field(repr=False)

    def beside(self) -> Hooks:
        """Return a second worker: it shares the database and nothing else."""
        world = replace(self.world, cds=CdsDesk(budget_seconds=20))
        return replace(self, world=world, client=_client(world))

    def on(self, moment: datetime) -> Hooks:
        """Return the app as it works on another day."""
        return replace(self, client=_client(self.world, moment))

    def post(self, body: object, url: str = SERVICE, token: str | None = None) -> httpx2.Response:
        """Call with an honest token, unless another is given."""
        return self.send(json.dumps(body).encode(), url, token)

    def send(self, body: bytes, url: str = SERVICE, token: str | None = None) -> httpx2.Response:
        given = signed(claims(url)) if token is None else token
        headers = {"authorization": f"Bearer {given}", "content-type": "application/json"}
        return self.client.post(url.removeprefix(BASE), content=body, headers=headers)

    def cards(self, body: object) -> list[Json]:
        """Return the cards of a call that must succeed."""
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["cards"]
        return found

    def card(self, body: object) -> Json:
        """Return the one card of a call."""
        (only,) = self.cards(body)
        return only

    def discover(self, token: str | None = None) -> httpx2.Response:
        given = signed(claims(SERVICES)) if token is None else token
        return self.client.get("/cds-services", headers={"authorization": f"Bearer {given}"})


def open_hooks(
    folder: Path,
    facts: ChartFacts | None = None,
    *,
    desk: CdsDesk | None = None,
    tenant: str = "",
) -> Hooks:
    """Return an app over a new database, with an EHR that may call it."""
    front, far = open_front(folder, facts), FarEhr()
    world = replace(
        front.world,
        open_gate=lambda origins, _: OutgoingGate(
            origins=origins, transport=httpx2.MockTransport(far)
        ),
        cds=desk or CdsDesk(budget_seconds=20),
    )
    registration = CdsRegistration(fhir_base=FHIR, issuer=ISSUER, jwks_url=KEYS_URL, tenant=tenant)
    register_caller(world, registration, NOW)
    return Hooks(front=front, world=world, client=_client(world), far=far)


def _client(world: Installation, moment: datetime = NOW) -> TestClient:
    told = AppSettings(base_url=BASE, is_demo=False, service_now=lambda: moment)
    return TestClient(create_app(world, told), base_url=BASE, follow_redirects=False)
