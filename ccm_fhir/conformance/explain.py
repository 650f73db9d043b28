"""A decision as a person would argue it: each reason, what would change it, and its source."""

from __future__ import annotations

from collections.abc import Iterator

from ccm_fhir.conformance.read import id_of, read_line
from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.decision import Decision, FamilyOutcome, decide
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.rules import Cited, MonthRules
from ccm_fhir.domain.stated import Law, to_patient_month
from ccm_fhir.domain.stated.citing import source_of
from ccm_fhir.domain.stated.sentences import CAUTIONS, SENTENCES, said
from ccm_fhir.errors import CcmError

_SECONDS_A_MINUTE = 60


def explain_line(number: int, line: bytes, law: Law) -> tuple[str, bool]:
    """Return the argument of one line as text, and whether it could be decided."""
    try:
        stated = read_line(line)
        month, choice = to_patient_month(stated, law)
        decision = decide(month, law.rulebook, choice)
    except CcmError as problem:
        return f"line {number} ({id_of(line) or 'no id'}): {problem}\n", False
    title = f"line {number} ({stated.id or 'no id'}), {stated.service_month}"
    rules = law.rulebook.of_month(month.month)
    return "\n".join((title, *_argument(decision, rules), "")), True


def _argument(decision: Decision, rules: MonthRules) -> Iterator[str]:
    yield f"  Report: {_lines(decision)}"
    yield f"  Counted toward {decision.family}: {_time(decision.counted_seconds)}."
    for reason, seconds in _left_out(decision).items():
        rule = rules.counting.get(reason)
        if rule is not None:
            yield f"  Not counted: {_time(seconds)}. {rule.summary}. {rule.remedy}"
            yield f"    {_of(rule.cited)}"
    for text in decision.reasons:
        words = SENTENCES[Reason(text)]
        yield f"  {text}: {words.sentence}"
        yield f"    What would change it: {words.remedy} {_cited(text, decision, rules)}"
    for name in decision.missing:
        yield f"  Missing: {name}."
    for caution in decision.cautions:
        yield f"  Look at: {CAUTIONS[caution]}"
    for family in decision.alternatives:
        yield f"  {_beside(family)}"
    yield f"  Rules: {', '.join(decision.rule_versions) or 'none in force'}."


def _lines(decision: Decision) -> str:
    if not decision.lines:
        return "nothing."
    codes = " and ".join(f"{line.units} × {line.code}" for line in decision.lines)
    amount = decision.allowed_total_usd
    worth = "no price loaded" if amount is None else f"national non-facility ${amount}"
    return f"{codes}, date of service {decision.date_of_service} ({worth})."


def _left_out(decision: Decision) -> dict[NotCounted, int]:
    seconds: dict[NotCounted, int] = {}
    for part in decision.tally.left_out:
        seconds[part.reason] = seconds.get(part.reason, 0) + part.seconds
    return seconds


def _beside(family: FamilyOutcome) -> str:
    if family.lines:
        codes = " and ".join(f"{line.units} × {line.code}" for line in family.lines)
        worth = "no price" if family.allowed_usd is None else f"${family.allowed_usd}"
        return f"Family {family.family}: {codes} ({worth})."
    why = " ".join(said(text).sentence for text in family.reasons)
    return f"Family {family.family}: {_time(family.counted_seconds)}. {why}"


def _cited(text: str, decision: Decision, rules: MonthRules) -> str:
    """Return a reason's source; where no statement is named, the rule's version."""
    cited = source_of(Reason(text), decision, rules)
    if cited is not None:
        return _of(cited)
    version = next((f.rule_version for f in decision.findings if f.code == text), "")
    return f"[{version}]" if version else ""


def _of(cited: Cited) -> str:
    titles = "; ".join(citation.title for citation in cited.citations)
    return f"[{titles}; {cited.confidence.value}]"


def _time(seconds: int) -> str:
    return f"{seconds // _SECONDS_A_MINUTE} min {seconds % _SECONDS_A_MINUTE} s"
