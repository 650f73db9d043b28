"""The facts that eligibility and billing rest on."""

from __future__ import annotations

from datetime import datetime

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts.base import Coding, EvidenceRef, Fact


class NameFact(Fact, frozen=True, kw_only=True):
    """A name in its parts, as a payer wants it; ``given`` are all given names in order."""

    family: str = ""
    given: tuple[str, ...] = ()
    suffix: str = ""


class AddressFact(Fact, frozen=True, kw_only=True):
    """A postal address as the EHR spells it; ``lines`` are those of its street."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""


class PatientFact(Fact, frozen=True, kw_only=True):
    """Who the patient is; two identifiers at least are needed for the banner.

    ``replaced_by`` is the record (``Patient/2``) into which the EHR has merged this one.
    ``legal_name`` and ``address`` are for claim files; None too where the chart was read before
    this app asked for them.
    """

    ref: EvidenceRef
    name: str = ""
    birth_date: PartialDate | None = None
    gender: str = ""
    mrn: str = ""
    mbi: str = ""
    language: str = ""
    is_deceased: bool = False
    died_on: PartialDate | None = None
    replaced_by: str = ""
    legal_name: NameFact | None = None
    address: AddressFact | None = None


class ConditionFact(Fact, frozen=True, kw_only=True):
    """A Condition: its codings and the statuses that decide whether it counts."""

    ref: EvidenceRef
    codings: tuple[Coding, ...] = ()
    text: str = ""
    clinical_status: str | None = None
    verification_status: str | None = None
    categories: tuple[str, ...] = ()
    onset: PartialDate | None = None
    abatement: PartialDate | None = None
    has_abatement: bool = False
    recorded: PartialDate | None = None
    has_modifier: bool = False


class CoverageFact(Fact, frozen=True, kw_only=True):
    """A Coverage read for what it says about Medicare."""

    ref: EvidenceRef
    kind: CoverageKind
    status: str = ""
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    payor: str = ""


class ConsentFact(Fact, frozen=True, kw_only=True):
    """A consent to care management: when given, when ended, and which statements it records.

    It may have been read from a Consent, a QuestionnaireResponse or a DocumentReference (``ref``
    says which), or have been recorded in this product. ``mode`` is ``verbal``, ``written`` or
    empty where it is not told.
    """

    ref: EvidenceRef
    status: str = ""
    is_for_ccm: bool = False
    given_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    organization: str = ""
    statements: tuple[str, ...] = ()
    is_refused: bool = False
    mode: str = ""
    language: str = ""
    recorded_here: bool = False


class EncounterFact(Fact, frozen=True, kw_only=True):
    """An Encounter: class, type codings, period and who took part."""

    ref: EvidenceRef
    status: str = ""
    class_code: str = ""
    types: tuple[Coding, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    practitioners: tuple[str, ...] = ()
    organization: str = ""


class ProcedureFact(Fact, frozen=True, kw_only=True):
    """A Procedure, read so that time already in the EHR is seen."""

    ref: EvidenceRef
    status: str = ""
    codings: tuple[Coding, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    identifiers: tuple[str, ...] = ()


class ClaimFact(Fact, frozen=True, kw_only=True):
    """A Claim or ExplanationOfBenefit in the EHR: its codes and dates, and who provided.

    ``identifiers`` are those of a Claim; of an ExplanationOfBenefit also the names of the Claim
    that it explains.
    """

    ref: EvidenceRef
    status: str = ""
    use: str = ""
    codes: tuple[str, ...] = ()
    serviced_on: PartialDate | None = None
    provider: str = ""
    identifiers: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every name by which it may be known to be ours."""
        return frozenset({*self.identifiers, str(self.ref)})
