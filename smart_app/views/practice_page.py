"""The page that sets up a practice: a checklist, and a form for each part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.pricing import Payment, PriceUnknown
from ccm_fhir.services.practice_overview import PracticeSetup, SetupStep
from ccm_fhir.services.practice_people import PersonShown
from ccm_fhir.services.timers import KEEPERS
from smart_app.views import wording
from smart_app.views.formats import count, day, money, month_name
from smart_app.views.forms import Attempt, ChoiceView, Wrong, attempted, key_of, messages
from smart_app.views.setup_words import ATTESTED, POLICIES, STEPS, ZONES
from smart_app.views.tones import Tone

DETAILS, ATTESTATION, CHARGES, TIMERS, TYPED, PEOPLE = (
    "details",
    "attestation",
    "charges",
    "timers",
    "typed",
    "people",
)
DETAILS_FIELDS = ("name", "npi", "time_zone")
STATED_FIELDS = tuple(ATTESTED)
ATTESTATION_FIELDS = (*STATED_FIELDS, "attested_on")
CHARGE_FIELDS = ("code", "amount", "in_force_from")
TYPED_FIELDS = ("late_after_days", "longest_minutes", "after_month_end")
PERSON_FIELDS = ("role", "npi", "taxonomy")
NO_ACCESS = "none"
_PLACES = {
    SetupStep.PRACTICE_NPI: DETAILS,
    SetupStep.ATTESTATION: ATTESTATION,
    SetupStep.CHARGES: CHARGES,
    SetupStep.PRACTITIONER: PEOPLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of the checklist, and where on the page it is done."""

    tone: Tone
    state: str
    what: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """One form: its id, what stands in its fields, what is wrong with them."""

    id: str
    form_key: str
    values: dict[str, str] = field(repr=False)
    messages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeView:
    """One charge, from when, and whether it is the one in force."""

    code: str
    amount: str
    since: str
    tone: Tone
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedView:
    """What Medicare allows for a unit of a code where the practice is, or what a price lacks."""

    code: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiosView:
    """One statement about the practice; nothing is ticked before a person does it."""

    name: str
    legend: str
    items: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """How timers start for one role."""

    name: str
    label: str
    choices: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One person and the form that changes what they may do."""

    user_id: str
    name: str = field(repr=False)
    standing: str
    tone: Tone
    identity: str
    form: FormView
    roles: tuple[ChoiceView, ...]
    is_open: bool
    is_self: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticePageView:
    """Everything the page prints."""

    practice: str
    organization: str
    progress: str
    steps: tuple[StepView, ...]
    details: FormView
    zones: tuple[str, ...]
    zone_locked: str
    locations: str
    stated: str
    attestation: FormView
    statements: tuple[RadiosView, ...]
    today: str
    charge: FormView
    charges: tuple[ChargeView, ...]
    allowed: tuple[AllowedView, ...]
    allowed_by: str
    without_charge: str
    codes: tuple[ChoiceView, ...]
    timers: FormView
    policies: tuple[PolicyView, ...]
    typed: FormView
    over: tuple[ChoiceView, ...]
    waiting: str
    people: tuple[PersonView, ...]
    wrong: tuple[Wrong, ...]


def practice_page(
    setup: PracticeSetup, own_id: str, page_key: str, attempt: Attempt | None
) -> PracticePageView:
    """Return the page; a refused form stands as it was sent."""
    practice, signed, default = setup.practice, setup.newest_signed, setup.locations[0]
    said = Asked(page_key=page_key, attempt=attempt)
    policies = {role.value: policy.value for role, policy in setup.policies.items()}
    charge = said.form(CHARGES, CHARGE_FIELDS, {"in_force_from": f"{setup.today:%Y-%m}-01"})
    attestation = said.form(ATTESTATION, ATTESTATION_FIELDS, {})
    timers = said.form(TIMERS, tuple(role.value for role in KEEPERS), policies)
    typed = said.form(TYPED, TYPED_FIELDS, _limits(setup.typed_policy))
    unpriced = tuple(code for code in setup.codes if code not in {c.code for c in setup.charges})
    waiting = sum(one.is_waiting for one in setup.people)
    return PracticePageView(
        practice=practice.name,
        organization=practice.organization_ref,
        progress=finish_setting_up(setup),
        steps=tuple(_step(step, is_done=done) for step, done in setup.steps.items()),
        details=said.form(
            DETAILS, DETAILS_FIELDS, {name: getattr(practice, name) for name in DETAILS_FIELDS}
        ),
        zones=ZONES,
        locations=_locations(setup),
        zone_locked=(
            ""
            if signed is None
            else f"Months up to {month_name(signed)} are signed by this clock, so it stays."
        ),
        stated=_stated(setup),
        attestation=attestation,
        statements=tuple(
            RadiosView(name=name, legend=legend, items=_yes_no(attestation.values[name]))
            for name, legend in ATTESTED.items()
        ),
        today=setup.today.isoformat(),
        charge=charge,
        charges=_charges(setup),
        allowed=tuple(allowed_view(one) for one in setup.allowed),
        allowed_by=allowed_by(default.locality, default.place_of_service, setup.today),
        without_charge=", ".join(unpriced),
        codes=tuple(
            ChoiceView(value=code, label=code, is_chosen=charge.values["code"] == code)
            for code in setup.codes
        ),
        timers=timers,
        policies=tuple(_policy(role, timers.values[role.value]) for role in KEEPERS),
        typed=typed,
        over=_yes_no(typed.values["after_month_end"]),
        waiting=(
            f"{count(waiting, 'person waits', 'people wait')} for a role: until one is given, "
            "the app opens nothing for them."
            if waiting
            else ""
        ),
        people=tuple(
            _person(one, said, is_self=one.id == own_id)
            for one in sorted(setup.people, key=lambda one: not one.is_waiting)
        ),
        wrong=() if attempt is None else attempt.wrong,
    )


def finish_setting_up(setup: PracticeSetup) -> str:
    """Return the one line that leads an administrator here; empty where all is done."""
    if setup.done == len(setup.steps):
        return ""
    return f"Finish setting up the practice ({setup.done} of {len(setup.steps)} done)"


def person_form(user_id: str) -> str:
    """Return the name of the form of one person."""
    return f"person-{user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One printing of a page: its key, and the form that was refused, if one was."""

    page_key: str
    attempt: Attempt | None

    def form(self, name: str, fields: tuple[str, ...], standing: dict[str, str]) -> FormView:
        """Return a form as it stands, or as it was sent."""
        mine = attempted(name, self.attempt)
        values = dict.fromkeys(fields, "") | standing
        if mine is not None:
            values |= {key: mine.typed.get(key, "") for key in fields}
        return FormView(
            id=name,
            form_key=key_of(self.page_key, name) if mine is None else mine.form_key,
            values=values,
            messages=messages(mine, fields),
        )


