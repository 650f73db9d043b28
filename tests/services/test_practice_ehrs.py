"""A further EHR of a practice: discovered at a real sandbox, told as `ehr add` tells, changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from ccm_fhir.errors import (
    ConflictError,
    EhrHttpError,
    EhrUnreachableError,
    InputError,
    NotFoundError,
)
from ccm_fhir.services.connect import Connected
from ccm_fhir.services.connections import disconnect, reconnect
from ccm_fhir.services.practice_ehrs import (
    SaidOfClient,
    SaidOfEhr,
    add_ehr,
    change_client,
    ehr_with_addresses,
    list_ehrs,
)
from ccm_fhir.services.practice_sessions import end_sessions, signed_in
from ccm_fhir.services.sessions import IDLE, resolve
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.services.signing_keys import public_jwks
from ccm_fhir.services.timers import StartTimer, TimerState, start, timers_of
from ccm_fhir.storage import audit, ehrs
from tests.services.loopback_ehr import Clock, Ehr, cast, running_ehr
from tests.services.wire import Send, answers
from tests.world import DOCTOR, NURSE, Desk, Site

SECRET = "a-secret-of-the-ehr"


@pytest.fixture(scope="module")
def second() -> Iterator[Ehr]:
    with running_ehr(cast(1), Clock()) as ehr:
        yield ehr


def said(ehr: Ehr, **client: str) -> SaidOfEhr:
    return SaidOfEhr(
        name="The hospital’s",
        fhir_base=ehr.base,
        client=SaidOfClient(**({"kind": "private_key", "client_id": "ccm-fhir"} | client)),
        allow_loopback_http=True,
    )


def hand_of(site: Site) -> SetupHand:
    """Return an administrator's hand: whoever has opened the app, for what is audited."""
    user = site.launch().actor.user_id
    return SetupHand(practice_id=site.practice_id, user_id=user)


def added(site: Site, ehr: Ehr, **client: str) -> tuple[SetupHand, Connected]:
    hand = hand_of(site)
    return hand, add_ehr(site.world, hand, said(ehr, **client), site.clock())


def acts(site: Site, word: str) -> list[tuple[str, str | None]]:
    with site.world.db.read(site.practice_id) as session:
        lines = audit.records(session, site.practice_id, after=0, most=1000)
    return [(line.act, line.user_id) for line in lines if line.act.startswith(word)]


def test_what_the_page_tells_later_is_what_registering_told(site: Site, second: Ehr) -> None:
    hand, connected = added(site, second)

    shown, told = ehr_with_addresses(site.world, hand, connected.ehr_id)

    assert told == connected
    assert (shown.name, shown.is_active, shown.others) == ("The hospital’s", True, 1)
    assert shown.read_at == site.clock()
    assert connected.launch_url == site.world.launch_url
    assert acts(site, "add_ehr")[-1] == (f"add_ehr {connected.ehr_id}", hand.user_id)
    assert len(list_ehrs(site.world, hand)) == 2
    assert public_jwks(site.world)["keys"]


def test_an_ehr_is_registered_once_even_while_it_is_disconnected(site: Site, second: Ehr) -> None:
    hand, connected = added(site, second)
    disconnect(site.world, hand, connected.ehr_id)

    for base in (second.base, f"{second.base}/"):
        with pytest.raises(ConflictError, match="registered already"):
            add_ehr(site.world, hand, replace(said(second), fhir_base=base), site.clock())

    reconnect(site.world, hand, connected.ehr_id)
    assert [one.is_active for one in list_ehrs(site.world, hand)] == [True, True]
    assert acts(site, "disconnect_ehr") == [(f"disconnect_ehr {connected.ehr_id}", hand.user_id)]
    assert acts(site, "reconnect_ehr") == [(f"reconnect_ehr {connected.ehr_id}", hand.user_id)]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("url", {"fhir_base": "no address"}),
        ("url", {"fhir_base": "http://ehr.example/fhir"}),
        ("url", {"fhir_base": "https://ehr.example/fhir?x=1"}),
        ("url", {"fhir_base": "https://somebody@ehr.example/fhir"}),
        ("name", {"name": ""}),
        ("client_auth", {"client": SaidOfClient(kind="", client_id="x")}),
        ("client_id", {"client": SaidOfClient(kind="public", client_id="")}),
        ("client_id", {"client": SaidOfClient(kind="public", client_id="two words")}),
        ("client_secret", {"client": SaidOfClient(kind="secret", client_id="x")}),
        ("client_secret", {"client": SaidOfClient(kind="public", client_id="x", secret="y")}),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field_before_anything_is_sent(
    site: Site, second: Ehr, field: str, change: dict[str, object]
) -> None:
    hand = hand_of(site)
    site.wire.mend()

    with pytest.raises(InputError) as refused:
        add_ehr(site.world, hand, replace(said(second), **change), site.clock())  # type: ignore[arg-type]  # any field

    assert refused.value.field == field
    assert site.wire.requests == []
    assert len(list_ehrs(site.world, hand)) == 1


def test_an_ehr_without_a_smart_configuration_is_not_stored(site: Site, second: Ehr) -> None:
    hand = hand_of(site)
    site.wire.fail("GET", "smart-configuration", answers(404))

    with pytest.raises(EhrHttpError):
        add_ehr(site.world, hand, said(second), site.clock())

    assert len(list_ehrs(site.world, hand)) == 1
    assert len(acts(site, "add_ehr")) == 1  # the site's own


