"""Setting up the practice: details, attestation, charges, timers, people; by administrators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.timers import TimerPolicy
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.approvals import set_policy as set_typed
from ccm_fhir.services.practice_charges import SetCharge, set_charge
from ccm_fhir.services.practice_details import (
    PracticeChange,
    StatePractice,
    change_practice,
    state_attestation,
)
from ccm_fhir.services.practice_overview import practice_setup
from ccm_fhir.services.practice_people import PersonChange, change_person
from ccm_fhir.services.setup_hand import administrator
from ccm_fhir.services.timers import KEEPERS, set_policy
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views import practice_page as forms
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/practice")
_SEE_OTHER = 303
_MOST_DIGITS = 4
_YES_NO = {"yes": True, "no": False}


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show how the practice is set up, and what it still needs."""
    return _page(opened, month.value, done=done)


@router.post("/details")
def details(write: GuardedWrite) -> Response:
    """Change what the practice says of itself."""

    def act() -> None:
        change = PracticeChange(**{name: write.text(name) for name in forms.DETAILS_FIELDS})
        opened = write.opened
        change_practice(opened.world, administrator(opened.visit.actor), change)

    return _done(write, forms.DETAILS, forms.DETAILS_FIELDS, act)


@router.post("/attestation")
def attestation(write: GuardedWrite) -> Response:
    """Record what a person states about the practice."""

    def act() -> None:
        opened = write.opened
        stated = StatePractice(
            access_24_7=_yes_or_no(write, "access_24_7"),
            certified_ehr=_yes_or_no(write, "certified_ehr"),
            designated_team_member=_yes_or_no(write, "designated_team_member"),
            attested_on=_day(write, "attested_on"),
        )
        state_attestation(opened.world, administrator(opened.visit.actor), stated, opened.now)

    return _done(write, forms.ATTESTATION, forms.ATTESTATION_FIELDS, act)


@router.post("/charge")
def charge(write: GuardedWrite) -> Response:
    """Set the charge of one code from a day on."""

    def act() -> None:
        opened = write.opened
        new = SetCharge(
            code=write.text("code").upper(),
            in_force_from=_day(write, "in_force_from"),
            amount_usd=_amount(write),
        )
        set_charge(opened.world, administrator(opened.visit.actor), new)

    return _done(write, forms.CHARGES, forms.CHARGE_FIELDS, act)


@router.post("/timers")
def timers(write: GuardedWrite) -> Response:
    """Set how timers start, for each role that keeps time."""

    def act() -> None:
        opened = write.opened
        wanted = {role: _policy(write, role) for role in KEEPERS}
        for role, policy in wanted.items():
            set_policy(opened.world, opened.visit.actor, role, policy, opened.now)

    return _done(write, forms.TIMERS, tuple(role.value for role in KEEPERS), act)


@router.post("/typed")
def typed(write: GuardedWrite) -> Response:
    """Set what may be typed without a second person."""

    def act() -> None:
        opened = write.opened
        policy = TypedPolicy(
            late_after_days=_whole(write, "late_after_days"),
            longest_minutes=_whole(write, "longest_minutes"),
            after_month_end=_yes_or_no(write, "after_month_end"),
        )
        set_typed(opened.world, administrator(opened.visit.actor), policy, opened.now)

    return _done(write, forms.TYPED, forms.TYPED_FIELDS, act)


@router.post("/person")
def person(write: GuardedWrite) -> Response:
    """Give a person a role, NPI and taxonomy, or take the role away."""
    user_id = write.text("user_id")

    def act() -> None:
        opened = write.opened
        change = PersonChange(
            user_id=user_id,
            role=_role(write),
            npi=write.text("npi"),
            taxonomy=write.text("taxonomy"),
        )
        change_person(opened.world, administrator(opened.visit.actor), change, opened.now)

    return _done(write, forms.person_form(user_id), forms.PERSON_FIELDS, act, anchor=forms.PEOPLE)


def _done(
    write: Write,
    form: str,
    fields: tuple[str, ...],
    act: Callable[[], None],
    *,
    anchor: str = "",
) -> Response:
    """Do it and show the page anew; what is refused is shown as it was sent."""
    opened, month = write.opened, write.month()
    administrator(opened.visit.actor)
    try:
        act()
    except (InputError, ConflictError) as problem:
        typed = {name: write.text(name) for name in fields}
        attempt = Attempt.of(form, write.form_key(), typed, problem)
        return _page(opened, month, attempt=attempt)
    path = f"/l/{opened.visit.launch_id}/practice?month={month}&done={Done.PRACTICE.value}"
    return RedirectResponse(f"{path}#{anchor or form}", _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    setup = practice_setup(opened.world, administrator(opened.visit.actor), opened.now)
    around = frame_of(opened, month, frames.PRACTICE, done=done)
    view = forms.practice_page(setup, opened.visit.actor.user_id, opened.page_key, attempt)
    html = render("practice.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)


def _yes_or_no(write: Write, name: str) -> bool:
    answer = _YES_NO.get(write.text(name))
    if answer is None:
        raise InputError(name, "Answer yes or no.")
    return answer


def _day(write: Write, name: str) -> date:
    try:
        return date.fromisoformat(write.text(name))
    except ValueError:
        raise InputError(name, "Give a day.") from None


def _whole(write: Write, name: str) -> int:
    text = write.text(name)
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InputError(name, "Give a whole number.")
    return int(text)


def _amount(write: Write) -> Decimal:
    try:
        return Decimal(write.text("amount").removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise InputError("amount", "Give dollars and cents, such as 66.13.") from None


def _policy(write: Write, role: Role) -> TimerPolicy:
    chosen = write.text(role.value)
    if chosen not in set(TimerPolicy):
        raise InputError(role.value, "Choose how timers start.")
    return TimerPolicy(chosen)


def _role(write: Write) -> Role | None:
    chosen = write.text("role")
    if chosen == forms.NO_ACCESS:
        return None
    if chosen not in set(Role):
        raise InputError("role", "Choose a role, or no access.")
    return Role(chosen)
