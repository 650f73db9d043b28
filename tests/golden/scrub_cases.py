"""Claims that are clean but for one thing each, as they are to be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec

from ccm_fhir.domain.claims import (
    ClaimDraft,
    Frequency,
    ScrubFacts,
    StandingClaim,
)
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.rulebook import load_rulebook
from tests.builders import NOVEMBER, anothers_claim, coverage, on
from tests.claims import PARTIES, draft, known, line
from tests.golden.draft_cases import EARLIER, NEXT


def _of(**changes: object) -> tuple[ClaimDraft, None]:
    return draft(**changes), None


def _by(**changes: object) -> tuple[ClaimDraft, None]:
    return draft(parties=replace(PARTIES, **changes)), None  # type: ignore[arg-type]


def _with(**changes: object) -> tuple[ClaimDraft, ScrubFacts]:
    return draft(), known(**changes)


def _theirs(**changes: object) -> tuple[ClaimDraft, ScrubFacts]:
    one = anothers_claim(**{"ref": EvidenceRef("Claim", "1"), **changes})  # type: ignore[arg-type]
    return _with(claims_in_ehr=(one,), own_identifiers=frozenset({"ours|1"}))


def _covered(**changes: object) -> tuple[ClaimDraft, ScrubFacts]:
    return _with(coverages=(coverage(**changes),))  # type: ignore[arg-type]


_RULES = load_rulebook().of_month(NOVEMBER)
_ON_FILE = StandingClaim(
    identifier="earlier", patient_ref="Patient/p1", month=NOVEMBER, programme=Programme.CCM
)
_MOST = Decimal("99999999.99")
SCRUBBED: dict[str, tuple[ClaimDraft, ScrubFacts | None]] = {
    "nothing": _of(),
    "the patient's record was merged": _with(merged_into="Patient/2"),
    "another practitioner billed too": _with(
        practitioner_refs=frozenset({PARTIES.practitioner_ref, "Practitioner/other"})
    ),
    "the practitioner's number": _by(practitioner_npi="1234567890"),
    "the practice's number": _by(practice_npi=""),
    "the practitioner's taxonomy code": _by(practitioner_taxonomy="207Q00000"),
    "no taxonomy code, which a claim does without": _by(practitioner_taxonomy=""),
    "the place of service": _by(place_of_service="1"),
    "a clinic": _by(setting=Setting.RHC_FQHC),
    "a clinic, in a month without a rule for claims": (
        draft(parties=replace(PARTIES, setting=Setting.RHC_FQHC)),
        known(rules=replace(_RULES, claim=None)),
    ),
    "one diagnosis": _of(diagnoses=("E11.9",), lines=(line(pointers=(1,)),)),
    "one diagnosis, in a month without a rule for eligibility": (
        draft(diagnoses=("E11.9",), lines=(line(pointers=(1,)),)),
        known(rules=replace(_RULES, eligibility=None)),
    ),
    "no diagnosis, in a month without a rule for eligibility": (
        draft(diagnoses=(), lines=(line(pointers=()),)),
        known(rules=replace(_RULES, eligibility=None)),
    ),
    "a diagnosis twice": _of(diagnoses=("E11.9", "I10", "I10")),
    "twelve diagnoses": _of(diagnoses=tuple(f"I{n}.1" for n in range(10, 22))),
    "thirteen diagnoses": _of(diagnoses=tuple(f"I{n}.1" for n in range(10, 23))),
    "a diagnosis that is none": _of(diagnoses=("E11.9", "diabetes")),
    "a pointer to nothing": _of(lines=(line(pointers=(1, 3)),)),
    "no line": _of(lines=()),
    "a code of four characters": _of(lines=(line("9949"),)),
    "a charge of nothing": _of(lines=(line(unit_charge_usd=Decimal(0)),)),
    "a charge of half a cent": _of(lines=(line(unit_charge_usd=Decimal("1.005")),)),
    "one unit of the largest charge": _of(lines=(line(unit_charge_usd=_MOST),)),
    "two units of the largest charge": _of(lines=(line(), line("99439", 2, unit_charge_usd=_MOST))),
    "two lines of the largest charge": _of(
        lines=(line(unit_charge_usd=_MOST), line("99439", unit_charge_usd=_MOST))
    ),
    "no unit": _of(lines=(line(units=0),)),
    "two units of a code that has one": _of(lines=(line(units=2),)),
    "three units of a code that has two": _of(lines=(line(), line("99439", 3))),
    "four modifiers": _of(lines=(line(modifiers=("25", "59", "GV", "GW")),)),
    "five modifiers": _of(lines=(line(modifiers=("25", "59", "GV", "GW", "KX")),)),
    "a modifier in small letters": _of(lines=(line(modifiers=("gv",)),)),
    "a code twice": _of(lines=(line(), line())),
    "an add-on without its code": _of(lines=(line("99439"),)),
    "a code of other years": _of(lines=(line(), line("G2058"))),
    "a line of the month before": _of(lines=(line(serviced_on=date(2026, 10, 31)),)),
    "a line of the month after": (
        draft(lines=(line(serviced_on=date(2026, 12, 1)),)),
        known(coverages=(coverage(),)),
    ),
    "lines of two days": _of(lines=(line(), line("99439", serviced_on=date(2026, 11, 11)))),
    "filed the day before": _with(filed_on=date(2026, 11, 9)),
    "filed on the day": _with(filed_on=date(2026, 11, 10)),
    "filed a year later": _with(filed_on=date(2027, 11, 10)),
    "filed a year and a day later": _with(filed_on=date(2027, 11, 11)),
    "a month without a rule for claims": _with(rules=replace(_RULES, claim=None)),
    "no Coverage": _with(coverages=()),
    "the Coverage was cancelled": _covered(status="cancelled"),
    "the Coverage has no status": _covered(status=""),
    "the Coverage has no first day": _covered(starts_on=None),
    "the Coverage is of another kind now": _with(
        coverages=(
            coverage(
                CoverageKind.MEDICARE_ADVANTAGE, ref=EvidenceRef("Coverage", "medicare_part_b")
            ),
        )
    ),
    "the Coverage began the day after": _covered(starts_on=on("2026-11-11")),
    "the Coverage began some day of the month": _covered(starts_on=on("2026-11")),
    "the Coverage ended the day before": _covered(ends_on=on("2026-11-09")),
    "the Coverage ended in the month": _covered(ends_on=on("2026-11-29")),
    "the Coverage ended with the month": _covered(ends_on=on("2026-11-30")),
    "the Coverage ended in the month, and another goes on": _with(
        coverages=(coverage(ends_on=on("2026-11-20")), NEXT)
    ),
    "the Coverage ended in the month, and another was cancelled": _with(
        coverages=(
            coverage(ends_on=on("2026-11-20")),
            msgspec.structs.replace(NEXT, status="cancelled"),
        )
    ),
    "the Coverage ended in the month, and another kind goes on": _with(
        coverages=(
            coverage(ends_on=on("2026-11-20")),
            coverage(CoverageKind.MEDICARE_PART_A),
        )
    ),
    "the Coverage ended in the month, and another may go on": _with(
        coverages=(
            coverage(ends_on=on("2026-11-20")),
            msgspec.structs.replace(NEXT, starts_on=on("2026")),
        )
    ),
    "a claim of ours on file": _with(standing=(_ON_FILE,)),
    "a claim of ours on file, which this one replaces": (
        draft(frequency=Frequency.REPLACEMENT, related=EARLIER),
        known(standing=(_ON_FILE,)),
    ),
    "another's claims in the EHR": _with(
        claims_in_ehr=tuple(
            anothers_claim(ref=EvidenceRef("Claim", each), serviced_on=on("2026-11"))
            for each in ("2", "1", "2")
        )
    ),
    "a claim of ours in the EHR": _theirs(identifiers=("theirs|1", "ours|1")),
    "another's visit in the EHR": _theirs(codes=("99214",)),
    "another's visit and care management in the EHR": _theirs(codes=("99214", "99490")),
    "another's claim in the EHR, of some day of the year": _theirs(serviced_on=on("2026")),
    "another's claim in the EHR, of no day": _theirs(serviced_on=None),
    "another's claim in the EHR, from the month before into this one": _theirs(
        serviced_on=msgspec.structs.replace(on("2026-11"), earliest=date(2026, 10, 31))
    ),
    "another's claim in the EHR, of the first day": _theirs(serviced_on=on("2026-11-01")),
    "another's claim in the EHR, from the month before to the first day": _theirs(
        serviced_on=PartialDate(date(2026, 10, 1), date(2026, 11, 1))
    ),
    "another's claim in the EHR, from the last day into the month after": _theirs(
        serviced_on=PartialDate(date(2026, 11, 30), date(2026, 12, 1))
    ),
    "another's claim in the EHR, of the last day": _theirs(serviced_on=on("2026-11-30")),
    "another's claim in the EHR, of the month before": _theirs(serviced_on=on("2026-10")),
    "another's claim in the EHR, of the month after": _theirs(serviced_on=on("2026-12")),
    "another's claim in the EHR, cancelled": _theirs(status="cancelled"),
    "another's claim in the EHR, a predetermination": _theirs(use="predetermination"),
    "a void of a claim that was wrong, by nobody": (
        draft(
            frequency=Frequency.VOID,
            related=EARLIER,
            lines=(),
            parties=replace(PARTIES, practice_npi=""),
        ),
        known(coverages=(), merged_into="Patient/2"),
    ),
    "everything at once": (
        draft(
            parties=replace(PARTIES, practice_npi="", setting=Setting.RHC_FQHC),
            diagnoses=("x",),
            lines=(line(units=9, unit_charge_usd=Decimal(0)),),
        ),
        known(
            coverages=(),
            standing=(_ON_FILE,),
            claims_in_ehr=(anothers_claim(), anothers_claim(serviced_on=None)),
            practitioner_refs=frozenset({"Practitioner/other"}),
            merged_into="Patient/2",
            filed_on=date(2030, 1, 1),
        ),
    ),
}
"""A claim, and what is known on the day it is to be sent; None: nothing against it."""
