"""The doctor at a registered EHR: what it finds, in which words, and that it writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.domain.writeback import Artefact, RungName
from ccm_fhir.errors import InputError
from ccm_fhir.fhir.write_charge import BillCodes
from ccm_fhir.services.bill_codes import record_bill_codes
from ccm_fhir.services.connect import NewConnection, connect_ehr
from ccm_fhir.services.diagnosis import Check, CheckName, CheckState, Diagnosis
from ccm_fhir.services.doctor import diagnose, find_ehr
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import ehrs, statements
from ccm_fhir.wiring import real_now
from fhir_fixtures.sandbox import profiles
from tests.services.loopback_ehr import Ehr, RealClock, cast, running_ehr
from tests.services.wire import Change, answers, changed, nothing_is_sent, with_json
from tests.world import DOCTOR, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_fixtures.sandbox.settings import SandboxSettings

WELL_KNOWN, METADATA, TOKEN, JWKS = (
    r"smart-configuration$",
    r"/metadata$",
    r"/oauth/token$",
    r"/oauth/jwks$",
)


def _played(settings: SandboxSettings, name: str) -> SandboxSettings:
    return replace(settings, profile=profiles.load(name))


@pytest.fixture(scope="module")
def real_time_ehr() -> Iterator[Ehr]:
    """Yield an EHR that lives in real time, as its Date headers do."""
    with running_ehr(cast(1), RealClock()) as ehr:
        yield ehr


@pytest.fixture
def own(sqlite_url: str, real_time_ehr: Ehr) -> Iterator[Site]:
    with open_site(sqlite_url, real_time_ehr) as site:
        yield site


def examined(site: Site) -> Diagnosis:
    return diagnose(site.world, find_ehr(site.world, "Sandbox EHR"))


def check(found: Diagnosis, name: CheckName) -> Check:
    (one,) = (each for each in found.checks if each.name is name)
    return one


def live(found: Diagnosis) -> dict[Artefact, RungName]:
    return {plan.artefact: plan.live.name for plan in found.plans}


# --- a healthy EHR ---


def test_a_sound_ehr_passes_and_everything_goes_on_the_first_rung_that_we_can_write(
    own: Site,
) -> None:
    found = examined(own)

    assert [each.name for each in found.checks] == list(CheckName)
    assert {each.state for each in found.checks} == {CheckState.OK}
    assert not found.has_failed
    assert not found.is_unreachable
    assert live(found) == {
        Artefact.TIME_CONTACT: RungName.ENCOUNTER_AND_PROCEDURE,
        Artefact.TIME_WORK: RungName.PROCEDURE,
        Artefact.CARE_PLAN: RungName.CARE_PLAN_AND_GOALS,
        Artefact.CONSENT: RungName.CONSENT,
        Artefact.CLAIM: RungName.CLAIM,
        Artefact.ENROLMENT: RungName.HAND_OFF,
    }
    access = {each.resource_type: each for each in found.resources}
    assert (access["Claim"].is_readable, access["Claim"].is_creatable) == (True, True)
    assert (access["Consent"].is_readable, access["Consent"].is_creatable) == (True, True)
    assert access["Consent"].missing == ()


def test_the_doctor_writes_nothing(own: Site) -> None:
    examined(own)

    assert {request.method for request in own.wire.requests} == {"GET", "POST"}
    assert {str(request.url) for request in own.wire.sent("POST")} == {
        f"{own.ehr.origin}/oauth/token"
    }


def test_a_statement_is_kept_once_and_anew_when_it_declares_something_else(own: Site) -> None:
    def declaring_less(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("resourceType") == "CapabilityStatement":
            body["rest"][0]["resource"] = body["rest"][0]["resource"][:3]
        return body

    first, again = examined(own), examined(own)
    own.wire.fail("GET", METADATA, with_json(declaring_less))
    later = examined(own)

    assert first.statement == again.statement
    assert later.statement is not None
    assert first.statement is not None
    assert later.statement.declared_sha256 != first.statement.declared_sha256
    with own.world.db.read() as session:
        kept = statements.latest(session, own.practice_id, own.ehr_id)
    assert kept is not None
    assert kept.declared_sha256 == later.statement.declared_sha256
    assert live(later)[Artefact.CLAIM] is RungName.HAND_OFF


def test_a_statement_that_is_only_dated_anew_declares_the_same(own: Site) -> None:
    first = examined(own)
    own.wire.fail("GET", METADATA, with_json(lambda body: {**body, "date": "2031-01-01"}))

    assert examined(own).statement == first.statement


# --- what may be wrong ---


def test_an_ehr_that_is_silent_is_told_and_the_plan_rests_on_what_was_kept(own: Site) -> None:
    examined(own)
    own.wire.fail("GET", ".", nothing_is_sent)

    found = examined(own)

    assert found.is_unreachable
    assert check(found, CheckName.DISCOVERY).sentence == (
        "The EHR did not answer while reading its SMART configuration."
    )
    assert check(found, CheckName.STATEMENT).state is CheckState.UNREACHABLE
    assert check(found, CheckName.CLOCK).state is CheckState.SKIPPED
    assert check(found, CheckName.SCOPES).sentence.endswith("as if no scope were granted.")
    assert found.statement is not None
    (claim,) = (plan for plan in found.plans if plan.artefact is Artefact.CLAIM)
    assert "The EHR declares create of Claim." in claim.rungs[0].sentence


def test_an_ehr_that_was_never_read_leaves_a_plan_that_knows_nothing(own: Site) -> None:
    own.wire.fail("GET", METADATA, answers(503))

    found = examined(own)

    assert found.statement is None
    assert found.resources == ()
    assert check(found, CheckName.STATEMENT).sentence == (
        "The EHR answered 503 while reading its CapabilityStatement."
    )
    by_hand = {Artefact.ENROLMENT}  # nothing else is written for it
    assert {plan.artefact for plan in found.plans if not plan.live.is_unknown} == by_hand
    assert all(live(found)[artefact] is RungName.HAND_OFF for artefact in by_hand)
    assert "was never read" in found.plans[0].rungs[0].sentence


def test_an_ehr_that_names_another_server_is_not_followed(own: Site) -> None:
    elsewhere = {"token_endpoint": "https://elsewhere.example/token"}
    own.wire.fail("GET", WELL_KNOWN, with_json(lambda body: {**body, **elsewhere}))

    found = examined(own)

    assert check(found, CheckName.DISCOVERY).state is CheckState.FAILED
    assert "a server outside the pinned origins" in check(found, CheckName.DISCOVERY).sentence
    assert [each.state for each in found.checks[1:]] == [
        CheckState.SKIPPED,
        CheckState.OK,
        CheckState.OK,
        CheckState.SKIPPED,
        CheckState.SKIPPED,
        CheckState.OK,
    ]


def test_an_ehr_without_asymmetric_clients_is_asked_about(own: Site) -> None:
    own.wire.fail("GET", WELL_KNOWN, with_json(lambda body: {**body, "capabilities": []}))

    found = examined(own)

    assert check(found, CheckName.DISCOVERY).state is CheckState.WARNING
    assert not found.has_failed


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"keys": []}, "It publishes no key: nobody who launches could be recognised."),
        (
            {"nothing": 1},
            "The EHR's answer while reading its signing keys cannot be read: it is not a key set.",
        ),
    ],
)
def test_an_ehr_without_keys_fails(own: Site, keys: dict[str, Any], told: str) -> None:
    own.wire.fail("GET", JWKS, answers(200, body=keys))

    found = check(examined(own), CheckName.SIGNING_KEYS)

    assert (found.state, found.sentence) == (CheckState.FAILED, told)


@pytest.mark.parametrize(("version", "told"), [("5.0.0", "5.0.0"), (None, "of no stated version")])
def test_another_version_of_fhir_fails(own: Site, version: str | None, told: str) -> None:
    own.wire.fail("GET", METADATA, with_json(lambda body: {**body, "fhirVersion": version}))

    found = check(examined(own), CheckName.STATEMENT)

    assert (found.state, found.sentence) == (
        CheckState.FAILED,
        f"It speaks FHIR {told}; R4 (4.0) is needed.",
    )


def dated(value: str | None) -> Change:
    def change(answer: httpx2.Response) -> httpx2.Response:
        headers = {} if value is None else {"Date": value}
        return httpx2.Response(answer.status_code, json=answer.json(), headers=headers)

    return change


@pytest.mark.parametrize(
    ("seconds", "state", "told"),
    [
        (0, CheckState.OK, "agree within"),
        (-25, CheckState.OK, "agree within"),
        (40, CheckState.WARNING, "s ahead of the EHR's. Set the clocks by NTP before it grows."),
        (-40, CheckState.WARNING, "s behind the EHR's."),
        (130, CheckState.FAILED, "what we sign lives 240 s and would be refused."),
    ],
)
def test_clocks_that_differ_are_told(own: Site, seconds: int, state: CheckState, told: str) -> None:
    theirs = format_datetime(real_now() - timedelta(seconds=seconds), usegmt=True)
    own.wire.fail("GET", METADATA, changed(dated(theirs)))

    found = check(examined(own), CheckName.CLOCK)

    assert found.state is state
    assert told in found.sentence


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_an_ehr_that_does_not_tell_the_time_is_a_warning(own: Site, date: str | None) -> None:
    own.wire.fail("GET", METADATA, changed(dated(date)))

    assert check(examined(own), CheckName.CLOCK).state is CheckState.WARNING


def test_a_refused_key_names_what_the_administrator_needs(own: Site) -> None:
    own.wire.fail("POST", TOKEN, answers(401, body={"error": "invalid_client"}))

    found = examined(own)

    told = check(found, CheckName.TOKEN)
    assert told.state is CheckState.FAILED
    assert "(invalid_client)" in told.sentence
    assert "client id ccm-fhir" in told.sentence
    assert own.world.jwks_url in told.sentence
    assert set(live(found).values()) == {RungName.HAND_OFF}


def test_a_scope_that_is_withheld_although_it_would_work_fails(own: Site) -> None:
    def less(body: dict[str, Any]) -> dict[str, Any]:
        kept = (each for each in body["scope"].split() if "Claim" not in each)
        return {**body, "scope": " ".join([*kept, "system/Claim.rs"])}

    own.wire.fail("POST", TOKEN, with_json(less))

    found = examined(own)

    told = check(found, CheckName.SCOPES)
    assert told.state is CheckState.FAILED
    assert told.sentence == (
        "Not granted, although the EHR declares what they are for: system/Claim.c. "
        "Ask its administrator for them."
    )
    (claim,) = (each for each in found.resources if each.resource_type == "Claim")
    assert claim.missing == ("not granted: system/Claim.c",)
    assert live(found)[Artefact.CLAIM] is RungName.CHARGE_ITEM


# --- vendors ---

BILL_CODES = BillCodes(
    system="https://ehr.example/BillCodes-CPT",
    schedule_system="https://ehr.example/codeSet/14002",
    schedule_code="24601",
)
LIVE = {
    "epic": (RungName.PROCEDURE, RungName.DOCUMENT),
    "oracle-health": (RungName.ENCOUNTER_AND_PROCEDURE, RungName.DOCUMENT),
    "nextgen": (RungName.HAND_OFF, RungName.HAND_OFF),
    "canvas": (RungName.OBSERVATION, RungName.CLAIM),
}


@pytest.mark.parametrize("name", LIVE)
def test_a_vendor_that_takes_little_is_a_warning_and_has_a_plan(name: str, sqlite_url: str) -> None:
    like = partial(_played, name=name)
    with (
        running_ehr(cast(1), RealClock(), like=like) as ehr,
        open_site(sqlite_url, ehr) as site,
    ):
        found = examined(site)

    assert not found.has_failed, [each for each in found.checks if each.state != "ok"]
    assert check(found, CheckName.SCOPES).state is CheckState.WARNING
    contact, claim = LIVE[name]
    assert live(found)[Artefact.TIME_CONTACT] is contact
    assert live(found)[Artefact.CLAIM] is claim


def test_bill_codes_open_the_charge_by_operation_and_what_lacks_is_said(sqlite_url: str) -> None:
    like = partial(_played, name="oracle-health")
    with (
        running_ehr(cast(1), RealClock(), like=like) as ehr,
        open_site(sqlite_url, ehr) as site,
    ):
        before = examined(site)
        hand = SetupHand(practice_id=site.practice_id, user_id=None)
        record_bill_codes(site.world, hand, site.ehr_id, BILL_CODES)
        after = examined(site)

    (plan,) = (plan for plan in before.plans if plan.artefact is Artefact.CLAIM)
    (shut,) = (one for one in plan.rungs if one.name is RungName.CHARGE_ITEM_OPERATION)
    assert "ccm-fhir ehr bill-codes" in shut.sentence
    assert live(before)[Artefact.CLAIM] is RungName.DOCUMENT
    assert live(after)[Artefact.CLAIM] is RungName.CHARGE_ITEM_OPERATION


def test_an_issuer_on_another_host_is_no_obstacle_to_a_launch(sqlite_url: str) -> None:
    like = partial(_played, name="veradigm")
    with (
        running_ehr(cast(1), RealClock(), like=like) as ehr,
        open_site(sqlite_url, ehr) as site,
    ):
        desk = site.launch(user=DOCTOR)

    assert desk.actor.npi


# --- which EHR ---


def test_an_ehr_is_found_by_its_name_or_id_whatever_the_letters(own: Site) -> None:
    by_name, by_id = find_ehr(own.world, "sandbox ehr"), find_ehr(own.world, own.ehr_id)

    assert by_name == by_id


def test_an_ehr_that_is_not_registered_is_answered_with_those_that_are(own: Site) -> None:
    with pytest.raises(InputError, match="no EHR has this name; registered are: Sandbox EHR"):
        find_ehr(own.world, "Epic")


def test_a_name_that_two_ehrs_have_is_answered_with_their_ids(own: Site) -> None:
    with running_ehr(cast(1), RealClock()) as other:
        connection = NewConnection(
            practice_id=own.practice_id,
            name="Sandbox EHR",
            fhir_base=other.base,
            client_id="ccm-fhir",
            allow_loopback_http=True,
        )
        connect_ehr(own.world, connection, own.clock())

    with own.world.db.read() as session:
        ids = {each.id for each in ehrs.list_all(session, own.practice_id)}
    with pytest.raises(InputError, match="several have this name") as refused:
        find_ehr(own.world, "Sandbox EHR")
    assert all(each in str(refused.value) for each in ids)
