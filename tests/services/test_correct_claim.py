"""Corrections: what may follow a claim, who says so, who signs; one claim stands at most."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.domain.claims import Frequency, Standing, claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.month_locks import LockMonth, MonthAct, lock_month
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.remittances import load_remittance
from ccm_fhir.services.sign_all import RowToSign, SignAll, sign_all
from tests.builders import NOVEMBER
from tests.services.correcting import (
    LATER,
    answered,
    chain,
    every,
    newest,
    related,
    say,
    sign,
    signature,
)
from tests.services.filing import ON_EACH, hand, run, set_up_for_files, signed
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.services.test_remittances import paid
from tests.smart_app.close import actor, look, states, work
from tests.smart_app.front import NOW, Front, open_front_at
from tests.world import migrate
from tests.x12.answers import remittance_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.services.sign import SignMonth
    from ccm_fhir.storage.claims import ClaimRecord

ORIGINAL, REPLACEMENT, VOID = Frequency.ORIGINAL, Frequency.REPLACEMENT, Frequency.VOID


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    set_up_for_files(opened)
    yield opened
    opened.world.db.close()


@pytest.fixture
def taken(front: Front) -> ClaimRecord:
    """Return a claim of 95 dollars that was filed, and that the payer's 277CA has taken."""
    claim = signed(front)
    answered(front, claim)
    return claim


def content(front: Front) -> str:
    """Return the claims that a file made now holds."""
    return "".join(one.content.decode("ascii") for one in run(front).files if one.is_new)


@ON_EACH
def test_a_void_says_the_same_claim_again_and_takes_the_whole_of_it_back(
    front: Front, taken: ClaimRecord
) -> None:
    say(front, taken.patient_id, ClaimSaid.VOID)

    void = newest(front, taken.patient_id)
    assert (void.revision, void.prior_id, void.total_usd) == (2, taken.id, taken.total_usd)
    assert related(void) == taken.identifier
    assert chain(front, taken.patient_id) == [
        (ORIGINAL, Standing.SENT),
        (VOID, Standing.PLANNED),
    ]
    told = content(front)
    assert f"CLM*{claim_number(void.identifier)}*95***11:B:8*" in told
    assert "REF*F8*1126329000123~" in told
    assert "NM1*85*1*INVENTED*ADA" in told
    assert chain(front, taken.patient_id)[1] == (VOID, Standing.SENT)


@ON_EACH
def test_a_month_that_is_opened_takes_time_again_and_its_replacement_says_so(
    front: Front, taken: ClaimRecord
) -> None:
    patient_id = taken.patient_id
    say(front, patient_id, ClaimSaid.REPLACE, role=Role.BILLER)
    assert states(front)[patient_id] is MonthState.CORRECTING
    assert look(front).total_usd == 0
    work(front, patient_id, minutes=25, day=21)

    sign(front, patient_id)

    replacement = newest(front, patient_id)
    assert (replacement.revision, related(replacement)) == (2, taken.identifier)
    assert replacement.total_usd == 165
    assert states(front)[patient_id] is MonthState.SIGNED
    assert look(front).total_usd == 165
    told = content(front)
    assert f"CLM*{claim_number(replacement.identifier)}*165***11:B:7*" in told
    assert "REF*F8*1126329000123~" in told


@ON_EACH
def test_a_claim_refused_before_it_was_decided_is_followed_by_a_new_one(front: Front) -> None:
    claim = signed(front)
    answered(front, claim, "A3:21:PR")
    assert chain(front, claim.patient_id) == [(ORIGINAL, Standing.REJECTED)]
    for said in (ClaimSaid.REPLACE, ClaimSaid.VOID):
        with pytest.raises(ConflictError, match="none to replace or void"):
            say(front, claim.patient_id, said)

    say(front, claim.patient_id, ClaimSaid.NEW)
    sign(front, claim.patient_id)

    again = newest(front, claim.patient_id)
    assert (again.revision, related(again)) == (2, "")
    assert chain(front, claim.patient_id) == [
        (ORIGINAL, Standing.REJECTED),
        (ORIGINAL, Standing.PLANNED),
    ]
    told = content(front)
    assert f"CLM*{claim_number(again.identifier)}*95***11:B:1*" in told
    assert "REF*F8" not in told


