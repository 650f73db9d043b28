"""With what we prove ourselves to EHRs: keys that rotate, assertions used once, tokens of one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from ccm_fhir.services.connect import NewConnection, connect_ehr
from ccm_fhir.services.ehr_access import (
    configuration_of,
    forget_system_token,
    system_token,
    token_endpoint,
)
from ccm_fhir.services.panel import list_panel
from ccm_fhir.services.practice_setup import PracticeDetails, add_practice
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.services.signing_keys import public_jwks, rotate
from ccm_fhir.services.token_cache import CachedToken, TokenCache
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.ehrs import Discovery, Ehr
from ccm_fhir.storage.vocabulary import ClientAuth
from tests.services.loopback_ehr import KEY, NOW, Clock, cast, running_ehr
from tests.services.wire import answers
from tests.world import PRACTICE_NPI, Site

TOKEN = "/oauth/token"


def ehr_of(site: Site, **changes: Any) -> Ehr:  # noqa: ANN401  # members of a discovery document
    """Return the site's EHR, its discovery document changed."""
    with site.world.db.write(site.practice_id) as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
        document = json.loads(ehr.discovery_json or "{}") | changes
        found = Discovery(document_json=json.dumps(document), pinned_origins=ehr.pinned_origins)
        return ehrs.record_discovery(session, ehr.practice_id, ehr.id, found, site.clock())


def signing(site: Site, ehr: Ehr) -> tuple[str, str]:
    """Return which key signs for an EHR now, and by what algorithm."""
    with site.world.db.read(site.practice_id) as session:
        key = token_endpoint(site.world, session, ehr, ClientAuth.PRIVATE_KEY).credentials.key
    assert key is not None
    return key.kid, key.algorithm.value


def assertions(site: Site) -> list[dict[str, Any]]:
    """Return the claims of every assertion that was sent."""
    forms = [parse_qs(request.read().decode()) for request in site.wire.sent("POST", TOKEN)]
    return [_claims(form["client_assertion"][0]) for form in forms if "client_assertion" in form]


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


@pytest.mark.proves("R22", "S5")
def test_a_new_key_is_published_at_once_and_signs_when_caches_have_run_out(site: Site) -> None:
    site.clock.advance(hours=1)
    ehr, before = ehr_of(site), len(public_jwks(site.world)["keys"])

    new = rotate(site.world, site.clock())

    assert len(public_jwks(site.world)["keys"]) == before + 2
    assert signing(site, ehr)[0] == KEY.kid
    site.clock.advance(minutes=9, seconds=59)
    assert signing(site, ehr)[0] == KEY.kid
    site.clock.advance(seconds=1)
    assert signing(site, ehr)[0] in new
    assert len(public_jwks(site.world)["keys"]) == before + 2


@pytest.mark.proves("R21")
@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_the_ehrs_list_of_algorithms_chooses_the_key(site: Site, algorithm: str) -> None:
    rotate(site.world, site.clock())
    site.clock.advance(hours=1)

    ehr = ehr_of(site, token_endpoint_auth_signing_alg_values_supported=[algorithm])

    assert signing(site, ehr)[1] == algorithm


@pytest.mark.proves("R20")
def test_no_jti_is_used_twice_in_whatever_request(site: Site) -> None:
    ehr = ehr_of(site)
    for _ in range(5):
        system_token(site.world, ehr)
        forget_system_token(site.world, ehr)

    sent = assertions(site)

    assert len(sent) == 5
    assert len({claims["jti"] for claims in sent}) == 5
    assert all(claims["exp"] - claims["iat"] <= 300 for claims in sent)


@pytest.mark.proves("R33")
def test_a_backend_token_that_the_ehr_refuses_is_forgotten_and_fetched_anew_once(
    site: Site,
) -> None:
    list_panel(site.world, site.practice_id, site.ehr_id, site.clock())
    site.wire.mend()
    site.wire.fail("GET", "/fhir/Patient", answers(401), times=1)

    list_panel(site.world, site.practice_id, site.ehr_id, site.clock())
    list_panel(site.world, site.practice_id, site.ehr_id, site.clock())

    assert len(site.wire.sent("POST", TOKEN)) == 1
    sent = [r.headers["authorization"] for r in site.wire.sent("GET", "/fhir/Patient")]
    assert sent[0] != sent[1]
    assert len(set(sent[1:])) == 1


@pytest.mark.proves("R37")
def test_no_token_is_ever_sent_to_an_introspection_endpoint(site: Site) -> None:
    desk = site.launch()
    site.clock.advance(minutes=59, seconds=30)
    refresh_chart(site.world, desk.visit, site.clock())
    list_panel(site.world, site.practice_id, site.ehr_id, site.clock())

    assert configuration_of(ehr_of(site)).introspection_endpoint
    assert site.wire.requests
    assert not [r for r in site.wire.requests if "introspect" in r.url.path]


@pytest.fixture
def two(site: Site) -> Iterator[tuple[Site, Site]]:
    """Yield two practices of one installation, each with an EHR of its own."""
    with running_ehr(cast(1), Clock(NOW)) as ehr:
        details = PracticeDetails(
            name="Elm Street Internists",
            time_zone="America/Chicago",
            npi=PRACTICE_NPI,
            organization_ref="Organization/org-maple-street",
            charges_usd={},
            charges_from=NOW.date(),
        )
        practice_id = add_practice(site.world, details, NOW)
        connection = NewConnection(
            practice_id=practice_id,
            name="Another EHR",
            fhir_base=ehr.base,
            client_id="ccm-fhir",
            allow_loopback_http=True,
        )
        ehr_id = connect_ehr(site.world, connection, NOW).ehr_id
        yield site, replace(site, ehr=ehr, practice_id=practice_id, ehr_id=ehr_id)


@pytest.mark.proves("R36", "R40")
def test_the_token_of_one_practice_is_never_used_for_another(two: tuple[Site, Site]) -> None:
    ours, theirs = two
    ours.wire.mend()
    for site in (ours, theirs, ours, theirs):
        list_panel(site.world, site.practice_id, site.ehr_id, site.clock())
    asked = [c for c in assertions(ours) if c["aud"].startswith(ours.ehr.origin)]
    desks = [site.launch() for site in two]
    for desk in desks:
        refresh_chart(desk.site.world, desk.visit, desk.site.clock())

    bearers: dict[str, set[str]] = {}
    for request in ours.wire.requests:
        if bearer := request.headers.get("authorization"):
            bearers.setdefault(str(request.url.port), set()).add(bearer)

    first, second = bearers.values()
    assert first
    assert second
    assert not first & second
    assert len(asked) == 1  # one token for each practice, EHR and set of scopes


def test_a_token_near_its_end_is_asked_for_again() -> None:
    cache, asked = TokenCache(), list[int]()

    def ask() -> CachedToken:
        asked.append(1)
        return CachedToken(
            access_token="t", scope=frozenset(), expires_at=NOW + timedelta(minutes=5)
        )

    for minutes in (0, 3, 4):
        cache.get(("p", "e", "s"), NOW + timedelta(minutes=minutes), ask)

    assert len(asked) == 2
