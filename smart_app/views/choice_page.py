"""The page of a practice's choice: what holds, the form to choose, and every choice so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice
from ccm_fhir.services.choice_shapes import ChoiceMade, ChoiceStanding, PracticeChoice
from smart_app.views import wording
from smart_app.views.choice import reported, who_chose
from smart_app.views.formats import moment, month_name, sentence
from smart_app.views.forms import Attempt, ChoiceView, Wrong, attempted, key_of, messages
from smart_app.views.tones import CHOICE_STANDINGS, Tone

CHOICE = "choice"
CHOICE_FIELDS = ("from_month", "family", "dos_policy", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionView:
    """One thing that may be chosen, with what it means; ``id`` is its field's."""

    id: str
    value: str
    label: str
    hint: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceFormView:
    """The form; nothing is chosen before a person chooses."""

    form_key: str
    months: tuple[ChoiceView, ...]
    families: tuple[OptionView, ...]
    days: tuple[OptionView, ...]
    reason: str = field(repr=False)
    messages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastChoiceView:
    """One recorded choice."""

    since: str
    what: str
    day: str
    who: str
    note: str = field(repr=False)
    tone: Tone
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicePageView:
    """Everything the page prints."""

    practice: str
    month: str
    reported: str
    chosen: str
    form: ChoiceFormView | None
    who_chooses: str
    locked: str
    history: tuple[PastChoiceView, ...]
    wrong: tuple[Wrong, ...]


def choice_page(held: PracticeChoice, page_key: str, attempt: Attempt | None) -> ChoicePageView:
    """Return the page of a practice's choice."""
    signed = held.newest_signed
    return ChoicePageView(
        practice=held.practice_name,
        month=month_name(held.month),
        reported=reported(held.shown),
        chosen=who_chose(held.shown.of_practice),
        form=_form(held, page_key, attempt) if held.may_choose and held.months else None,
        who_chooses=(
            "" if held.may_choose else "A billing practitioner or an administrator chooses here."
        ),
        locked=(
            ""
            if signed is None
            else f"Months of patients are signed up to {month_name(signed)}. They keep the choice "
            "they were signed under, so a new one begins later."
        ),
        history=tuple(_past(made) for made in held.history),
        wrong=() if attempt is None else attempt.wrong,
    )


def _form(held: PracticeChoice, page_key: str, attempt: Attempt | None) -> ChoiceFormView:
    mine = attempted(CHOICE, attempt)
    typed = {} if mine is None else mine.typed
    begins = typed.get("from_month", "")
    return ChoiceFormView(
        form_key=key_of(page_key, CHOICE) if mine is None else mine.form_key,
        months=tuple(
            ChoiceView(value=str(m), label=month_name(m), is_chosen=begins == str(m))
            for m in held.months
        ),
        families=tuple(
            OptionView(
                id=_id("family", place),
                value=one.value,
                label=wording.FAMILY_CHOICES[one],
                hint=wording.FAMILY_CHOICE_HINTS[one],
                is_chosen=typed.get("family") == one.value,
            )
            for place, one in enumerate(FamilyChoice)
        ),
        days=tuple(
            OptionView(
                id=_id("dos_policy", place),
                value=one.value,
                label=wording.DOS_POLICIES[one],
                hint="",
                is_chosen=typed.get("dos_policy") == one.value,
            )
            for place, one in enumerate(DosPolicy)
        ),
        reason=typed.get("reason", ""),
        messages=messages(mine, CHOICE_FIELDS),
    )


def _id(name: str, place: int) -> str:
    """Return a radio button's id; the first is where a message about the group leads."""
    return f"{CHOICE}-{name}" if place == 0 else f"{CHOICE}-{name}-{place}"


def _past(made: ChoiceMade) -> PastChoiceView:
    return PastChoiceView(
        since=month_name(made.month),
        what="" if made.family is None else wording.FAMILY_CHOICES[made.family],
        day="" if made.dos_policy is None else wording.DOS_POLICIES[made.dos_policy],
        who=f"{made.by}, {moment(made.at)}",
        note=sentence(made.reason),
        tone=CHOICE_STANDINGS[made.standing],
        standing=_standing(made),
    )


def _standing(made: ChoiceMade) -> str:
    words = wording.CHOICE_STANDINGS[made.standing]
    if made.standing is ChoiceStanding.REPLACED or made.until is None:
        return words
    return f"{words}, until {month_name(made.until)}"