def test_nothing_follows_a_claim_that_has_not_left_and_the_reason_is_told(front: Front) -> None:
    claim = signed(front)

    for said in (ClaimSaid.REPLACE, ClaimSaid.VOID, ClaimSaid.NEW):
        with pytest.raises(ConflictError, match="still on its way"):
            say(front, claim.patient_id, said)
    assert every(front, claim.patient_id) == (claim,)


def test_a_new_claim_waits_for_the_payers_answer_to_the_void(
    front: Front, taken: ClaimRecord
) -> None:
    patient_id = taken.patient_id
    say(front, patient_id, ClaimSaid.VOID)
    run(front)
    assert states(front)[patient_id] is MonthState.VOIDED
    assert look(front).total_usd == 0
    with pytest.raises(ConflictError, match="wait for the payer"):
        say(front, patient_id, ClaimSaid.NEW)

    say(front, patient_id, ClaimSaid.VOID_TAKEN, reason="Their letter of December 2.")
    say(front, patient_id, ClaimSaid.NEW)
    sign(front, patient_id)

    assert [one for one, _ in chain(front, patient_id)] == [ORIGINAL, VOID, ORIGINAL]
    assert look(front).total_usd == 95


def test_a_payment_that_is_taken_back_answers_the_void(front: Front, taken: ClaimRecord) -> None:
    number = claim_number(taken.identifier)
    load_remittance(front.world, hand(front), remittance_text(paid(number)).encode(), NOW)
    say(front, taken.patient_id, ClaimSaid.VOID)
    run(front)
    lines = (
        "SVC*HC:99490*-95*-51.84**1",
        "CAS*CO*45*-28.88**253*-1.06",
        "CAS*PR*2*-13.22",
    )
    back = paid(
        number, status="22", charge="-95", paid="-51.84", patient="-13.22", lines=lines, remarks=()
    )
    told = remittance_text(
        back, trace="8800002", total="0", plb=("PLB*1999999018*20261231*WO:1*-51.84",)
    )

    load_remittance(front.world, hand(front), told.encode(), NOW)

    assert chain(front, taken.patient_id)[1] == (VOID, Standing.ADJUDICATED)
    say(front, taken.patient_id, ClaimSaid.NEW)


def test_a_decided_claim_is_replaced_by_a_persons_decision(
    front: Front, taken: ClaimRecord
) -> None:
    number = claim_number(taken.identifier)
    load_remittance(front.world, hand(front), remittance_text(paid(number)).encode(), NOW)
    assert chain(front, taken.patient_id) == [(ORIGINAL, Standing.ADJUDICATED)]
    with pytest.raises(ConflictError, match="Ask for a reopening"):
        say(front, taken.patient_id, ClaimSaid.NEW)
    with pytest.raises(ConflictError, match="no payer has answered"):
        say(front, taken.patient_id, ClaimSaid.REFUSED)

    say(front, taken.patient_id, ClaimSaid.REPLACE)
    sign(front, taken.patient_id)

    assert chain(front, taken.patient_id)[1] == (REPLACEMENT, Standing.PLANNED)


def test_a_correction_that_is_given_up_leaves_the_month_as_it_was_signed(
    front: Front, taken: ClaimRecord
) -> None:
    patient_id = taken.patient_id
    say(front, patient_id, ClaimSaid.REPLACE)
    form = signature(front, patient_id)
    with pytest.raises(ConflictError, match="open already"):
        say(front, patient_id, ClaimSaid.VOID)

    say(front, patient_id, ClaimSaid.KEPT)

    assert states(front)[patient_id] is MonthState.SENT
    with pytest.raises(ConflictError, match="already signed"):
        sign(front, patient_id, form)
    with pytest.raises(ConflictError, match="none to give up"):
        say(front, patient_id, ClaimSaid.KEPT)
    assert every(front, patient_id) == (taken,)


def test_the_statements_are_asked_anew_and_the_form_names_what_it_was_shown_for(
    front: Front, taken: ClaimRecord
) -> None:
    patient_id = taken.patient_id
    say(front, patient_id, ClaimSaid.REPLACE)
    form = signature(front, patient_id)
    assert form.attested

    with pytest.raises(InputError):
        sign(front, patient_id, signature(front, patient_id, attested=frozenset()))
    with pytest.raises(ConflictError, match="patient’s own page"):
        sign(front, patient_id, signature(front, patient_id, correction_id=""))
    row = RowToSign(patient_id=patient_id, decision_hash=form.decision_hash, attested=frozenset())
    listed = SignAll(month=NOVEMBER, form_key=str(uuid4()), rows=(row,))
    (outcome,) = sign_all(front.world, actor(front, Role.PRACTITIONER), listed, LATER)
    assert not outcome.is_signed
    assert every(front, patient_id) == (taken,)

    sign(front, patient_id, form)
    sign(front, patient_id, form)

    assert len(every(front, patient_id)) == 2


