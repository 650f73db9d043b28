"""The whole protocol over real sockets, against the sandbox EHR, which shares no code with us."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.facts import PatientFact
from ccm_fhir.errors import EhrHttpError, ForbiddenOriginError, LaunchError
from ccm_fhir.fhir.capability import read_capability
from ccm_fhir.fhir.client import FhirClient, identifier_query
from ccm_fhir.fhir.discovery import SmartConfiguration, discover, needed_origins, read_jwks
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.idtoken import ExpectedIdToken, validate
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.keys import SigningAlgorithm, public_jwks
from ccm_fhir.fhir.keys import generate as generate_key
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.fhir.people import read_organization, read_user
from ccm_fhir.fhir.planning import takes_batches
from ccm_fhir.fhir.reader import patients, read_chart
from ccm_fhir.fhir.scopes import delivery_scopes, launch_scopes, parse_scopes
from ccm_fhir.fhir.smart import AuthorizationRequest, authorization_url
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    CodeExchange,
    Stamp,
    TokenEndpoint,
    client_credentials,
    exchange_code,
    refresh,
)
from fhir_fixtures.practice import generate
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.fhir.grants import TokenGrant

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
KEY = generate_key(SigningAlgorithm.ES384)
CALLBACK = "http://127.0.0.1:8700/callback"
LAUNCH = "http://127.0.0.1:8700/launch"
VERIFIER = "v" * 64
PATIENTS = 12


@dataclass(frozen=True)
class Ehr:
    gate: OutgoingGate
    config: SmartConfiguration

    @property
    def base(self) -> str:
        return self.config.base_url

    @property
    def endpoint(self) -> TokenEndpoint:
        credentials = ClientCredentials(
            client_id="ccm-fhir", method=ClientAuthMethod.PRIVATE_KEY_JWT, key=KEY
        )
        return TokenEndpoint(
            gate=self.gate, url=self.config.token_endpoint, credentials=credentials
        )

    def client(self, grant: TokenGrant) -> FhirClient:
        return FhirClient(gate=self.gate, base_url=self.base, access_token=grant.access_token)


def stamp() -> Stamp:
    return Stamp(now=NOW, jti=str(uuid.uuid4()))


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    listener, origin = listen()
    app = create_app(
        SandboxSettings(
            origin=origin,
            clients=(
                Client(
                    client_id="ccm-fhir",
                    launch_url=LAUNCH,
                    redirect_uris=(CALLBACK,),
                    jwks=public_jwks([KEY]),
                ),
            ),
        ),
        practice=generate(seed=1, patients=PATIENTS, as_of=NOW.date()),
        clock=lambda: NOW,
    )
    gate = OutgoingGate(origins=frozenset({Origin.of(origin)}), allow_loopback_http=True)
    with serving(app, listener), closing(gate):
        yield Ehr(gate=gate, config=discover(gate, f"{origin}/fhir"))


@pytest.fixture(scope="module")
def backend(ehr: Ehr) -> TokenGrant:
    scope = delivery_scopes(ehr.config.capabilities)
    return client_credentials(ehr.endpoint, scope=scope, stamp=stamp())


@pytest.fixture(scope="module")
def panel(ehr: Ehr, backend: TokenGrant) -> list[str]:
    found = [one for one in patients(ehr.client(backend)) if isinstance(one, PatientFact)]
    return [patient.ref.resource_id for patient in found]


@pytest.fixture
def exchange(ehr: Ehr, panel: list[str]) -> CodeExchange:
    """Launch from the EHR's own page, as the browser of its second user would."""
    with httpx2.Client(base_url=ehr.base.removesuffix("/fhir"), trust_env=False) as browser:
        user = re.findall(r'value="(prac-[^"]+)"', browser.get("/").text)[1]
        handle = browser.post("/launches", data={"user": user, "patient": panel[0]})
        page = browser.get(handle.headers["Location"]).text.replace("&amp;", "&")
        (link,) = set(re.findall(rf"{re.escape(LAUNCH)}\?[^\"\s]+", page))
        given = parse_qs(urlsplit(link).query)
        scope = launch_scopes(ehr.config.capabilities)
        request = AuthorizationRequest(
            client_id="ccm-fhir",
            redirect_uri=CALLBACK,
            scope=scope,
            aud=given["iss"][0],
            launch=given["launch"][0],
            state="state-1",
            nonce="nonce-1",
            code_verifier=VERIFIER,
        )
        back = browser.get(authorization_url(ehr.gate, ehr.config, request)).headers["Location"]
    answer = parse_qs(urlsplit(back).query)
    assert answer["state"] == ["state-1"]
    return CodeExchange(
        code=answer["code"][0], redirect_uri=CALLBACK, code_verifier=VERIFIER, scope=scope
    )


@pytest.fixture
def launched(ehr: Ehr, exchange: CodeExchange, panel: list[str]) -> TokenGrant:
    grant = exchange_code(ehr.endpoint, exchange, stamp())
    assert grant.patient == panel[0]
    return grant


def test_a_code_is_good_for_one_exchange(ehr: Ehr, exchange: CodeExchange) -> None:
    exchange_code(ehr.endpoint, exchange, stamp())

    with pytest.raises(LaunchError) as replayed:
        exchange_code(ehr.endpoint, exchange, stamp())

    assert replayed.value.detail == "invalid_grant"