def _step(step: SetupStep, *, is_done: bool) -> StepView:
    return StepView(
        tone=Tone.GOOD if is_done else Tone.OPEN,
        state="Done" if is_done else "Needed",
        what=STEPS[step],
        anchor=_PLACES[step],
    )


def _stated(setup: PracticeSetup) -> str:
    practice = setup.practice
    if practice.attested_on is None:
        return "Nobody has stated anything yet, so these requirements are unknown for every month."
    answers = {
        "access_24_7": practice.attested_24_7,
        "certified_ehr": practice.attested_certified_ehr,
        "designated_team_member": practice.attested_team_member,
    }
    said = {True: "yes", False: "no", None: "not stated"}
    told = " ".join(f"{ATTESTED[name]} {said[answer]}." for name, answer in answers.items())
    return f"Stated on {day(practice.attested_on)}. {told}"


def _limits(policy: TypedPolicy) -> dict[str, str]:
    return {
        "late_after_days": str(policy.late_after_days),
        "longest_minutes": str(policy.longest_minutes),
        "after_month_end": "yes" if policy.after_month_end else "no",
    }


def _yes_no(chosen: str) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=value, label=label, is_chosen=chosen == value)
        for value, label in (("yes", "Yes"), ("no", "No"))
    )


def _charges(setup: PracticeSetup) -> tuple[ChargeView, ...]:
    views = []
    for charge in setup.charges:
        later = [c.in_force_from for c in setup.charges if c.code == charge.code]
        begun = max((on for on in later if on <= setup.today), default=None)
        tone, standing = Tone.PLAIN, "Ended"
        if charge.in_force_from > setup.today:
            standing = "Still to come"
        elif charge.in_force_from == begun:
            tone, standing = Tone.GOOD, "In force"
        views.append(
            ChargeView(
                code=charge.code,
                amount=money(charge.amount_usd),
                since=day(charge.in_force_from),
                tone=tone,
                standing=standing,
            )
        )
    return tuple(views)


