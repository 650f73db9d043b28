"""Signing clean months from a list: what is listed is what is signed, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer, Role
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.errors import NotAllowedError
from ccm_fhir.services.coding_choice import ChooseCoding, choose_coding
from ccm_fhir.services.mdm_inbox import mdm_inbox
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.sign import STATEMENTS
from ccm_fhir.services.sign_all import (
    CleanMonth,
    RowOutcome,
    RowToSign,
    SignAll,
    clean_months,
    sign_all,
)
from ccm_fhir.storage import attestations, claims
from tests.builders import NOVEMBER
from tests.smart_app.close import actor, add_patient, attested_earlier, look, states, work

if TYPE_CHECKING:
    from tests.smart_app.front import Front


def listed(front: Front) -> dict[str, CleanMonth]:
    doctor = actor(front, Role.PRACTITIONER)
    found = clean_months(front.world, doctor, NOVEMBER, 1, front.work_clock())
    return {one.patient_id: one for one in found.months}


def row(one: CleanMonth, *, ticked: bool = True) -> RowToSign:
    return RowToSign(
        patient_id=one.patient_id,
        decision_hash=one.decision_hash,
        attested=frozenset(tick.criterion for tick in one.to_tick) if ticked else frozenset(),
    )


def send(front: Front, *rows: RowToSign, form_key: str = "") -> dict[str, RowOutcome]:
    request = SignAll(month=NOVEMBER, form_key=form_key or str(uuid4()), rows=rows)
    done = sign_all(front.world, actor(front, Role.PRACTITIONER), request, front.work_clock())
    return {one.patient_id: one for one in done}


def three(front: Front) -> list[str]:
    """Return three patients whose month is ready and whose risk was attested last month."""
    found = [front.patient_id, add_patient(front, "Nell Second"), add_patient(front, "Omar Third")]
    for patient_id in found:
        work(front, patient_id)
        attested_earlier(front, patient_id)
    return found


def claimed(front: Front) -> list[str]:
    with front.world.db.read(front.practice_id) as session:
        return [c.patient_id for c in claims.of_month(session, front.practice_id, NOVEMBER)]


def test_the_list_says_exactly_what_would_be_signed(front: Front) -> None:
    first, *_ = three(front)

    one = listed(front)[first]

    assert [(code, units, str(amount)) for code, units, amount in one.lines] == [
        ("99490", 1, "95.00")
    ]
    assert (one.counted_seconds, str(one.total_usd), str(one.serviced_on)) == (
        22 * 60,
        "95.00",
        "2026-11-20",
    )
    assert [tick.statement for tick in one.to_tick] == [STATEMENTS[Criterion.DURATION_AND_RISK]]
    assert one.to_tick[0].before is not None
    assert str(one.to_tick[0].before.month) == "2026-10"
    assert one.conditions
    assert not one.is_single


def test_all_that_are_ticked_are_signed_and_attested_one_by_one(front: Front) -> None:
    patients = three(front)

    done = send(front, *(row(one) for one in listed(front).values()))

    assert all(done[patient_id].is_signed for patient_id in patients)
    assert sorted(claimed(front)) == sorted(patients)
    for patient_id in patients:
        with front.world.db.read(front.practice_id) as session:
            kept = attestations.of_month(session, front.practice_id, patient_id, NOVEMBER)
        assert [one.statement for one in kept] == [STATEMENTS[Criterion.DURATION_AND_RISK]]
    assert set(states(front).values()) == {MonthState.SIGNED}


def test_a_row_without_its_tick_is_left_out_and_attests_nothing(front: Front) -> None:
    first, second, third = three(front)
    shown = listed(front)

    done = send(front, row(shown[first]), row(shown[second], ticked=False), row(shown[third]))

    assert [done[p].is_signed for p in (first, second, third)] == [True, False, True]
    assert "not ticked" in done[second].said
    with front.world.db.read(front.practice_id) as session:
        assert attestations.of_month(session, front.practice_id, second, NOVEMBER) == ()


def test_a_row_that_has_changed_since_is_left_out_and_the_others_are_signed(front: Front) -> None:
    first, second, third = three(front)
    shown = listed(front)
    work(front, second, day=19)

    done = send(front, *(row(one) for one in shown.values()))

    assert [done[p].is_signed for p in (first, second, third)] == [True, False, True]
    assert "changed since it was shown" in done[second].said
    assert listed(front)[second].counted_seconds == 44 * 60


def test_the_same_list_twice_signs_once(front: Front) -> None:
    patients, key = three(front), str(uuid4())
    rows = [row(one) for one in listed(front).values()]

    first, second = send(front, *rows, form_key=key), send(front, *rows, form_key=key)

    assert first == second
    assert sorted(claimed(front)) == sorted(patients)


def test_another_list_does_not_sign_what_is_signed(front: Front) -> None:
    three(front)
    rows = [row(one) for one in listed(front).values()]
    send(front, *rows)

    done = send(front, *rows)

    assert all("already signed" in one.said for one in done.values())
    assert len(claimed(front)) == 3


def test_risk_that_nobody_attested_within_the_year_is_signed_beside_the_chart(
    front: Front,
) -> None:
    work(front, front.patient_id)
    assert listed(front)[front.patient_id].is_single
    attested_earlier(front, front.patient_id, months_ago=13)
    one = listed(front)[front.patient_id]
    assert one.is_single

    done = send(front, row(one))

    assert not done[front.patient_id].is_signed
    assert "beside the chart" in done[front.patient_id].said
    assert claimed(front) == []


def test_a_patient_of_nobody_is_left_out(front: Front) -> None:
    three(front)
    stray = RowToSign(patient_id="0" * 32, decision_hash="x", attested=frozenset())

    done = send(front, stray, *(row(one) for one in listed(front).values()))

    assert not done["0" * 32].is_signed
    assert sum(one.is_signed for one in done.values()) == 3


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.PRACTITIONER])
def test_nobody_else_signs_a_list_or_sees_it(front: Front, role: Role) -> None:
    request = SignAll(month=NOVEMBER, form_key=str(uuid4()), rows=())
    with pytest.raises(NotAllowedError):
        sign_all(front.world, actor(front, role), request, front.work_clock())
    with pytest.raises(NotAllowedError):
        clean_months(front.world, actor(front, role), NOVEMBER, 1, front.work_clock())


def test_a_practitioner_without_npi_signs_none(front: Front) -> None:
    three(front)
    shown = [row(one) for one in listed(front).values()]
    nameless = replace(actor(front, Role.PRACTITIONER), npi="")
    request = SignAll(month=NOVEMBER, form_key=str(uuid4()), rows=tuple(shown))

    done = sign_all(front.world, nameless, request, front.work_clock())

    assert not any(one.is_signed for one in done)
    assert all("NPI" in one.said for one in done)


def test_the_page_ticks_nothing_and_signs_what_a_person_ticked(front: Front) -> None:
    first, *_ = three(front)
    doctor = front.sign_in(Role.PRACTITIONER)
    path = f"{doctor.path}/sign-all"
    shown = doctor.page("/sign-all?month=2026-11")
    boxes = [named for tag, named in shown.tags if named.get("type") == "checkbox"]
    rows = [named["value"] for tag, named in shown.tags if named.get("name") == "row"]

    assert len(boxes) == len(rows) == 3
    assert not any("checked" in box for box in boxes)
    fields = {key: value for key, value in shown.forms[path].items() if key != "row"}
    sent = {**fields, "row": next(r for r in rows if r.startswith(first))}
    sent["attested"] = next(b["value"] for b in boxes if b["value"].startswith(first))

    answer = doctor.post(path, sent)

    assert answer.status_code == 200
    assert "1 month is signed." in answer.text
    assert claimed(front) == [first]


def test_a_row_that_is_no_row_is_refused(front: Front) -> None:
    doctor = front.sign_in(Role.PRACTITIONER)
    fields = doctor.fields("/refresh") | {"form_key": str(uuid4()), "month": "2026-11"}

    assert doctor.post(f"{doctor.path}/sign-all", {**fields, "row": "nothing"}).status_code == 400


def complex_care(front: Front) -> None:
    work(front, front.patient_id, 62)
    choose_coding(
        front.world,
        actor(front, Role.PRACTITIONER),
        ChooseCoding(
            month=NOVEMBER,
            family=FamilyChoice.COMPLEX_IF_MET,
            dos_policy=DosPolicy.THRESHOLD_DATE,
            reason="",
            form_key=str(uuid4()),
        ),
        front.work_clock(),
    )


def test_complex_care_waits_in_the_inbox_and_is_in_no_list(front: Front) -> None:
    complex_care(front)

    page = look(front, Role.PRACTITIONER)
    inbox = mdm_inbox(front.world, actor(front, Role.PRACTITIONER), NOVEMBER, 1, front.work_clock())

    assert page.rows[0].state is MonthState.NEEDS_FIX
    assert [r.code for r in page.reasons] == ["medical_decision_making_open"]
    assert [item.patient_id for item in inbox.items] == [front.patient_id]
    assert inbox.items[0].work[0].note == "Readings reviewed"
    assert listed(front) == {}


@pytest.mark.parametrize("answer", list(MdmAnswer))
def test_an_answer_from_the_inbox_lets_the_month_go_on(front: Front, answer: MdmAnswer) -> None:
    complex_care(front)
    doctor = front.sign_in(Role.PRACTITIONER)
    path = f"{doctor.path}/inbox"
    page = doctor.page("/inbox?month=2026-11")
    assert not any("checked" in named for _, named in page.tags)

    unanswered = {key: value for key, value in page.forms[path].items() if key != "answer"}
    nothing = doctor.post(path, unanswered)
    assert nothing.status_code == 422
    done = doctor.post(path, {**unanswered, "answer": answer.value, "rationale": "Titrated"})

    assert done.status_code == 303
    assert states(front, Role.PRACTITIONER) == {front.patient_id: MonthState.READY}
    assert "Nothing waits" in doctor.get(done.headers["location"]).text


def test_a_level_without_its_rationale_is_asked_again(front: Front) -> None:
    complex_care(front)
    doctor = front.sign_in(Role.PRACTITIONER)
    path = f"{doctor.path}/inbox"
    fields = doctor.page("/inbox?month=2026-11").forms[path]

    refused = doctor.post(path, {**fields, "answer": "high", "rationale": ""})

    assert refused.status_code == 422
    assert 'value="high" required checked' in refused.text


def test_the_inbox_is_the_practitioners(front: Front) -> None:
    with pytest.raises(NotAllowedError):
        mdm_inbox(front.world, actor(front, Role.BILLER), NOVEMBER, 1, front.work_clock())
