"""The claim that a signature would make, and everything that would get it denied.

The patient page, the month's close and the signature itself ask here, so that what keeps a month
back when it is signed was to be seen before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from ccm_fhir.domain.claims import (
    ClaimDraft,
    ClaimParties,
    DraftRequest,
    NextRevision,
    Obstacle,
    ScrubFacts,
    StandingClaim,
    draft_claim,
    scrub,
)
from ccm_fhir.domain.codes import MdmAnswer
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.services.claim_chains import Coming
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAhead:
    """What a patient-month's claim rests on beside the decision.

    ``own_names`` are those of our claims of this patient-month in the EHR; ``coming`` says which
    revision it would be; ``practitioner_refs`` are all billing practitioners who attested something
    of it, which nobody has signed yet; ``filed_on`` is today on the practice's clock.
    """

    parties: ClaimParties
    charges: Mapping[str, Decimal]
    chart: ChartFacts = field(repr=False)
    own_names: frozenset[str]
    coming: Coming
    practitioner_refs: frozenset[str]
    filed_on: date


def draft_ahead(
    world: Installation, ahead: ClaimAhead, decided: Judgement
) -> ClaimDraft | tuple[Obstacle, ...]:
    """Return the draft that would be signed, or everything that keeps it from being sent.

    What keeps it from being drafted at all is told first, and alone.
    """
    coming = ahead.coming.claim
    if not isinstance(coming, NextRevision):
        return coming
    draft = draft_claim(
        DraftRequest(
            decision=decided.decision,
            eligibility=decided.eligibility,
            parties=ahead.parties,
            charges=ahead.charges,
            revision=coming.revision,
            coverages=ahead.chart.coverages,
            frequency=coming.frequency,
            related=coming.related,
        )
    )
    if not isinstance(draft, ClaimDraft):
        return draft
    return scrub(draft, _known(world, ahead, draft)) or draft


def attesting(
    user_ids: Iterable[str], mdm: MdmAttestationRecord | None, decision: Decision
) -> frozenset[str]:
    """Return who stands behind a month with a statement of their own, by user id.

    Args:
        user_ids: whose statements about the month are on record.
        mdm: the answer on decision making that holds. One that declines complex care, or that
            the month's time does not ask for, takes nobody's part.
        decision: of the month.
    """
    care = decision.complex_care
    if mdm is None or mdm.answer is MdmAnswer.NOT_MET or care is None or not care.is_time_met:
        return frozenset(user_ids)
    return frozenset({*user_ids, mdm.user_id})


def own_names_of(
    world: Installation, ours: Iterable[ClaimRecord], ways: Iterable[DeliveryRecord]
) -> frozenset[str]:
    """Return the names by which the EHR knows claims of ours: identifiers, and its own."""
    system = world.identifier_system("claim")
    claims = {one.id: f"{system}|{one.identifier}" for one in ours}
    there = (one.remote_ref for one in ways if one.artefact_id in claims and one.remote_ref)
    return frozenset({*claims.values(), *there})


def known_by(
    world: Installation,
    month: ServiceMonth,
    chart: ChartFacts,
    own_names: frozenset[str],
    filed_on: date,
) -> ScrubFacts:
    """Return what law and chart say on the day of filing; ``own_names`` are of our claims there.

    Raises:
        RuleError: no rules are loaded for the month.
    """
    return ScrubFacts(
        rules=world.rulebook.of_month(month),
        filed_on=filed_on,
        coverages=chart.coverages,
        claims_in_ehr=chart.claims,
        own_identifiers=own_names,
        merged_into=chart.patient.replaced_by,
    )


def _known(world: Installation, ahead: ClaimAhead, draft: ClaimDraft) -> ScrubFacts:
    return replace(
        known_by(world, draft.month, ahead.chart, ahead.own_names, ahead.filed_on),
        standing=_standing(ahead, draft),
        practitioner_refs=ahead.practitioner_refs,
    )


def _standing(ahead: ClaimAhead, draft: ClaimDraft) -> tuple[StandingClaim, ...]:
    """Return our claims of this month that stand with the payer."""
    return tuple(
        StandingClaim(
            identifier=identifier,
            patient_ref=ahead.parties.patient_ref,
            month=draft.month,
            programme=draft.programme,
        )
        for identifier in sorted(ahead.coming.live)
    )