def _locations(setup: PracticeSetup) -> str:
    default, others = setup.locations[0], sum(one.is_active for one in setup.locations[1:])
    more = f", and at {count(others, 'other location', 'other locations')}" if others else ""
    return (
        f"Patients are seen at {default.name}{more}. A location says the place of service and the "
        "fee schedule locality."
    )


def allowed_view(one: Payment | PriceUnknown) -> AllowedView:
    """Return what is allowed for a unit, or what a price lacks."""
    if isinstance(one, PriceUnknown):
        return AllowedView(code=one.code, told=f"unknown: it needs {one.missing}")
    return AllowedView(code=one.code, told=money(one.unit_allowed_usd))


def allowed_by(locality: str, place_of_service: str, today: date) -> str:
    """Return where and for whom an allowed amount holds."""
    named = f"in locality {locality}" if locality else "nationally, since no locality is named"
    return (
        f"What Medicare allows for a unit {named}, at place of service "
        f"{place_of_service}, on {day(today)}: for a physician who is no "
        "qualifying participant in an alternative payment model. Medicare pays the lower of the "
        "charge and this."
    )


def _policy(role: Role, chosen: str) -> PolicyView:
    return PolicyView(
        name=role.value,
        label=f"For each {wording.ROLES[role]}",
        choices=tuple(
            ChoiceView(value=one.value, label=label, is_chosen=chosen == one.value)
            for one, label in POLICIES.items()
        ),
    )


def _person(one: PersonShown, said: Asked, *, is_self: bool) -> PersonView:
    name = person_form(one.id)
    role = one.role.value if one.role else (NO_ACCESS if one.deactivated_at else "")
    standing = {"role": role, "npi": one.npi, "taxonomy": one.taxonomy}
    form = said.form(name, PERSON_FIELDS, standing)
    identity = (f"NPI {one.npi}" if one.npi else "", one.taxonomy, one.fhir_user)
    return PersonView(
        user_id=one.id,
        name=one.name or "Without a name",
        standing=_standing(one),
        tone=Tone.GOOD if one.role else (Tone.PLAIN if one.deactivated_at else Tone.OPEN),
        identity=" · ".join(filter(None, identity)),
        form=form,
        roles=_roles(form.values["role"]),
        is_open=one.is_waiting or attempted(name, said.attempt) is not None,
        is_self=is_self,
    )


def _standing(one: PersonShown) -> str:
    if one.role is not None:
        words = wording.ROLES[one.role]
        return words[0].upper() + words[1:]
    if one.deactivated_at is not None:
        return f"No access since {day(one.deactivated_at.date())}"
    return "Waits for a role"


def _roles(chosen: str) -> tuple[ChoiceView, ...]:
    offered = {role.value: words for role, words in wording.ROLES.items()}
    offered[NO_ACCESS] = "no access (deactivated)"
    return tuple(
        ChoiceView(value=value, label=label[0].upper() + label[1:], is_chosen=chosen == value)
        for value, label in offered.items()
    )
