"""Claim drafts: what a signed patient-month becomes, before it is put into FHIR's shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.npi import is_valid_npi

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ccm_fhir.domain.conditions import ChronicFamily
    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.decision import Decision
    from ccm_fhir.domain.eligibility import Eligibility
    from ccm_fhir.domain.facts import ConsentFact

MAX_DIAGNOSES = 12
MAX_POINTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that keeps a claim from being drafted, who can mend it and how."""

    code: str
    owner: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimParties:
    """Who bills, who rendered, and where; references are FHIR's ``Type/id``."""

    patient_ref: str = field(repr=False)
    practice_ref: str
    practice_npi: str
    practitioner_ref: str
    practitioner_npi: str
    practitioner_taxonomy: str
    place_of_service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One service line; ``pointers`` are 1-based positions in the draft's diagnoses."""

    code: str
    units: int
    unit_charge_usd: Decimal
    serviced_on: date
    pointers: tuple[int, ...]

    @property
    def charge_usd(self) -> Decimal:
        """Units times the charge of one."""
        return self.units * self.unit_charge_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDraft:
    """A claim ready to be put into FHIR; the same inputs give the same draft.

    Where consent was recorded here, and the EHR has no resource to point to, ``consent_ref`` is
    empty and ``consent_words`` says when and how it was given.
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

    @property
    def total_usd(self) -> Decimal:
        """The sum of the lines' charges."""
        return sum((line.charge_usd for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a draft is made from."""

    decision: Decision
    eligibility: Eligibility
    parties: ClaimParties
    charges: Mapping[str, Decimal]
    revision: int


def draft_claim(request: DraftRequest) -> ClaimDraft | tuple[Obstacle, ...]:
    """Return the draft, or everything that stands in its way, each with an owner."""
    obstacles = _obstacles(request)
    coverage, consent = request.eligibility.coverage, request.eligibility.consent
    care_plan = request.eligibility.care_plan
    serviced_on = request.decision.date_of_service
    if obstacles or coverage is None or consent is None or care_plan is None or serviced_on is None:
        return obstacles or (
            Obstacle(code="evidence_missing", owner="biller", fix="Read the chart again."),
        )
    diagnoses = diagnoses_of(request.eligibility.families)
    pointers = tuple(range(1, min(len(diagnoses), MAX_POINTERS) + 1))
    return ClaimDraft(
        programme=Programme.CCM,
        month=request.decision.month,
        revision=request.revision,
        parties=request.parties,
        coverage_ref=str(coverage.ref),
        diagnoses=diagnoses,
        lines=tuple(
            ClaimLine(
                code=line.code,
                units=line.units,
                unit_charge_usd=request.charges[line.code],
                serviced_on=serviced_on,
                pointers=pointers,
            )
            for line in request.decision.lines
        ),
        counted_seconds=request.decision.counted_seconds,
        consent_ref="" if consent.recorded_here else str(consent.ref),
        consent_words=_consent_in_words(consent),
        care_plan_ref=str(care_plan.ref),
    )


def _consent_in_words(consent: ConsentFact) -> str:
    """Return what stands for a consent that the EHR has no resource of."""
    if not consent.recorded_here:
        return ""
    return f"Given on {consent.given_on} ({consent.mode}), recorded by the practice"


def diagnoses_of(families: tuple[ChronicFamily, ...]) -> tuple[str, ...]:
    """Return one ICD-10-CM code a disease, at most twelve, in the chart's order."""
    return tuple(f.icd10cm for f in families if f.icd10cm)[:MAX_DIAGNOSES]


def _obstacles(request: DraftRequest) -> tuple[Obstacle, ...]:
    found: list[Obstacle] = []
    if not request.decision.lines:
        found.append(
            Obstacle(code="nothing_to_report", owner="care_manager", fix="See the reasons.")
        )
    parties = request.parties
    if not is_valid_npi(parties.practitioner_npi):
        found.append(
            Obstacle(
                code="practitioner_npi_missing",
                owner="admin",
                fix="Record the billing practitioner's NPI; its check digit must hold.",
            )
        )
    if not is_valid_npi(parties.practice_npi):
        found.append(
            Obstacle(code="practice_npi_missing", owner="admin", fix="Record the practice's NPI.")
        )
    found.extend(
        Obstacle(
            code=f"charge_missing_{line.code}",
            owner="admin",
            fix=f"Enter the practice's charge for {line.code}.",
        )
        for line in request.decision.lines
        if line.code not in request.charges
    )
    if request.decision.is_mdm_awaited:
        found.append(
            Obstacle(
                code="medical_decision_making_open",
                owner="practitioner",
                fix="The time of complex care is met: attest moderate or high medical decision "
                "making, or report the non-complex codes.",
            )
        )
    families = request.eligibility.finding(Criterion.TWO_CHRONIC_CONDITIONS)
    coded = diagnoses_of(request.eligibility.families)
    if families.answer is Answer.MET and len(coded) < len(request.eligibility.families[:2]):
        found.append(
            Obstacle(
                code="diagnosis_without_icd10cm",
                owner="practitioner",
                fix="Code the chronic conditions in the EHR with ICD-10-CM; claims need it.",
            )
        )
    coverage = request.eligibility.coverage
    if coverage is not None and coverage.ref.resource_type != "Coverage":
        found.append(
            Obstacle(
                code="coverage_not_on_record",
                owner="biller",
                fix="Another claim alone shows the Coverage; record it in the EHR by itself.",
            )
        )
    return tuple(found)
