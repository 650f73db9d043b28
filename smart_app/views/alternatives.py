"""The families of codes side by side: what each would report, or what it lacks.

They stand in the programme's own order, never by amount; nothing here can be chosen or attested.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.decision import BELOW_TIME_THRESHOLD, Decision, FamilyOutcome
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.stated.sentences import DEMANDS, said
from smart_app.views import wording
from smart_app.views.formats import listed, minutes, money, sentence
from smart_app.views.tones import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeView:
    """One family; ``lacks`` is empty where it could be reported."""

    title: str
    is_chosen: bool
    counted: str
    lines: str
    allowed: str
    tone: Tone
    standing: str
    lacks: tuple[str, ...]


def alternatives(decision: Decision) -> tuple[AlternativeView, ...]:
    """Return every family of a decision in the programme's order."""
    return tuple(_alternative(outcome, decision) for outcome in decision.alternatives)


def _alternative(outcome: FamilyOutcome, decision: Decision) -> AlternativeView:
    tone, standing = _standing(outcome, decision)
    return AlternativeView(
        title=wording.FAMILIES[outcome.family],
        is_chosen=outcome.family == decision.family,
        counted=minutes(outcome.counted_seconds),
        lines=listed(tuple(f"{line.units} × {line.code}" for line in outcome.lines)) or "–",
        allowed=money(outcome.allowed_usd),
        tone=tone,
        standing=standing,
        lacks=tuple(_lacking(text, outcome) for text in outcome.reasons),
    )


def _standing(outcome: FamilyOutcome, decision: Decision) -> tuple[Tone, str]:
    if outcome.reasons:
        return Tone.PLAIN, "Does not qualify"
    if decision.eligible is Answer.MET:
        return Tone.GOOD, "Qualifies"
    if decision.eligible is Answer.UNKNOWN:
        return Tone.OPEN, "Would qualify; eligibility is open"
    return Tone.BAD, "Time is there; not eligible"


def _lacking(text: str, outcome: FamilyOutcome) -> str:
    begins = outcome.threshold
    if text == BELOW_TIME_THRESHOLD and begins is not None:
        return f"{begins.code} begins at {minutes(begins.seconds)} of time that counts here."
    if text in DEMANDS or text in set(Reason):
        return sentence(said(text).sentence)
    return sentence(text.replace("_", " "))
