"""The problem list: what each Condition amounts to, who said so, and what may be said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.conditions import Chronic, ChronicFamily, ConditionVerdict
from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.services.condition_items import ConditionItem, SaidOfCondition
from ccm_fhir.services.patient_month import PatientMonthReview
from smart_app.views import tones, wording
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import count, moment, sentence
from smart_app.views.forms import Attempt, ChoiceView, key_of
from smart_app.views.tones import Tone

_DOUBT_FIRST = (Chronic.REVIEW, Chronic.CHRONIC, Chronic.NOT_CHRONIC)
_ANSWERS = {
    ReviewAnswer.CHRONIC: "Yes, it is a chronic condition of this patient",
    ReviewAnswer.NOT_CHRONIC: "No, it is not chronic for this patient",
}
_SAID = {
    ReviewAnswer.CHRONIC: "Judged chronic",
    ReviewAnswer.NOT_CHRONIC: "Judged not chronic",
    ReviewAnswer.UNDONE: "Undone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidView:
    """One answer in the history."""

    what: str = field(repr=False)
    reason: str = field(repr=False)
    by: str = field(repr=False)
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFormView:
    """The form about one Condition; it is open where it has just been refused.

    ``fixed`` is the one answer there is (to undo, or not chronic); else ``answers`` are offered.
    """

    element_id: str
    summary: str
    action: str
    form_key: str
    month: str
    fingerprint: str
    revision: str
    fixed: str
    answers: tuple[ChoiceView, ...]
    families: tuple[ChoiceView, ...] = field(repr=False)
    reason: str = field(repr=False)
    messages: dict[str, str]
    button: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionView:
    """What one Condition amounts to; ``display`` is how the chart names it."""

    element_id: str
    verdict: str
    tone: Tone
    display: str = field(repr=False)
    family: str = field(repr=False)
    icd10cm: str = field(repr=False)
    why: str = field(repr=False)
    evidence: EvidenceView
    said: tuple[SaidView, ...]
    form: AnswerFormView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionsView:
    """The list, those in doubt first; it is open where a form in it has just been refused."""

    summary: str
    items: tuple[ConditionView, ...]
    is_open: bool


def conditions(
    review: PatientMonthReview, page_key: str, attempt: Attempt | None
) -> ConditionsView:
    """Return the list of a review."""
    items = sorted(review.conditions, key=lambda i: _DOUBT_FIRST.index(i.verdict.chronic))
    shown = _Shown(review, page_key, attempt, {f.family: f.label for f in review.families})
    views = tuple(_condition(item, shown) for item in items)
    return ConditionsView(
        summary=_summary(tuple(i.verdict for i in items), review.families),
        items=views,
        is_open=any(v.form is not None and v.form.is_open for v in views),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    review: PatientMonthReview
    page_key: str
    attempt: Attempt | None
    labels: Mapping[str, str]


def form_name(key: str) -> str:
    """Return the name of the form about one Condition."""
    return f"condition-{key}"


def _summary(verdicts: tuple[ConditionVerdict, ...], families: tuple[ChronicFamily, ...]) -> str:
    read = count(len(verdicts), "condition", "conditions")
    diseases = count(len(families), "chronic disease", "chronic diseases")
    doubts = Counter(v.chronic for v in verdicts)[Chronic.REVIEW]
    asked = f", {doubts} for a clinician to judge" if doubts else ""
    return f"{read} in the chart, {diseases}{asked}"


def _condition(item: ConditionItem, shown: _Shown) -> ConditionView:
    verdict = item.verdict
    return ConditionView(
        element_id=f"item-{item.key}",
        verdict=wording.VERDICTS[verdict.chronic],
        tone=tones.VERDICTS[verdict.chronic],
        display=verdict.display,
        family=shown.labels.get(verdict.family, verdict.family.replace("_", " ")),
        icd10cm=verdict.icd10cm,
        why=sentence(verdict.why),
        evidence=evidence(verdict.ref, shown.review.ehr_links),
        said=tuple(_said(one) for one in item.said),
        form=_form(item, shown) if item.may_say else None,
    )


def _said(one: SaidOfCondition) -> SaidView:
    what = _SAID[one.answer]
    is_changed = one.answer is not ReviewAnswer.UNDONE and not one.holds
    return SaidView(
        what=f"{what}: {one.disease}" if one.disease else what,
        reason=sentence(one.reason),
        by=f"{one.person}, {moment(one.said_at)}",
        note="No longer holds." if is_changed else "",
    )


def _form(item: ConditionItem, shown: _Shown) -> AnswerFormView:
    form, attempt = form_name(item.key), shown.attempt
    mine = attempt if attempt is not None and attempt.form == form else None
    typed = {} if mine is None else mine.typed
    is_choice = len(item.may_say) > 1
    only = None if is_choice else item.may_say[0]
    asks_family = item.asks_family and is_choice
    return AnswerFormView(
        element_id=form,
        summary=_FORM_SUMMARIES[only],
        action=f"conditions/{item.key}",
        form_key=key_of(shown.page_key, form) if mine is None else mine.form_key,
        month=str(shown.review.month),
        fingerprint=item.fingerprint,
        revision=str(item.revision),
        fixed="" if only is None else only.value,
        answers=tuple(
            ChoiceView(value=a.value, label=_ANSWERS[a], is_chosen=typed.get("answer") == a.value)
            for a in item.may_say
            if is_choice
        ),
        families=tuple(
            ChoiceView(value=code, label=label, is_chosen=typed.get("family") == code)
            for code, label in shown.review.family_choices
            if asks_family
        ),
        reason=typed.get("reason", ""),
        messages=_messages(mine),
        button=_BUTTONS[only],
        is_open=mine is not None,
    )


_FORM_SUMMARIES = {
    None: "Say whether it is chronic…",
    ReviewAnswer.NOT_CHRONIC: "Not chronic for this patient…",
    ReviewAnswer.UNDONE: "Undo this judgement…",
}
_BUTTONS = {
    None: "Record my judgement",
    ReviewAnswer.NOT_CHRONIC: "Record that it is not chronic",
    ReviewAnswer.UNDONE: "Undo",
}


def _messages(attempt: Attempt | None) -> dict[str, str]:
    found = {} if attempt is None else {w.field or "form": w.message for w in attempt.wrong}
    return {name: found.get(name, "") for name in ("answer", "family", "reason", "form")}
