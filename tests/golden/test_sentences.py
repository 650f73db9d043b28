"""Every sentence that the judgement of a chart can say, and how often it says it of one cohort.

A reader checks the sentences; the counts notice what a change moves that no sentence shows.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ccm_fhir.domain.eligibility import Eligibility, assess, next_steps, risk_evidence
from tests.golden.cohort import cohort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.domain.eligibility import Question

SIZE = 1500
SEED = 20261123
WIDTH = 5


def test_the_sentences_of_eligibility_are_as_they_were_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    said: Counter[tuple[str, ...]] = Counter()
    for question in cohort(SIZE, SEED):
        found = assess(question)
        said.update(_findings(found))
        said.update(_picture(found))
        said.update(_steps(found))
        said.update(_conditions(found))
        said.update(_risk(question, found))

    matches_golden_text("sentences", _text(said))


def _text(said: Counter[tuple[str, ...]]) -> str:
    lines = [
        f"# {SIZE} invented charts, each near the complete one. Before each entry: how many charts."
    ]
    heading = ""
    for entry, count in sorted(said.items()):
        if entry[0] != heading:
            heading = entry[0]
            lines += ["", f"== {heading}"]
        first, *rest = (part for part in entry[1:] if part)
        lines += [f"{count:>{WIDTH}}  {first}", *(f"{' ' * WIDTH}    {part}" for part in rest)]
    return "\n".join(lines) + "\n"


def _findings(found: Eligibility) -> Iterator[tuple[str, ...]]:
    for finding in found.findings:
        marks = [
            f"who: {finding.owner.value}" if finding.owner else "",
            f"cautions: {' '.join(c.value for c in finding.cautions)}" if finding.cautions else "",
            f"missing: {' '.join(finding.missing)}" if finding.missing else "",
            "may be attested" if finding.is_attestable else "",
            "not read" if finding.is_unread else "",
            f"resources: {len(finding.evidence)}" if finding.evidence else "",
        ]
        yield (
            f"criterion {finding.criterion.value}",
            f"{finding.answer.value} {finding.code}: {finding.reason}",
            finding.remedy,
            *finding.notes,
            "; ".join(mark for mark in marks if mark),
        )


def _picture(found: Eligibility) -> Iterator[tuple[str, ...]]:
    picture = found.picture
    for seen in picture.elements:
        yield (
            f"care plan, {seen.element.value}",
            f"{seen.state.value}: {seen.reason}",
            seen.remedy,
            f"resources: {len(seen.evidence)}{' by words' if seen.is_by_words else ''}",
        )
    for gap in picture.gaps:
        certain = "certain" if gap.is_certain else "not certain"
        yield (
            "care plan, gaps",
            f"{gap.kind.value}: {gap.reason}",
            f"{certain}; resources: {len(gap.evidence)}",
        )
    yield (
        "care plan, copy",
        f"{picture.copy_given.state.value}: {picture.copy_given.reason}",
        f"resources: {len(picture.copy_given.evidence)}",
    )
    yield (
        "care plan, as a whole",
        f"{len(picture.plans)} plans, {picture.present} present, {len(picture.lacking())} lacking",
        f"established {picture.established_on}, saved {picture.saved_on}",
        f"progressed {picture.progressed_on}; not read: {' '.join(picture.unread)}",
    )


def _steps(found: Eligibility) -> Iterator[tuple[str, ...]]:
    steps = next_steps(found.findings, found.picture)
    for place, step in enumerate(steps, start=1):
        yield (
            "next steps",
            step.what,
            step.how,
            step.why_now,
            f"who: {step.who.value}, settles: {step.criterion}, resources: {len(step.evidence)}",
        )
        yield ("next steps, in their order", f"{place} of {len(steps)}: {step.what}")


def _conditions(found: Eligibility) -> Iterator[tuple[str, ...]]:
    for verdict in found.verdicts:
        yield (
            "conditions",
            f"{verdict.chronic.value} {verdict.family}: {verdict.why}",
            f"{verdict.icd10cm} {verdict.tier} {verdict.ccw}",
            f"possible {' '.join(verdict.possible)}; billable {verdict.is_billable}",
            f"stale {verdict.is_stale} {verdict.display}",
        )
    for family in found.families:
        weak = " (weak)" if family.is_weak else ""
        yield ("families", f"{family.label} {family.icd10cm} {family.tier}{weak}", family.ccw)
    for stay in found.stays:
        exact = "exactly" if stay.is_exact else "at most"
        yield ("stays", f"{stay.kind.value} {stay.first_day} to {stay.last_day} {exact}")
    yield (
        "what the claim goes on to use",
        f"coverage {found.coverage and found.coverage.ref}",
        f"consent {found.consent and found.consent.ref}, refusals {len(found.refusals)}",
        f"plan {found.care_plan and found.care_plan.ref}",
    )


def _risk(question: Question, found: Eligibility) -> Iterator[tuple[str, ...]]:
    told = risk_evidence(question.chart, found.families, question.month, question.month_rules)
    for sign in told.signs:
        yield (
            f"risk, {sign.key}",
            f"{sign.title}: {sign.reason}",
            f"present: {sign.is_present}, count: {sign.count}, resources: {len(sign.evidence)}",
        )
    yield ("risk, as a whole", f"{told.present} present, {told.untold} untold")
