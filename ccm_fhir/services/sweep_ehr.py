"""A population read from an EHR into a sweep: everything that needs the EHR, and nothing else.

When it is done, every file of the plan has its spill file, and the runner judges them as it does
those of a folder. Whoever is killed runs the same command again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Protocol

import msgspec

from ccm_fhir.errors import EhrHttpError, ExportFailedError, ExportGoneError, InputError
from ccm_fhir.fhir.audit_event import BY_COMMAND
from ccm_fhir.population.asking import Asking
from ccm_fhir.population.plan import SweepPlan
from ccm_fhir.population.work import Work, claimed_work, emptied, held_plan
from ccm_fhir.services import sweep_kept
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sweep_access import SweepAccess
from ccm_fhir.services.sweep_choice import after_refusal, choose
from ccm_fhir.services.sweep_export import Exporting, Tell
from ccm_fhir.services.sweep_kept import KeptRun, since_of
from ccm_fhir.services.sweep_laying import Laying
from ccm_fhir.services.sweep_reading import PopulationReading
from ccm_fhir.services.sweep_state import ExportState, Source, StateFile, SweepAsked
from ccm_fhir.storage import audit, practices
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.ehrs import Ehr

_MOST_EXPORTS = 3
_OVERLAP = timedelta(minutes=10)  # of our clock and the EHR's
_NO_EXPORT = frozenset({400, 403, 404, 405, 422, 501})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A population that is here: its plan, its work, and what is to be told of it."""

    plan: SweepPlan
    work: Work
    state: ExportState


class Wish(Protocol):
    """How a person asks for a sweep of an EHR."""

    @property
    def group(self) -> str:
        """The id of a Group, or empty."""

    @property
    def since(self) -> str:
        """An instant, ``last``, or empty."""

    @property
    def keep(self) -> Path | None:
        """A folder for a copy, or None."""

    @property
    def source(self) -> str:
        """A way of reading, or empty."""

    @property
    def filters(self) -> tuple[str, ...]:
        """Searches that narrow the export."""


def asked_of(world: Installation, ehr: Ehr, asking: Asking, wish: Wish) -> SweepAsked:
    """Return what is asked of an EHR; references and the practice are the EHR's own by default.

    Raises:
        InputError: the EHR is disconnected.
    """
    if not ehr.is_active:
        raise InputError("--ehr", "is disconnected; run: ccm-fhir ehr reconnect")
    keep = wish.keep.resolve() if wish.keep else None
    with world.db.read(ehr.practice_id) as session:
        organization = practices.get(session, ehr.practice_id).organization_ref
    return SweepAsked(
        ehr_id=ehr.id,
        asking=msgspec.structs.replace(
            asking,
            base_url=asking.base_url or ehr.fhir_base,
            organization=asking.organization or organization,
        ),
        group=wish.group,
        since=wish.since,
        keep=str(keep) if keep else "",
        source=Source(wish.source) if wish.source else None,
        filters=wish.filters,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """One population being read into a work folder that is held."""

    access: SweepAccess
    asked: SweepAsked
    folder: Path
    tell: Tell
    state: StateFile

    def collect(self) -> Collected:
        """Read everything that is not read yet.

        Raises:
            InputError: the folder holds the work of another sweep, or what was asked cannot be had.
            FhirError, LaunchError: the EHR does not do its part; what is read stays.
            OSError: the disk does not.
        """
        state = self._opened()
        if not state.is_collected:
            self._audit()
        for _ in range(_MOST_EXPORTS):
            try:
                return self._collected()
            except ExportGoneError as gone:
                self._begin_anew(f"{gone}: it was begun anew")
            except ExportFailedError:
                self._exporting.drop()
                self._begin_anew("")
                raise
        raise ExportFailedError("it is gone each time before it is read")

    def cancel(self) -> bool:
        """Let the EHR drop the export and forget the work; return whether there was any."""
        state = self.state.load()
        if state is None:
            return False
        self._exporting.drop()
        return True

    def _opened(self) -> ExportState:
        state = self.state.load()
        if state is None:
            chosen = choose(self.asked, self.access.form, self.access.capability)
            keep = Path(self.asked.keep) if self.asked.keep else None
            since = self.asked.since and since_of(
                keep, self.asked.since, self.asked.ehr_id, self.asked.group
            )
            run = sweep_kept.new_run(keep, is_whole=not since) if keep else ""
            return self.state.save(
                ExportState(
                    asked=self.asked, began_at=self._now(), chosen=chosen, since=since, run=run
                )
            )
        if state.asked != self.asked:
            raise InputError(
                "--work",
                "holds the unfinished work of another sweep (another EHR, day or option); finish "
                "it, end it with --cancel, or name another folder",
            )
        return state

    def _collected(self) -> Collected:
        if self._state.is_collected:
            return self._finished()
        if self._state.chosen.source is Source.BULK:
            self._begun()
        reading = PopulationReading(access=self.access, exporting=self._exporting)
        layout, searches = reading.layout()
        plan = layout.plan(self.asked.asking)
        laying = Laying(plan=plan, work=claimed_work(self.folder, plan), copy=self._copy)
        reading.lay(laying, searches)
        self._finish()
        return self._finished()

    def _finished(self) -> Collected:
        """Return what is here, once the EHR needs to keep nothing of it for us."""
        if self._state.status_url:
            self._exporting.drop()
            self.state.change(status_url="")
        plan = held_plan(self.folder)
        return Collected(plan=plan, work=claimed_work(self.folder, plan), state=self._state)

    def _finish(self) -> None:
        manifest = self._state.manifest
        if self._copy is not None:
            reached = (self._state.began_at - _OVERLAP).isoformat()
            kept = KeptRun(
                ehr_id=self.asked.ehr_id,
                group=self.asked.group,
                reached=manifest.transaction_time if manifest is not None else reached,
                finished_at=self._now(),
            )
            sweep_kept.finish(self._copy, kept)
        self.state.change(is_collected=True)

    def _begun(self) -> None:
        """Have an export under way, or another source where the EHR refuses to export."""
        try:
            self._exporting.begin()
        except EhrHttpError as refusal:
            is_insisted_on = self.asked.source is Source.BULK or self.asked.filters
            if refusal.status not in _NO_EXPORT or is_insisted_on:
                raise
            chosen = after_refusal(self.asked, self.access.capability, refusal.status)
            self.state.change(chosen=chosen)
            return
        self._exporting.manifest()

    def _begin_anew(self, remark: str) -> None:
        """Forget an export and what was read of it."""
        emptied(self.folder)
        if self._copy is not None:
            rmtree(self._copy, ignore_errors=True)
        self.state.change(status_url="", manifest=None)
        self.state.remark(remark)

    def _audit(self) -> None:
        world, practice_id = self.access.world, self.access.ehr.practice_id
        entry = AuditEntry(act=f"sweep_population {BY_COMMAND}")
        with world.db.write(practice_id) as session:
            audit.append(session, world.audit_key, practice_id, entry, world.clock())

    def _now(self) -> datetime:
        return self.access.world.clock()

    @property
    def _copy(self) -> Path | None:
        return Path(self.asked.keep) / self._state.run if self.asked.keep else None

    @property
    def _exporting(self) -> Exporting:
        return Exporting(
            access=self.access, state=self.state, tell=self.tell, now=self.access.world.clock
        )

    @property
    def _state(self) -> ExportState:
        return self.state.at_hand
