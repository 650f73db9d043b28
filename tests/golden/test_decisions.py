"""The argument of each example of the truth table, word for word, and what each field is good for.

Every example is also put with each of its fields left out in turn. What is then said, and how
often, stands below the arguments: it notices what a change moves that no example shows.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from ccm_fhir.conformance import explain_line
from ccm_fhir.conformance.read import read_line
from ccm_fhir.conformance.suite import shipped
from ccm_fhir.domain.stated import to_patient_month
from tests.conformance.months import law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = shipped()


def test_each_example_is_argued_as_it_was_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    parts = [_argued(example.inputs) + _findings(example.inputs) for example in EXAMPLES]

    matches_golden_text("decisions", "\n".join(parts))


def test_what_is_said_where_a_field_is_left_out_is_as_it_was_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    said: Counter[str] = Counter()
    for example in EXAMPLES:
        for without in _each_left_out(example.inputs):
            said.update(_argued(without).splitlines()[1:])

    lines = [f"{count:>5}  {line.strip()}" for line, count in sorted(said.items())]
    matches_golden_text("decisions-with-a-field-left-out", "\n".join(lines) + "\n")


def _argued(stated: dict[str, Any]) -> str:
    text, _ = explain_line(1, msgspec.json.encode(stated), law())
    return text


def _findings(stated: dict[str, Any]) -> str:
    month, _ = to_patient_month(read_line(msgspec.json.encode(stated)), law())
    return "".join(
        f"    {found.criterion.value}: {found.answer.value} {found.code} {found.rule_version} "
        f"{' '.join((*found.missing, *(caution.value for caution in found.cautions)))}".rstrip()
        + "\n"
        for found in month.findings
    )


def _each_left_out(stated: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in stated.items():
        yield {k: v for k, v in stated.items() if k != key}
        if isinstance(value, dict):
            for inner in value:
                yield stated | {key: {k: v for k, v in value.items() if k != inner}}
