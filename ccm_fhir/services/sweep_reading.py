"""What of a population is read, in which files and in which order: the middle of an EHR's sweep.

An export's files first, then whoever is new since the kept copy, then what is searched for patient
by patient. Every file that is read is a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.bulk_manifest import Manifest
from ccm_fhir.population.deletions import deletions_in, write_deleted
from ccm_fhir.population.plan import ExportFile, Range
from ccm_fhir.population.records import SWEPT
from ccm_fhir.services.sweep_access import SweepAccess
from ccm_fhir.services.sweep_export import Exporting, Fetched, names_of, wanted
from ccm_fhir.services.sweep_kept import kept_files
from ccm_fhir.services.sweep_laying import Laying, Layout, Taker
from ccm_fhir.services.sweep_search import (
    ChartSearches,
    chart_searches,
    members,
    take_changed,
    take_every_patient,
)
from ccm_fhir.services.sweep_state import ExportState, Source, SweepAsked

_LINE_BYTES = 1_200
_UNCOUNTED_LINES = 10_000
_TOPPED_UP = frozenset({"Coverage", "Consent"})
_FIRST_SIGHT, _TOP_UP, _CHARTS = "first-sight", "search", "charts"
_UNSEEN = "changes are searched for: what was deleted since is not seen until all is read again"


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationReading:
    """One population read as was chosen; of an export, ``exporting`` has the manifest at hand."""

    access: SweepAccess
    exporting: Exporting

    def layout(self) -> tuple[Layout, ChartSearches]:
        """Return the files to read, and the searches of those that are searched for.

        Raises:
            InputError: the kept copy cannot be read.
            LaunchError: the EHR gives us no token.
        """
        kept: tuple[ExportFile, ...] = ()
        if self._asked.since:
            kept = kept_files(Path(self._asked.keep), self._state.run)
        match self._state.chosen.source:
            case Source.BULK:
                return self._bulk_layout(kept)
            case Source.CHANGES:
                searches = self._searches(SWEPT)
                self.exporting.state.remark(_UNSEEN)
                names = tuple(f"{kind}.changes" for kind in ("Patient", *searches.types))
                return Layout(kept=kept, names=(*names, _FIRST_SIGHT)), searches
            case Source.CRAWL:
                searches = self._searches(SWEPT)
                layout = Layout(
                    names=("Patient.list",), searched=_CHARTS, asked_types=searches.types
                )
                return layout, searches

    def _bulk_layout(self, kept: tuple[ExportFile, ...]) -> tuple[Layout, ChartSearches]:
        files = wanted(self._state.manifest or Manifest())
        missing = _TOPPED_UP - {file.type for file in files} | self.access.form.not_exported
        topped_up = self._searches(SWEPT if self._asked.since else missing)
        counts = (_UNCOUNTED_LINES if file.count is None else file.count for file in files)
        layout = Layout(
            kept=kept,
            names=(*names_of(files), *((_FIRST_SIGHT,) if self._asked.since else ())),
            searched=_TOP_UP if set(topped_up.types) & missing else "",
            asked_types=tuple(sorted(set(topped_up.types) & missing)),
            expected_bytes=sum(counts) * _LINE_BYTES,
        )
        return layout, topped_up

    def lay(self, laying: Laying, searches: ChartSearches) -> None:
        """Read every file that is not read yet.

        Raises:
            FhirError, LaunchError: the EHR does not do its part; what is read stays.
            OSError: the disk does not.
        """
        match self._state.chosen.source:
            case Source.BULK:
                self.exporting.fetch(laying, wanted(self._state.manifest or Manifest()))
            case Source.CHANGES:
                self._lay_changes(laying)
            case Source.CRAWL:
                (listed,) = laying.ranges("Patient.list")
                self._lay_once(laying, listed, self._take_patients)
        self._note_deleted(laying)
        if self._asked.since:
            laying.lay_kept()
            self._lay_first_sight(laying, searches)
        asked = set(laying.plan.asked_types)
        for name in (_TOP_UP, _CHARTS):
            self._lay_searched(laying, laying.ranges(name), searches.of(asked))

    def _lay_changes(self, laying: Laying) -> None:
        for stretch in laying.ranges():
            kind, _, what = stretch.path.partition(".")

            def feed(taker: Taker, kind: str = kind) -> None:
                self.exporting.tell(Fetched(doing=f"asking what changed of {kind}"))
                take_changed(self.access.client, kind, self._state.since, taker)

            if what == "changes":
                self._lay_once(laying, stretch, feed)

    def _lay_first_sight(self, laying: Laying, searches: ChartSearches) -> None:
        """Ask for the whole chart of whoever was never read before (Bulk Data, ``_since``)."""
        kept = [each for each in laying.plan.ranges() if Path(each.path).is_absolute()]
        (stretch,) = laying.ranges(_FIRST_SIGHT)
        fresh = [each for each in laying.ranges() if each.number < stretch.number]
        parts = range(laying.plan.partitions)
        known = set[str]().union(*(laying.patients(part, kept) for part in parts))
        named = self._members().union(*(laying.named(part, fresh) for part in parts))
        new = sorted(named - known)

        def feed(taker: Taker) -> None:
            for done, patient in enumerate(new):
                self.exporting.tell(
                    Fetched(doing="reading new patients", done=done, files=len(new))
                )
                searches.take(patient, taker, with_patient=True)

        self._lay_once(laying, stretch, feed)

    def _members(self) -> set[str]:
        """Return who is in the group now, where it can be read: nothing of theirs need change."""
        if self._asked.group:
            with suppress(EhrHttpError, EhrFormatError):
                return {
                    f"Patient/{each}" for each in members(self.access.client, self._asked.group)
                }
        return set()

    def _lay_searched(
        self, laying: Laying, stretches: list[Range], searches: ChartSearches
    ) -> None:
        """Ask for every patient's resources of the searched types, part by part."""
        before = [each for each in laying.plan.ranges() if each not in stretches]
        for part, stretch in enumerate(stretches):
            patients = sorted(laying.patients(part, before))

            def feed(taker: Taker, patients: list[str] = patients, part: int = part) -> None:
                for patient in patients:
                    searches.take(patient, taker)
                self.exporting.tell(Fetched(doing="searching", done=part + 1, files=len(stretches)))

            self._lay_once(laying, stretch, feed)

    def _lay_once(self, laying: Laying, stretch: Range, feed: Callable[[Taker], None]) -> None:
        if not laying.is_done(stretch):
            laying.lay(stretch, feed)

    def _take_patients(self, taker: Taker) -> None:
        self.exporting.tell(Fetched(doing="listing patients"))
        take_every_patient(self.access.client, self._asked.group, taker)

    def _note_deleted(self, laying: Laying) -> None:
        """Keep what was deleted: it voids what was read before, here and in the kept copy."""
        deleted: dict[tuple[str, str], int] = {}
        if self._asked.keep and self._asked.since:
            deleted |= deletions_in(Path(self._asked.keep), laying.plan)
        if self._state.chosen.source is Source.BULK:
            found = self.exporting.told()
            searched = {
                each.number for name in (_FIRST_SIGHT, _TOP_UP) for each in laying.ranges(name)
            }
            place = laying.end_of([s for s in laying.plan.ranges() if s.number not in searched])
            deleted |= dict.fromkeys(found, place)
            if laying.copy is not None:
                write_deleted(laying.copy, found)
        laying.work.keep_deletions(deleted)

    def _searches(self, types: Collection[str]) -> ChartSearches:
        found = chart_searches(self.access, types, self._asked.asking.as_of)
        said = (
            f"not searched for: {each.resource_type}, since {each.reason}"
            for each in found.not_asked
        )
        self.exporting.state.remark(*said)
        return found

    @property
    def _state(self) -> ExportState:
        return self.exporting.state.at_hand

    @property
    def _asked(self) -> SweepAsked:
        return self._state.asked
