"""The practice's choice as its page shows it: what holds, what was chosen before, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.choice_shapes import (
    ChoiceMade,
    ChoiceShown,
    ChoiceStanding,
    PracticeChoice,
)
from ccm_fhir.services.coding_choice import CHOOSERS, ChoiceInForce, in_force
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import coding_choices, practices, sign_offs, users
from ccm_fhir.storage.coding_choices import ChoiceRecord

MONTHS_BACK = 3
MONTHS_AHEAD = 3


def practice_choice(
    world: Installation, actor: Actor, month: ServiceMonth, now: datetime
) -> PracticeChoice:
    """Return what the choice page shows, seen from one month; it holds no patient's data."""
    with world.db.read(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        records = coding_choices.of_practice(session, practice.id)
        signed = sign_offs.months_signed(session, practice.id)
        names = {user.id: user.name for user in users.list_all(session, practice.id)}
    today = ServiceMonth.containing(now.astimezone(practice.zone).date())
    held = in_force(records, month)
    newest = max(signed, default=None)
    return PracticeChoice(
        practice_name=practice.name,
        month=month,
        today_month=today,
        shown=shown(held, names, practice.zone),
        history=tuple(
            _seen_from(month, record, records, made(record, names, practice.zone))
            for record in reversed(records)
        ),
        may_choose=actor.may(*CHOOSERS),
        months=_open_months(today, newest),
        newest_signed=newest,
    )


def shown(held: ChoiceInForce, names: Mapping[str, str], zone: ZoneInfo) -> ChoiceShown:
    """Return what holds with the names of those who chose it."""
    practices_own, exception = held.of_practice, held.exception
    return ChoiceShown(
        choice=held.choice,
        of_practice=None if practices_own is None else made(practices_own, names, zone),
        exception=None if exception is None else made(exception, names, zone),
    )


def made(record: ChoiceRecord, names: Mapping[str, str], zone: ZoneInfo) -> ChoiceMade:
    """Return one recorded choice by the practice's clock."""
    return ChoiceMade(
        family=record.family,
        dos_policy=record.dos_policy,
        month=record.month,
        by=names.get(record.user_id, ""),
        at=record.chosen_at.astimezone(zone),
        reason=record.reason,
    )


def _seen_from(
    month: ServiceMonth,
    record: ChoiceRecord,
    records: tuple[ChoiceRecord, ...],
    choice: ChoiceMade,
) -> ChoiceMade:
    """Return a choice with its standing: a later one for the same month has replaced it."""
    if in_force(records, record.month).of_practice != record:
        return replace(choice, standing=ChoiceStanding.REPLACED)
    following = min((r.month for r in records if r.month > record.month), default=None)
    until = None if following is None else following.plus(-1)
    standing = ChoiceStanding.IN_FORCE
    if record.month > month:
        standing = ChoiceStanding.AHEAD
    elif until is not None and until < month:
        standing = ChoiceStanding.ENDED
    return replace(choice, standing=standing, until=until)


def _open_months(today: ServiceMonth, newest: ServiceMonth | None) -> tuple[ServiceMonth, ...]:
    """Return the months from which a choice may be set: none that holds a signature, or before."""
    offered = (today.plus(step) for step in range(-MONTHS_BACK, MONTHS_AHEAD + 1))
    return tuple(month for month in offered if newest is None or month > newest)
