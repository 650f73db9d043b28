"""Every answer to what somebody states of a month, as a text that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.conformance.read import read_line
from ccm_fhir.domain.stated import to_patient_month
from ccm_fhir.errors import InputError
from tests.conformance.months import law
from tests.golden.stated_cases import REFUSED, STATED, stated
from tests.golden.told import page, part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.domain.decision import PatientMonth
    from tests.conformance.months import Json


def test_what_is_answered_of_a_stated_month_is_as_it_was_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    usual = {_said(line) for line in _answers(_month({}))}
    parts = []
    for name, changes in STATED.items():
        asked = _month(changes)
        found = _answers(asked)
        shown = [line for line in found if not changes or _said(line) not in usual]
        parts.append(part(name, [*shown, *_used(asked)] or ["  (as in the complete month)"]))
    parts += [part(name, [_refusal(changes)]) for name, changes in REFUSED.items()]

    about = "A complete month, and what changes in its answers where one thing is said otherwise."
    matches_golden_text("stated", page(about, parts))


def _month(changes: Json) -> PatientMonth:
    month, _ = to_patient_month(read_line(msgspec.json.encode(stated(changes))), law())
    return month


def _answers(month: PatientMonth) -> list[str]:
    return [
        f"  {found.criterion.value}: {found.answer.value} {found.code}"
        + "".join(f", lacks {name}" for name in found.missing)
        + "".join(f", mind {caution.value}" for caution in found.cautions)
        + f" ({found.rule_version})"
        for found in month.findings
    ]


def _said(answer: str) -> str:
    """Return an answer without the version of the rule that gave it."""
    return answer.rpartition(" (")[0]


def _used(month: PatientMonth) -> Iterator[str]:
    if month.barred_families:
        yield f"  bars the families: {', '.join(sorted(month.barred_families))}"
    if month.used_elsewhere_seconds:
        yield f"  used elsewhere: {month.used_elsewhere_seconds} s"


def _refusal(changes: Json) -> str:
    try:
        _month(changes)
    except InputError as error:
        return f"  refused: {error}"
    return "  accepted"
