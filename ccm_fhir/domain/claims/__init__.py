"""Claims: drafts, what keeps one from being sent, and which may follow which."""

from ccm_fhir.domain.claims.diagnoses import MAX_DIAGNOSES, MAX_POINTERS, diagnoses_of
from ccm_fhir.domain.claims.draft import ClaimDraft, DraftRequest, draft_claim, holds_on
from ccm_fhir.domain.claims.duplicates import StandingClaim
from ccm_fhir.domain.claims.electronic import (
    GENDERS,
    billing_obstacles,
    electronic_obstacles,
    plain_zip,
)
from ccm_fhir.domain.claims.limits import last_filing_day
from ccm_fhir.domain.claims.lines import ClaimLine
from ccm_fhir.domain.claims.numbers import (
    CLAIM_NUMBER_LENGTH,
    claim_number,
    claim_number_of_line,
    line_number,
)
from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.claims.parties import (
    Address,
    BillingDetails,
    ClaimParties,
    PersonName,
    Subscriber,
)
from ccm_fhir.domain.claims.revisions import (
    Chain,
    ClaimRevision,
    Correction,
    Frequency,
    NextRevision,
    RelatedClaim,
    Standing,
)
from ccm_fhir.domain.claims.scrubber import ScrubFacts, scrub
from ccm_fhir.domain.claims.shape import shape_obstacles

__all__ = [
    "CLAIM_NUMBER_LENGTH",
    "GENDERS",
    "MAX_DIAGNOSES",
    "MAX_POINTERS",
    "Address",
    "BillingDetails",
    "Chain",
    "ClaimDraft",
    "ClaimLine",
    "ClaimParties",
    "ClaimRevision",
    "Correction",
    "DraftRequest",
    "Frequency",
    "NextRevision",
    "Obstacle",
    "PersonName",
    "RelatedClaim",
    "ScrubFacts",
    "Standing",
    "StandingClaim",
    "Subscriber",
    "billing_obstacles",
    "claim_number",
    "claim_number_of_line",
    "diagnoses_of",
    "draft_claim",
    "electronic_obstacles",
    "holds_on",
    "last_filing_day",
    "line_number",
    "plain_zip",
    "scrub",
    "shape_obstacles",
]
