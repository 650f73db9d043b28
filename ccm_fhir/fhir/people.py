"""Practitioners and organizations: who launched, who bills, under which numbers."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ccm_fhir.domain.codes import NPI, NUCC, canonical_system
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.bundles import Resource as Raw
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.references import local_reference
from ccm_fhir.fhir.shapes import (
    Concept,
    HumanName,
    Identifier,
    Reference,
    Resource,
    Shape,
    codings,
    human_name,
    texts,
)
from ccm_fhir.fhir.source import Source

_CANNOT_BE_ASKED = frozenset({400, 403, 404, 405, 501})


class PractitionerFact(Fact, frozen=True, kw_only=True):
    """A person of the practice: NPI, NUCC taxonomy codes, role titles, and the organizations.

    ``organization`` is that of the first role; all of them are in ``organizations``.
    ``roles_read`` is False where the EHR would not say which roles the person has.
    """

    ref: EvidenceRef
    name: str = ""
    npi: str = ""
    taxonomy: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    roles_read: bool = True

    @property
    def organization(self) -> str:
        """The first role's organization as ``Organization/id``; empty where there is none."""
        return self.organizations[0] if self.organizations else ""


class OrganizationFact(Fact, frozen=True, kw_only=True):
    """An organization with its name and its NPI."""

    ref: EvidenceRef
    name: str = ""
    npi: str = ""


class _Qualification(Shape, frozen=True, kw_only=True):
    code: Concept | None = None


class _Practitioner(Resource, frozen=True, kw_only=True):
    identifier: list[Identifier] | None = None
    name: list[HumanName] | None = None
    qualification: list[_Qualification] | None = None


class _PractitionerRole(Resource, frozen=True, kw_only=True):
    active: bool | None = None
    practitioner: Reference | None = None
    organization: Reference | None = None
    code: list[Concept] | None = None
    specialty: list[Concept] | None = None


class _Organization(Resource, frozen=True, kw_only=True):
    identifier: list[Identifier] | None = None
    name: str | None = None


_Shape = TypeVar("_Shape", bound=Resource)


def read_user(client: FhirClient, fhir_user: str) -> PractitionerFact:
    """Return the person behind a ``fhirUser``: a Practitioner, or a PractitionerRole's.

    Roles that the EHR refuses to show are left out; the person is still returned.

    Raises:
        EhrFormatError: another type of user, or a Practitioner that cannot be read.
        EhrHttpError, EhrUnreachableError, ForbiddenOriginError: as the client says.
    """
    kind, _, user_id = local_reference(fhir_user, client.base_url).partition("/")
    if kind == "PractitionerRole":
        raw = client.read(kind, user_id)
        role = _decoded(raw, _PractitionerRole)
        person = _source(client, raw).local(role.practitioner)
        kind, _, user_id = person.partition("/")
    if kind != "Practitioner":
        what = "reading the user"
        raise EhrFormatError(what, "it is not a Practitioner")
    return _practitioner(client, user_id)


def read_organization(client: FhirClient, reference: str) -> OrganizationFact:
    """Return an organization by its reference.

    Raises:
        EhrFormatError: not an Organization of this server, or it cannot be read.
        EhrHttpError, EhrUnreachableError, ForbiddenOriginError: as the client says.
    """
    kind, _, organization_id = local_reference(reference, client.base_url).partition("/")
    if kind != "Organization":
        what = "reading an Organization"
        raise EhrFormatError(what, "its reference leads elsewhere")
    raw = client.read(kind, organization_id)
    shape = _decoded(raw, _Organization)
    return OrganizationFact(
        ref=_source(client, raw).ref, name=shape.name or "", npi=_npi(shape.identifier)
    )


def _practitioner(client: FhirClient, practitioner_id: str) -> PractitionerFact:
    raw = client.read("Practitioner", practitioner_id)
    person = _decoded(raw, _Practitioner)
    roles = _roles(client, f"Practitioner/{practitioner_id}")
    held = roles or ()
    titles = [concept for _, role in held for concept in (*(role.code or ()),)]
    areas = [concept for _, role in held for concept in (*(role.specialty or ()),)]
    learned = [one.code for one in person.qualification or ()]
    taxonomy = (c.code for c in codings(*titles, *areas, *learned) if c.system == NUCC)
    organizations = (source.local(role.organization) for source, role in held)
    return PractitionerFact(
        ref=_source(client, raw).ref,
        name=human_name(person.name),
        npi=_npi(person.identifier),
        taxonomy=tuple(dict.fromkeys(taxonomy)),
        titles=tuple(dict.fromkeys(texts(*titles))),
        organizations=tuple(dict.fromkeys(one for one in organizations if one)),
        roles_read=roles is not None,
    )


def _roles(
    client: FhirClient, practitioner: str
) -> tuple[tuple[Source, _PractitionerRole], ...] | None:
    """Return the active roles of one practitioner; None where they cannot be asked for."""
    try:
        found = client.search("PractitionerRole", {"practitioner": practitioner})
    except EhrHttpError as refusal:
        if refusal.status in _CANNOT_BE_ASKED:
            return None
        raise
    read = ((_source(client, raw), _decoded(raw, _PractitionerRole)) for raw in found)
    return tuple(
        (source, role)
        for source, role in read
        if role.active is not False and source.local(role.practitioner) == practitioner
    )


def _decoded(raw: Raw, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(raw.raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        what = f"reading {raw.type}"
        raise EhrFormatError(what, "it does not have the shape FHIR gives it") from None


def _source(client: FhirClient, raw: Raw) -> Source:
    return Source(EvidenceRef(raw.type, raw.id, raw.version_id), client.base_url)


def _npi(identifiers: list[Identifier] | None) -> str:
    found = (i.value for i in identifiers or () if canonical_system(i.system) == NPI)
    return next((value for value in found if value), "")
