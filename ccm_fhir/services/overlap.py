"""Work of two people for one patient at one time: allowed, told before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from ccm_fhir.domain import timers as clock
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.timers import Ending, Stretch
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import try_judge
from ccm_fhir.storage import ledger, users
from ccm_fhir.storage.ledger import NewEntry, TimeEntryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.values import value_of
from ccm_fhir.storage.vocabulary import EntryChange

_NOT_YET = "not-yet-recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Somebody else's work at the same time, in the practice's zone."""

    person: str = field(repr=False)
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What is shared, and what the month counts without and with the entry, where it is known."""

    others: tuple[Shared, ...]
    seconds: int
    shared_seconds: int
    counted_before: int | None
    counted_after: int | None


class OverlapWarningError(ConflictError):
    """The work overlaps somebody else's for the same patient; a person must have seen that."""

    def __init__(self, overlap: Overlap) -> None:
        self.overlap = overlap
        super().__init__("Somebody else worked for this patient at the same time.")


def refuse_own_overlap(
    session: Session, practice: Practice, new: NewEntry, *, but: str = ""
) -> None:
    """Raise InputError where the person worked on something else; ``but`` is being corrected.

    The other entry is named by its time alone: whose chart it is in, the page need not tell.
    """
    for other in ledger.of_user_between(
        session, practice.id, new.user_id, new.started_at, new.ended_at
    ):
        if other.form_key == new.form_key or other.id == but:
            continue
        begin = other.started_at.astimezone(practice.zone)
        end = other.ended_at.astimezone(practice.zone)
        whose = "this patient" if other.patient_id == new.patient_id else "another patient"
        raise InputError(
            "start_time",
            f"You already have work from {begin:%H:%M} to {end:%H:%M} on that day, for {whose}; "
            "one person's minutes count for one patient. Change the time, or that entry.",
        )


def warn_of_others(
    world: Installation, session: Session, practice: Practice, new: NewEntry, *, but: str = ""
) -> None:
    """Raise OverlapWarningError where somebody else worked for the patient at that time.

    A form that was recorded before is not asked about again.
    """
    touching = ledger.entries_of_month(
        session, practice.id, new.patient_id, new.started_at, new.ended_at
    )
    others = [one for one in touching if one.user_id != new.user_id and one.id != but]
    if not others or ledger.find_by_form(session, practice.id, new.form_key) is not None:
        return
    names = {one.id: one.name for one in users.list_all(session, practice.id)}
    stretch = Stretch(started_at=new.started_at, ended_at=new.ended_at, ending=Ending.STOP)
    left = clock.without((stretch,), ((one.started_at, one.ended_at) for one in others))
    before, after = _counted(world, session, practice, new, but)
    raise OverlapWarningError(
        Overlap(
            others=tuple(
                Shared(
                    person=names.get(one.user_id, ""),
                    started_at=one.started_at.astimezone(practice.zone),
                    ended_at=one.ended_at.astimezone(practice.zone),
                )
                for one in others
            ),
            seconds=stretch.seconds,
            shared_seconds=stretch.seconds - sum(part.seconds for part in left),
            counted_before=before,
            counted_after=after,
        )
    )


def _counted(
    world: Installation, session: Session, practice: Practice, new: NewEntry, but: str
) -> tuple[int | None, int | None]:
    """Return what the rules count of the month without the entry, and with it."""
    month = ServiceMonth.containing(new.started_at.astimezone(practice.zone).date())
    found = gather(world, session, practice.id, new.patient_id, month)
    added = value_of(
        TimeEntryRecord,
        replace(new, recorded_by=new.user_id),
        id=_NOT_YET,
        practice_id=practice.id,
        recorded_at=new.ended_at + timedelta(seconds=1),
        supersedes_id=None,
        change=EntryChange.ENTRY,
        change_reason="",
    )
    kept = tuple(one for one in _counting(found) if one.id != but)
    return _seconds(world, found, _counting(found)), _seconds(world, found, (*kept, added))


def _counting(found: Gathered) -> tuple[TimeEntryRecord, ...]:
    return () if found.material is None else found.material.entries


def _seconds(
    world: Installation, found: Gathered, entries: tuple[TimeEntryRecord, ...]
) -> int | None:
    if found.material is None:
        return None
    judged, _ = try_judge(world, replace(found.material, entries=entries))
    return None if judged is None else judged.decision.counted_seconds
