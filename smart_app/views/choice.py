"""Which codes a month reports: the practice's choice, who made it, and a month's exception."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import FamilyChoice
from ccm_fhir.services.choice_shapes import ChoiceMade, ChoiceShown
from smart_app.views import wording
from smart_app.views.formats import moment, month_name, sentence
from smart_app.views.forms import Attempt, ChoiceView, attempted, key_of, messages

EXCEPTION = "except"
EXCEPTION_FIELDS = ("family", "reason")
AS_THE_PRACTICE = "as_practice"
_NAMED = tuple(one for one in FamilyChoice if one is not FamilyChoice.HIGHEST_ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionFormView:
    """The form by which one month is reported otherwise; ``is_open`` after it was refused."""

    form_key: str
    families: tuple[ChoiceView, ...]
    reason: str = field(repr=False)
    messages: dict[str, str]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenView:
    """What is reported, in sentences: what, who chose it and when, and why this month differs."""

    reported: str
    chosen: str
    exception: str = field(repr=False)
    form: ExceptionFormView | None


def chosen(shown: ChoiceShown | None, page_key: str, attempt: Attempt | None) -> ChosenView | None:
    """Return the choice that holds for a patient-month, with the form that makes an exception."""
    if shown is None:
        return None
    return ChosenView(
        reported=reported(shown),
        chosen=who_chose(shown.of_practice),
        exception="" if shown.exception is None else _excepted(shown.exception),
        form=_form(shown, page_key, attempt) if shown.may_except else None,
    )


def reported(shown: ChoiceShown) -> str:
    """Return what the practice reports, and on which day of the month."""
    of_practice = shown.of_practice
    family = FamilyChoice.STANDARD
    if of_practice is not None and of_practice.family is not None:
        family = of_practice.family
    label, day = wording.FAMILY_CHOICES[family], wording.DOS_POLICIES[shown.choice.dos_policy]
    return f"The practice reports: {_lower(label)}. Date of service: {_lower(day)}."


def who_chose(made: ChoiceMade | None) -> str:
    """Return who chose and when; without a choice, what holds until somebody chooses."""
    if made is None:
        return (
            "Nobody has chosen: this holds until a practitioner or an administrator chooses "
            "otherwise."
        )
    why = f" Note: {sentence(made.reason)}" if made.reason else ""
    return f"Chosen by {made.by} on {moment(made.at)}, from {month_name(made.month)} on.{why}"


def _excepted(made: ChoiceMade) -> str:
    label = "" if made.family is None else _lower(wording.FAMILY_CHOICES[made.family])
    return f"This month alone: {label}, by {made.by} on {moment(made.at)}. {sentence(made.reason)}"


def _form(shown: ChoiceShown, page_key: str, attempt: Attempt | None) -> ExceptionFormView:
    mine = attempted(EXCEPTION, attempt)
    picked = "" if mine is None else mine.typed.get("family", "")
    options = [(one.value, wording.FAMILY_CHOICES[one]) for one in _NAMED]
    if shown.exception is not None:
        options.insert(0, (AS_THE_PRACTICE, "As the practice chose"))
    return ExceptionFormView(
        form_key=key_of(page_key, EXCEPTION) if mine is None else mine.form_key,
        families=tuple(
            ChoiceView(value=value, label=label, is_chosen=value == picked)
            for value, label in options
        ),
        reason="" if mine is None else mine.typed.get("reason", ""),
        messages=messages(mine, EXCEPTION_FIELDS),
        is_open=mine is not None,
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
