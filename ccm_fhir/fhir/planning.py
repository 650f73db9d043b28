"""Which searches a chart needs, and which of them this server and this token allow.

Every search is one of ``search_forms``. What the server's CapabilityStatement does not declare
is left out of it; where nothing is declared, the plainest legal form is asked. Nothing is sent
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TypeAlias
from urllib.parse import urlencode

import msgspec

from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.fhir.scopes import any_allows, covers, limits_of, spelled_scope
from ccm_fhir.fhir.search_forms import FORMS, IN_CATEGORIES, PLAIN, Form, Pairs

OBSERVED_WITHIN = timedelta(days=730)  # how far back results are asked for: two years
PAGE_SIZE = "100"
_NEWEST = 99


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One search of one type; ``part`` names which of it, where the type is asked in parts.

    ``pairs`` are the parameters beside the patient's. With ``or_plain``, the type is asked once
    more by patient alone where this finds nothing; a refusal of that says nothing.
    """

    resource_type: str
    part: str = ""
    pairs: Pairs = ()
    or_plain: bool = False

    def query(self, patient_id: str) -> str:
        """Return the search as an address relative to the base."""
        return f"{self.resource_type}?{urlencode((('patient', patient_id), *self.pairs))}"


class NotAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A type, or a part of it, that is not asked for, and why."""

    resource_type: str
    part: str = ""
    reason: str


Planned: TypeAlias = Search | NotAsked


class _Server(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of one type; ``params`` is None where it says nothing of them."""

    kind: str
    declared: ResourceCapability = ResourceCapability()
    params: frozenset[str] | None = None
    is_listed: bool = True
    is_store: bool = False

    def takes(self, pairs: Pairs) -> bool:
        return self.params is None or {name for name, _ in pairs} <= self.params

    def lists(self, name: str) -> bool:
        return self.params is not None and name in self.params

    def demands(self, name: str) -> bool:
        return name in self.declared.required_params

    @property
    def missing(self) -> str:
        """Why the type cannot be searched by patient; empty where it can, or may."""
        interactions = self.declared.interactions
        if not self.is_listed:
            return "its CapabilityStatement does not list it"
        if interactions and "search-type" not in interactions:
            return "its CapabilityStatement lists no search for it"
        if self.params is not None and "patient" not in self.params:
            return "its CapabilityStatement lists no search by patient for it"
        return ""


def plan_searches(
    capability: Capability | None, scopes: Iterable[str], *, on: date, us_core: str = ""
) -> tuple[Planned, ...]:
    """Return every search of a chart, and what is not asked for with its reason.

    Args:
        capability: what the server says of itself; None, or without any resource: unknown.
        scopes: as granted.
        on: the day of asking, from which results are counted back.
        us_core: the version of US Core, where it is known better than from the statement.
    """
    known = capability if capability is not None and capability.resources else None
    version = us_core or (known.us_core if known else "")
    asking = _Asking(
        scopes=frozenset(scopes), on=on, us_core=int(version.split(".")[0]) if version else _NEWEST
    )
    return tuple(each for kind in FORMS for each in asking.of(_server(known, kind)))


def takes_batches(capability: Capability | None) -> bool:
    """Whether a server says that it answers many reads in one request."""
    return capability is not None and "batch" in capability.system_interactions


def _server(capability: Capability | None, kind: str) -> _Server:
    if capability is None:
        return _Server(kind=kind)
    declared = capability.of(kind)
    params = declared.search_params
    return _Server(
        kind=kind,
        declared=declared,
        params=params | capability.common_search_params if params else None,
        is_listed=kind in capability.resources,
        is_store="transaction" in capability.system_interactions,
    )


class _Asking(msgspec.Struct, frozen=True, kw_only=True):
    """With which scopes, on which day, by which major version of US Core."""

    scopes: frozenset[str]
    on: date
    us_core: int

    def of(self, server: _Server) -> Iterator[Planned]:
        kind = server.kind
        if not any_allows(self.scopes, kind, "s"):
            needed = spelled_scope(self.scopes, kind)
            yield NotAsked(resource_type=kind, reason=f"needs scope {needed}")
        elif server.missing:
            yield NotAsked(
                resource_type=kind, reason=f"the EHR does not offer it: {server.missing}"
            )
        elif limits := limits_of(self.scopes, kind, "s"):
            yield from self._limited(server, limits)
        else:
            for form in self._forms(server, FORMS[kind]):
                yield self._search(server, form)

    def _forms(self, server: _Server, usual: Iterable[Form]) -> tuple[Form, ...]:
        forms = tuple(usual)
        if server.demands("category"):
            forms = IN_CATEGORIES.get(server.kind, forms)
        elif server.is_store and all(form.or_plain for form in forms):
            return PLAIN
        forms = tuple(form for form in forms if form.since <= self.us_core)
        if all(server.takes(form.pairs) for form in forms):
            return forms
        return (Form(is_dated=any(form.is_dated for form in forms)),)

    def _limited(self, server: _Server, limits: tuple[Pairs, ...]) -> Iterator[Planned]:
        """Yield what granular scopes leave of a type, and what they leave out."""
        kind = server.kind
        for form in self._forms(server, IN_CATEGORIES.get(kind, FORMS[kind])):
            if any(covers(limit, form.pairs) for limit in limits):
                yield self._search(server, form)
                continue
            for limit in limits:
                if server.takes(limit) and not _names(limit) & _names(form.pairs):
                    yield self._search(server, _narrowed(form, limit))
            if form.is_needed:
                needed = spelled_scope(self.scopes, kind, form.pairs)
                yield NotAsked(resource_type=kind, part=form.part, reason=f"needs scope {needed}")

    def _search(self, server: _Server, form: Form) -> Search:
        pairs = form.pairs
        if form.is_dated and server.lists("date"):
            pairs += self._dates(is_closed="date" in server.declared.closed_ranges)
        if server.lists("_count"):
            pairs += (("_count", PAGE_SIZE),)
        return Search(
            resource_type=server.kind,
            part=form.part,
            pairs=pairs,
            or_plain=form.or_plain and bool(form.pairs) and not server.demands("category"),
        )

    def _dates(self, *, is_closed: bool) -> Pairs:
        since = (self.on - OBSERVED_WITHIN).isoformat()
        if not is_closed:
            return (("date", f"ge{since}"),)
        until = (self.on + timedelta(days=1)).isoformat()  # a zone ahead of ours is on the next day
        return (("date", f"ge{since}T00:00:00Z"), ("date", f"le{until}T23:59:59Z"))


def _narrowed(form: Form, limit: Pairs) -> Form:
    named = ", ".join(f"{name}={value}" for name, value in limit)
    return Form(part=named, pairs=(*form.pairs, *limit), is_dated=form.is_dated)


def _names(pairs: Pairs) -> set[str]:
    return {name for name, _ in pairs}
