"""Each entry has exactly one disposition, and the worst of its parts gives it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import Activity, PerformerKind
from ccm_fhir.domain.writeback import (
    CHARGES,
    DeliveryState,
    Disposition,
    Part,
    ResourceKind,
    RungName,
    badness,
    disposition_of,
    state_of_parts,
)
from ccm_fhir.domain.writeback.kinds import ContactMode, TimeRecord
from ccm_fhir.domain.writeback.rungs import Artefact, resources_on, rest_of, time_artefact
from ccm_fhir.errors import InputError

TIME_RUNGS = (
    RungName.ENCOUNTER_AND_PROCEDURE,
    RungName.ENCOUNTER,
    RungName.PROCEDURE,
    RungName.OBSERVATION,
    RungName.QUESTIONNAIRE_RESPONSE,
    RungName.DOCUMENT,
    RungName.HAND_OFF,
)
RECORD = TimeRecord(
    entry_id="e1",
    patient_ref="Patient/p1",
    performer_ref="Practitioner/n1",
    performer=PerformerKind.CLINICAL_STAFF,
    practice_ref="Organization/ours",
    started_at=datetime(2026, 11, 10, 15, tzinfo=UTC),
    ended_at=datetime(2026, 11, 10, 15, 20, tzinfo=UTC),
    activity=Activity.COORDINATION,
    contact_mode=None,
    note="",
)
PARTS = st.builds(
    Part,
    state=st.sampled_from(DeliveryState),
    rung=st.sampled_from(TIME_RUNGS),
    is_read_back=st.booleans(),
    is_lossy=st.booleans(),
    has_fallen=st.booleans(),
    is_keyed=st.booleans(),
)
ENTRIES = st.lists(st.tuples(st.lists(PARTS, max_size=4), st.booleans()), max_size=20)


@given(ENTRIES)
def test_dispositions_sum_to_the_ledger(entries: list[tuple[list[Part], bool]]) -> None:
    found = Counter(disposition_of(parts, is_voided=voided) for parts, voided in entries)

    assert sum(found.values()) == len(entries)
    assert set(found) <= set(Disposition)


@given(st.lists(PARTS, max_size=4))
def test_what_fell_says_nothing_of_where_an_entry_stands(parts: list[Part]) -> None:
    live = [part for part in parts if not part.has_fallen]

    assert disposition_of(parts, is_voided=False) is disposition_of(live, is_voided=False)
    assert disposition_of(parts[::-1], is_voided=False) is disposition_of(parts, is_voided=False)


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_nothing_is_accepted_before_every_part_is_there_and_compared(parts: list[Part]) -> None:
    done = {Disposition.ACCEPTED, Disposition.ACCEPTED_LOSSY, Disposition.KEYED}
    if disposition_of(parts, is_voided=False) not in done:
        return

    live = [part for part in parts if not part.has_fallen]
    by_hand = [part for part in live if part.is_keyed or part.rung is RungName.HAND_OFF]
    sent = [part for part in live if part.state is DeliveryState.SENT]
    assert all(part in sent or part.is_keyed for part in live)
    assert all(part.is_read_back or part in by_hand for part in sent)


@given(st.lists(PARTS, max_size=4))
def test_what_was_taken_back_is_voided_whatever_the_ehr_holds(parts: list[Part]) -> None:
    assert disposition_of(parts, is_voided=True) is Disposition.VOIDED


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (DeliveryState.PLANNED, Disposition.PENDING),
        (DeliveryState.SENDING, Disposition.SENT_UNKNOWN),
        (DeliveryState.UNCERTAIN, Disposition.SENT_UNKNOWN),
        (DeliveryState.REJECTED, Disposition.REJECTED),
        (DeliveryState.HELD, Disposition.HELD),
        (DeliveryState.QUARANTINE, Disposition.QUARANTINE),
        (DeliveryState.SENT, Disposition.PENDING),
    ],
)
def test_each_state_of_a_resource_has_its_word(state: DeliveryState, expected: Disposition) -> None:
    part = Part(state=state, rung=RungName.PROCEDURE)

    assert disposition_of([part], is_voided=False) is expected


def test_a_sheet_counts_only_once_a_person_has_marked_it() -> None:
    waiting = Part(state=DeliveryState.HELD, rung=RungName.HAND_OFF)
    keyed = Part(state=DeliveryState.SENT, rung=RungName.HAND_OFF)

    assert disposition_of([waiting], is_voided=False) is Disposition.PENDING
    assert disposition_of([keyed], is_voided=False) is Disposition.KEYED


def test_a_claim_counts_as_handed_off_once_it_is_in_a_claim_file() -> None:
    waiting = Part(state=DeliveryState.HELD, rung=RungName.X12_FILE)
    filed = Part(state=DeliveryState.SENT, rung=RungName.X12_FILE)

    assert disposition_of([waiting], is_voided=False) is Disposition.PENDING
    assert disposition_of([filed], is_voided=False) is Disposition.KEYED


def test_an_encounter_alone_remains_where_its_procedure_is_refused() -> None:
    pair = RungName.ENCOUNTER_AND_PROCEDURE

    assert rest_of(pair, ResourceKind.PROCEDURE) is RungName.ENCOUNTER
    assert rest_of(pair, ResourceKind.ENCOUNTER) is None
    assert all(rest_of(rung, ResourceKind.PROCEDURE) is None for rung in TIME_RUNGS[1:])


def test_of_several_parts_the_one_furthest_from_being_there_speaks() -> None:
    order = sorted(DeliveryState, key=badness)

    assert (order[0], order[-1]) == (DeliveryState.QUARANTINE, DeliveryState.SENT)
    assert badness(DeliveryState.HELD) < badness(DeliveryState.PLANNED)


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ("sent sent", "sent"),
        ("sent planned", "planned"),
        ("sent rejected", "held"),
        ("uncertain rejected", "held"),
        ("rejected held", "rejected"),
        ("rejected", "rejected"),
        ("rejected quarantine", "quarantine"),
    ],
)
def test_a_claim_refused_in_part_is_not_refused(states: str, whole: str) -> None:
    assert state_of_parts(map(DeliveryState, states.split())) is DeliveryState(whole)


def test_a_charge_is_written_once_a_line_on_either_way() -> None:
    assert {resources_on(rung) for rung in CHARGES} == {(ResourceKind.CHARGE_ITEM,)}


def test_every_rung_of_time_has_something_to_write_and_others_say_that_they_have_not() -> None:
    assert all(resources_on(rung) for rung in TIME_RUNGS)
    assert resources_on(RungName.X12_FILE) == (ResourceKind.SHEET,)
    with pytest.raises(InputError, match=r"^rung: nothing here writes flag$"):
        resources_on(RungName.FLAG)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(None, Artefact.TIME_WORK), *((mode, Artefact.TIME_CONTACT) for mode in ContactMode)],
)
def test_a_contact_takes_the_ladder_of_contacts_and_work_alone_its_own(
    mode: ContactMode | None, expected: Artefact
) -> None:
    assert time_artefact(mode) is expected


def test_what_each_rung_writes_is_in_the_order_of_writing() -> None:
    assert resources_on(RungName.ENCOUNTER_AND_PROCEDURE) == (
        ResourceKind.ENCOUNTER,
        ResourceKind.PROCEDURE,
    )
    assert resources_on(RungName.CONSENT) == (ResourceKind.CONSENT,)
    assert resources_on(RungName.HAND_OFF) == (ResourceKind.SHEET,)
