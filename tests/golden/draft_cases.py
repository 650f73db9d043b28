"""Signed months that become a claim, and those that do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import msgspec

from ccm_fhir.domain.claims import (
    DraftRequest,
    Frequency,
    RelatedClaim,
)
from ccm_fhir.domain.codes import SNOMED, FamilyChoice
from ccm_fhir.domain.consents import ConsentDecision, ConsentMode, RecordedConsent, consent_facts
from ccm_fhir.domain.facts import ChartFacts, Coding, EvidenceRef
from ccm_fhir.domain.plans.versions import AdoptedPlan, with_adopted
from tests import builders
from tests.builders import NEW_YORK, NOVEMBER, coverage, icd, on, work
from tests.claims import PARTIES
from tests.domain.plan_parts import whole_plan

CHARGES = {"99490": Decimal("90.00"), "99439": Decimal("70.50")}
EARLIER = RelatedClaim(identifier="earlier", claim_ref="Claim/1", payer_control_number="P1")


def request(facts: ChartFacts | None = None, minutes: int = 22, **changes: object) -> DraftRequest:
    """Return what a claim of the complete chart is drafted from."""
    facts = facts or builders.chart()
    made = DraftRequest(
        decision=builders.decision(work(minutes * 60), facts=facts),
        eligibility=builders.eligibility(facts),
        parties=PARTIES,
        charges=CHARGES,
        revision=1,
        coverages=facts.coverages,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def _without(evidence: str) -> DraftRequest:
    asked = request()
    eligibility = replace(asked.eligibility, **{evidence: None})  # type: ignore[arg-type]
    return replace(asked, eligibility=eligibility)


def _complex() -> DraftRequest:
    asked = request(minutes=62)
    choice = msgspec.structs.replace(asked.decision.choice, family=FamilyChoice.COMPLEX_IF_MET)
    return replace(asked, decision=msgspec.structs.replace(asked.decision, choice=choice))


def _late(*coverages: object) -> DraftRequest:
    """Return a month whose time was reached on the eighteenth."""
    facts = builders.chart(coverages=coverages)
    late = work(25 * 60, datetime(2026, 11, 18, 9, 0, tzinfo=NEW_YORK))
    return request(facts, decision=builders.decision(late, facts=facts))


_CONSENT = RecordedConsent(
    id="r1",
    decision=ConsentDecision.GIVEN,
    decided_on=date(2026, 9, 1),
    statements=builders.ALL_TOLD,
    mode=ConsentMode.VERBAL,
    language="en",
)
_PLAN = AdoptedPlan(id="v1", number=1, adopted_on=date(2026, 9, 1), plan=whole_plan())
_IN_SNOMED = builders.chart(
    conditions=(icd("", codings=(Coding(system=SNOMED, code="44054006"),)), icd("I10", 2))
)
_FIRST = coverage(ref=EvidenceRef("Coverage", "a"), ends_on=on("2026-11-15"))
NEXT = coverage(ref=EvidenceRef("Coverage", "b"), starts_on=on("2026-11-16"))

REQUESTS: dict[str, DraftRequest] = {
    "nothing in the way": request(),
    "sixty-five minutes": request(minutes=65),
    "a replacement": request(revision=2, frequency=Frequency.REPLACEMENT, related=EARLIER),
    "a consent and a plan that the practice alone keeps": request(
        with_adopted(
            builders.chart(
                consents=consent_facts([_CONSENT], builders.ORGANIZATION), care_plans=()
            ),
            (_PLAN,),
            NOVEMBER,
        )
    ),
    "a Coverage without a first day": request(
        builders.chart(coverages=(coverage(starts_on=None),))
    ),
    "a Coverage that ended before the day, and one that follows it": _late(_FIRST, NEXT),
    "a Coverage that ended, and one that was cancelled": _late(
        _FIRST, msgspec.structs.replace(NEXT, status="cancelled")
    ),
    "a Coverage that ended, and one of no status": _late(
        _FIRST, msgspec.structs.replace(NEXT, status="")
    ),
    "a Coverage that ended, and one that a claim alone shows": _late(
        _FIRST, msgspec.structs.replace(NEXT, ref=EvidenceRef("Claim", "b"))
    ),
    "a Coverage that ended, and no other (refused when it is sent)": request(
        eligibility=replace(builders.eligibility(), coverage=coverage(ends_on=on("2026-11-05"))),
        coverages=(),
    ),
    "nineteen minutes": request(minutes=19),
    "nobody has a number, nothing has a charge": request(
        parties=replace(PARTIES, practice_npi="", practitioner_npi=""), charges={}
    ),
    "a charge of nothing": request(charges={"99490": Decimal(0)}),
    "the time of complex care, and no word of the practitioner": _complex(),
    "a disease that only SNOMED names": request(_IN_SNOMED),
    "a Coverage that another claim alone shows": request(
        builders.chart(coverages=(coverage(ref=EvidenceRef("Claim", "theirs")),))
    ),
    "no Coverage": _without("coverage"),
    "no consent": _without("consent"),
    "no plan": _without("care_plan"),
}
