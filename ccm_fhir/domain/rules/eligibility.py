"""What CCM asks of a patient, a practice and a practitioner, by date."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import CoverageKind, EligibleProfession
from ccm_fhir.domain.rules.sources import Citation, Cited, InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityRule(InForce):
    """One version of what CCM asks before a month may be reported.

    ``consent_modes`` are the ways of consenting that suffice when consent is given on a day
    of this version. ``initiating_visit_for_all``: every patient needs the visit, not only
    those new or not seen within the year.
    """

    version: str
    minimum_condition_families: int
    initiating_visit_codes: frozenset[str]
    initiating_visit_within_days: int
    initiating_visit_for_all: bool
    consent_modes: frozenset[str]
    required_consent_statements: tuple[str, ...]
    coverage_kinds: frozenset[CoverageKind]
    professions: frozenset[EligibleProfession]
    citations: tuple[Citation, ...]
    cited: tuple[Cited, ...] = ()
    not_modelled: tuple[str, ...] = ()

    def statement(self, what: str) -> Cited | None:
        """Return the sources of one of this version's statements."""
        return next((c for c in self.cited if c.what == what), None)
