"""Time entries as stated: into the entries that are counted, or a clear refusal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import UNSET

from ccm_fhir.domain.codes import NotCounted, PerformerKind
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules import MonthRules
from ccm_fhir.domain.stated.document import ContactKind, PerformerRole, StatedEntry
from ccm_fhir.domain.stated.services import known
from ccm_fhir.domain.timekeeping import TimeEntry, Wall, instants
from ccm_fhir.errors import InputError

_SECONDS_A_MINUTE = 60
_MINUTES_A_DAY = 24 * 60
_NAMED = tuple(f"time_entries[{number}]" for number in range(64))

_STAFF, _NONCLINICAL = PerformerRole.CLINICAL_STAFF, PerformerRole.NONCLINICAL_STAFF
_STAFFS, _OWN = PerformerKind.CLINICAL_STAFF, PerformerKind.BILLING_PRACTITIONER
_NOBODY = PerformerKind.NONCLINICAL_STAFF
_FACE_TO_FACE = ContactKind.FACE_TO_FACE


class Work:
    """The entries of a month, checked against each other."""

    def __init__(self, zone: ZoneInfo, rules: MonthRules) -> None:
        self.entries: list[TimeEntry] = []
        self.cautions: tuple[Caution, ...] = ()
        self.minutes_elsewhere: dict[str, int] = {}
        self._zone = zone
        self._rules = rules
        self._seen: dict[object, list[StatedEntry]] = {}
        self._minutes: dict[date, int] = {}

    def add(self, number: int, stated: StatedEntry) -> None:
        """Take one entry.

        Raises:
            InputError: its times are missing, contradict each other, or it is there twice.
        """
        name = _NAMED[number] if number < len(_NAMED) else f"time_entries[{number}]"
        self._refuse_duplicate(name, stated)
        refused = self._refused(name, stated)
        performer = _performer(stated)
        if refused is None and stated.mode is _FACE_TO_FACE:
            self.cautions = (Caution.FACE_TO_FACE_COUNTED,)
        if stated.start is UNSET and stated.end is UNSET:
            entry = TimeEntry(
                id=name,
                performer_id="",
                performer=performer,
                on=stated.date,
                seconds=self._minutes_of(name, stated) * _SECONDS_A_MINUTE,
                refused=refused,
            )
        else:
            begin, end = self._instants(name, stated)
            entry = TimeEntry(
                id=name,
                performer_id="",
                performer=performer,
                started_at=begin,
                ended_at=end,
                refused=refused,
            )
        self.entries.append(entry)
        if stated.also_counted_to:
            used = self.minutes_elsewhere.get(stated.also_counted_to, 0)
            minutes = entry.total_seconds // _SECONDS_A_MINUTE
            self.minutes_elsewhere[stated.also_counted_to] = used + minutes

    def _refuse_duplicate(self, name: str, stated: StatedEntry) -> None:
        key = (stated.date, stated.start, stated.minutes)
        alike = self._seen.get(key)
        if alike is None:
            self._seen[key] = [stated]
            return
        if stated in alike:
            raise InputError(name, "the same entry as an earlier one")
        alike.append(stated)

    def _refused(self, name: str, stated: StatedEntry) -> NotCounted | None:
        if stated.also_counted_to:
            known(self._rules, f"{name}.also_counted_to", stated.also_counted_to)
        if stated.performer_role is _NONCLINICAL:
            return NotCounted.NONCLINICAL
        if stated.located_outside_us is True:
            return NotCounted.OFFSHORE
        if stated.part_of_billed_em is True:
            return NotCounted.IN_BILLED_VISIT
        return NotCounted.COUNTED_ELSEWHERE if stated.also_counted_to else None

    def _minutes_of(self, name: str, stated: StatedEntry) -> int:
        if stated.minutes is UNSET:
            raise InputError(f"{name}.minutes", "missing; give start and end, or minutes")
        total = self._minutes.get(stated.date, 0) + stated.minutes
        if total > _MINUTES_A_DAY:
            raise InputError(f"{name}.minutes", "the day would have more than 24 hours")
        self._minutes[stated.date] = total
        return stated.minutes

    def _instants(self, name: str, stated: StatedEntry) -> tuple[datetime, datetime]:
        if stated.start is UNSET:
            raise InputError(f"{name}.start", "missing; start and end belong together")
        if stated.end is UNSET:
            raise InputError(f"{name}.end", "missing; start and end belong together")
        last = stated.date if stated.end_date is UNSET else stated.end_date
        try:
            begin, end = instants(
                Wall(stated.date, stated.start), Wall(last, stated.end), self._zone
            )
        except InputError as error:
            raise InputError(f"{name}.{error.field}", error.problem) from None
        if stated.minutes is not UNSET and timedelta(minutes=stated.minutes) != end - begin:
            raise InputError(f"{name}.minutes", "contradicts start and end")
        return begin, end


def _performer(stated: StatedEntry) -> PerformerKind:
    """Return whose time it is; a practitioner's not in person is staff time, as CMS has it."""
    role = stated.performer_role
    if role is _NONCLINICAL:
        return _NOBODY
    return _OWN if stated.personally is True and role is not _STAFF else _STAFFS
