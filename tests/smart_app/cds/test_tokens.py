"""Who may call: every forged, stale, misdirected or used token is refused, and asks nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from ccm_fhir.errors import InputError
from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.storage import cds_clients, ehrs
from tests.cds import (
    EC,
    EVIL,
    FEEDBACK,
    FHIR,
    ISSUER,
    KEYS_URL,
    RSA,
    SERVICE,
    SERVICES,
    call_of,
    claims,
    open_hooks,
    prefetch_of,
    public,
    record_of,
    signed,
    spelt,
)
from tests.smart_app.front import BASE, NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cds import Hooks

SECRET = OctKey.import_key(EC.as_pem(private=False).replace(b"-----", b"=="))
SHORT = RSAKey.generate_key(2048, {"kid": "rsa"})
AT = int(NOW.timestamp())
HONEST = {"alg": "ES384", "kid": "ec", "typ": "JWT"}


def tampered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{spelt({}, claims()).split('.')[1]}.{signature}"


FORGED = {
    "no signature": (spelt({**HONEST, "alg": "none"}, claims()) + "AA", "alg"),
    "HS256 with the public key as the secret": (signed(key=SECRET, alg="HS256"), "alg"),
    "HS384 with the public key as the secret": (signed(key=SECRET, alg="HS384"), "alg"),
    "an algorithm nobody knows": (spelt({**HONEST, "alg": "ES999"}, claims(), "AA"), "alg"),
    "an algorithm that is not allowed": (signed(key=RSA, kid="rsa", alg="RS256"), "alg"),
    "an algorithm that is no text": (spelt({**HONEST, "alg": ["ES384"]}, claims(), "AA"), "alg"),
    "no kid": (signed(kid="absent"), "kid"),
    "an empty kid": (signed(kid=" "), "kid"),
    "no typ": (signed(typ="absent"), "typ"),
    "another typ": (signed(typ="at+jwt"), "typ"),
    "its own key in the header": (signed(key=EVIL, jwk=public(EVIL)[0]), "key in the header"),
    "a certificate's address": (signed(x5u="https://evil.test/c"), "key in the header"),
    "a certificate of its own": (signed(x5c=["MIIB"]), "key in the header"),
    "a demand that we do not know": (
        spelt({**HONEST, "crit": ["exp2"]}, claims(), "AA"),
        "key in the header",
    ),
    "another's key under the same kid": (signed(key=EVIL), "signature"),
    "payload changed after signing": (tampered(), "signature"),
    "a kid of the other algorithm's key": (signed(kid="rsa"), "kid"),
    "a kid that is nobody's": (signed(kid="unheard-of"), "kid"),
    "a key set of its own": (signed(key=EVIL, jku="https://evil.test/keys"), "jku"),
    "a key set beside ours": (signed(jku=KEYS_URL + "/"), "jku"),
    "another issuer": (signed(claims(iss="https://evil.test")), "iss or tenant"),
    "our issuer with a slash": (signed(claims(iss=ISSUER + "/")), "iss or tenant"),
    "no issuer": (signed(claims(iss="absent")), "iss"),
    "an issuer that no database stores": (signed(claims(iss="a\x00b")), "iss"),
    "half a character for an issuer": (spelt(HONEST, claims(iss="\ud800"), "AA"), "iss"),
    "a tenant that is not registered": (signed(claims(tenant="t2")), "iss or tenant"),
    "for another service": (signed(claims(SERVICES + "/other")), "aud"),
    "for discovery": (signed(claims(SERVICES)), "aud"),
    "for feedback": (signed(claims(FEEDBACK)), "aud"),
    "for several, not us": (signed(claims(aud=[SERVICES, FEEDBACK])), "aud"),
    "for nobody": (signed(claims(aud="absent")), "aud"),
    "for an object": (signed(claims(aud={"url": SERVICE})), "aud"),
    "expired": (signed(claims(iat=AT - 200, exp=AT - 31)), "exp"),
    "without an end": (signed(claims(exp="absent")), "exp"),
    "an end that is text": (signed(claims(exp=str(AT + 60))), "exp"),
    "an end that is no number": (spelt(HONEST, claims(exp=float("nan")), "AA"), "exp"),
    "no end at all": (spelt(HONEST, claims(exp=float("inf")), "AA"), "exp"),
    "an end past all dates": (signed(claims(exp=10**30)), "exp"),
    "an end that is true": (signed(claims(exp=True)), "exp"),
    "without a beginning": (signed(claims(iat="absent")), "iat"),
    "from the future": (signed(claims(iat=AT + 31, exp=AT + 60)), "iat"),
    "not yet valid": (signed(claims(nbf=AT + 31)), "nbf"),
    "living too long": (signed(claims(exp=AT + 301)), "lifetime"),
    "ending before it began": (signed(claims(iat=AT, exp=AT - 1)), "lifetime"),
    "no jti": (signed(claims(jti="absent")), "jti"),
    "an empty jti": (signed(claims(jti="")), "jti"),
    "a jti that is a number": (signed(claims(jti=7)), "jti"),
    "claims that are a list": (spelt(HONEST, [claims()], "AA"), "format"),
    "a header that is a list": (spelt([HONEST], claims(), "AA"), "format"),
    "noise": ("not.a.token", "format"),
    "endless": (signed(claims(noise="x" * 9000)), "size"),
}


@pytest.mark.proves("CDS3")
@pytest.mark.parametrize(("token", "check"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_opens_nothing(hooks: Hooks, token: str, check: str) -> None:
    answer = hooks.post(call_of(prefetch_of(record_of("pt-ready"))), token=token)

    assert answer.status_code == 401
    assert answer.json()["error"] == "token_refused"
    assert answer.json()["detail"] == check
    assert hooks.far.asked == []
    assert {r.url.host for r in hooks.far.requests} <= {"ehr.example"}


@pytest.mark.proves("CDS3")
@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b", "Bearer a.b.c.d", "ä"]
)
def test_a_call_without_a_token_is_refused(hooks: Hooks, authorization: str) -> None:
    headers = [(b"authorization", authorization.encode())] if authorization else []

    answer = hooks.client.get("/cds-services", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"] == "token_missing"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert hooks.far.requests == []


@pytest.mark.proves("CDS3")
@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
@pytest.mark.parametrize("is_list", [False, True])
def test_both_algorithms_and_both_spellings_of_aud_are_taken(
    hooks: Hooks, key: ECKey | RSAKey, is_list: object
) -> None:
    alg = "ES384" if isinstance(key, ECKey) else "RS384"
    payload = claims(aud=[SERVICES] if is_list else SERVICES)

    answer = hooks.discover(signed(payload, key, alg=alg, kid=key.kid, jku=KEYS_URL))

    assert answer.status_code == 200


def test_half_a_minute_of_skew_is_forgiven(hooks: Hooks) -> None:
    late = claims(SERVICES, iat=AT - 100, exp=AT - 30)
    early = claims(SERVICES, iat=AT + 30, nbf=AT + 30, exp=AT + 60)

    assert hooks.discover(signed(late)).status_code == 200
    assert hooks.discover(signed(early)).status_code == 200


@pytest.mark.proves("CDS3")
def test_a_token_is_taken_once(hooks: Hooks) -> None:
    token = signed(claims(SERVICES))

    first, second = hooks.discover(token), hooks.discover(token)

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["detail"] == "jti"


def test_a_forged_token_does_not_use_up_an_honest_ones_id(hooks: Hooks) -> None:
    payload = claims(SERVICES)

    assert hooks.discover(signed(payload, EVIL)).status_code == 401
    assert hooks.discover(signed(payload)).status_code == 200


@pytest.mark.proves("CDS3")
def test_another_worker_knows_a_used_token_too(hooks: Hooks) -> None:
    token = signed(claims(SERVICES))
    hooks.discover(token)
    other = hooks.beside()

    assert other.discover().status_code == 200
    assert other.discover(token).json()["detail"] == "jti"


def test_used_tokens_are_forgotten_once_they_are_dead(hooks: Hooks) -> None:
    hooks.discover()
    hooks.front.clock.moment = NOW + timedelta(minutes=10)
    later = int(hooks.front.clock.moment.timestamp())

    hooks.discover(signed(claims(SERVICES, iat=later, exp=later + 60)))

    with hooks.world.db.write() as session:
        practice_id = hooks.front.practice_id
        left = cds_clients.forget_tokens(session, practice_id, NOW + timedelta(days=1))
    assert left == 1


def test_a_registered_tenant_is_asked_for_to_the_letter(tmp_path: Path) -> None:
    hooks = open_hooks(tmp_path, tenant="north")

    answers = [
        hooks.discover(signed(claims(SERVICES, tenant=each)))
        for each in ("north", "North", "south", "absent")
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 401, 401]
    hooks.world.db.close()


def test_a_caller_or_an_ehr_that_is_switched_off_is_refused(hooks: Hooks) -> None:
    practice_id, ehr_id = hooks.front.practice_id, hooks.front.ehr_id
    with hooks.world.db.write() as session:
        ehrs.set_active(session, practice_id, ehr_id, is_active=False)
    assert hooks.discover().status_code == 401

    with hooks.world.db.write() as session:
        ehrs.set_active(session, practice_id, ehr_id, is_active=True)
        caller = cds_clients.find(session, ISSUER, "")
        assert caller is not None
        cds_clients.set_active(session, practice_id, caller.id, is_active=False)
    assert hooks.discover().status_code == 401


def test_keys_are_fetched_once_and_kept(hooks: Hooks) -> None:
    for _ in range(5):
        assert hooks.discover().status_code == 200

    assert hooks.far.fetched_keys == 1
    assert str(hooks.far.requests[0].url) == KEYS_URL


def later_token(hooks: Hooks, key: ECKey = EC, **passed: float) -> str:
    """Let time pass and return an honest token of then."""
    hooks.front.clock.moment += timedelta(**passed)
    now = int(hooks.front.clock.moment.timestamp())
    return signed(claims(SERVICES, iat=now, exp=now + 60), key, kid=key.kid)


def test_a_rotated_key_is_found_by_one_more_fetch(hooks: Hooks) -> None:
    hooks.discover()
    fresh = ECKey.generate_key("P-384", {"kid": "ec-2"})
    hooks.far.keys = public(fresh)

    too_soon = hooks.discover(later_token(hooks, fresh, seconds=5))
    then = hooks.discover(later_token(hooks, fresh, seconds=30))

    assert (too_soon.status_code, then.status_code) == (401, 200)
    assert hooks.far.fetched_keys == 2


def test_unknown_kids_do_not_make_us_hammer_the_ehr(hooks: Hooks) -> None:
    hooks.discover()
    for number in range(20):
        assert hooks.discover(signed(claims(SERVICES), kid=f"k{number}")).status_code == 401

    assert hooks.far.fetched_keys == 1


def test_a_key_that_was_withdrawn_is_good_for_ten_minutes_at_most(hooks: Hooks) -> None:
    hooks.discover()
    hooks.far.keys = public(RSA)

    assert hooks.discover(later_token(hooks, minutes=9)).status_code == 200
    assert hooks.discover(later_token(hooks, minutes=2)).status_code == 401


def test_keys_serve_on_for_an_hour_while_the_ehr_is_down(hooks: Hooks) -> None:
    hooks.discover()
    hooks.far.keys_answer = httpx2.Response(500)

    assert hooks.discover(later_token(hooks, minutes=30)).status_code == 200
    assert hooks.discover(later_token(hooks, minutes=31)).status_code == 503


UNREADABLE_KEYS = {
    "an error": httpx2.Response(500),
    "a redirect": httpx2.Response(302, headers={"location": "https://evil.test/keys"}),
    "a page": httpx2.Response(200, text="<html>"),
    "no key set": httpx2.Response(200, json={"keys": 7}),
    "endless": httpx2.Response(200, json={"keys": ["x" * 300_000]}),
}


@pytest.mark.parametrize("answer", UNREADABLE_KEYS.values(), ids=UNREADABLE_KEYS.keys())
def test_keys_that_cannot_be_read_let_nobody_in(hooks: Hooks, answer: httpx2.Response) -> None:
    hooks.far.keys_answer = answer

    refused = hooks.discover()

    assert refused.status_code == 503
    assert refused.json()["error"] == "token_unchecked"
    assert hooks.far.fetched_keys == 1


def test_a_key_set_of_nonsense_lets_nobody_in(hooks: Hooks) -> None:
    hooks.far.keys = [{"kid": "ec", "kty": "EC", "crv": "P-384", "x": 7}, {"kid": ["ec"]}]

    assert hooks.discover().status_code == 401


BAD_ADDRESSES = [
    "http://ehr.example/keys",
    "http://localhost/keys",
    "file:///etc/passwd",
    "https://user@ehr.example/keys",
    "//ehr.example/keys",
    "",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_key_set_at_an_unsafe_address_is_not_registered(hooks: Hooks, address: str) -> None:
    registration = CdsRegistration(fhir_base=FHIR, issuer="https://other", jwks_url=address)

    with pytest.raises(InputError, match=r"url|jwks"):
        register_caller(hooks.world, registration, NOW)


def test_refusals_repeat_nothing_of_what_was_sent(hooks: Hooks) -> None:
    sent = json.dumps(call_of(hookInstance="canary-instance"))

    answer = hooks.send(sent.encode(), token=signed(claims(iss="https://canary.test")))

    assert "canary" not in answer.text
    assert BASE not in answer.text