def test_its_configuration_needs_no_other_origin(ehr: Ehr) -> None:
    assert needed_origins(ehr.config) == ehr.gate.origins
    assert read_capability(ehr.gate, ehr.base).allows("Claim", "create")


def test_a_backend_token_reads_every_chart_without_a_loss(
    ehr: Ehr, backend: TokenGrant, panel: list[str]
) -> None:
    client = ehr.client(backend)

    charts = [read_chart(client, one, scopes=backend.scope, now=NOW) for one in panel]

    assert backend.scope == parse_scopes(delivery_scopes(ehr.config.capabilities))
    assert len(charts) == PATIENTS
    assert [chart.unread for chart in charts if chart.unread] == []
    assert [chart.skipped for chart in charts if chart.skipped] == []
    kinds = {coverage.kind for chart in charts for coverage in chart.coverages}
    assert CoverageKind.MEDICARE_PART_B in kinds
    assert any(consent.is_for_ccm for chart in charts for consent in chart.consents)


def test_a_launch_names_the_user_and_the_practice(ehr: Ehr, launched: TokenGrant) -> None:
    expected = ExpectedIdToken(
        issuer=ehr.config.issuer,
        client_id="ccm-fhir",
        nonce="nonce-1",
        fhir_base=ehr.base,
        now=NOW,
    )

    identity = validate(launched.id_token or "", read_jwks(ehr.gate, ehr.config), expected)
    person = read_user(ehr.client(launched), identity.fhir_user)

    assert str(person.ref) == identity.fhir_user
    assert person.npi
    assert person.taxonomy
    assert read_organization(ehr.client(launched), person.organization).npi


def test_a_launch_reads_its_own_patient_and_no_other(
    ehr: Ehr, launched: TokenGrant, panel: list[str]
) -> None:
    client = ehr.client(launched)

    chart = read_chart(client, launched.patient or "", scopes=launched.scope, now=NOW)
    with pytest.raises(EhrHttpError) as caught:
        read_chart(client, panel[1], scopes=launched.scope, now=NOW)

    assert chart.conditions
    assert chart.unread == ()
    assert caught.value.status == 403


@pytest.mark.proves("R31", "R32")
def test_a_refresh_token_is_good_for_one_refresh(ehr: Ehr, launched: TokenGrant) -> None:
    old = launched.refresh_token or ""

    renewed = refresh(ehr.endpoint, refresh_token=old, granted=launched.scope, stamp=stamp())

    assert renewed.refresh_token not in {None, old}
    assert renewed.scope == launched.scope
    with pytest.raises(LaunchError):
        refresh(ehr.endpoint, refresh_token=old, granted=launched.scope, stamp=stamp())


def test_a_jti_is_good_for_one_request(ehr: Ehr) -> None:
    once = stamp()

    client_credentials(ehr.endpoint, scope="system/Patient.rs", stamp=once)
    with pytest.raises(LaunchError):
        client_credentials(ehr.endpoint, scope="system/Patient.rs", stamp=once)


def test_a_conditional_create_writes_once_and_is_found(
    ehr: Ehr, backend: TokenGrant, panel: list[str]
) -> None:
    client = ehr.client(backend)
    system, value = "https://ours.example/time", "a b|c"
    work: Json = {
        "resourceType": "Procedure",
        "status": "completed",
        "identifier": [{"system": system, "value": value}],
        "code": {"text": "Care management"},
        "subject": {"reference": f"Patient/{panel[0]}"},
    }

    first = client.create(work, if_none_exist=identifier_query(system, value))
    second = client.create(work, if_none_exist=identifier_query(system, value))
    (found,) = client.find_by_identifier("Procedure", system, value)

    assert (first.kind, second.kind) == (WriteKind.CREATED, WriteKind.EXISTED)
    assert first.resource_id == second.resource_id == found.id
    assert client.read("Procedure", found.id).json()["code"] == {"text": "Care management"}


def test_a_write_out_of_scope_is_rejected(ehr: Ehr, launched: TokenGrant) -> None:
    outcome = ehr.client(launched).create({"resourceType": "Claim", "status": "active"})

    assert (outcome.kind, outcome.status) == (WriteKind.REJECTED, 403)
    assert outcome.outcome_codes == ("forbidden",)


@pytest.mark.proves("R1", "S15")
def test_without_the_demo_setting_loopback_is_refused(ehr: Ehr) -> None:
    strict = OutgoingGate(origins=ehr.gate.origins)

    with pytest.raises(ForbiddenOriginError):
        discover(strict, ehr.base)


def test_a_launched_chart_is_read_alike_in_one_batch_and_search_by_search(
    ehr: Ehr, launched: TokenGrant
) -> None:
    client, patient = ehr.client(launched), launched.patient or ""
    capability = read_capability(ehr.gate, ehr.base)

    at_once = read_chart(client, patient, scopes=launched.scope, now=NOW, capability=capability)
    one_by_one = read_chart(client, patient, scopes=launched.scope, now=NOW)

    assert takes_batches(capability)
    assert at_once == one_by_one
    assert at_once.unread == ()
    assert at_once.skipped == ()
    assert {fact.codings[0].code for fact in at_once.observations} == {"4548-4", "85354-9"}
    assert at_once.goals
    assert at_once.care_teams
    assert at_once.medications
