"""Writes professional claims: 837P, 005010X222A1, many claims a file, for Medicare Part B.

The patient is always the subscriber (Medicare), so that there is no 2000C. What a claim lacks is
an obstacle with an owner; a file with one unfit claim is not written at all. The same filing
gives the same bytes, in whatever order its claims are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import (
    GENDERS,
    Frequency,
    claim_number,
    line_number,
    plain_zip,
)
from ccm_fhir.x12.envelope import GUIDE, interchange, segment
from ccm_fhir.x12.filing import ClaimFile
from ccm_fhir.x12.fitting import COMPONENT, unfit_claims, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims import (
        Address,
        BillingDetails,
        ClaimDraft,
        ClaimLine,
        PersonName,
        Subscriber,
    )
    from ccm_fhir.x12.filing import FiledClaim, Filing, Unfit

_MOST_CLAIMS_A_SET = 5000  # what the guide recommends for one ST (CLM segment note)
_MEDICARE_PART_B = "MB"


def write_claims(filing: Filing) -> ClaimFile | tuple[Unfit, ...]:
    """Return the file, or everything that keeps it from being written; never a part of it."""
    unfit = unfit_claims(filing)
    if unfit:
        return unfit
    parts = _parts(filing)
    sets = [tuple(_transaction(filing, part, place)) for place, part in enumerate(parts)]
    return ClaimFile(
        content=interchange(filing.envelope, sets).encode("ascii"),
        claims=len(filing.claims),
        total_usd=sum((claim.draft.total_usd for claim in filing.claims), Decimal(0)),
        last_set_control=filing.envelope.first_set_control + len(sets) - 1,
    )


def claims_of_sets(filing: Filing) -> dict[str, int]:
    """Return under which set control number (ST02) each claim stands, by its identifier."""
    return {
        claim.identifier: filing.envelope.first_set_control + place
        for place, part in enumerate(_parts(filing))
        for claim in part
    }


def _parts(filing: Filing) -> list[list[FiledClaim]]:
    """Return the claims of each set in their order."""
    ordered = sorted(filing.claims, key=_in_order)
    starts = range(0, len(ordered), _MOST_CLAIMS_A_SET)
    return [ordered[first : first + _MOST_CLAIMS_A_SET] for first in starts]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A claim that was found fit, with the parts that are then known to be there."""

    filed: FiledClaim
    billing: BillingDetails
    practitioner: PersonName
    subscriber: Subscriber
    address: Address

    @property
    def draft(self) -> ClaimDraft:
        return self.filed.draft

    @property
    def is_solo(self) -> bool:
        """Whether the practitioner bills under their own NPI: then they are the 2010AA."""
        return self.draft.parties.practice_npi == self.draft.parties.practitioner_npi


def _whole(filed: FiledClaim) -> _Whole:
    parties = filed.draft.parties
    subscriber = parties.subscriber
    if (
        parties.billing is None
        or parties.practitioner_name is None
        or subscriber is None
        or subscriber.address is None
    ):
        message = "a claim that was found fit lacks a part"  # unfit_claims saw to it
        raise ValueError(message)
    return _Whole(filed, parties.billing, parties.practitioner_name, subscriber, subscriber.address)


def _in_order(filed: FiledClaim) -> tuple[str | bool, ...]:
    """Order by who bills, then by patient, then by claim; billers and patients stay together."""
    parties = filed.draft.parties
    billing, subscriber = parties.billing, parties.subscriber
    return (
        parties.practice_npi,
        parties.practice_npi == parties.practitioner_npi,
        "" if billing is None else f"{billing.name}|{billing.tax_id}|{billing.address.line}",
        "" if subscriber is None else subscriber.mbi,
        parties.patient_ref,
        claim_number(filed.identifier),
    )


def _transaction(filing: Filing, claims: list[FiledClaim], place: int) -> Iterator[str]:
    envelope = filing.envelope
    created = envelope.created_at
    control = f"{envelope.first_set_control + place:09d}"
    yield segment("ST", "837", control, GUIDE)
    yield segment("BHT", "0019", "00", control, f"{created:%Y%m%d}", f"{created:%H%M}", "CH")
    submitter = filing.submitter
    yield segment("NM1", "41", "2", written(submitter.name), *[""] * 4, "46", written(submitter.id))
    yield segment("PER", "IC", written(submitter.contact_name), "TE", submitter.phone)
    receiver = filing.receiver
    yield segment("NM1", "40", "2", written(receiver.name), *[""] * 4, "46", written(receiver.id))
    yield from _hierarchy(filing, [_whole(claim) for claim in claims])


