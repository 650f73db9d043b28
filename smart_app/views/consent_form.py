"""The forms of the consent page: nothing is ticked or chosen before a person does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ccm_fhir.domain.consent_script import QUESTIONS, SCRIPT_VERSION, SENTENCES
from ccm_fhir.domain.findings import Answer
from ccm_fhir.services.consents import ConsentEntry, ConsentHistory
from smart_app.views import consent_words as words
from smart_app.views.formats import day, moment
from smart_app.views.forms import Attempt, ChoiceView, key_of

CONSENT_FORM = "consent"
REVOKE_FORM = "revoke"
TEXT_FIELDS = (
    "decision",
    "decided_on",
    "mode",
    "language",
    "other_language",
    "given_by",
    "representative_name",
    "representative_relation",
    "note",
    "corrects_id",
    "change_reason",
)
_SPANISH = "es"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """One statement of the script, in both languages, with its box."""

    code: str
    title: str
    english: str
    spanish: str
    is_ticked: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFormView:
    """The form for a yes or a no; ``corrects`` says which record it stands for, if any.

    It is open unless consent holds already and nobody has begun to fill it in.
    """

    form_key: str
    values: dict[str, str] = field(repr=False)
    messages: dict[str, str]
    script_version: str
    question: str
    question_spanish: str
    statements: tuple[StatementView, ...]
    decisions: tuple[ChoiceView, ...]
    modes: tuple[ChoiceView, ...]
    languages: tuple[ChoiceView, ...]
    givers: tuple[ChoiceView, ...]
    latest: str
    corrects: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeFormView:
    """The form for a revocation."""

    form_key: str
    values: dict[str, str] = field(repr=False)
    messages: dict[str, str]
    modes: tuple[ChoiceView, ...]
    givers: tuple[ChoiceView, ...]
    latest: str
    is_open: bool


def consent_form(
    history: ConsentHistory, page_key: str, attempt: Attempt | None, correct: str
) -> ConsentFormView:
    """Return the form, as it was left if it has just been refused."""
    mine = _mine(attempt, CONSENT_FORM)
    values = _values(mine) | ({"corrects_id": correct} if mine is None else {})
    corrected = _entry(history, values["corrects_id"])
    messages = _messages(mine, (*TEXT_FIELDS, "told", "form"))
    return ConsentFormView(
        form_key=key_of(page_key, CONSENT_FORM) if mine is None else mine.form_key,
        values=values if corrected is not None else values | {"corrects_id": ""},
        messages=messages,
        script_version=SCRIPT_VERSION,
        question=QUESTIONS["en"],
        question_spanish=QUESTIONS[_SPANISH],
        statements=_statements(history.required, mine),
        decisions=_choices(words.CHOICES.items(), values["decision"]),
        modes=_choices(words.MODES.items(), values["mode"]),
        languages=_choices(
            (*words.LANGUAGES.items(), (words.OTHER_LANGUAGE, "Another language")),
            values["language"],
        ),
        givers=_choices(words.GIVERS.items(), values["given_by"]),
        latest=history.today.isoformat(),
        corrects="" if corrected is None else _told_of(corrected),
        is_open=mine is not None or corrected is not None or not _holds(history),
    )


def revoke_form(history: ConsentHistory, page_key: str, attempt: Attempt | None) -> RevokeFormView:
    """Return the form, as it was left if it has just been refused."""
    mine = _mine(attempt, REVOKE_FORM)
    values = _values(mine)
    return RevokeFormView(
        form_key=key_of(page_key, REVOKE_FORM) if mine is None else mine.form_key,
        values=values,
        messages=_messages(mine, (*TEXT_FIELDS, "form")),
        modes=_choices(words.MODES.items(), values["mode"]),
        givers=_choices(words.GIVERS.items(), values["given_by"]),
        latest=history.today.isoformat(),
        is_open=mine is not None,
    )


def _mine(attempt: Attempt | None, form: str) -> Attempt | None:
    return attempt if attempt is not None and attempt.form == form else None


def _values(mine: Attempt | None) -> dict[str, str]:
    typed = {} if mine is None else mine.typed
    return {name: typed.get(name, "") for name in TEXT_FIELDS}


def _messages(mine: Attempt | None, names: tuple[str, ...]) -> dict[str, str]:
    found = {} if mine is None else {w.field or "form": w.message for w in mine.wrong}
    return {name: found.get(name, "") for name in names}


def _statements(required: tuple[str, ...], mine: Attempt | None) -> tuple[StatementView, ...]:
    problems = {} if mine is None else {w.field: w.message for w in mine.wrong}
    ticked = frozenset[str]() if mine is None else mine.ticked
    return tuple(
        StatementView(
            code=code,
            title=words.statement(code),
            english=SENTENCES["en"].get(code, words.statement(code)),
            spanish=SENTENCES[_SPANISH].get(code, ""),
            is_ticked=code in ticked,
            problem=problems.get(code, ""),
        )
        for code in required
    )


def _choices(offered: Iterable[tuple[str, str]], chosen: str) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=str(value), label=label, is_chosen=chosen == value)
        for value, label in offered
    )


def _holds(history: ConsentHistory) -> bool:
    return history.finding is not None and history.finding.answer is Answer.MET


def _entry(history: ConsentHistory, record_id: str) -> ConsentEntry | None:
    return next((e for e in history.history if e.stands and e.record_id == record_id), None)


def _told_of(entry: ConsentEntry) -> str:
    what = words.DECISIONS[entry.decision].lower()
    return f"{what} on {day(entry.decided_on)}, recorded {moment(entry.recorded_at)}"
