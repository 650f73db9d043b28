"""What the loaded tables say of a code: chronic or not, which disease, and who names it.

The tables come from ``terminology``; the families are this project's own clinical judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_CATEGORY = 3  # an ICD-10-CM code is a category of three characters and up to four of detail


class Chronic(StrEnum):
    """Chronic, not, or a person must look."""

    CHRONIC = "chronic"
    NOT_CHRONIC = "not_chronic"
    REVIEW = "review"


class Tier(StrEnum):
    """Who calls a disease chronic: CMS by name, CMS's data warehouse, or AHRQ's indicator alone.

    CMS's examples say "including, but not limited to", so the tier is confidence, no verdict.
    """

    CMS_NAMED = "cms_named"
    CCW = "ccw"
    CCIR = "ccir"


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What the tables say of one code; a code that is not chronic has no family and no tier.

    ``ccw`` is the name under which CMS's Chronic Conditions Warehouse counts it; empty for none.
    """

    chronic: Chronic
    family: str
    tier: Tier | None = None
    ccw: str = ""
    is_billable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyName:
    """A family as a clinician says it, and what CMS calls it; empty where CMS does not."""

    label: str
    cms: str = ""
    ccw: str = ""

    @property
    def tier(self) -> Tier:
        """Who else than AHRQ's indicator names it."""
        if self.cms:
            return Tier.CMS_NAMED
        return Tier.CCW if self.ccw else Tier.CCIR


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """Where a table comes from: publisher, edition, status or licence, and what it is used for."""

    name: str
    version: str
    terms: str
    used_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """What the site's own terminology server says of a SNOMED CT concept.

    Either the ICD-10-CM code that it translates to, or the family under whose root it falls.
    """

    icd10cm: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicTable:
    """The tables of one installation, keyed by normalised code.

    ``implied`` maps an ICD-10-CM prefix to families that a combination code speaks of but does
    not count for. ``names`` maps a disease's name in small letters to its family: a suggestion
    where there is no code. ``site_answers`` holds one chart's SNOMED CT concepts that the site's
    terminology server placed.
    """

    version: str
    icd10cm: Mapping[str, CodeMeaning]
    icd9cm: Mapping[str, CodeMeaning]
    snomed: Mapping[str, CodeMeaning]
    families: Mapping[str, FamilyName]
    implied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[TableSource, ...] = ()
    site_answers: Mapping[str, SiteAnswer] = field(default_factory=dict)
    assume_icd10_is_cm: bool = False
    decided: dict[object, object] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    """What ``decide_by_codings`` has said by this table: charts repeat the same codes."""

    def find_icd10cm(self, code: str) -> tuple[str, CodeMeaning] | None:
        """Look a normalised code up exactly, then without filler X; with the code as found."""
        meaning = self.icd10cm.get(code)
        if meaning is None and code[-1:] == "X":
            code = code.rstrip("X")
            meaning = self.icd10cm.get(code)
        return None if meaning is None else (code, meaning)

    def icd10cm_meaning(self, code: str) -> CodeMeaning | None:
        """Return what an ICD-10-CM code in any spelling means; None where it is unknown."""
        found = self.find_icd10cm(normalise(code))
        return None if found is None else found[1]

    def snomed_meaning(self, code: str) -> CodeMeaning | None:
        """Look a SNOMED CT concept up in the shipped map; None where it is not in it."""
        return self.snomed.get(code.strip())

    def label(self, family: str) -> str:
        """Return a family's name as a clinician says it."""
        named = self.families.get(family)
        return family.replace("_", " ") if named is None else named.label

    def implied_by(self, code: str) -> tuple[str, ...]:
        """Return the families that a normalised combination code speaks of besides its own."""
        for length in range(len(code), _CATEGORY - 1, -1):
            found = self.implied.get(code[:length])
            if found is not None:
                return found
        return ()


def normalise(code: str) -> str:
    """Return an ICD code without dots and blanks, in capitals."""
    return "".join(code.upper().replace(".", "").split())


def dotted(code: str) -> str:
    """Return a normalised ICD-10-CM code as it is written."""
    category, detail = code[:_CATEGORY], code[_CATEGORY:]
    return f"{category}.{detail}" if detail else category
