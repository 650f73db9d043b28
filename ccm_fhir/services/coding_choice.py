"""The practice's choice among compliant codes: recorded by a person, in force from a month on.

Nobody's choice is assumed: until one is recorded the clinical staff's codes are reported on
the day their last unit was reached. A month that is signed keeps the choice it was signed under.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import STANDARD_CHOICE, Choice
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.services.signed_months import is_signed
from ccm_fhir.storage import coding_choices, practices, sign_offs
from ccm_fhir.storage.coding_choices import ChoiceRecord, NewChoice

LONGEST_REASON = 500
CHOOSERS = (Role.PRACTITIONER, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseCoding:
    """A practice's choice from a month on; ``reason`` may be empty."""

    month: ServiceMonth
    family: FamilyChoice
    dos_policy: DosPolicy
    reason: str = field(repr=False)
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptMonth:
    """An exception for one patient-month; ``family`` None takes the one that stands back."""

    patient_id: str
    month: ServiceMonth
    family: FamilyChoice | None
    reason: str = field(repr=False)
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceInForce:
    """What holds for a month, and the records it comes from; None where there is none."""

    choice: Choice
    of_practice: ChoiceRecord | None
    exception: ChoiceRecord | None


def in_force(
    records: Iterable[ChoiceRecord], month: ServiceMonth, patient_id: str | None = None
) -> ChoiceInForce:
    """Return what holds in a month: a patient's exception, else the latest month begun.

    Of two choices for one month the later made holds. Later months never reach back.
    """
    every = tuple(records)
    begun = [r for r in every if r.patient_id is None and r.month <= month]
    practices = max(begun, key=lambda r: (r.month, r.sequence), default=None)
    own = [r for r in every if r.patient_id is not None and r.patient_id == patient_id]
    newest = max((r for r in own if r.month == month), key=lambda r: r.sequence, default=None)
    exception = None if newest is None or newest.family is None else newest
    family = next((r.family for r in (exception, practices) if r and r.family), None)
    day = None if practices is None else practices.dos_policy
    return ChoiceInForce(
        choice=Choice(
            family=family or STANDARD_CHOICE.family,
            dos_policy=day or STANDARD_CHOICE.dos_policy,
        ),
        of_practice=practices,
        exception=exception,
    )


def would_reach_back(signed: Iterable[ServiceMonth], month: ServiceMonth) -> bool:
    """Whether a practice's choice from a month on would touch a month that holds a signature."""
    return any(one >= month for one in signed)


def choose_coding(world: Installation, actor: Actor, request: ChooseCoding, now: datetime) -> None:
    """Record a practice's choice from a month on; the same form twice records once.

    Raises:
        NotAllowedError: neither a billing practitioner nor an administrator.
        InputError: the note is too long.
        ConflictError: a month from then on is signed.
    """
    actor.must_be("choosing how the practice reports", *CHOOSERS)
    _refuse_long(request.reason)
    new = NewChoice(
        patient_id=None,
        month=request.month,
        family=request.family,
        dos_policy=request.dos_policy,
        reason=request.reason.strip(),
        user_id=actor.user_id,
        form_key=request.form_key,
    )
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "choose_coding", None)
        is_new = coding_choices.find_by_form(session, actor.practice_id, new.form_key) is None
        if is_new:
            _refuse_signed(session, actor.practice_id, new.month)
        coding_choices.record(session, actor.practice_id, new, now)


def except_month(world: Installation, actor: Actor, request: ExceptMonth, now: datetime) -> None:
    """Record an exception for one patient-month, or take it back; the same form twice, once.

    Raises:
        NotAllowedError: neither a billing practitioner nor an administrator.
        InputError: no reason, or no particular codes.
        ConflictError: the month is signed, or there is no exception to take back.
    """
    actor.must_be("reporting one month otherwise", *CHOOSERS)
    new = _exception(actor, request)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "except_month", request.patient_id)
        if coding_choices.find_by_form(session, actor.practice_id, new.form_key) is None:
            _refuse_impossible(session, actor.practice_id, request)
        coding_choices.record(session, actor.practice_id, new, now)


def _exception(actor: Actor, request: ExceptMonth) -> NewChoice:
    if request.family is FamilyChoice.HIGHEST_ALLOWED:
        raise InputError("family", "Name the codes: one month is not reported by its amount.")
    if not request.reason.strip():
        raise InputError("reason", "Say why this month is reported otherwise.")
    _refuse_long(request.reason)
    return NewChoice(
        patient_id=request.patient_id,
        month=request.month,
        family=request.family,
        dos_policy=None,
        reason=request.reason.strip(),
        user_id=actor.user_id,
        form_key=request.form_key,
    )


def _refuse_impossible(session: Session, practice_id: str, request: ExceptMonth) -> None:
    patient_id, month = request.patient_id, request.month
    if is_signed(session, practice_id, patient_id, month):
        raise ConflictError(f"{month} is signed; what it reports can no longer be changed.")
    refuse_locked(session, practices.get(session, practice_id), patient_id, month)
    if request.family is not None:
        return
    records = coding_choices.bearing_on(session, practice_id, month, patient_id)
    if in_force(records, month, patient_id).exception is None:
        raise ConflictError("There is no exception to take back; the month is as the practice’s.")


def _refuse_signed(session: Session, practice_id: str, month: ServiceMonth) -> None:
    signed = sign_offs.months_signed(session, practice_id)
    if would_reach_back(signed, month):
        newest = max(signed)
        raise ConflictError(
            f"Months of patients are signed up to {newest}, under the choice that held then. "
            f"Choose from {newest.next()} on, or report single patients otherwise."
        )


def _refuse_long(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise InputError("reason", f"Keep it under {LONGEST_REASON} characters.")
