"""What a sweep asks for by search: whole charts, types that an export lacks, what has changed.

Each patient's searches are those of the chart (``fhir.planning``), under the EHR's shared pace. One
patient's failed search is a gap in that chart; an EHR that does not answer at all stops the sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

import msgspec

from ccm_fhir.errors import EhrFormatError, EhrHttpError, ExportFailedError, FhirError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.planning import PAGE_SIZE, NotAsked, Search, plan_searches
from ccm_fhir.population.records import SWEPT
from ccm_fhir.services.sweep_access import SweepAccess
from ccm_fhir.services.sweep_laying import Taker

_UNAUTHORIZED = 401
_ABSENT = frozenset({404, 410})
_PATIENT = "Patient"
_PARTIAL = "the EHR says that it returned only a part"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSearches:
    """The searches of one chart, and the types that the EHR does not let us ask for."""

    client: FhirClient
    searches: tuple[Search, ...]
    not_asked: tuple[NotAsked, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """The types of which every patient is asked for all parts."""
        refused = {each.resource_type for each in self.not_asked}
        return tuple(sorted({each.resource_type for each in self.searches} - refused))

    def of(self, types: Collection[str]) -> ChartSearches:
        """Return the searches of some of the types."""
        kept = tuple(each for each in self.searches if each.resource_type in types)
        return ChartSearches(client=self.client, searches=kept, not_asked=())

    def take(self, patient: str, taker: Taker, *, with_patient: bool = False) -> None:
        """Ask for one patient's resources (``Patient/id``).

        Raises:
            EhrUnreachableError, EhrPausedError: the EHR does not answer.
            EhrHttpError: it no longer takes our token.
            LaunchError: it gives us none.
        """
        if with_patient and not take_patient(self.client, patient, taker, is_listed=False):
            return
        for search in self.searches:
            try:
                found = self._found(search, patient.removeprefix("Patient/"))
            except (EhrHttpError, EhrFormatError) as problem:
                _refuse_unauthorized(problem)
                taker.miss(patient, search.resource_type, _because(problem))
                continue
            for resource in found[0]:
                taker.take(one_line(resource))
            if found[1]:
                taker.miss(patient, search.resource_type, _PARTIAL)

    def _found(self, search: Search, patient_id: str) -> tuple[tuple[Resource, ...], bool]:
        found = self.client.find(search.query(patient_id))
        if search.or_plain and not found.resources:
            with suppress(FhirError):
                plain = Search(resource_type=search.resource_type)
                found = self.client.find(plain.query(patient_id))
        return found.resources, found.is_partial


def chart_searches(access: SweepAccess, types: Collection[str], on: date) -> ChartSearches:
    """Return the searches of some types of a chart that this EHR and our token allow.

    Raises:
        LaunchError: the EHR gives us no token.
    """
    wanted = {*types} & SWEPT
    planned = [
        each
        for each in plan_searches(access.capability, access.granted, on=on)
        if each.resource_type in wanted
    ]
    return ChartSearches(
        client=access.client,
        searches=tuple(each for each in planned if isinstance(each, Search)),
        not_asked=tuple(each for each in planned if isinstance(each, NotAsked)),
    )


def take_patient(client: FhirClient, patient: str, taker: Taker, *, is_listed: bool = True) -> bool:
    """Ask for one Patient (``Patient/id``); return whether they can be read.

    One who cannot fails, and is counted; one who is merely referred to, not ``is_listed``, and whom
    the EHR does not have, is nobody's patient.

    Raises:
        EhrUnreachableError, EhrPausedError, LaunchError: as the client says.
        EhrHttpError: the EHR no longer takes our token.
    """
    try:
        resource = client.read(_PATIENT, patient.removeprefix("Patient/"))
    except (EhrHttpError, EhrFormatError) as problem:
        _refuse_unauthorized(problem)
        is_absent = isinstance(problem, EhrHttpError) and problem.status in _ABSENT
        if is_listed or not is_absent:
            taker.miss(patient, _PATIENT, _because(problem))
        return False
    taker.take(one_line(resource))
    return True


def take_every_patient(client: FhirClient, group: str, taker: Taker) -> None:
    """Ask for every Patient that our token may see, or for those of a group.

    Raises:
        ExportFailedError: the EHR says that it lists only some.
        EhrHttpError, EhrFormatError: the list, or the group, cannot be read.
        EhrUnreachableError, ForbiddenOriginError, LaunchError: as the client says.
    """
    if group:
        for member in members(client, group):
            take_patient(client, f"Patient/{member}", taker)
        return
    _take_listed(client, f"{_PATIENT}?{urlencode({'_count': PAGE_SIZE})}", taker)


def members(client: FhirClient, group: str) -> Sequence[str]:
    """Return the ids of a group's patients; raises as ``FhirClient.read``."""
    read = client.read("Group", group)
    try:
        found = msgspec.json.decode(read.raw, type=_Group)
    except msgspec.DecodeError:
        raise EhrFormatError("reading Group", "its members cannot be read") from None
    named = (each.entity.reference for each in found.member if not each.inactive)
    ids = (name.rpartition("Patient/")[2] for name in named if "Patient/" in name)
    return tuple(dict.fromkeys(ids))


def take_changed(client: FhirClient, resource_type: str, since: str, taker: Taker) -> None:
    """Ask for the resources of a type that changed since an instant; raises as a search."""
    pairs = {"_lastUpdated": f"ge{since}", "_count": PAGE_SIZE}
    _take_listed(client, f"{quote(resource_type)}?{urlencode(pairs)}", taker)


def one_line(resource: Resource) -> bytes:
    """Return a resource as one line of NDJSON, however the EHR laid it out."""
    try:
        return msgspec.json.format(resource.raw, indent=-1)
    except msgspec.DecodeError:
        return resource.raw.replace(b"\n", b" ")


class _Entity(msgspec.Struct, frozen=True):
    reference: str = ""


class _Member(msgspec.Struct, frozen=True):
    entity: _Entity = _Entity()
    inactive: bool = False


class _Group(msgspec.Struct, frozen=True):
    member: list[_Member] = []


def _take_listed(client: FhirClient, query: str, taker: Taker) -> None:
    for page in client.pages(query):
        if page.is_partial:
            raise ExportFailedError("it lists only a part of its resources; name a --group")
        for resource in page.resources:
            taker.take(one_line(resource))


def _refuse_unauthorized(problem: FhirError) -> None:
    if isinstance(problem, EhrHttpError) and problem.status == _UNAUTHORIZED:
        raise problem


def _because(problem: EhrHttpError | EhrFormatError) -> str:
    if isinstance(problem, EhrHttpError):
        return f"the EHR answered {problem.status} when it was asked for"
    return "the EHR's answer could not be read"
