"""Claim files of a month: each signed claim once, and what lacks something left out and told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.codes import Role, Setting
from ccm_fhir.domain.facts import AddressFact, NameFact
from ccm_fhir.domain.writeback import DeliveryState, RungName
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.billing_setup import (
    BillingChange,
    ClaimsLeaveBy,
    PartnerChange,
    change_billing,
    change_partner,
)
from ccm_fhir.services.claim_filing import FileRequest, file_again, make_files
from ccm_fhir.services.needs_person import needs_person, send_another_way
from ccm_fhir.services.plan_claim import in_a_file
from ccm_fhir.storage import audit, claim_files, keyed
from ccm_fhir.storage.deliveries import of_artefact
from ccm_fhir.storage.keyed import NewKeyed
from ccm_fhir.storage.vocabulary import ArtefactKind
from ccm_fhir.x12.segments import read_sets
from tests.builders import NOVEMBER, chart
from tests.services.filing import (
    CANARY_FAMILY,
    CANARY_MBI,
    CANARY_STREET,
    DETAILS,
    ON_EACH,
    PARTNER,
    codes,
    hand,
    person,
    read_again,
    run,
    set_up_for_files,
    signed,
)
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.smart_app.close import actor
from tests.smart_app.front import (
    CLAIMS,
    NOW,
    Front,
    open_front_at,
    takes_work,
    with_practice,
)
from tests.world import migrate
from tests.x12.filings import read_claims
from tests.x12.test_professional import objections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.storage.claims import ClaimRecord


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    yield opened
    opened.world.db.close()


@pytest.fixture
def filing(front: Front) -> Front:
    set_up_for_files(front)
    return front


@ON_EACH
def test_signed_claims_become_one_file_that_an_independent_validator_takes(filing: Front) -> None:
    first, second = signed(filing, 1), signed(filing, 2)

    made = run(filing)

    (file,) = made.files
    told = file.content.decode("ascii")
    assert objections(told) == []
    (transaction,) = read_sets(told)
    assert transaction.is_production
    back = {one.number: one for one in read_claims(transaction)}
    assert set(back) == {claim_number(first.identifier), claim_number(second.identifier)}
    one = back[claim_number(first.identifier)]
    assert (one.mbi, one.family, one.born, one.gender) == (
        "1EG4TE5MK01",
        "SYNTHETIC",
        "19480309",
        "F",
    )
    assert one.total == first.total_usd == Decimal("95.00")
    assert [line.code for line in one.lines] == ["99490"]
    assert (made.signed, made.before, made.left_out) == (2, 0, ())
    assert (file.record.claims, file.record.total_usd) == (2, Decimal("190.00"))
    assert file.name == "837P-000000001-2026-11-production.txt"


@ON_EACH
def test_a_second_run_makes_nothing_and_a_new_signature_the_next_file(filing: Front) -> None:
    signed(filing, 1)
    first = run(filing)
    again = run(filing)
    signed(filing, 2)
    third = run(filing)

    assert (again.files, again.before, again.left_out) == ((), 1, ())
    (file,) = third.files
    assert (file.record.number, file.record.claims) == (2, 1)
    assert file.record.first_set_control > first.files[0].record.last_set_control


@ON_EACH
def test_a_file_that_nobody_wrote_is_handed_out_again_the_same_to_the_byte(filing: Front) -> None:
    signed(filing)
    killed = run(filing, written=False)

    again = run(filing)

    assert [one.content for one in again.files] == [one.content for one in killed.files]
    assert [one.is_new for one in again.files] == [False]
    assert run(filing).files == ()
    assert file_again(filing.world, hand(filing), 1).content == killed.files[0].content


@ON_EACH
def test_a_claim_is_filed_again_only_when_asked_with_a_reason(filing: Front) -> None:
    claim = signed(filing)
    run(filing)

    with pytest.raises(InputError, match="reason"):
        run(filing, claim.identifier)
    with pytest.raises(InputError, match="again"):
        run(filing, reason="It was lost.")
    with pytest.raises(InputError, match="again"):
        run(filing, "no-such-claim", reason="It was lost.")
    again = run(filing, claim.identifier, reason="The house lost the file.")

    (file,) = again.files
    with filing.world.db.read(filing.practice_id) as session:
        turns = claim_files.filed_of_claims(session, filing.practice_id, [claim.id])
    assert [(one.turn, one.reason) for one in turns] == [(1, ""), (2, "The house lost the file.")]
    assert file.record.number == 2
    assert run(filing).files == ()


@ON_EACH
def test_test_files_and_production_files_are_counted_apart(filing: Front) -> None:
    change_partner(filing.world, hand(filing), PartnerChange(is_production=False), NOW)
    signed(filing)
    tried = run(filing)
    change_partner(filing.world, hand(filing), PartnerChange(is_production=True), NOW)
    real = run(filing)

    assert [one.record.is_production for one in (*tried.files, *real.files)] == [False, True]
    assert [one.record.number for one in (*tried.files, *real.files)] == [1, 2]
    assert objections(tried.files[0].content.decode()) == []
    assert run(filing).files == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"address": None}, "subscriber_address_incomplete"),
        (
            {"address": AddressFact(lines=("7 Road",), city="Troy", state="New York")},
            "subscriber_address_incomplete",
        ),
        ({"legal_name": None}, "subscriber_name_missing"),
        (
            {"legal_name": NameFact(family="Muñoz", given=("Ana",))},
            "characters_patient_family_name",
        ),
        ({"mbi": ""}, "mbi_malformed"),
        ({"mbi": "123456789A"}, "mbi_malformed"),
        ({"birth_date": None}, "birth_date_missing"),
        ({"gender": "other"}, "gender_missing"),
        ({"replaced_by": "Patient/2"}, "patient_merged"),
    ],
)
def test_what_lacks_something_is_left_out_with_owner_and_fix_and_the_rest_goes(
    filing: Front, changes: dict[str, object], code: str
) -> None:
    lacking, whole = signed(filing, 1), signed(filing, 2)
    read_again(filing, person(1, **changes))

    made = run(filing)

    (left_out,) = made.left_out
    assert left_out.identifier == lacking.identifier
    assert code in codes(made)
    assert all(one.owner == "biller" and one.fix.endswith(".") for one in left_out.obstacles)
    assert [one.record.claims for one in made.files] == [1]
    assert claim_number(whole.identifier) in made.files[0].content.decode()


def test_what_was_mended_in_the_ehr_goes_with_the_next_run(filing: Front) -> None:
    signed(filing, address=None)
    assert codes(run(filing)) == ["subscriber_address_incomplete"]

    read_again(filing, person())

    assert [one.record.claims for one in run(filing).files] == [1]


def test_a_health_centers_claims_are_left_out_and_told_of_the_institutional_form(
    filing: Front,
) -> None:
    change = BillingChange(setting=Setting.RHC_FQHC)
    change_billing(filing.world, hand(filing), change, NOW)
    signed(filing)

    made = run(filing)

    assert codes(made) == ["institutional_claim_needed"]
    fix = made.left_out[0].obstacles[0].fix
    assert "837I" in fix
    assert "superbill" in fix
    assert made.files == ()


def test_a_cover_that_the_chart_no_longer_shows_keeps_the_claim_back(filing: Front) -> None:
    signed(filing)
    read_again(filing, person(), chart(coverages=()))

    assert codes(run(filing)) == ["coverage_gone"]


def test_a_practitioner_without_a_name_in_parts_is_the_administrators_to_mend(
    front: Front,
) -> None:
    change_billing(front.world, hand(front), DETAILS, NOW)
    change_partner(front.world, hand(front), PARTNER, NOW)
    signed(front)

    made = run(front)

    assert codes(made) == ["practitioner_name_missing", "practitioner_taxonomy_malformed"]
    assert {one.owner for one in made.left_out[0].obstacles} == {"admin"}


@ON_EACH
def test_a_claim_of_an_earlier_release_is_told_and_left_out(filing: Front) -> None:
    claim = signed(filing)
    kept = msgspec.json.decode(claim.draft_json)
    del kept["whole"]
    short = msgspec.json.encode(kept).decode()
    _past_the_triggers(filing, claim.id, short)

    assert codes(run(filing)) == ["signed_before_claim_files"]


def _past_the_triggers(front: Front, claim_id: str, draft_json: str) -> None:
    with front.world.db.write(front.practice_id) as session:
        if front.world.db.is_sqlite:
            session.execute(text("DROP TRIGGER tr_claim_no_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text("UPDATE claim SET draft_json = :draft WHERE id = :id"),
            {"draft": draft_json, "id": claim_id},
        )


def test_a_claim_that_was_keyed_by_hand_goes_into_no_file(filing: Front) -> None:
    claim = signed(filing)
    practice_id = filing.practice_id
    with filing.world.db.write(practice_id) as session:
        (sent,) = of_artefact(session, practice_id, ArtefactKind.CLAIM, claim.id)
        biller = filing.people[Role.BILLER]
        new = NewKeyed(delivery_id=sent.id, user_id=biller.id, person=biller.name)
        keyed.record(session, practice_id, new, NOW)

    assert codes(run(filing)) == ["claim_keyed_by_hand"]


def test_where_the_ehr_sends_the_claims_no_file_is_made(filing: Front) -> None:
    signed(filing)
    change = PartnerChange(claims_leave_by=ClaimsLeaveBy.EHR)
    change_partner(filing.world, hand(filing), change, NOW)

    with pytest.raises(ConflictError, match="billed twice"):
        run(filing)


def test_a_practice_that_is_not_set_up_is_told_what_to_run(front: Front) -> None:
    with pytest.raises(ConflictError, match="practice billing set"):
        run(front)
    change_billing(front.world, hand(front), DETAILS, NOW)
    with pytest.raises(ConflictError, match="practice billing partner"):
        run(front)


def test_a_month_without_a_signature_makes_no_file(filing: Front) -> None:
    made = run(filing)

    assert (made.signed, made.files, made.left_out) == (0, (), ())


def test_numbers_go_on_after_those_that_another_program_used(filing: Front) -> None:
    change = PartnerChange(control_numbers_after=4711)
    change_partner(filing.world, hand(filing), change, NOW)
    signed(filing)

    (file,) = run(filing).files

    assert (file.record.number, file.record.first_set_control) == (4712, 4712)


def test_when_all_numbers_are_used_nothing_is_made(filing: Front) -> None:
    change = PartnerChange(control_numbers_after=999_999_998)
    change_partner(filing.world, hand(filing), change, NOW)
    signed(filing, 1)
    run(filing)
    signed(filing, 2)

    with pytest.raises(ConflictError, match="999999999"):
        run(filing)


@ON_EACH
def test_another_practices_claims_stay_out_and_its_numbers_are_its_own(filing: Front) -> None:
    theirs = with_practice(filing, ehr="https://other.example", patient="Somebody Else")
    set_up_for_files(theirs)
    ours = signed(filing, 1)
    other = signed(theirs, 2)

    made = run(filing)
    of_theirs = run(theirs)

    assert claim_number(other.identifier) not in made.files[0].content.decode()
    assert claim_number(ours.identifier) not in of_theirs.files[0].content.decode()
    assert [one.record.number for one in (*made.files, *of_theirs.files)] == [1, 1]
    with pytest.raises(InputError, match="no file"):
        file_again(theirs.world, hand(theirs), 2)


def test_each_patient_who_leaves_in_a_file_is_a_line_of_the_trail(filing: Front) -> None:
    claim = signed(filing)
    run(filing)
    run(filing)

    with filing.world.db.read(filing.practice_id) as session:
        lines = audit.records(session, filing.practice_id, after=0, most=1000)
    of_patient = [one.act for one in lines if one.patient_id == claim.patient_id]
    assert of_patient.count("file_claim (command line)") == 1


@ON_EACH
def test_altered_bytes_are_not_handed_out(filing: Front) -> None:
    signed(filing)
    made = run(filing, written=False)
    with filing.world.db.write(filing.practice_id) as session:
        row = made.files[0].record.id
        place = claim_files.content(session, filing.practice_id, row).place
        sealed = filing.world.vault.seal(b"ISA*other~", place)
        session.execute(
            text("UPDATE claim_file_content SET content_sealed = :sealed"), {"sealed": sealed}
        )

    with pytest.raises(ConflictError, match="altered"):
        run(filing)


def test_neither_run_nor_refusal_prints_the_patient(filing: Front) -> None:
    signed(filing, 1, legal_name=NameFact(family=CANARY_FAMILY, given=("Quill",)))
    signed(
        filing,
        2,
        address=AddressFact(lines=(CANARY_STREET,), city="Troy", state="NY"),
        mbi=CANARY_MBI,
    )

    made = run(filing)

    assert CANARY_FAMILY.upper() in made.files[0].content.decode()
    for canary in (CANARY_FAMILY, CANARY_STREET, CANARY_MBI):
        assert canary.upper() not in repr(made).upper()


def test_the_day_of_filing_is_the_practices_own(filing: Front) -> None:
    signed(filing)
    request = FileRequest(month=NOVEMBER)
    midnight_in_utc = NOW.replace(hour=3) + timedelta(days=1)

    (file,) = make_files(filing.world, hand(filing), request, midnight_in_utc).files

    assert "*261123*2200*" in file.content.decode()


@ON_EACH
def test_two_who_file_at_the_same_moment_make_one_file(filing: Front) -> None:
    for number in (1, 2):
        signed(filing, number)
    barrier = threading.Barrier(2)

    def at_once() -> list[int]:
        barrier.wait(timeout=30)
        return [one.record.number for one in run(filing, written=False).files if one.is_new]

    with ThreadPoolExecutor(2) as pool:
        made = [one.result() for one in [pool.submit(at_once) for _ in range(2)]]

    assert sorted(made) == [[], [1]]
    with filing.world.db.read(filing.practice_id) as session:
        (file,) = claim_files.of_month(session, filing.practice_id, NOVEMBER)
    assert file.claims == 2


@ON_EACH
@pytest.mark.parametrize("state", ["sent", "uncertain", "sending"])
def test_what_the_ehr_was_told_before_claims_left_by_file_goes_only_when_asked_with_a_reason(
    front: Front, state: str
) -> None:
    told, new = signed(front, 1), signed(front, 2)
    set_up_for_files(front, now=NOW + timedelta(hours=1))
    with front.world.db.write(front.practice_id) as session:
        session.execute(
            text("UPDATE delivery SET state = :state WHERE artefact_id = :id"),
            {"state": state, "id": told.id},
        )

    first = run(front)

    assert codes(first) == ["claim_went_to_ehr_before"]
    assert claim_number(new.identifier) in first.files[0].content.decode()
    second = run(front, told.identifier, reason="The EHR has billed nothing in November.")
    assert [one.record.claims for one in second.files] == [1]
    with front.world.db.read(front.practice_id) as session:
        (filed,) = claim_files.filed_of_claims(session, front.practice_id, [told.id])
    assert (filed.turn, filed.reason) == (1, "The EHR has billed nothing in November.")


def ways(front: Front, claim: ClaimRecord) -> list[tuple[RungName | None, DeliveryState]]:
    """Return the ways of a claim that nothing has taken over, and where each is."""
    with front.world.db.read(front.practice_id) as session:
        found = of_artefact(session, front.practice_id, ArtefactKind.CLAIM, claim.id)
    return [(one.rung, one.state) for one in found if not one.has_fallen]


FILED = (RungName.X12_FILE, DeliveryState.SENT)
TO_BE_FILED = (RungName.X12_FILE, DeliveryState.HELD)


@ON_EACH
def test_nothing_of_a_claim_goes_to_the_ehr_where_claims_leave_by_file(filing: Front) -> None:
    claim = signed(filing)
    waiting = ways(filing, claim)
    biller = actor(filing, Role.BILLER)

    run(filing)

    assert waiting == [TO_BE_FILED]
    assert ways(filing, claim) == [FILED]
    assert needs_person(filing.world, biller).stopped == ()


def test_a_claim_that_waits_for_its_file_is_sent_no_other_way(filing: Front) -> None:
    claim = signed(filing)
    with filing.world.db.read(filing.practice_id) as session:
        (waiting,) = of_artefact(session, filing.practice_id, ArtefactKind.CLAIM, claim.id)

    with pytest.raises(ConflictError):
        send_another_way(filing.world, actor(filing, Role.BILLER), waiting.id)

    assert ways(filing, claim) == [TO_BE_FILED]


def test_a_test_file_leaves_a_claim_waiting(front: Front) -> None:
    set_up_for_files(front, replace(PARTNER, is_production=False))
    claim = signed(front)

    run(front)

    assert ways(front, claim) == [TO_BE_FILED]


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_has_surely_not_reached_the_ehr_waits_for_the_file_once_claims_leave_by_it(
    front: Front, *, by_hand: bool
) -> None:
    takes_work(front, kinds=() if by_hand else CLAIMS)
    claim = signed(front)
    before = ways(front, claim)

    set_up_for_files(front)

    way = RungName.HAND_OFF if by_hand else RungName.CLAIM
    assert [rung for rung, _ in before] == [way]
    assert ways(front, claim) == [TO_BE_FILED]


@pytest.mark.parametrize(
    ("state", "tries"),
    [("sent", 1), ("uncertain", 1), ("sending", 1), ("quarantine", 1), ("held", 1), ("planned", 1)],
)
def test_what_may_be_in_the_ehr_stays_on_its_way_there(
    front: Front, state: str, tries: int
) -> None:
    takes_work(front)
    claim = signed(front)
    with front.world.db.write(front.practice_id) as session:
        session.execute(
            text(
                "UPDATE delivery SET state = :state, tries = :tries, intent_at = created_at "
                "WHERE artefact_id = :id"
            ),
            {"state": state, "tries": tries, "id": claim.id},
        )

    set_up_for_files(front)

    assert ways(front, claim) == [(RungName.CLAIM, DeliveryState(state))]
    assert codes(run(front)) == ["claim_went_to_ehr_before"]


def test_what_waits_for_a_file_goes_to_the_ehr_once_claims_leave_there(filing: Front) -> None:
    takes_work(filing)
    filed, waiting = signed(filing, 1), signed(filing, 2)
    with filing.world.db.write(filing.practice_id) as session:
        (one,) = of_artefact(session, filing.practice_id, ArtefactKind.CLAIM, filed.id)
        in_a_file(session, filing.practice_id, filed.id, NOW)
    change = PartnerChange(claims_leave_by=ClaimsLeaveBy.EHR)

    change_partner(filing.world, hand(filing), change, NOW)
    change_partner(filing.world, hand(filing), change, NOW)

    assert one.is_by_file
    assert ways(filing, filed) == [FILED]
    assert ways(filing, waiting) == [(RungName.CLAIM, DeliveryState.PLANNED)]


def test_a_clinics_claims_never_wait_for_a_file(front: Front) -> None:
    takes_work(front)
    set_up_for_files(front)
    change = BillingChange(setting=Setting.RHC_FQHC)
    before = signed(front, 1)
    change_billing(front.world, hand(front), change, NOW)

    assert ways(front, before) == [(RungName.CLAIM, DeliveryState.PLANNED)]
    assert ways(front, signed(front, 2)) == [(RungName.CLAIM, DeliveryState.PLANNED)]


@given(st.lists(st.sampled_from(["file", "ehr", "run"]), max_size=6))
@settings(max_examples=12)
def test_a_claim_is_on_one_way_at_most_whatever_is_said_in_which_order(said: list[str]) -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ccm.sqlite"
        migrate(url)
        front = open_front_at(url)
        takes_work(front)
        set_up_for_files(front)
        claim = signed(front)
        for word in said:
            if word == "run":
                with suppress(ConflictError):
                    run(front)
                continue
            change = PartnerChange(claims_leave_by=ClaimsLeaveBy(word))
            change_partner(front.world, hand(front), change, NOW)
            assert len(ways(front, claim)) == 1
        front.world.db.close()
