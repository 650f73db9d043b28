"""Two versions of a plan side by side: what was added, taken out and changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.plans.diffing import ChangeKind, PartChange
from ccm_fhir.services.care_plan import VersionRecord, VersionsCompared
from smart_app.views import plan_words as words
from smart_app.views.formats import day
from smart_app.views.patient_page import BannerView, banner
from smart_app.views.tones import Tone

_TONES = {
    ChangeKind.ADDED: Tone.GOOD,
    ChangeKind.REMOVED: Tone.BAD,
    ChangeKind.CHANGED: Tone.MOVING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One part that differs; each field with what it said before and says now."""

    kind: str
    tone: Tone
    element: str
    text: str = field(repr=False)
    fields: tuple[tuple[str, str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsPageView:
    """The comparison, and which versions there are to compare."""

    banner: BannerView
    practice: str
    older: str
    newer: str
    changes: tuple[ChangeView, ...]
    numbers: tuple[int, ...]
    older_number: int
    newer_number: int


def versions_page(compared: VersionsCompared, *, needs_banner: bool) -> VersionsPageView:
    """Return the page of two versions."""
    older, newer = compared.older, compared.newer
    return VersionsPageView(
        banner=banner(compared.patient, is_slim=not needs_banner),
        practice=compared.practice_name,
        older="Nothing" if older is None else _named(older, compared),
        newer="Your draft" if newer is None else _named(newer, compared),
        changes=tuple(_change(change) for change in compared.changes),
        numbers=tuple(version.number for version in compared.versions),
        older_number=0 if older is None else older.number,
        newer_number=0 if newer is None else newer.number,
    )


def _named(version: VersionRecord, compared: VersionsCompared) -> str:
    who = compared.people.get(version.adopted_by, "")
    return f"Version {version.number} of {day(version.adopted_on)}, by {who}"


def _change(change: PartChange) -> ChangeView:
    return ChangeView(
        kind=words.CHANGES[change.kind],
        tone=_TONES[change.kind],
        element=words.ELEMENTS[change.part.element],
        text=change.part.text,
        fields=tuple(
            (words.FIELDS.get(each.field, each.field), each.before, each.after)
            for each in change.fields
        ),
    )
