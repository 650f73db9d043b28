"""The scrubber: everything that would get a claim denied, found before it is sent.

It looks at the draft as it will be sent and at what is known on that day, not at how it was
made: a draft that was right when it was signed may be wrong when it goes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.draft import holds_on
from ccm_fhir.domain.claims.duplicates import (
    StandingClaim,
    duplicates_in_ehr,
    duplicates_in_ledger,
)
from ccm_fhir.domain.claims.limits import limit_obstacles
from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.claims.parties import party_obstacles
from ccm_fhir.domain.claims.revisions import Frequency
from ccm_fhir.domain.claims.shape import shape_obstacles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ccm_fhir.domain.claims.draft import ClaimDraft
    from ccm_fhir.domain.facts import ClaimFact, CoverageFact
    from ccm_fhir.domain.rules import MonthRules

_LIVE = frozenset({"active", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubFacts:
    """What is known on the day a claim is to be sent.

    ``practitioner_refs`` are all billing practitioners who signed, attested or billed this
    patient-month; ``merged_into`` is the record that the EHR says took the patient's place.
    ``standing`` are the live claims of our ledger; ``own_identifiers`` (``system|value``) name
    those that the EHR may hold of ours.
    """

    rules: MonthRules
    filed_on: date
    coverages: tuple[CoverageFact, ...]
    claims_in_ehr: tuple[ClaimFact, ...] = ()
    own_identifiers: frozenset[str] = frozenset()
    standing: tuple[StandingClaim, ...] = ()
    practitioner_refs: frozenset[str] = frozenset()
    merged_into: str = ""


def scrub(draft: ClaimDraft, facts: ScrubFacts) -> tuple[Obstacle, ...]:
    """Return everything that keeps a draft from being sent, in a fixed order; empty is clean.

    A void says again what it takes back, however wrong that was: only who bills is asked of it.
    """
    if draft.frequency is Frequency.VOID:
        return party_obstacles(draft.parties)
    shape = shape_obstacles(draft, _families_needed(facts))
    if not draft.lines:
        return shape
    return (
        *_merged(facts),
        *shape,
        *_two_practitioners(draft, facts),
        *_wrong_form(draft, facts),
        *_not_covered(draft, facts),
        *limit_obstacles(draft, facts.rules, facts.filed_on),
        *duplicates_in_ledger(draft, facts.standing),
        *duplicates_in_ehr(draft, facts.claims_in_ehr, facts.own_identifiers, facts.rules),
    )


def _families_needed(facts: ScrubFacts) -> int:
    rule = facts.rules.eligibility
    return 0 if rule is None else rule.minimum_condition_families


def _merged(facts: ScrubFacts) -> Iterator[Obstacle]:
    if facts.merged_into:
        yield Obstacle(
            code="patient_merged",
            owner="biller",
            fix="The EHR has merged this patient into another record. Open the other record, see "
            "whether its month is claimed already, and sign the month there.",
        )


def _two_practitioners(draft: ClaimDraft, facts: ScrubFacts) -> Iterator[Obstacle]:
    signer = draft.parties.practitioner_ref
    if len(facts.practitioner_refs | ({signer} if signer else set())) > 1:
        yield Obstacle(
            code="two_billing_practitioners",
            owner="practitioner",
            fix="Another billing practitioner signed, attested or billed this month too; one only "
            "may report it. Agree who does, and have the other withdraw.",
        )


def _wrong_form(draft: ClaimDraft, facts: ScrubFacts) -> Iterator[Obstacle]:
    rule = facts.rules.claim
    if rule is not None and draft.parties.setting in rule.institutional_settings:
        yield Obstacle(
            code="institutional_claim_needed",
            owner="biller",
            fix="A rural health clinic or health center bills on an institutional claim (837I or "
            "UB-04), which this product does not write; key the month in from the superbill.",
        )


def _not_covered(draft: ClaimDraft, facts: ScrubFacts) -> Iterator[Obstacle]:
    named = [c for c in facts.coverages if str(c.ref) == draft.coverage_ref]
    live = [c for c in named if c.status in _LIVE and c.kind is draft.coverage_kind]
    if not live:
        yield Obstacle(
            code="coverage_gone",
            owner="biller",
            fix="The Coverage that the claim names is no longer in the EHR as active Medicare "
            "cover. Check eligibility with the payer, and read the chart again.",
        )
    elif holds_on(live[0], draft.serviced_on) is not True:
        yield _not_on_the_day(live[0])
    elif _ends_in_month(live[0], draft) and not _goes_on(live[0], facts):
        yield Obstacle(
            code="coverage_ended_in_month",
            owner="biller",
            fix="The Coverage ended within the month, after the date of service. Ask the payer on "
            "which day it ended, and whether another began, before sending.",
            evidence=(live[0].ref,),
        )


def _not_on_the_day(coverage: CoverageFact) -> Obstacle:
    return Obstacle(
        code="not_covered_on_date_of_service",
        owner="biller",
        fix="Medicare cover on the date of service is not shown. Check eligibility with the payer "
        "and correct the Coverage in the EHR.",
        evidence=(coverage.ref,),
    )


def _ends_in_month(coverage: CoverageFact, draft: ClaimDraft) -> bool:
    return coverage.ends_on is not None and coverage.ends_on.earliest < draft.month.last_day


def _goes_on(ended: CoverageFact, facts: ScrubFacts) -> bool:
    """Whether another active Coverage of the kind holds on the month's last day."""
    return any(
        c.ref != ended.ref
        and c.kind is ended.kind
        and c.status in _LIVE
        and holds_on(c, facts.rules.month.last_day) is True
        for c in facts.coverages
    )
