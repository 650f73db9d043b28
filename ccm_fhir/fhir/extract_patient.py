"""Patient → who it is: a name and two identifiers for the banner, and whether they live.

For claim files, also the legal name in its parts and the address where the patient lives.
"""

from __future__ import annotations

from collections.abc import Iterable

from ccm_fhir.domain.codes import MBI, canonical_system
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import AddressFact, NameFact, PatientFact
from ccm_fhir.fhir.shapes import (
    Concept,
    HumanName,
    Identifier,
    Period,
    Reference,
    Resource,
    Shape,
    codings,
    human_name,
    texts,
)
from ccm_fhir.fhir.source import Source

_NAME_RANK = {"official": 0, "usual": 1, None: 2}
_ADDRESS_RANK = {"home": 0, None: 1, "billing": 2, "work": 3}
_MBI_SYSTEMS = frozenset({MBI, "urn:oid:2.16.840.1.113883.4.927"})


class CommunicationShape(Shape, frozen=True, kw_only=True):
    """Patient.communication."""

    language: Concept | None = None
    preferred: bool | None = None


class LinkShape(Shape, frozen=True, kw_only=True):
    """Patient.link."""

    other: Reference | None = None
    type: str | None = None


class AddressShape(Shape, frozen=True, kw_only=True):
    """Address; a line may be null where it has an extension alone."""

    use: str | None = None
    type: str | None = None
    line: list[str | None] | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    period: Period | None = None


class PatientShape(Resource, frozen=True, kw_only=True):
    """Patient."""

    identifier: list[Identifier] | None = None
    name: list[HumanName] | None = None
    address: list[AddressShape] | None = None
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    communication: list[CommunicationShape] | None = None
    link: list[LinkShape] | None = None


def patient_fact(shape: PatientShape, source: Source) -> PatientFact:
    """Return the patient; a date of death that cannot be read still means death."""
    return PatientFact(
        ref=source.ref,
        name=human_name(shape.name),
        birth_date=PartialDate.parse(shape.birth_date),
        gender=shape.gender or "",
        mrn=_of_type(shape.identifier, "MR"),
        mbi=_mbi(shape.identifier),
        language=_language(shape.communication),
        is_deceased=shape.deceased_boolean is True or bool(shape.deceased_date_time),
        died_on=PartialDate.parse(shape.deceased_date_time),
        replaced_by=_replaced_by(shape.link, source),
        legal_name=_legal_name(shape.name),
        address=_address(shape.address),
    )


def _legal_name(names: Iterable[HumanName] | None) -> NameFact | None:
    """Return the name a payer would know: official before usual, and none that is past or chosen.

    A name that is one text alone has no parts, and none are guessed from it.
    """
    in_use = [name for name in names or () if name.use in _NAME_RANK and name.family]
    for name in sorted(in_use, key=lambda each: _NAME_RANK[each.use]):
        return NameFact(
            family=name.family or "",
            given=tuple(part for part in name.given or () if part),
            suffix=" ".join(part for part in name.suffix or () if part),
        )
    return None


def _address(addresses: Iterable[AddressShape] | None) -> AddressFact | None:
    """Return where the patient lives: at home before anywhere else, a street before a box."""
    in_use = [
        one for one in addresses or () if one.use in _ADDRESS_RANK and not _is_over(one.period)
    ]
    ordered = sorted(in_use, key=lambda one: (_ADDRESS_RANK[one.use], one.type == "postal"))
    for one in ordered:
        return AddressFact(
            lines=tuple(line for line in one.line or () if line),
            city=one.city or "",
            state=one.state or "",
            postal_code=one.postal_code or "",
        )
    return None


def _is_over(period: Period | None) -> bool:
    return period is not None and bool(period.end)


def _replaced_by(links: Iterable[LinkShape] | None, source: Source) -> str:
    """Return the record that the EHR uses in place of this one; empty where it is the one."""
    replacing = [link for link in links or () if link.type == "replaced-by"]
    return next((source.local(link.other) or "Patient" for link in replacing), "")


def _mbi(identifiers: Iterable[Identifier] | None) -> str:
    current = _current(identifiers)
    by_system = (i.value for i in current if canonical_system(i.system) in _MBI_SYSTEMS)
    return next((value for value in by_system if value), "") or _of_type(identifiers, "MC")


def _of_type(identifiers: Iterable[Identifier] | None, code: str) -> str:
    """Return the first current identifier of a type of HL7 table 0203."""
    for identifier in _current(identifiers):
        if identifier.value and any(coding.code == code for coding in codings(identifier.type)):
            return identifier.value
    return ""


def _current(identifiers: Iterable[Identifier] | None) -> list[Identifier]:
    in_use = [i for i in identifiers or () if i.use != "old" and not (i.period and i.period.end)]
    rank = {"official": 0, "usual": 1, None: 2}
    return sorted(in_use, key=lambda identifier: rank.get(identifier.use, 3))


def _language(communications: Iterable[CommunicationShape] | None) -> str:
    ordered = sorted(communications or (), key=lambda one: one.preferred is not True)
    for communication in ordered:
        spoken = texts(communication.language)
        code = codings(communication.language)
        if spoken or code:
            return spoken[0] if spoken else code[0].code
    return ""
