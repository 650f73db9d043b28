"""A signed month as charges: a ChargeItem a billed line, each of them in the EHR once."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.claims import Standing
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.writeback import CHARGES, DeliveryState, Disposition, ResourceKind, RungName
from ccm_fhir.errors import ConflictError, InputError, LaunchError
from ccm_fhir.fhir.write_charge import BillCodes
from ccm_fhir.services.bill_codes import record_bill_codes
from ccm_fhir.services.billing_setup import change_billing, change_partner
from ccm_fhir.services.claim_chains import on_record
from ccm_fhir.services.correct_claim import what_may_be_said
from ccm_fhir.services.needs_person import (
    mark_keyed,
    needs_person,
    retry,
    send_another_way,
)
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import audit, claims, users
from ccm_fhir.storage.claims import NewClaim
from ccm_fhir.storage.vocabulary import ClaimsLeaveBy, Purpose
from fhir_fixtures.sandbox import profiles
from tests.services.filing import DETAILS, PARTNER
from tests.services.loopback_ehr import Clock, cast, running_ehr
from tests.services.test_claim_ladder import (
    claim_of,
    claimed_rows,
    live,
    told,
    ways,
    without,
)
from tests.services.wire import answers, the_answer_is_lost
from tests.world import DOCTOR, NOVEMBER, NURSE, Desk, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccm_fhir.services.needs_person import Stopped
    from ccm_fhir.storage.deliveries import DeliveryRecord
    from fhir_fixtures.sandbox.settings import SandboxSettings

CHARGE = r"/fhir/ChargeItem$"
BY_OPERATION = r"/fhir/ChargeItem/\$create$"
CODES = BillCodes(
    system="https://fhir.oracle.example/tenant/CodeSystem/BillCodes-CPT",
    schedule_system="https://fhir.oracle.example/tenant/codeSet/14002",
    schedule_code="24601",
)


@contextmanager
def at_oracle(folder: Path) -> Iterator[Site]:
    """Open a practice in front of an EHR that takes charges by operation alone."""

    def like(settings: SandboxSettings) -> SandboxSettings:
        return replace(settings, profile=profiles.load("oracle-health"))

    with (
        running_ehr(cast(1), Clock(), like=like) as ehr,
        open_site(f"sqlite:///{folder / 'ccm.sqlite'}", ehr) as site,
    ):
        yield site


@pytest.fixture
def oracle(tmp_path: Path) -> Iterator[Site]:
    with at_oracle(tmp_path) as site:
        yield site


def hand(site: Site) -> SetupHand:
    return SetupHand(practice_id=site.practice_id, user_id=None)


def opened(site: Site, user: str, role: Role) -> Desk:
    """Launch; where the EHR tells no roles, an administrator gives the person theirs."""
    try:
        return site.launch(user=user)
    except LaunchError:
        with site.world.db.write(site.practice_id) as session:
            (person,) = (u for u in users.list_all(session, site.practice_id) if u.role is None)
            users.set_role(session, site.practice_id, person.id, role)
        return site.launch(user=user)


def two_lines(site: Site, *, by_telephone: bool = True) -> Desk:
    """Record the time of two codes, bring it to the EHR, and open the month as the physician."""
    nurse = opened(site, NURSE, Role.CARE_MANAGER)
    record = nurse.call if by_telephone else nurse.record
    record(minutes=45)
    doctor = opened(site, DOCTOR, Role.PRACTITIONER)
    site.deliver_all(doctor.patient_id)
    return doctor


def charges(desk: Desk) -> list[DeliveryRecord]:
    return in_lines(told(desk))


def in_lines(found: tuple[DeliveryRecord, ...]) -> list[DeliveryRecord]:
    """Return the charges, fallen ones too, each after the one that it waits for."""
    found = tuple(one for one in found if one.rung in CHARGES)
    ids = {one.id for one in found}
    return sorted(found, key=lambda one: len(ids & set(one.depends_on)))


def planned(desk: Desk) -> list[DeliveryRecord]:
    """Return the charges as they are planned, nothing of them attempted."""
    return in_lines(desk.site.deliveries(desk.patient_id))


def states(desk: Desk) -> list[DeliveryState]:
    return [one.state for one in charges(desk)]


def held_ones(desk: Desk) -> tuple[Stopped, ...]:
    return needs_person(desk.site.world, desk.actor).stopped


def billed_in_the_ehr(desk: Desk) -> list[str]:
    """Return the codes of all ChargeItems that the EHR holds of the patient, sorted."""
    claim = claim_of(desk)
    found = [
        stored
        for place in (1, 2)
        for stored in desk.site.ehr.holds("ChargeItem", f"{claim.identifier}-{place}")
    ]
    return sorted(one["code"]["coding"][0]["code"] for one in found)


def only_charges(site: Site) -> None:
    without(site, "Claim", "DocumentReference")


def test_where_the_ehr_takes_charges_each_line_is_one(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()

    first, second = charges(doctor)

    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert {first.rung, second.rung} == {RungName.CHARGE_ITEM}
    assert (first.lossy, second.lossy) == ((), ())
    assert first.read_back_at is not None
    (stored,) = own_site.in_the_ehr(first)
    assert stored["code"]["coding"][0]["code"] == "99490"
    assert stored["context"]["reference"].startswith("Encounter/")
    assert stored["service"][0]["reference"].startswith("Procedure/")
    assert billed_in_the_ehr(doctor) == ["99439", "99490"]
    assert claimed_rows(doctor) == [(MonthState.SENT, RungName.CHARGE_ITEM)]


def test_the_claim_is_not_sent_before_every_charge_is(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    first, second = planned(doctor)

    own_site.deliver(first.id)

    assert own_site.delivery(first.id).state is DeliveryState.SENT
    assert own_site.delivery(second.id).state is DeliveryState.PLANNED
    assert claimed_rows(doctor)[0][0] is not MonthState.SENT


def test_a_charge_is_searched_for_before_it_is_sent_and_again_when_its_answer_is_lost(
    own_site: Site,
) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    own_site.wire.fail("POST", CHARGE, the_answer_is_lost, times=1)
    doctor.sign()

    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert billed_in_the_ehr(doctor) == ["99439", "99490"]
    assert len(own_site.wire.sent("POST", CHARGE)) == 2
    assert len(own_site.wire.sent("GET", r"/fhir/ChargeItem")) >= 3


def test_where_the_first_charge_is_not_offered_all_fall_and_none_was_sent(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    own_site.wire.fail("POST", CHARGE, answers(405))
    doctor.sign()

    assert live(doctor).rung is RungName.DOCUMENT
    assert [one.has_fallen for one in charges(doctor)] == [True, True]
    assert len(own_site.wire.sent("POST", CHARGE)) == 1
    assert billed_in_the_ehr(doctor) == []


def test_where_a_later_charge_is_not_offered_it_is_held_and_says_which_line_is_there(
    own_site: Site,
) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    first, _ = planned(doctor)
    own_site.deliver(first.id)
    own_site.wire.fail("POST", CHARGE, answers(405))

    assert states(doctor) == [DeliveryState.SENT, DeliveryState.HELD]
    (stopped,) = held_ones(doctor)
    assert stopped.reason.startswith("The EHR takes no more charges")
    assert stopped.reason.endswith(
        "Line 1 (99490) is charged in the EHR; line 2 (99439) was refused and is not there."
    )
    with pytest.raises(ConflictError):
        send_another_way(own_site.world, doctor.actor, stopped.delivery_id)
    assert ways(doctor).keys() == {RungName.CHARGE_ITEM}
    with own_site.world.db.read(own_site.practice_id) as session:
        every = claims.of_month(session, own_site.practice_id, NOVEMBER)
        records = on_record(session, own_site.practice_id, every)[doctor.patient_id]
    assert records[-1].standing is Standing.UNCERTAIN
    assert isinstance(what_may_be_said(records)[ClaimSaid.NEW], tuple)  # why nothing may follow


def test_a_charge_that_is_refused_names_the_line_and_goes_on_once_a_person_says_so(
    own_site: Site,
) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    own_site.wire.fail("POST", CHARGE, answers(422), times=1)
    doctor.sign()
    before = states(doctor)
    refused = next(one for one in held_ones(doctor) if one.state is DeliveryState.REJECTED)

    retry(own_site.world, doctor.actor, refused.delivery_id)

    assert before == [DeliveryState.REJECTED, DeliveryState.HELD]
    assert "Line 1 (99490) was refused and is not there; line 2 (99439) was not sent." in (
        refused.reason
    )
    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert billed_in_the_ehr(doctor) == ["99439", "99490"]


def test_charges_of_which_surely_none_is_there_go_another_way_when_a_person_says_so(
    own_site: Site,
) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    own_site.wire.fail("POST", CHARGE, answers(422))
    doctor.sign()
    states(doctor)
    refused = next(one for one in held_ones(doctor) if one.state is DeliveryState.REJECTED)

    to = send_another_way(own_site.world, doctor.actor, refused.delivery_id)

    assert to is RungName.DOCUMENT
    assert live(doctor).state is DeliveryState.SENT
    assert held_ones(doctor) == ()


def test_what_a_person_keyed_of_a_claim_half_there_completes_it(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    first, second = planned(doctor)
    own_site.deliver(first.id)
    own_site.wire.fail("POST", CHARGE, answers(405))
    states(doctor)

    mark_keyed(own_site.world, doctor.acting(role=Role.BILLER).actor, second.id, "CH-77")

    assert held_ones(doctor) == ()
    assert claimed_rows(doctor) == [(MonthState.SENT, RungName.CHARGE_ITEM)]


def test_work_that_fell_after_the_signature_is_not_named_by_a_charge(own_site: Site) -> None:
    nurse = own_site.launch()
    nurse.call(minutes=25)
    own_site.wire.refuse_batches()
    own_site.wire.fail("POST", r"/fhir/Procedure$", answers(405))
    without(own_site, "Claim")
    doctor = own_site.launch(user=DOCTOR)
    doctor.sign()
    for _ in range(3):
        own_site.deliver_all(doctor.patient_id)

    (one,) = charges(doctor)
    (stored,) = own_site.in_the_ehr(one)
    assert one.state is DeliveryState.SENT
    assert "service" not in stored
    assert stored["context"]["reference"].startswith("Encounter/")


def test_reconciling_finds_every_charge(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    states(doctor)

    report = reconcile(own_site.world, Scope(practice_id=own_site.practice_id))

    assert report.differences == ()
    assert report.cents[Disposition.ACCEPTED] == report.ledger_cents
    assert report.ledger_cents == int(claim_of(doctor).total_usd * 100)


def test_before_anybody_recorded_bill_codes_the_operation_is_not_open(oracle: Site) -> None:
    doctor = two_lines(oracle)
    doctor.sign()

    one = live(doctor)

    assert (one.rung, one.state) == (RungName.DOCUMENT, DeliveryState.SENT)


def recorded(oracle: Site, *, by_telephone: bool = True) -> Desk:
    record_bill_codes(oracle.world, hand(oracle), oracle.ehr_id, CODES)
    return two_lines(oracle, by_telephone=by_telephone)


def operations(oracle: Site) -> list[Any]:
    return list(oracle.wire.sent("POST", BY_OPERATION))


def test_oracle_takes_each_line_by_operation_in_the_context_of_our_encounter(
    oracle: Site,
) -> None:
    doctor = recorded(oracle)
    doctor.sign()

    first, second = charges(doctor)

    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert first.rung is second.rung is RungName.CHARGE_ITEM_OPERATION
    assert (first.lossy, second.lossy) == ((), ())
    with oracle.ehr.backend() as client:
        stored: Any = client.read("ChargeItem", first.remote_id).json()
    (encounter,) = (
        d for d in oracle.deliveries(doctor.patient_id) if d.resource_type is ResourceKind.ENCOUNTER
    )
    assert stored["context"]["reference"].endswith(encounter.remote_ref)
    assert stored["code"]["coding"][0]["system"] == CODES.system
    assert len(operations(oracle)) == 2
    assert claimed_rows(doctor) == [(MonthState.SENT, RungName.CHARGE_ITEM_OPERATION)]


def test_a_lost_answer_to_the_operation_is_settled_by_the_encounters_charges(
    oracle: Site,
) -> None:
    doctor = recorded(oracle)
    oracle.wire.fail("POST", BY_OPERATION, the_answer_is_lost, times=1)
    doctor.sign()

    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert len(operations(oracle)) == 2


def test_an_operation_that_left_no_trace_is_held_and_never_repeated(oracle: Site) -> None:
    doctor = recorded(oracle)
    oracle.wire.fail("POST", BY_OPERATION, answers(500), times=1)
    doctor.sign()

    assert states(doctor) == [DeliveryState.HELD, DeliveryState.HELD]
    assert [one.last_problem for one in charges(doctor)] == ["cannot_be_sure", "dependency_refused"]
    assert len(operations(oracle)) == 1
    for one in held_ones(doctor):
        if one.state is DeliveryState.HELD and "may or may not" in one.reason:
            with pytest.raises(ConflictError):
                send_another_way(oracle.world, doctor.actor, one.delivery_id)


def test_an_operation_that_is_refused_as_not_offered_falls_to_the_charge_sheet(
    oracle: Site,
) -> None:
    doctor = recorded(oracle)
    oracle.wire.fail("POST", BY_OPERATION, answers(404))
    doctor.sign()

    one = live(doctor)

    assert (one.rung, one.state) == (RungName.DOCUMENT, DeliveryState.SENT)
    assert len(operations(oracle)) == 1


def test_a_month_without_a_contact_hangs_its_charges_on_an_encounter_of_its_own(
    oracle: Site,
) -> None:
    doctor = recorded(oracle, by_telephone=False)
    doctor.sign()

    first, second = charges(doctor)
    (anchor,) = (one for one in told(doctor) if one.purpose is Purpose.ANCHOR)

    assert (anchor.resource_type, anchor.state) == (ResourceKind.ENCOUNTER, DeliveryState.SENT)
    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    with oracle.ehr.backend() as client:
        stored: Any = client.read("ChargeItem", second.remote_id).json()
    assert stored["context"]["reference"].endswith(anchor.remote_ref)
    assert claimed_rows(doctor) == [(MonthState.SENT, RungName.CHARGE_ITEM_OPERATION)]


def test_where_the_months_own_encounter_is_not_taken_the_charges_go_another_way(
    oracle: Site,
) -> None:
    doctor = recorded(oracle, by_telephone=False)
    oracle.wire.fail("POST", r"/fhir/Encounter$", answers(405))
    doctor.sign()

    assert live(doctor).rung is RungName.DOCUMENT
    assert operations(oracle) == []
    assert held_ones(doctor) == ()


def test_where_the_months_own_encounter_is_refused_a_person_may_try_it_again(
    oracle: Site,
) -> None:
    doctor = recorded(oracle, by_telephone=False)
    oracle.wire.fail("POST", r"/fhir/Encounter$", answers(422), times=1)
    doctor.sign()
    before = states(doctor)
    (anchor,) = (one for one in held_ones(doctor) if one.resource_type == "Encounter")

    retry(oracle.world, doctor.actor, anchor.delivery_id)

    assert before == [DeliveryState.HELD, DeliveryState.HELD]
    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]


def test_an_encounter_that_fell_after_the_signature_takes_the_charges_another_way(
    oracle: Site,
) -> None:
    record_bill_codes(oracle.world, hand(oracle), oracle.ehr_id, CODES)
    nurse = opened(oracle, NURSE, Role.CARE_MANAGER)
    nurse.call(minutes=45)
    oracle.wire.fail("POST", r"/fhir/Encounter$", answers(405))
    doctor = opened(oracle, DOCTOR, Role.PRACTITIONER)
    doctor.sign()
    for _ in range(3):
        oracle.deliver_all(doctor.patient_id)

    assert live(doctor).rung is RungName.DOCUMENT
    assert [one.has_fallen for one in charges(doctor)] == [True, True]
    assert operations(oracle) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"system": "BillCodes"},
        {"system": ""},
        {"schedule_system": "two words"},
        {"schedule_code": ""},
        {"schedule_code": "a b"},
        {"schedule_code": "x" * 301},
    ],
)
def test_bill_codes_that_cannot_be_any_are_refused(own_site: Site, wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        record_bill_codes(own_site.world, hand(own_site), own_site.ehr_id, replace(CODES, **wrong))


def test_recording_bill_codes_is_a_line_of_the_audit_trail(own_site: Site) -> None:
    record_bill_codes(own_site.world, hand(own_site), own_site.ehr_id, CODES)

    with own_site.world.db.read(own_site.practice_id) as session:
        trail = audit.records(session, own_site.practice_id, after=0, most=1000)
        acts = [one.act for one in trail]
    assert any(act.startswith("record_bill_codes") for act in acts)


def by_file(site: Site, leave_by: ClaimsLeaveBy) -> None:
    """Let the practice say by which way its claims leave from now on."""
    change_billing(site.world, hand(site), DETAILS, site.clock())
    partner = replace(PARTNER, claims_leave_by=leave_by)
    change_partner(site.world, hand(site), partner, site.clock())


def test_charges_of_which_none_was_sent_wait_for_the_file_and_come_back(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    assert [one.has_fallen for one in planned(doctor)] == [False, False]

    by_file(own_site, ClaimsLeaveBy.FILE)
    filed = live(doctor)
    by_file(own_site, ClaimsLeaveBy.EHR)

    assert filed.rung is RungName.X12_FILE
    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]
    assert billed_in_the_ehr(doctor) == ["99439", "99490"]


def test_a_claim_half_charged_stays_in_the_ehr_when_claims_leave_by_file(own_site: Site) -> None:
    doctor = two_lines(own_site)
    without(own_site, "Claim")
    doctor.sign()
    first, _ = planned(doctor)
    own_site.deliver(first.id)

    by_file(own_site, ClaimsLeaveBy.FILE)

    assert ways(doctor).keys() == {RungName.CHARGE_ITEM}
    assert states(doctor) == [DeliveryState.SENT, DeliveryState.SENT]


def test_charges_of_a_claim_that_another_followed_are_not_sent_any_more(oracle: Site) -> None:
    doctor = recorded(oracle)
    doctor.sign()
    first = claim_of(doctor)
    later = NewClaim(
        patient_id=first.patient_id,
        month=first.month,
        programme=first.programme,
        revision=2,
        sign_off_id=first.sign_off_id,
        identifier=str(uuid4()),
        total_usd=first.total_usd,
        draft_json=first.draft_json,
        prior_id=first.id,
    )
    with oracle.world.db.write(oracle.practice_id) as session:
        claims.record(session, oracle.practice_id, later, oracle.clock())

    oracle.deliver(*(one.id for one in planned(doctor)))

    assert {one.last_problem for one in planned(doctor)} == {"taken_back"}
    assert operations(oracle) == []
    assert [one.reason for one in held_ones(doctor)] == []
