"""What a card says: facts of one patient-month, in order, and never a wish for minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import DecidedLine, Decision
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.fhir.cds_hooks.cards import Indicator, plain, shortened
from ccm_fhir.services.app_context import View
from ccm_fhir.services.judge import Judgement
from ccm_fhir.storage.vocabulary import CardKind

_MET, _NOT_MET, _UNKNOWN = Answer.MET, Answer.NOT_MET, Answer.UNKNOWN
_SECONDS_A_MINUTE = 60
_NAMES: dict[Criterion, str] = {
    Criterion.TWO_CHRONIC_CONDITIONS: "chronic conditions",
    Criterion.MEDICARE_COVERAGE: "Medicare coverage",
    Criterion.INITIATING_VISIT: "initiating visit",
    Criterion.CONSENT: "consent",
    Criterion.CARE_PLAN: "care plan",
    Criterion.PRACTICE_REQUIREMENTS: "practice requirements",
    Criterion.DURATION_AND_RISK: "duration and risk",
    Criterion.ALIVE: "patient is living",
    Criterion.NOT_BILLED_ELSEWHERE: "no competing claim",
    Criterion.NOT_AWAY_ALL_MONTH: "days outside hospital",
}
# The order in which a practice does them: the visit may be where consent is asked for.
_STEPS = (
    Criterion.INITIATING_VISIT,
    Criterion.CONSENT,
    Criterion.CARE_PLAN,
    Criterion.PRACTICE_REQUIREMENTS,
    Criterion.DURATION_AND_RISK,
)
_GROUNDS = (Criterion.TWO_CHRONIC_CONDITIONS, Criterion.MEDICARE_COVERAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A month that was signed: what for, and when (local to the practice)."""

    codes: tuple[tuple[str, int], ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of one patient-month; ``kept`` names what is as last read."""

    month: ServiceMonth
    today: date
    judgement: Judgement
    signed: Signed | None = None
    kept: tuple[str, ...] = ()

    def answer(self, criterion: Criterion) -> Answer:
        """The answer to one criterion."""
        return self.finding(criterion).answer

    def finding(self, criterion: Criterion) -> Finding:
        """The finding of one criterion."""
        return self.judgement.eligibility.finding(criterion)

    @property
    def decision(self) -> Decision:
        """The month's decision."""
        return self.judgement.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A card's content; ``detail`` is Markdown in which nothing of a chart is markup."""

    kind: CardKind
    summary: str
    detail: str = field(repr=False)
    indicator: Indicator
    view: View


def words_for(situation: Situation) -> Words | None:
    """Return what a card says, or None where there is nothing to tell."""
    if situation.answer(Criterion.ALIVE) is _NOT_MET:
        return None
    if situation.signed is not None:
        return _signed(situation, situation.signed)
    if situation.answer(Criterion.CONSENT) is _MET:
        return _enrolled(situation)
    return _candidate(situation)


def _signed(situation: Situation, signed: Signed) -> Words:
    codes = _codes(signed.codes)
    return _words(
        CardKind.SIGNED,
        f"CCM for {_month(situation)} is signed: {codes}.",
        (f"Signed on {signed.on}. The link shows where the claim stands.",),
        View.CLAIM,
    )


def _enrolled(situation: Situation) -> Words | None:
    decision = situation.decision
    is_off = any(situation.answer(criterion) is _NOT_MET for criterion in _GROUNDS)
    if is_off and not decision.counted_seconds:
        return None
    open_points = _open_points(situation, decision.findings)
    if decision.reached:
        return _reached(situation, open_points)
    done = decision.counted_seconds
    needed = decision.next_threshold_seconds
    if needed is None:
        return None
    counted = f"{done // _SECONDS_A_MINUTE} of {needed // _SECONDS_A_MINUTE} minutes"
    exactly = f"Counted so far: {_exactly(done)}."
    return _words(
        CardKind.TIME,
        f"CCM in {_month(situation)}: {counted}, {_days_left(situation)}.",
        (exactly, *open_points, *_kept(situation)),
        View.TIME,
    )


def _reached(situation: Situation, open_points: tuple[str, ...]) -> Words:
    decision = situation.decision
    codes = _codes(_counted(decision.reached))
    refused = [f for f in decision.findings if f.answer is _NOT_MET]
    standing = f"not met: {_names(refused)}" if refused else "not signed yet"
    unsigned = "The billing practitioner has not signed this month, so nothing is claimed yet."
    return _words(
        CardKind.REACHED,
        f"CCM in {_month(situation)}: {_exactly(decision.counted_seconds)} counted, "
        f"{codes} reached, {standing}.",
        (unsigned, *open_points, *_kept(situation)),
        View.ELIGIBILITY if refused else View.CLAIM,
        Indicator.WARNING if refused else Indicator.INFO,
    )


def _candidate(situation: Situation) -> Words | None:
    has_refused = bool(situation.judgement.eligibility.refusals)
    is_elsewhere = situation.answer(Criterion.NOT_BILLED_ELSEWHERE) is _NOT_MET
    grounds = [situation.answer(criterion) for criterion in _GROUNDS]
    if has_refused or is_elsewhere or _NOT_MET in grounds or _MET not in grounds:
        return None
    unclear = [c for c in (*_GROUNDS, Criterion.CONSENT) if situation.answer(c) is _UNKNOWN]
    return _unclear(situation, unclear) if unclear else _eligible(situation)


def _eligible(situation: Situation) -> Words:
    missing = [situation.finding(c) for c in _STEPS if situation.answer(c) is not _MET]
    said = [f for f in missing if f.criterion is not Criterion.DURATION_AND_RISK]
    unclear = [f for f in said if f.answer is _UNKNOWN]
    grounds = " ".join(situation.finding(criterion).reason for criterion in _GROUNDS)
    return _words(
        CardKind.ELIGIBLE,
        "Eligible for CCM by the chart, not enrolled. "
        f"Missing: {_names(f for f in said if f.answer is _NOT_MET)}."
        + (f" Unclear: {_names(unclear)}." if unclear else ""),
        (plain(grounds), "What is missing, in order:", *_steps(missing), *_kept(situation)),
        View.ELIGIBILITY,
    )


def _unclear(situation: Situation, unclear: list[Criterion]) -> Words:
    findings = [situation.finding(criterion) for criterion in unclear]
    return _words(
        CardKind.MAY_QUALIFY,
        f"May qualify for CCM: {_names(findings)} could not be confirmed.",
        (*_steps(findings), *_kept(situation)),
        View.ELIGIBILITY,
    )


def _open_points(situation: Situation, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return what stands open beside the time; what is attested at signing is not open yet."""
    attestable = situation.judgement.to_attest
    found = [f for f in findings if f.answer is not _MET and f.criterion not in attestable]
    return ("Open points:", *_steps(found)) if found else ()


def _steps(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(
        f"{number}. **{_capital(_NAMES[f.criterion])}:** {plain(f'{f.reason} {f.remedy}')}"
        for number, f in enumerate(findings, 1)
    )


def _kept(situation: Situation) -> tuple[str, ...]:
    if not situation.kept:
        return ()
    return (f"As the chart was last read, not as sent now: {_listed(situation.kept)}.",)


def _words(
    kind: CardKind,
    summary: str,
    lines: tuple[str, ...],
    view: View,
    indicator: Indicator = Indicator.INFO,
) -> Words:
    return Words(
        kind=kind,
        summary=shortened(summary),
        detail="\n\n".join(lines),
        indicator=indicator,
        view=view,
    )


def _counted(lines: tuple[DecidedLine, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((line.code, line.units) for line in lines)


def _codes(codes: tuple[tuple[str, int], ...]) -> str:
    return _listed(code if units == 1 else f"{code} × {units}" for code, units in codes)


def _days_left(situation: Situation) -> str:
    left = (situation.month.last_day - situation.today).days
    if left <= 0:
        return "last day of the month"
    return f"{left} day{'' if left == 1 else 's'} left"


def _exactly(seconds: int) -> str:
    minutes, rest = divmod(seconds, _SECONDS_A_MINUTE)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _month(situation: Situation) -> str:
    return f"{situation.month.first_day:%B %Y}"


def _names(findings: Iterable[Finding]) -> str:
    return _listed(_NAMES[f.criterion] for f in findings)


def _listed(words: Iterable[str]) -> str:
    every = tuple(words)
    return "".join(every) if len(every) < 2 else f"{', '.join(every[:-1])} and {every[-1]}"  # noqa: PLR2004


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
