"""Claim drafts: what a signed patient-month becomes, before it is put into FHIR's or X12's shape.

The same inputs give the same draft, and the same draft the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.diagnoses import diagnoses_of
from ccm_fhir.domain.claims.lines import ClaimLine, charge_obstacles, line_of, total_of
from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.claims.parties import ClaimParties, party_obstacles
from ccm_fhir.domain.claims.revisions import Frequency, RelatedClaim
from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.findings import Answer, Criterion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.decision import Decision
    from ccm_fhir.domain.eligibility import Eligibility
    from ccm_fhir.domain.facts import CarePlanFact, ConsentFact, CoverageFact

_COVERAGE = "Coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDraft:
    """A claim ready to be put into FHIR; the same inputs give the same draft.

    Where consent was recorded here, and the EHR has no resource to point to, ``consent_ref`` is
    empty and ``consent_words`` says when and how it was given. ``frequency`` and ``related`` say
    which earlier claim of the chain it replaces or voids, if any.
    """

    programme: Programme
    month: ServiceMonth
    revision: int
    parties: ClaimParties
    coverage_ref: str
    diagnoses: tuple[str, ...] = field(repr=False)
    lines: tuple[ClaimLine, ...]
    counted_seconds: int
    consent_ref: str
    care_plan_ref: str
    consent_words: str = ""
    care_plan_words: str = ""
    coverage_kind: CoverageKind = CoverageKind.MEDICARE_PART_B
    frequency: Frequency = Frequency.ORIGINAL
    related: RelatedClaim | None = None

    @property
    def total_usd(self) -> Decimal:
        """The sum of the lines' charges."""
        return total_of(self.lines)

    @property
    def serviced_on(self) -> date:
        """The date of service; the latest, should the lines ever differ."""
        return max(line.serviced_on for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a draft is made from.

    ``coverages`` are those of the chart: where several follow one another through the month, the
    one that holds on the date of service is claimed upon.
    """

    decision: Decision
    eligibility: Eligibility
    parties: ClaimParties
    charges: Mapping[str, Decimal]
    revision: int
    coverages: tuple[CoverageFact, ...] = ()
    frequency: Frequency = Frequency.ORIGINAL
    related: RelatedClaim | None = None


def draft_claim(request: DraftRequest) -> ClaimDraft | tuple[Obstacle, ...]:
    """Return the draft, or everything that stands in its way, each with an owner."""
    obstacles = _obstacles(request)
    evidence = _evidence(request)
    serviced_on = request.decision.date_of_service
    if obstacles or evidence is None or serviced_on is None:
        return obstacles or (
            Obstacle(
                code="evidence_missing",
                owner="biller",
                fix="The chart does not show the Coverage, the consent or the care plan that a "
                "claim of this month rests on; read it again.",
            ),
        )
    coverage, consent, care_plan = evidence
    held = _holding(request.coverages, coverage, serviced_on)
    diagnoses = diagnoses_of(request.eligibility.families)
    return ClaimDraft(
        programme=Programme.CCM,
        month=request.decision.month,
        revision=request.revision,
        parties=request.parties,
        coverage_ref=str(held.ref),
        coverage_kind=held.kind,
        diagnoses=diagnoses,
        lines=tuple(
            line_of(line, serviced_on, request.charges[line.code], diagnoses)
            for line in request.decision.lines
        ),
        counted_seconds=request.decision.counted_seconds,
        consent_ref="" if consent.recorded_here else str(consent.ref),
        consent_words=_consent_in_words(consent),
        care_plan_ref="" if care_plan.recorded_here else str(care_plan.ref),
        care_plan_words=_care_plan_in_words(care_plan),
        frequency=request.frequency,
        related=request.related,
    )


def holds_on(coverage: CoverageFact, day: date) -> bool | None:
    """Whether a Coverage's period holds a day; None where its dates are too coarse to tell."""
    starts, ends = coverage.starts_on, coverage.ends_on
    begun = True if starts is None else starts.is_on_or_before(day)
    if begun is False or (ends is not None and ends.latest < day):
        return False
    return None if begun is None or (ends is not None and ends.earliest < day) else True


def _holding(coverages: tuple[CoverageFact, ...], judged: CoverageFact, day: date) -> CoverageFact:
    """Return the judged Coverage, or another of its kind where that alone holds on the day."""
    if holds_on(judged, day):
        return judged
    same = (c for c in coverages if c.kind is judged.kind and c.ref.resource_type == _COVERAGE)
    return next((c for c in same if c.status in {"active", ""} and holds_on(c, day)), judged)


def _evidence(request: DraftRequest) -> tuple[CoverageFact, ConsentFact, CarePlanFact] | None:
    found = request.eligibility
    if found.coverage is None or found.consent is None or found.care_plan is None:
        return None
    return found.coverage, found.consent, found.care_plan


def _care_plan_in_words(care_plan: CarePlanFact) -> str:
    """Return what stands for a plan that the EHR has no resource of."""
    if not care_plan.recorded_here:
        return ""
    return f"Plan of {care_plan.established_on}, adopted and kept by the practice"


def _consent_in_words(consent: ConsentFact) -> str:
    """Return what stands for a consent that the EHR has no resource of."""
    if not consent.recorded_here:
        return ""
    return f"Given on {consent.given_on} ({consent.mode}), recorded by the practice"


def _obstacles(request: DraftRequest) -> tuple[Obstacle, ...]:
    return (
        *_nothing_to_report(request.decision),
        *party_obstacles(request.parties),
        *charge_obstacles(request.decision.lines, request.charges),
        *_mdm_open(request.decision),
        *_uncoded(request.eligibility),
        *_coverage_elsewhere(request.eligibility.coverage),
    )


def _nothing_to_report(decision: Decision) -> tuple[Obstacle, ...]:
    if decision.lines:
        return ()
    return (
        Obstacle(
            code="nothing_to_report",
            owner="care_manager",
            fix="No code can be reported for this month; its page says what is missing, and who "
            "can mend it.",
        ),
    )


def _mdm_open(decision: Decision) -> tuple[Obstacle, ...]:
    if not decision.is_mdm_awaited:
        return ()
    return (
        Obstacle(
            code="medical_decision_making_open",
            owner="practitioner",
            fix="The time of complex care is met: attest moderate or high medical decision "
            "making, or report the non-complex codes.",
        ),
    )


def _uncoded(eligibility: Eligibility) -> tuple[Obstacle, ...]:
    families = eligibility.finding(Criterion.TWO_CHRONIC_CONDITIONS)
    coded = diagnoses_of(eligibility.families)
    if families.answer is not Answer.MET or len(coded) >= len(eligibility.families[:2]):
        return ()
    return (
        Obstacle(
            code="diagnosis_without_icd10cm",
            owner="practitioner",
            fix="Code the chronic conditions in the EHR with ICD-10-CM; claims need it.",
        ),
    )


def _coverage_elsewhere(coverage: CoverageFact | None) -> tuple[Obstacle, ...]:
    if coverage is None or coverage.ref.resource_type == _COVERAGE:
        return ()
    return (
        Obstacle(
            code="coverage_not_on_record",
            owner="biller",
            fix="Another claim alone shows the Coverage; record it in the EHR by itself.",
        ),
    )
