"""Medical decision making of complex care: who is asked, what was answered, what it changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import FamilyChoice, MdmAnswer
from ccm_fhir.domain.decision import Decision
from ccm_fhir.services.choice_shapes import MdmSaid, MdmShown
from smart_app.views import wording
from smart_app.views.formats import moment, sentence
from smart_app.views.forms import Attempt, ChoiceView, attempted, key_of, messages

ATTEST = "mdm"
DECLINE = "mdm-decline"
MDM_FIELDS = ("answer", "rationale", "is_plan_revised")
LEVELS = (MdmAnswer.MODERATE, MdmAnswer.HIGH)
_EFFECTS: dict[FamilyChoice, str] = {
    FamilyChoice.STANDARD: (
        "By the practice’s choice the clinical staff’s codes are reported either way."
    ),
    FamilyChoice.PRACTITIONER: (
        "By the practice’s choice the practitioner’s own codes are reported either way."
    ),
    FamilyChoice.COMPLEX_IF_MET: (
        "With moderate or high the complex codes are reported, otherwise the clinical staff’s. "
        "The month is signed once you have answered."
    ),
    FamilyChoice.HIGHEST_ALLOWED: (
        "With moderate or high the complex codes are among those that may be reported. "
        "The month is signed once you have answered."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmFormView:
    """The two ways to answer: attest a level with its rationale, or report without complex care.

    ``is_open``: shown at once, since the month waits for it or the form was refused.
    """

    form_key: str
    decline_key: str
    levels: tuple[ChoiceView, ...]
    rationale: str = field(repr=False)
    messages: dict[str, str]
    asks_plan_revision: bool
    is_plan_revised: bool
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmView:
    """``holds`` is the answer that holds, ``earlier`` those it supersedes, newest first."""

    why: str
    effect: str
    holds: str = field(repr=False)
    earlier: tuple[str, ...] = field(repr=False)
    waits: str
    form: MdmFormView | None


def decision_making(
    shown: MdmShown | None, decision: Decision | None, page_key: str, attempt: Attempt | None
) -> MdmView | None:
    """Return the section; None where nothing is asked and nothing was answered."""
    if shown is None or decision is None:
        return None
    said = tuple(_told(one) for one in reversed(shown.answers))
    waits = shown.is_awaited and not shown.may_attest
    if not (said or waits or shown.may_attest):
        return None
    return MdmView(
        why=_why(shown) if shown.may_attest or waits else "",
        effect=_EFFECTS[decision.choice.family] if shown.may_attest else "",
        holds=said[0] if said else "",
        earlier=said[1:],
        waits=(
            "This waits for the billing practitioner, who says whether the month’s decision "
            "making was moderate or high, or reports the non-complex codes."
            if waits
            else ""
        ),
        form=_form(shown, page_key, attempt) if shown.may_attest else None,
    )


def _why(shown: MdmShown) -> str:
    met = "The time of complex care is met."
    if not shown.is_anothers:
        return met
    return f"{met} Another practitioner has answered; that counts when they sign, not for you."


def _told(said: MdmSaid) -> str:
    plan = {True: " The care plan was made or substantially revised.", None: ""}.get(
        said.is_plan_revised, " The care plan was not made or substantially revised."
    )
    why = f" {sentence(said.rationale)}" if said.rationale else ""
    if said.answer is MdmAnswer.NOT_MET:
        plan = ""
    return f"{wording.MDM_ANSWERS[said.answer]}: {said.by}, {moment(said.at)}.{why}{plan}"


def _form(shown: MdmShown, page_key: str, attempt: Attempt | None) -> MdmFormView:
    mine = attempted(ATTEST, attempt)
    typed = {} if mine is None else mine.typed
    return MdmFormView(
        form_key=key_of(page_key, ATTEST) if mine is None else mine.form_key,
        decline_key=key_of(page_key, DECLINE),
        levels=tuple(
            ChoiceView(
                value=level.value,
                label=wording.MDM_ANSWERS[level],
                is_chosen=typed.get("answer") == level.value,
            )
            for level in LEVELS
        ),
        rationale=typed.get("rationale", ""),
        messages=messages(mine, MDM_FIELDS),
        asks_plan_revision=shown.asks_plan_revision,
        is_plan_revised=bool(typed.get("is_plan_revised")),
        is_open=mine is not None or shown.is_awaited,
    )
