"""From a fhirUser's specialty to what the person may do here.

The first roles come from the NUCC taxonomy on the PractitionerRole; a person whose taxonomy
says nothing here gets no role until an administrator gives one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.codes import EligibleProfession, PerformerKind, Role

_PROFESSIONS = (
    ("207", EligibleProfession.PHYSICIAN),
    ("208", EligibleProfession.PHYSICIAN),
    ("363L", EligibleProfession.NP),
    ("363A", EligibleProfession.PA),
    ("364S", EligibleProfession.CNS),
    ("367A", EligibleProfession.CNM),
)
_CARE_TEAM = ("163W", "164W", "164X", "171M")
_BILLING_STAFF = ("246Y",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a taxonomy code makes of a person; ``role`` is None where it says nothing."""

    role: Role | None
    taxonomy: str = ""
    profession: EligibleProfession | None = None


def standing_of(taxonomy: tuple[str, ...]) -> Standing:
    """Return the standing of the first code that gives one; practitioners before others."""
    for code in taxonomy:
        for prefix, profession in _PROFESSIONS:
            if code.startswith(prefix):
                return Standing(role=Role.PRACTITIONER, taxonomy=code, profession=profession)
    for prefixes, role in ((_CARE_TEAM, Role.CARE_MANAGER), (_BILLING_STAFF, Role.BILLER)):
        for code in taxonomy:
            if code.startswith(prefixes):
                return Standing(role=role, taxonomy=code)
    return Standing(role=None, taxonomy=next(iter(taxonomy), ""))


def performer_kind(role: Role) -> PerformerKind:
    """Return whose minutes a person's are, by role."""
    if role is Role.PRACTITIONER:
        return PerformerKind.BILLING_PRACTITIONER
    if role is Role.CARE_MANAGER:
        return PerformerKind.CLINICAL_STAFF
    return PerformerKind.NONCLINICAL_STAFF
