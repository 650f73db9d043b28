"""What is said of one Condition, for each way in which Conditions are coded and marked."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ccm_fhir.domain.codes import ICD9CM, ICD10, ICD10CA, ICD10CM, ICD10GM, SNOMED
from ccm_fhir.domain.conditions import SiteAnswer, classify
from ccm_fhir.domain.facts import Coding
from ccm_fhir.terminology import load_chronic_table
from tests.builders import icd, on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.domain.conditions import ChronicTable, ConditionVerdict
    from ccm_fhir.domain.facts import ConditionFact

AS_OF = date(2026, 11, 30)
_SITE = {
    "1001": SiteAnswer(icd10cm="E11.9"),
    "1002": SiteAnswer(icd10cm="Q99.999"),
    "1003": SiteAnswer(family="asthma"),
    "1004": SiteAnswer(family="no_such_family"),
}
_CODES = (
    (ICD10CM, "E11.9"), (ICD10CM, "e119"), (ICD10CM, "E11.9X"), (ICD10CM, "E11"), (ICD10CM, "J00"),
    (ICD10CM, "E11.9 I10"), (ICD10CM, "E99.ZZ"), (ICD10CM, "not a code"), (ICD10CM, " "),
    (ICD10CM, "Z85.3"), (ICD10CM, "C79.51"), (ICD10CM, "E66.9"), (ICD10CM, "O24.410"),
    (ICD9CM, "250.00"), (ICD9CM, "460"), (ICD9CM, "999.99"), (SNOMED, "44054006"),
    (SNOMED, "195967001"), (SNOMED, "1001"), (SNOMED, "1002"), (SNOMED, "1003"), (SNOMED, "1004"),
    (SNOMED, "999999999999999999999999"), (ICD10, "E11.9"), (ICD10, "J45"), (ICD10CA, "E11.9"),
    (ICD10GM, "J44.9"), ("urn:oid:1.2.3", "I10"), (None, "I10"), (None, "HTN"),
)  # fmt: skip
_TEXTS = ("", "Asthma", "No asthma", "Family history of asthma", "Sore throat")
_MARKS: tuple[dict[str, Any], ...] = (
    {},
    {"clinical_status": "resolved"},
    {"clinical_status": "remission"},
    {"clinical_status": None},
    {"verification_status": "refuted"},
    {"verification_status": "provisional"},
    {"verification_status": None},
    {"categories": ("encounter-diagnosis",), "recorded": on("2026-10-01")},
    {"categories": ("encounter-diagnosis",), "recorded": on("2021-10-01")},
    {"abatement": on("2026-05-01"), "has_abatement": True},
    {"abatement": on("2027-05-01"), "has_abatement": True},
    {"has_abatement": True},
    {"has_modifier": True},
    {"onset": on("2026-11-20")},
)


def test_what_is_said_of_each_coding_is_as_it_was_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    shipped = load_chronic_table()
    asked = dataclasses.replace(shipped, site_answers=_SITE, assume_icd10_is_cm=True)
    lines = []
    for title, table in (("as shipped", shipped), ("with the site's own answers", asked)):
        lines.append(f"== {title}")
        for fact in _coded():
            lines += [_named(fact), f"    {_told(classify(fact, table, AS_OF))}"]

    matches_golden_text("conditions", "\n".join(lines) + "\n")


def test_how_marks_change_what_is_said_is_as_it_was_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    table = load_chronic_table()
    lines = []
    for marks in _MARKS:
        told = Counter(_verdicts(table, marks))
        lines.append(f"== {', '.join(f'{name}={value}' for name, value in marks.items())}")
        lines += [f"{count:>4}  {words}" for words, count in sorted(told.items())]

    matches_golden_text("conditions-marked", "\n".join(lines) + "\n")


def _verdicts(table: ChronicTable, marks: dict[str, Any]) -> Iterator[str]:
    for code in ("E11.9", "J00", "E66.9", "C50.911", "E99.ZZ"):
        yield _told(classify(replace(icd(code), **marks), table, AS_OF))


def _coded() -> Iterator[ConditionFact]:
    for system, code in _CODES:
        yield icd("x", codings=(Coding(system=system, code=code),))
    for text in _TEXTS:
        yield icd("x", codings=(), text=text)
        yield icd("x", codings=(Coding(system=None, code=" "),), text=text)
    for (one, first), (two, second) in product(_CODES[::4], _CODES[1::4]):
        yield icd(
            "x", codings=(Coding(system=one, code=first), Coding(system=two, code=second)), text=""
        )


def _named(fact: ConditionFact) -> str:
    codes = " + ".join(f"{coding.system}|{coding.code}" for coding in fact.codings)
    return f"{codes or 'no coding'}{f' “{fact.text}”' if fact.text else ''}"


def _told(verdict: ConditionVerdict) -> str:
    marks = [word for word in ("billable", "stale") if getattr(verdict, f"is_{word}")]
    return (
        f"{verdict.chronic.value}, {verdict.family or 'no family'} {verdict.tier or ''} "
        f"{verdict.ccw} [{verdict.icd10cm}] {' '.join(verdict.possible)} {' '.join(marks)}: "
        f"{verdict.why}"
    )