def test_an_ehr_that_trickles_is_given_up_when_whoever_waits_has_waited_long_enough(
    site: Site, second: Ehr
) -> None:
    hand = hand_of(site)

    def slowly(request: httpx2.Request, send: Send) -> httpx2.Response:
        answer = send(request)
        site.clock.advance(seconds=90)
        return answer

    site.wire.fail("GET", "smart-configuration", slowly)

    with pytest.raises(EhrUnreachableError):
        add_ehr(site.world, hand, said(second), site.clock())

    assert len(list_ehrs(site.world, hand)) == 1


def test_an_ehr_whose_statement_cannot_be_read_is_registered_and_says_so(
    site: Site, second: Ehr
) -> None:
    hand = hand_of(site)
    site.wire.fail("GET", "/metadata", answers(500))

    connected = add_ehr(site.world, hand, said(second), site.clock())
    shown, told = ehr_with_addresses(site.world, hand, connected.ehr_id)

    assert "could not be read" in connected.warnings[0]
    assert told is not None
    assert told.warnings == ("Its CapabilityStatement has not been read yet.",)
    assert told.delivery_scopes == connected.delivery_scopes
    assert shown.read_at is not None


def test_a_secret_is_sealed_replaced_and_forgotten_with_its_kind(site: Site, second: Ehr) -> None:
    hand, connected = added(site, second, kind="secret", client_id="one", secret=SECRET)
    vault = site.world.vault

    def kept() -> str | None:
        with site.world.db.read(site.practice_id) as session:
            held = ehrs.get(session, site.practice_id, connected.ehr_id).client_secret
        return None if held is None else held.open(vault)

    assert kept() == SECRET
    newer = SaidOfClient(kind="secret", client_id="one", secret="newer")
    change_client(site.world, hand, connected.ehr_id, newer)
    assert kept() == "newer"
    key = SaidOfClient(kind="private_key", client_id="two")
    change_client(site.world, hand, connected.ehr_id, key)
    assert kept() is None
    shown, _ = ehr_with_addresses(site.world, hand, connected.ehr_id)
    assert (shown.client_kind, shown.client_id) == ("private_key", "two")
    assert acts(site, "set_ehr_client")[-1] == (
        f"set_ehr_client {connected.ehr_id} private_key",
        hand.user_id,
    )


def test_an_ehr_of_another_practice_is_none(site: Site) -> None:
    hand = SetupHand(practice_id=site.practice_id, user_id=None)

    with pytest.raises(NotFoundError):
        ehr_with_addresses(site.world, hand, "0" * 32)
    with pytest.raises(NotFoundError):
        end_sessions(site.world, hand, "0" * 32, site.clock())


def opens(site: Site, desk: Desk) -> bool:
    return resolve(site.world, desk.session_token, desk.visit.launch_id) is not None


@pytest.mark.proves("S11")
def test_an_administrator_sees_who_is_signed_in_and_ends_one_persons_sessions(site: Site) -> None:
    nurse, again, doctor = (
        site.launch(user=NURSE),
        site.launch(user=NURSE),
        site.launch(user=DOCTOR),
    )
    hand = SetupHand(practice_id=site.practice_id, user_id=doctor.actor.user_id)

    before = {one.user_id: one.browsers for one in signed_in(site.world, hand)}
    ended = end_sessions(site.world, hand, nurse.actor.user_id, site.clock())

    assert before == {nurse.actor.user_id: 2, doctor.actor.user_id: 1}
    assert ended == 2
    assert [opens(site, one) for one in (nurse, again, doctor)] == [False, False, True]
    assert [one.user_id for one in signed_in(site.world, hand)] == [doctor.actor.user_id]
    assert end_sessions(site.world, hand, nurse.actor.user_id, site.clock()) == 0
    assert acts(site, "end_sessions") == [
        (f"end_sessions {nurse.actor.user_id}", doctor.actor.user_id)
    ]


@pytest.mark.proves("S11")
def test_no_minute_of_a_running_timer_is_lost_when_an_administrator_ends_the_session(
    site: Site,
) -> None:
    nurse = site.launch()
    watched = StartTimer(patient_id=nurse.patient_id, is_watched=False)
    start(site.world, nurse.actor, watched, site.clock())
    site.clock.advance(minutes=7)
    hand = SetupHand(practice_id=site.practice_id, user_id=None)

    end_sessions(site.world, hand, nurse.actor.user_id, site.clock())
    site.clock.advance(minutes=30)

    (kept,) = timers_of(site.world, nurse.actor, site.clock())
    assert (kept.state, kept.seconds) == (TimerState.PAUSED, 7 * 60)


def test_a_session_that_ended_by_itself_is_not_among_the_open_ones(site: Site) -> None:
    nurse = site.launch()
    hand = SetupHand(practice_id=site.practice_id, user_id=None)
    site.clock.advance(seconds=(IDLE - timedelta(seconds=1)).total_seconds())
    assert [one.user_id for one in signed_in(site.world, hand)] == [nurse.actor.user_id]

    site.clock.advance(seconds=1)

    assert signed_in(site.world, hand) == ()
