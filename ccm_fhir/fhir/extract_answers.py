"""QuestionnaireResponse → its answered items, laid flat, and the consent that it may record.

A form is a consent to chronic care management where it is named so, or where an item asks for
it in words. It was given only if that very item is answered with yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import (
    AnsweredFact,
    ConsentFact,
    Fact,
    QuestionnaireResponseFact,
    Skipped,
)
from ccm_fhir.fhir.consent_words import (
    answered_yes,
    is_statement,
    mode_of,
    plain,
    says_ccm,
    says_consent,
    statement_of,
)
from ccm_fhir.fhir.shapes import (
    CodingShape,
    Quantity,
    Reference,
    Resource,
    Shape,
    first_date,
    is_measurable_number,
    number,
    shortened,
    unit,
)
from ccm_fhir.fhir.source import Source

DEEPEST = 32
_TOO_DEEP = f"its items are nested more than {DEEPEST} levels deep"
_ASKS = frozenset({"consent", "consent-given", "patient-consent", "ccm-consent", "consent-to-ccm"})
_DATED = frozenset({"consent-date", "date-of-consent"})
_MODE = frozenset({"consent-mode", "mode-of-consent"})
_LANGUAGE = frozenset({"consent-language", "language-of-consent"})
_STATUS = {"completed": "active", "amended": "active", "in-progress": "draft", "stopped": "draft"}


class AnswerShape(Shape, frozen=True, kw_only=True):
    """QuestionnaireResponse.item.answer."""

    value_boolean: bool | None = None
    value_decimal: Decimal | None = None
    value_integer: int | None = None
    value_date: str | None = None
    value_date_time: str | None = None
    value_time: str | None = None
    value_string: str | None = None
    value_uri: str | None = None
    value_coding: CodingShape | None = None
    value_quantity: Quantity | None = None
    value_reference: Reference | None = None
    item: list[ItemShape] | None = None


class ItemShape(Shape, frozen=True, kw_only=True):
    """QuestionnaireResponse.item."""

    link_id: str | None = None
    text: str | None = None
    answer: list[AnswerShape] | None = None
    item: list[ItemShape] | None = None


class QuestionnaireResponseShape(Resource, frozen=True, kw_only=True):
    """QuestionnaireResponse."""

    subject: Reference | None = None
    status: str | None = None
    questionnaire: str | None = None
    authored: str | None = None
    item: list[ItemShape] | None = None


def response_fact(
    shape: QuestionnaireResponseShape, source: Source
) -> QuestionnaireResponseFact | Skipped:
    """Return the form with its answered items, in the order of the form."""
    items: list[AnsweredFact] = []
    for depth, item in _flat(shape.item):
        if depth > DEEPEST:
            return Skipped("QuestionnaireResponse", _TOO_DEEP)
        if item.answer:
            items.append(_answered(item, item.answer))
    return QuestionnaireResponseFact(
        ref=source.ref,
        status=shape.status or "",
        questionnaire=(shape.questionnaire or "").strip(),
        authored_on=first_date(shape.authored),
        items=tuple(items),
    )


def _flat(items: Iterable[ItemShape] | None) -> Iterator[tuple[int, ItemShape]]:
    """Yield every item with its depth, an item before what is within it."""
    waiting = [(1, item) for item in reversed(tuple(items or ()))]
    while waiting:
        depth, item = waiting.pop()
        yield depth, item
        if depth > DEEPEST:
            return
        inner = [*(item.item or ())]
        for answer in item.answer or ():
            inner += answer.item or ()
        waiting += [(depth + 1, one) for one in reversed(inner)]


def _answered(item: ItemShape, answers: Iterable[AnswerShape]) -> AnsweredFact:
    given = tuple(answers)
    return AnsweredFact(
        link_id=item.link_id or "",
        question=shortened(item.text),
        codes=tuple(a.value_coding.code for a in given if a.value_coding and a.value_coding.code),
        answer=shortened("; ".join(word for word in map(_words, given) if word)),
    )


def _words(answer: AnswerShape) -> str:
    if answer.value_boolean is not None:
        return "true" if answer.value_boolean else "false"
    if answer.value_coding is not None:
        return answer.value_coding.display or answer.value_coding.code or ""
    if answer.value_quantity is not None:
        exact = number(answer.value_quantity)
        return "" if exact is None else f"{exact:f} {unit(answer.value_quantity)}".strip()
    if answer.value_decimal is not None:
        exact = answer.value_decimal
        return f"{exact:f}" if is_measurable_number(exact) else ""
    if answer.value_integer is not None:
        return str(answer.value_integer)
    plainly = (answer.value_string, answer.value_date, answer.value_date_time, answer.value_time)
    return next((text for text in (*plainly, answer.value_uri) if text), "")


def consent_in_response(fact: Fact) -> tuple[ConsentFact, ...]:
    """Return the consent to chronic care management that a form records, if it is about one."""
    if not isinstance(fact, QuestionnaireResponseFact):
        return ()
    form = _Form(fact)
    if not form.is_consent:
        return ()
    given = form.is_given
    return (
        ConsentFact(
            ref=fact.ref,
            status=_STATUS.get(fact.status, fact.status),
            is_for_ccm=True,
            given_on=form.dated_on if given else None,
            statements=form.statements,
            is_refused=given is False,
            mode=form.mode,
            language=form.word(_LANGUAGE),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Form:
    fact: QuestionnaireResponseFact

    @property
    def is_named(self) -> bool:
        name = self.fact.questionnaire
        return says_ccm(name) and says_consent(name)

    @property
    def is_consent(self) -> bool:
        return self.is_named or any(_asks(item, named=False) for item in self.fact.items)

    @property
    def is_given(self) -> bool | None:
        """Whether the patient agreed; None where no answer says yes or no, or they disagree."""
        asked = [item for item in self.fact.items if _asks(item, named=self.is_named)]
        said = {answered_yes((item.answer, *item.codes)) for item in asked}
        return said.pop() if len(said) == 1 else None

    @property
    def dated_on(self) -> PartialDate | None:
        stated = first_date(self.word(_DATED))
        return stated or self.fact.authored_on

    @property
    def statements(self) -> tuple[str, ...]:
        told = (
            item.link_id
            for item in self.fact.items
            if answered_yes((item.answer, *item.codes)) is True
        )
        chosen = (code for item in self.fact.items for code in item.codes)
        found = (statement_of(code) for code in (*told, *chosen) if is_statement(code))
        return tuple(dict.fromkeys(found))

    @property
    def mode(self) -> str:
        items = [item for item in self.fact.items if plain(item.link_id) in _MODE]
        return mode_of(word for item in items for word in (item.answer, *item.codes))

    def word(self, link_ids: frozenset[str]) -> str:
        """Return the answer to the first of the items."""
        found = (item.answer for item in self.fact.items if plain(item.link_id) in link_ids)
        return next(found, "")


def _asks(item: AnsweredFact, *, named: bool) -> bool:
    """Whether an item asks for the consent itself; outside a form so named, it must say CCM."""
    if is_statement(item.link_id):
        return False
    words = f"{item.link_id} {item.question}"
    if not named:
        return says_consent(words) and says_ccm(words) and not _is_beside(item)
    return plain(item.link_id) in _ASKS or (says_consent(item.question) and not _is_beside(item))


def _is_beside(item: AnsweredFact) -> bool:
    """Whether it speaks of consent but asks something else: its day, its mode, its end."""
    spelled = plain(item.link_id)
    beside = spelled in _DATED | _MODE | _LANGUAGE
    return beside or any(word in item.question.lower() for word in _OTHER_MATTERS)


_OTHER_MATTERS = ("withdraw", "revoke", "stop", "cancel", "date", "language", "how was")
