"""A bulk export read into a sweep: begun, looked at until it is ready, fetched file by file.

The status address is on disk before anything else is done, and each file's spill file is its
checkpoint: whoever is killed goes on from there, without a new export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from ccm_fhir.errors import (
    EhrHttpError,
    EhrUnreachableError,
    ExportFailedError,
    ExportGoneError,
    FhirError,
    LaunchError,
)
from ccm_fhir.fhir.bulk_files import Fetching, StartAgainError
from ccm_fhir.fhir.bulk_forms import ExportRequest, Level
from ccm_fhir.fhir.bulk_manifest import Manifest, ManifestFile
from ccm_fhir.fhir.bulk_told import is_serious, read_deleted, read_outcomes
from ccm_fhir.fhir.readers import READERS
from ccm_fhir.fhir.unpacking import MOST_BYTES
from ccm_fhir.population.lines import lines_within
from ccm_fhir.population.plan import Range
from ccm_fhir.population.records import SWEPT
from ccm_fhir.services.sweep_access import SweepAccess
from ccm_fhir.services.sweep_laying import Laying, Taker
from ccm_fhir.services.sweep_state import ExportState, StateFile

LONGEST_EXPORT = timedelta(days=30)  # weeks are known to pass
_UNTYPED = "resources"
_BAD_REQUEST = frozenset({400, 422})
_SHORT = "a file of {} lines holds {}: it was cut short, each time it was fetched"
_MOST_SMALL_BYTES = 1024**3
_T = TypeVar("_T")
_Pick = Callable[[Manifest], ManifestFile]


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """How far the reading of an EHR is: what it does, and how many files of how many are read."""

    doing: str
    done: int = 0
    files: int = 0
    resources: int = 0
    percent: float | None = None


Tell = Callable[[Fetched], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """One export of one EHR; ``now`` is the real clock, which bounds the waiting."""

    access: SweepAccess
    state: StateFile
    tell: Tell
    now: Callable[[], datetime]

    def begin(self) -> ExportState:
        """Begin the export unless it was begun; its status address is kept at once.

        Raises:
            EhrHttpError: the EHR refuses it.
            FhirError, LaunchError: as the client says.
        """
        state = self._state
        if state.status_url or state.manifest is not None:
            return state
        self.tell(Fetched(doing="beginning an export"))
        asked = self._request
        try:
            status_url = self.access.bulk.kick_off(asked)
        except EhrHttpError as refusal:
            if refusal.status not in _BAD_REQUEST or not asked.types:
                raise
            everything = msgspec.structs.replace(asked, types=())
            status_url = self.access.bulk.kick_off(everything)
            self.state.remark(
                "the EHR refused to export chosen types; it was asked for all of them"
            )
        return self.state.change(
            status_url=status_url,
            began_at=self.now(),
            was_begun=state.was_begun + 1,
        )

    def manifest(self) -> Manifest:
        """Wait until the export is ready, and return its manifest, which is kept.

        Raises:
            ExportGoneError: the EHR no longer knows the export.
            ExportFailedError: it gave it up, or takes longer than thirty days.
            FhirError, LaunchError: as the client says; it can be looked at again later.
        """
        if self._state.manifest is not None:
            return self._state.manifest
        turn = failures = 0
        while self.now() - self._state.began_at < LONGEST_EXPORT:
            try:
                looked = self.access.bulk.look(self._state.status_url, turn)
            except (EhrHttpError, EhrUnreachableError) as problem:
                failures += 1
                self._sleep(self.access.bulk.failed_wait(problem, failures))
                continue
            failures, turn = 0, turn + 1
            if looked.manifest is not None:
                return self._kept(looked.manifest)
            self.tell(Fetched(doing="waiting for the export", percent=looked.percent))
            self._sleep(looked.wait_seconds)
        raise ExportFailedError(f"it is not ready after {LONGEST_EXPORT.days} days")

    def fetch(self, laying: Laying, output: tuple[ManifestFile, ...]) -> None:
        """Fetch every file of the output that is not read yet; ``laying`` names them in order.

        Raises:
            ExportGoneError: a file is gone for good; the export must be begun anew.
            ExportFailedError: a file is shorter than the manifest says.
            FhirError, LaunchError: as the client says; what is read stays.
        """
        stretches = laying.ranges("")[: len(output)]
        done = resources = 0
        left, is_fresh = MOST_BYTES, False
        for number, stretch in enumerate(stretches):
            if not laying.is_done(stretch):
                if self._is_expired and not is_fresh:
                    self._look_again()
                    is_fresh = True  # some servers date everything back: 404 will tell the rest
                left -= self._fetch(laying, stretch, number, left)
            done, resources = done + 1, resources + laying.tally(stretch).lines_read
            files = len(stretches)
            self.tell(Fetched(doing="fetching", done=done, files=files, resources=resources))

    def told(self) -> set[tuple[str, str]]:
        """Read what the export says went wrong, and return what it says was deleted.

        Raises:
            FhirError, LaunchError: as the client says.
        """
        problems: Counter[str] = Counter()
        for number in range(len(self._manifest.problems)):
            problems.update(self._small(_problem(number), read_outcomes))
        deleted: set[tuple[str, str]] = set()
        broken = 0
        for number in range(len(self._manifest.deleted)):
            found, unread = self._small(_deletion(number), read_deleted)
            deleted, broken = deleted | found, broken + unread
        self.state.change(problems=dict(problems))
        if broken:
            self.state.remark(f"{broken} deletions of the export cannot be read")
        if any(is_serious(problem) for problem in problems):
            self.state.remark("the EHR says that something is missing from its export")
        return deleted

    def drop(self) -> None:
        """Let the EHR drop the export, where it still has it; that it cannot is no failure."""
        if self._state.status_url:
            with suppress(FhirError, LaunchError):
                self.access.bulk.cancel(self._state.status_url)

    @property
    def _state(self) -> ExportState:
        return self.state.at_hand

    @property
    def _manifest(self) -> Manifest:
        return self._state.manifest or Manifest()

    @property
    def _request(self) -> ExportRequest:
        asked, form = self._state.asked, self.access.form
        return ExportRequest(
            level=self._state.chosen.level or Level.PATIENT,
            group=asked.group,
            since=self._state.since,
            types=tuple(sorted(SWEPT - form.not_exported)),
            filters=asked.filters,
        )

    def _kept(self, manifest: Manifest) -> Manifest:
        odd = tuple(f"the export's manifest: {remark}" for remark in manifest.remarks)
        unasked = sorted({f.type for f in manifest.output if not is_wanted(f)})
        if unasked:
            odd += (f"not fetched, since nobody asked for them: {', '.join(unasked)}",)
        self.state.change(manifest=manifest)
        self.state.remark(*odd)
        return manifest

    def _fetch(self, laying: Laying, stretch: Range, number: int, most_bytes: int) -> int:
        """Fetch one file; return how many bytes it unpacked to."""
        tries = self.access.bulk.door.patience.tries
        for attempt in range(tries):
            file = wanted(self._manifest)[number]
            feed = _Feed(file, self._fetching(file, most_bytes), is_last=attempt == tries - 1)
            try:
                laying.lay(stretch, feed)
            except StartAgainError:
                self._sleep(2.0**attempt)
            except ExportGoneError:
                self._look_again()
            else:
                if feed.more:
                    self.state.remark(
                        "the export's manifest counts fewer lines than some files hold"
                    )
                return feed.given
        raise ExportGoneError("a file of it breaks off, or is gone, each time it is fetched")

    @property
    def _is_expired(self) -> bool:
        expires_at = self._manifest.expires_at
        return expires_at is not None and self.now() >= expires_at

    def _look_again(self) -> None:
        """Ask for the manifest anew, for fresh addresses of the same files."""
        looked = self.access.bulk.look(self._state.status_url, 0)
        fresh, known = looked.manifest, self._manifest
        if fresh is None or _shape(fresh) != _shape(known):
            raise ExportGoneError("its files have changed")
        self.state.change(manifest=fresh)

    def _fetching(self, file: ManifestFile, most_bytes: int) -> Fetching:
        door = self.access.bulk.door
        needs_token = self._manifest.requires_token
        return Fetching(door, file.url, needs_token=needs_token, most_bytes=most_bytes)

    def _small(self, pick: _Pick, read: Callable[[Iterator[bytes]], _T]) -> _T:
        """Return what a file that the manifest names tells."""
        for attempt in range(self.access.bulk.door.patience.tries):
            fetching = self._fetching(pick(self._manifest), _MOST_SMALL_BYTES)
            try:
                return read(lines_within(fetching.pieces()))
            except StartAgainError:
                self._sleep(2.0**attempt)
            except ExportGoneError:
                self._look_again()
        raise ExportFailedError("a file of what it tells breaks off each time it is fetched")

    def _sleep(self, seconds: float) -> None:
        self.access.bulk.door.patience.sleep(seconds)


class _Feed:
    """The lines of one file, counted; ``more`` says that there were more than announced."""

    def __init__(self, file: ManifestFile, fetching: Fetching, *, is_last: bool) -> None:
        self._file, self._fetching, self._is_last = file, fetching, is_last
        self.more = False

    @property
    def given(self) -> int:
        """How many bytes the file unpacked to."""
        return self._fetching.given

    def __call__(self, taker: Taker) -> None:
        lines = 0
        for line in lines_within(self._fetching.pieces()):
            taker.take(line)
            lines += not line.isspace()
        expected = self._file.count
        if expected is not None and lines < expected:
            if self._is_last:
                raise ExportFailedError(_SHORT.format(expected, lines))
            raise StartAgainError
        self.more = expected is not None and lines > expected


def wanted(manifest: Manifest) -> tuple[ManifestFile, ...]:
    """Return the files of the output that a sweep reads: of its types, and of no known type."""
    return tuple(file for file in manifest.output if is_wanted(file))


def is_wanted(file: ManifestFile) -> bool:
    """Whether a sweep reads a file of an export."""
    return file.type in SWEPT or file.type not in READERS


def names_of(files: tuple[ManifestFile, ...]) -> tuple[str, ...]:
    """Return the names of files in a sweep, in their order."""
    return tuple(f"{file.type or _UNTYPED}.{number:05d}" for number, file in enumerate(files))


def _problem(number: int) -> _Pick:
    return lambda manifest: manifest.problems[number]


def _deletion(number: int) -> _Pick:
    return lambda manifest: manifest.deleted[number]


def _shape(manifest: Manifest) -> tuple[object, ...]:
    files = (*manifest.output, None, *manifest.deleted, None, *manifest.problems)
    listed = tuple((file.type, file.count) if file else None for file in files)
    return manifest.transaction_time, listed
