"""From where a population is read: a bulk export, what changed, or chart by chart; and why.

Where an EHR exports, that is the quickest and the kindest. Epic's own guide keeps exports to small
groups, and Canvas has none: what a form says of that decides before what a server declares.
"""

from __future__ import annotations

from ccm_fhir.errors import InputError
from ccm_fhir.fhir.bulk_forms import BulkForm, Level
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.services.sweep_state import Chosen, Source, SweepAsked

_UPDATED = "_lastUpdated"


def choose(asked: SweepAsked, form: BulkForm, capability: Capability | None) -> Chosen:
    """Return from where to read, as it was asked for or as suits the EHR.

    Raises:
        InputError: what was asked for cannot be had, or nothing can without a group.
    """
    if asked.source is Source.BULK:
        return Chosen(source=Source.BULK, level=_level(asked, form), why="it was asked for")
    if asked.source is not None:
        _check(asked, asked.source)
        return Chosen(source=asked.source, why="it was asked for")
    if form.is_crawled:
        return _searched(asked, capability, form.is_crawled)
    if form.levels:
        return Chosen(source=Source.BULK, level=_level(asked, form), why="the EHR exports")
    return _searched(asked, capability, "its CapabilityStatement declares no export")


def after_refusal(asked: SweepAsked, capability: Capability | None, status: int) -> Chosen:
    """Return from where to read an EHR that declares exports and refuses one."""
    return _searched(asked, capability, f"the EHR refused the export ({status})")


def _searched(asked: SweepAsked, capability: Capability | None, why: str) -> Chosen:
    if asked.since and not asked.group and _tells_changes(capability):
        _check(asked, Source.CHANGES)
        return Chosen(source=Source.CHANGES, why=why)
    _check(asked, Source.CRAWL)
    return Chosen(source=Source.CRAWL, why=why)


def _check(asked: SweepAsked, source: Source) -> None:
    if asked.filters:
        raise InputError("--type-filter", "narrows an export, and this EHR is read by search")
    if source is Source.CRAWL and asked.since:
        raise InputError(
            "--since",
            "this EHR is read chart by chart, which says nothing of changes; leave it out, and "
            "name a new folder to keep the copy in",
        )
    if source is Source.CHANGES and not asked.since:
        raise InputError("--source", "changes are read since a moment; add --since")
    if source is Source.CHANGES and asked.group:
        raise InputError("--group", "changes cannot be searched for within a group")


def _level(asked: SweepAsked, form: BulkForm) -> Level:
    if asked.group:
        return Level.GROUP
    found = [level for level in (Level.PATIENT, Level.SYSTEM) if level in form.levels]
    if found:
        return found[0]
    if form.levels:
        raise InputError("--group", "this EHR exports groups alone; name one by its id")
    return Level.PATIENT


def _tells_changes(capability: Capability | None) -> bool:
    if capability is None:
        return False
    common = capability.common_search_params
    return _UPDATED in common or _UPDATED in capability.of("Condition").search_params