def test_the_same_form_twice_speaks_once(front: Front, taken: ClaimRecord) -> None:
    key = str(uuid4())
    for _ in range(2):
        say(front, taken.patient_id, ClaimSaid.VOID, form_key=key, claim_id=taken.id)

    assert len(every(front, taken.patient_id)) == 2


def test_who_may_correct_and_with_what(front: Front, taken: ClaimRecord) -> None:
    for role in (Role.CARE_MANAGER, Role.ADMIN):
        with pytest.raises(NotAllowedError):
            say(front, taken.patient_id, ClaimSaid.VOID, role=role)
    for reason in ("  ", "x" * 501):
        with pytest.raises(InputError):
            say(front, taken.patient_id, ClaimSaid.VOID, reason=reason)
    assert every(front, taken.patient_id) == (taken,)


def test_in_a_locked_month_no_claim_is_corrected_until_it_is_unlocked(
    front: Front, taken: ClaimRecord
) -> None:
    def lock(act: MonthAct) -> None:
        request = LockMonth(
            patient_id=None, month=NOVEMBER, act=act, reason="Closed", form_key=str(uuid4())
        )
        lock_month(front.world, actor(front, Role.BILLER), request, NOW)

    lock(MonthAct.LOCK)
    with pytest.raises(ConflictError, match="locked"):
        say(front, taken.patient_id, ClaimSaid.VOID)
    lock(MonthAct.UNLOCK)
    say(front, taken.patient_id, ClaimSaid.VOID)

    assert len(every(front, taken.patient_id)) == 2


def test_a_claim_that_has_moved_on_since_it_was_shown_is_refused(
    front: Front, taken: ClaimRecord
) -> None:
    say(front, taken.patient_id, ClaimSaid.VOID)

    with pytest.raises(ConflictError, match="moved on"):
        say(front, taken.patient_id, ClaimSaid.VOID, claim_id=taken.id)


def at_once(*acts: Callable[[], None]) -> list[Exception]:
    """Do several things at one moment, each in its own thread; return what was refused."""
    barrier, refused = threading.Barrier(len(acts)), list[Exception]()

    def one(act: Callable[[], None]) -> None:
        barrier.wait()
        try:
            act()
        except Exception as problem:  # noqa: BLE001  # told to the test's own thread
            refused.append(problem)

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@ON_EACH
def test_two_people_who_void_at_one_moment_send_one_void(front: Front, taken: ClaimRecord) -> None:
    refused = at_once(
        *(
            lambda role=role: say(
                front, taken.patient_id, ClaimSaid.VOID, role=role, claim_id=taken.id
            )
            for role in (Role.BILLER, Role.PRACTITIONER)
        )
    )

    assert [type(one) for one in refused] == [ConflictError]
    assert [one for one, _ in chain(front, taken.patient_id)] == [ORIGINAL, VOID]


@ON_EACH
def test_a_replacement_signed_twice_at_one_moment_is_sent_once(
    front: Front, taken: ClaimRecord
) -> None:
    say(front, taken.patient_id, ClaimSaid.REPLACE)
    forms: list[SignMonth] = [signature(front, taken.patient_id) for _ in range(2)]

    refused = at_once(*(lambda form=form: sign(front, taken.patient_id, form) for form in forms))

    assert [type(one) for one in refused] == [ConflictError]
    assert [one for one, _ in chain(front, taken.patient_id)] == [ORIGINAL, REPLACEMENT]


@ON_EACH
def test_a_void_and_a_replacement_at_one_moment_leave_one_of_them(
    front: Front, taken: ClaimRecord
) -> None:
    refused = at_once(
        lambda: say(front, taken.patient_id, ClaimSaid.VOID, claim_id=taken.id),
        lambda: say(front, taken.patient_id, ClaimSaid.REPLACE, claim_id=taken.id),
    )

    assert [type(one) for one in refused] == [ConflictError]
