"""How each vendor's bulk export differs from the guide, as data.

Bulk Data Access 2.0 and 3.0; what vendors do is told by their own pages, checked 2026-11. A server
that no form names is taken at the guide's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from ccm_fhir.fhir.capability import Capability

Pairs: TypeAlias = tuple[tuple[str, str], ...]
NDJSON = "application/fhir+ndjson"


class Level(StrEnum):
    """Whose resources an export holds."""

    GROUP = "group"
    PATIENT = "patient"
    SYSTEM = "system"


class BulkForm(msgspec.Struct, frozen=True, kw_only=True):
    """One server's way of exporting.

    Args:
        levels: what it exports, best first; empty: as its CapabilityStatement says.
        repeats_types: whether ``_type`` comes once for each type, instead of once with commas.
        joins_filters: whether several ``_typeFilter`` come as one with commas.
        output_format: ``_outputFormat``, or empty to say nothing.
        begins_by_post: whether the kick-off is a POST of Parameters; else a GET.
        not_exported: types that its exports never hold: asked for by search.
        longest_wait_seconds: how long between two looks, whatever it asks for.
        any_type_scope: whether exporting needs a scope on all types.
        own_scopes: scopes that exporting needs besides those on types.
        is_crawled: whether reading chart by chart is the better way there by default, and why.
    """

    levels: tuple[Level, ...] = ()
    repeats_types: bool = False
    joins_filters: bool = False
    output_format: str = NDJSON
    begins_by_post: bool = False
    not_exported: frozenset[str] = frozenset()
    longest_wait_seconds: float = 300.0
    any_type_scope: bool = False
    own_scopes: tuple[str, ...] = ()
    is_crawled: str = ""


_PLAIN = BulkForm()
_FINANCIAL = frozenset({"Coverage", "Consent"})
_FORMS: tuple[tuple[str, BulkForm], ...] = (
    # Epic: exports are by Group alone; a Group is made by the site's own analysts.
    ("epic", BulkForm(levels=(Level.GROUP,))),
    # Oracle Health Millennium: Group and Patient; its list of types lacks Coverage and Consent;
    # ``_type`` with commas alone; one job at a time for a client and tenant, else 429; files at
    # another host, reached by a redirect, to which no token may go.
    ("cerner", BulkForm(levels=(Level.GROUP, Level.PATIENT), not_exported=_FINANCIAL)),
    ("oracle", BulkForm(levels=(Level.GROUP, Level.PATIENT), not_exported=_FINANCIAL)),
    ("millennium", BulkForm(levels=(Level.GROUP, Level.PATIENT), not_exported=_FINANCIAL)),
    ("athena", BulkForm(levels=(Level.GROUP,))),
    ("meditech", BulkForm(levels=(Level.GROUP, Level.PATIENT))),
    # eClinicalWorks: asks for two minutes between two looks.
    ("eclinicalworks", BulkForm(levels=(Level.GROUP, Level.SYSTEM))),
    ("ecw ", BulkForm(levels=(Level.GROUP, Level.SYSTEM))),
    ("veradigm", BulkForm(levels=(Level.GROUP,))),
    ("allscripts", BulkForm(levels=(Level.GROUP,))),
    # Canvas exports a population through its support alone.
    ("canvas", BulkForm(is_crawled="Canvas exports one patient at a time by its API")),
    # OpenEMR: scopes of its own; a Group is the patients of one practitioner.
    (
        "openemr",
        BulkForm(
            levels=(Level.PATIENT, Level.SYSTEM, Level.GROUP),
            own_scopes=(
                "system/*.$export",
                "system/*.$bulkdata-status",
                "system/Binary.read",
            ),
        ),
    ),
    # sekmet-fhir 0.1.1: the status and file addresses need a scope on all types.
    ("sekmet", BulkForm(any_type_scope=True)),
)
_DECLARED = {
    Level.GROUP: ("Group", frozenset({"export", "group-export"})),
    Level.PATIENT: ("Patient", frozenset({"export", "patient-export"})),
}


def form_of(capability: Capability | None) -> BulkForm:
    """Return the form of a server, by the software that its CapabilityStatement names."""
    if capability is None:
        return _PLAIN
    software = f"{capability.software} ".casefold()
    found = next((form for name, form in _FORMS if name in software), _PLAIN)
    return found if found.levels else msgspec.structs.replace(found, levels=declared(capability))


def declared(capability: Capability) -> tuple[Level, ...]:
    """Return the levels at which a server says that it exports."""
    found = [
        level
        for level, (kind, names) in _DECLARED.items()
        if {name.lstrip("$") for name in capability.of(kind).operations} & names
    ]
    if {name.lstrip("$") for name in capability.system_operations} & {"export", "system-export"}:
        found.append(Level.SYSTEM)
    return tuple(found)


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: at which level, which types, changed since when (an instant, or empty).

    ``filters`` are searches such as ``DocumentReference?type=…``, one a string.
    """

    level: Level
    group: str = ""
    since: str = ""
    types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The operation's address, relative to the base."""
        match self.level:
            case Level.GROUP:
                return f"Group/{quote(self.group, safe='')}/$export"
            case Level.PATIENT:
                return "Patient/$export"
            case Level.SYSTEM:
                return "$export"

    def pairs(self, form: BulkForm) -> Pairs:
        """Return the parameters as one server wants them."""
        pairs = [("_outputFormat", form.output_format), ("_since", self.since)]
        pairs += [("_type", each) for each in _spread(self.types, joined=not form.repeats_types)]
        filters = _spread(self.filters, joined=form.joins_filters)
        pairs += [("_typeFilter", each) for each in filters]
        return tuple(pair for pair in pairs if pair[1])


def _spread(values: Sequence[str], *, joined: bool) -> Sequence[str]:
    return [",".join(values)] if joined else values
