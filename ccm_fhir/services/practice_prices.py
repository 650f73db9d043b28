"""What Medicare allows at a location: its locality's indices, its place of service.

A location without a locality is priced at the national amount, and told so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.pricing import Billing, Payment, PriceUnknown, price_line
from ccm_fhir.domain.rules import GpciRule, LocalityId, Participation, Rulebook
from ccm_fhir.errors import InputError
from ccm_fhir.storage.locations import Location

_LOCALITY = re.compile(r"([0-9]{5})-([0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityOffered:
    """A locality that the loaded tables know: its number, and where it is."""

    number: str
    where: str


def locality_of(text: str) -> LocalityId | None:
    """Return the locality of a number such as 10112-00; None for an empty one.

    Raises:
        InputError: it is not the contractor's five digits, a hyphen and the locality's two.
    """
    if not text:
        return None
    found = _LOCALITY.fullmatch(text)
    if found is None:
        raise InputError(
            "locality",
            "Give the Medicare contractor’s five digits, a hyphen and the locality’s two, such as "
            "10112-00; or leave it empty for national amounts.",
        )
    return LocalityId(mac=found[1], locality=found[2])


def check_locality(text: str, rulebook: Rulebook) -> None:
    """Refuse a locality that no loaded table knows, of whatever year.

    Raises:
        InputError: as ``locality_of``, or the tables do not know it.
    """
    wanted = locality_of(text)
    if wanted is not None and not any(one.locality == wanted for one in rulebook.fees.gpcis):
        raise InputError(
            "locality",
            "No loaded table of geographic indices (GPCI) knows this locality. CMS’s Physician Fee "
            "Schedule look-up names yours; a newer table is loaded by: ccm-fhir fees load.",
        )


def localities(rulebook: Rulebook) -> tuple[LocalityOffered, ...]:
    """Return every locality that the newest loaded table of its own knows, by number."""
    newest: dict[LocalityId, GpciRule] = {}
    for one in sorted(rulebook.fees.gpcis, key=lambda one: one.in_force_from):
        newest[one.locality] = one
    offered = (
        LocalityOffered(number=str(number), where=f"{one.locality_name.title()}, {one.state}")
        for number, one in newest.items()
    )
    return tuple(sorted(offered, key=lambda one: one.number))


def billing_of(
    location: Location,
    profession: EligibleProfession = EligibleProfession.PHYSICIAN,
    participation: Participation = Participation.NON_QP,
) -> Billing:
    """Return who bills from where: the location's locality and place of service."""
    return Billing(
        profession=profession,
        participation=participation,
        place_of_service=location.place_of_service,
        locality=locality_of(location.locality),
    )


def allowed_here(
    location: Location, codes: tuple[str, ...], on: date, rulebook: Rulebook
) -> tuple[Payment | PriceUnknown, ...]:
    """Return what a unit of each code is allowed at there, or what a price lacks.

    For a physician who is no qualifying participant (QP); others are paid shares of it.
    """
    billing = billing_of(location)
    return tuple(price_line(code, 1, on, billing, rulebook) for code in codes)
