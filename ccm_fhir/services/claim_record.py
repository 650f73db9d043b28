"""What is kept of a claim draft: all of it, so that a fall days later says what the Claim said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from ccm_fhir.domain.claims import ClaimDraft, ClaimLine, ClaimParties, Frequency, RelatedClaim
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.storage.claims import ClaimRecord


class StoredLine(msgspec.Struct, frozen=True):
    """One line of a stored claim."""

    code: str
    units: int
    charge_usd: Decimal
    unit_charge_usd: Decimal = Decimal(0)
    pointers: tuple[int, ...] = ()
    modifiers: tuple[str, ...] = ()


class StoredParties(msgspec.Struct, frozen=True):
    """Who is on a stored claim."""

    patient_ref: str
    practice_ref: str
    practice_npi: str
    practitioner_ref: str
    practitioner_npi: str
    practitioner_taxonomy: str
    setting: Setting


class StoredRelated(msgspec.Struct, frozen=True):
    """The earlier claim that a stored one refers to."""

    identifier: str
    claim_ref: str
    payer_control_number: str


class StoredWhole(msgspec.Struct, frozen=True):
    """What a claim says beside its lines; ``worked`` are the time entries that it reports."""

    parties: StoredParties
    coverage_ref: str
    coverage_kind: CoverageKind
    diagnoses: tuple[str, ...]
    counted_seconds: int
    consent_ref: str
    consent_words: str
    care_plan_ref: str
    care_plan_words: str
    frequency: Frequency
    related: StoredRelated | None
    worked: tuple[str, ...]


class StoredClaim(msgspec.Struct, frozen=True):
    """A stored claim; releases before kept no place, and later ones only the lines of it."""

    serviced_on: date
    lines: tuple[StoredLine, ...]
    place_of_service: str = ""
    location: str = ""
    whole: StoredWhole | None = None


def stored(draft: ClaimDraft, location: str, worked: frozenset[str]) -> str:
    """Return a draft as JSON, with the name of the location that its place is of."""
    kept = StoredClaim(
        serviced_on=draft.lines[0].serviced_on,
        lines=tuple(
            StoredLine(
                code=line.code,
                units=line.units,
                charge_usd=line.charge_usd,
                unit_charge_usd=line.unit_charge_usd,
                pointers=line.pointers,
                modifiers=line.modifiers,
            )
            for line in draft.lines
        ),
        place_of_service=draft.parties.place_of_service,
        location=location,
        whole=_whole(draft, worked),
    )
    return msgspec.json.encode(kept).decode()


def read_claim(claim: ClaimRecord) -> StoredClaim:
    """Return what was kept of a claim."""
    return msgspec.json.decode(claim.draft_json, type=StoredClaim)


def draft_of(claim: ClaimRecord) -> ClaimDraft | None:
    """Return the draft as it was signed; None where a release before kept only its lines."""
    kept = read_claim(claim)
    whole = kept.whole
    if whole is None:
        return None
    return ClaimDraft(
        programme=claim.programme,
        month=claim.month,
        revision=claim.revision,
        parties=_parties(whole.parties, kept.place_of_service),
        coverage_ref=whole.coverage_ref,
        coverage_kind=whole.coverage_kind,
        diagnoses=whole.diagnoses,
        lines=tuple(_line(line, kept.serviced_on) for line in kept.lines),
        counted_seconds=whole.counted_seconds,
        consent_ref=whole.consent_ref,
        consent_words=whole.consent_words,
        care_plan_ref=whole.care_plan_ref,
        care_plan_words=whole.care_plan_words,
        frequency=whole.frequency,
        related=None if whole.related is None else _related(whole.related),
    )


def _whole(draft: ClaimDraft, worked: frozenset[str]) -> StoredWhole:
    parties, related = draft.parties, draft.related
    return StoredWhole(
        parties=StoredParties(
            patient_ref=parties.patient_ref,
            practice_ref=parties.practice_ref,
            practice_npi=parties.practice_npi,
            practitioner_ref=parties.practitioner_ref,
            practitioner_npi=parties.practitioner_npi,
            practitioner_taxonomy=parties.practitioner_taxonomy,
            setting=parties.setting,
        ),
        coverage_ref=draft.coverage_ref,
        coverage_kind=draft.coverage_kind,
        diagnoses=draft.diagnoses,
        counted_seconds=draft.counted_seconds,
        consent_ref=draft.consent_ref,
        consent_words=draft.consent_words,
        care_plan_ref=draft.care_plan_ref,
        care_plan_words=draft.care_plan_words,
        frequency=draft.frequency,
        related=None
        if related is None
        else StoredRelated(related.identifier, related.claim_ref, related.payer_control_number),
        worked=tuple(sorted(worked)),
    )


def _parties(kept: StoredParties, place_of_service: str) -> ClaimParties:
    return ClaimParties(
        patient_ref=kept.patient_ref,
        practice_ref=kept.practice_ref,
        practice_npi=kept.practice_npi,
        practitioner_ref=kept.practitioner_ref,
        practitioner_npi=kept.practitioner_npi,
        practitioner_taxonomy=kept.practitioner_taxonomy,
        place_of_service=place_of_service,
        setting=kept.setting,
    )


def _line(kept: StoredLine, serviced_on: date) -> ClaimLine:
    return ClaimLine(
        code=kept.code,
        units=kept.units,
        unit_charge_usd=kept.unit_charge_usd,
        serviced_on=serviced_on,
        pointers=kept.pointers,
        modifiers=kept.modifiers,
    )


def _related(kept: StoredRelated) -> RelatedClaim:
    return RelatedClaim(
        identifier=kept.identifier,
        claim_ref=kept.claim_ref,
        payer_control_number=kept.payer_control_number,
    )