def _hierarchy(filing: Filing, claims: list[_Whole]) -> Iterator[str]:
    level = 0
    for _, billed in groupby(claims, key=_biller):
        ours = list(billed)
        level += 1
        biller = level
        yield segment("HL", str(biller), "", "20", "1")
        yield from _billing_provider(ours[0])
        for _, of_patient in groupby(
            ours, key=lambda c: (c.subscriber, c.draft.parties.patient_ref)
        ):
            same = list(of_patient)
            level += 1
            yield segment("HL", str(level), str(biller), "22", "0")
            yield from _subscriber(same[0], filing)
            for claim in same:
                yield from _claim(claim, filing)


def _biller(claim: _Whole) -> tuple[object, ...]:
    """Return what 2010AA is written from; claims with the same share one."""
    alone = claim.practitioner if claim.is_solo else None
    return (claim.draft.parties.practice_npi, claim.billing, alone)


def _billing_provider(claim: _Whole) -> Iterator[str]:
    billing, npi = claim.billing, claim.draft.parties.practice_npi
    yield segment("PRV", "BI", "PXC", billing.taxonomy)
    if claim.is_solo:
        yield _person("85", claim.practitioner, "XX", npi)
    else:
        yield segment("NM1", "85", "2", written(billing.name), *[""] * 4, "XX", npi)
    yield from _address(billing.address)
    yield segment("REF", "EI", billing.tax_id.replace("-", ""))


def _subscriber(claim: _Whole, filing: Filing) -> Iterator[str]:
    subscriber = claim.subscriber
    yield segment("SBR", "P", "18", *[""] * 6, _MEDICARE_PART_B)
    yield _person("IL", subscriber.name, "MI", subscriber.mbi)
    yield from _address(claim.address)
    yield segment("DMG", "D8", f"{subscriber.birth_date:%Y%m%d}", GENDERS[subscriber.gender])
    payer = filing.payer
    yield segment("NM1", "PR", "2", written(payer.name), *[""] * 4, "PI", written(payer.id))


def _claim(claim: _Whole, filing: Filing) -> Iterator[str]:
    draft, stated = claim.draft, filing.statements
    place = COMPONENT.join((draft.parties.place_of_service, "B", draft.frequency.value))
    yield segment(
        "CLM",
        claim_number(claim.filed.identifier),
        _amount(draft.total_usd),
        "",
        "",
        place,
        _yes(is_so=stated.has_provider_signature),
        stated.assignment.value,
        _yes(is_so=stated.are_benefits_assigned),
        "Y" if stated.may_release_information else "I",
    )
    if draft.frequency is not Frequency.ORIGINAL and draft.related is not None:
        yield segment("REF", "F8", written(draft.related.payer_control_number))
    yield segment("HI", *_diagnoses(draft.diagnoses))
    if not claim.is_solo:
        yield _person("82", claim.practitioner, "XX", draft.parties.practitioner_npi)
        yield segment("PRV", "PE", "PXC", draft.parties.practitioner_taxonomy)
    for number, line in enumerate(draft.lines, start=1):
        yield from _line(number, line, claim.filed.identifier)


def _line(number: int, line: ClaimLine, identifier: str) -> Iterator[str]:
    yield segment("LX", str(number))
    yield segment(
        "SV1",
        COMPONENT.join(("HC", line.code, *line.modifiers)),
        _amount(line.charge_usd),
        "UN",
        str(line.units),
        "",
        "",
        COMPONENT.join(map(str, line.pointers)),
    )
    yield segment("DTP", "472", "D8", f"{line.serviced_on:%Y%m%d}")
    yield segment("REF", "6R", line_number(identifier, number))


def _diagnoses(codes: tuple[str, ...]) -> Iterator[str]:
    for place, code in enumerate(codes):
        yield COMPONENT.join(("ABF" if place else "ABK", code.replace(".", "")))


def _person(role: str, name: PersonName, qualifier: str, number: str) -> str:
    parts = (name.family, name.given, name.middle, "", name.suffix)
    return segment("NM1", role, "1", *map(written, parts), qualifier, number)


def _address(address: Address) -> Iterator[str]:
    yield segment("N3", written(address.line), written(address.line2))
    yield segment("N4", written(address.city), address.state, plain_zip(address.postal_code))


def _amount(amount: Decimal) -> str:
    """Return a sum of money as X12 writes it: exact, without zeros that say nothing."""
    return f"{amount.normalize():f}"


def _yes(*, is_so: bool) -> str:
    return "Y" if is_so else "N"
