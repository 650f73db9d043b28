"""The list of clean months: exactly what is signed, and what became of each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ccm_fhir.services.sign_all import CleanList, CleanMonth, RowOutcome, ToTick
from smart_app.views.formats import count, day, listed, minutes, moment, money, month_name
from smart_app.views.month_page import lock_said
from smart_app.views.tones import Tone

ROW, TICK = "row", "attested"
_ZERO = Decimal(0)
SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """A statement to be ticked for one patient; ``before`` says who attested it when."""

    id: str
    value: str
    statement: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRowView:
    """One month: ``sent`` is what the form sends of it, empty where it is signed by itself."""

    patient_id: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    conditions: str = field(repr=False)
    lines: tuple[str, ...]
    minutes: str
    total: str
    serviced_on: str
    ticks: tuple[TickView, ...]
    sent: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignListView:
    """Everything the list prints; ``rows`` are signed from here, ``single`` are not."""

    month: str
    month_value: str
    practice: str
    said: str
    lock: str
    rows: tuple[CleanRowView, ...]
    single: tuple[CleanRowView, ...]
    total: str
    sentence: str
    form_key: str
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """What became of one row."""

    name: str = field(repr=False)
    tone: Tone
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesView:
    """What became of a list."""

    month: str
    month_value: str
    said: str
    rows: tuple[OutcomeView, ...]


def sign_list(clean: CleanList, form_key: str, person: str) -> SignListView:
    """Return the page of a list; no statement is ticked beforehand."""
    rows = tuple(_row(one) for one in clean.months)
    listed_here = tuple(one for one in clean.months if not one.is_single)
    total = sum((one.total_usd for one in listed_here), start=_ZERO)
    name = month_name(clean.month)
    return SignListView(
        month=name,
        month_value=str(clean.month),
        practice=clean.practice_name,
        said=_said(clean),
        lock=lock_said(clean.lock, name),
        rows=tuple(row for row in rows if row.sent),
        single=tuple(row for row in rows if not row.sent),
        total=money(total),
        sentence=(
            f"I, {person}, sign the months listed here, but for those with a statement that I have "
            "not ticked, each as it is shown, and send their claims."
        ),
        form_key=form_key,
        page=clean.page,
        pages=clean.pages,
    )


def outcomes(clean_month: str, month_value: str, rows: tuple[RowOutcome, ...]) -> OutcomesView:
    """Return what became of each row."""
    signed = sum(row.is_signed for row in rows)
    left = len(rows) - signed
    said = f"{count(signed, 'month is', 'months are')} signed"
    said += f"; {count(left, 'was', 'were')} left out." if left else "."
    return OutcomesView(
        month=clean_month,
        month_value=month_value,
        said=said,
        rows=tuple(
            OutcomeView(
                name=row.name or "Unknown patient",
                tone=Tone.GOOD if row.is_signed else Tone.OPEN,
                said="Signed; the claim is on its way." if row.is_signed else row.said,
            )
            for row in rows
        ),
    )


def _said(clean: CleanList) -> str:
    said = f"{count(clean.ready, 'month is', 'months are')} ready."
    if clean.being_judged:
        waits = count(clean.being_judged, "patient is", "patients are")
        said += f" {waits} still being judged and not in this list."
    return said


def _row(one: CleanMonth) -> CleanRowView:
    return CleanRowView(
        patient_id=one.patient_id,
        name=one.name,
        born=one.birth_date,
        conditions=listed(one.conditions),
        lines=tuple(f"{code} × {units}, {money(amount)}" for code, units, amount in one.lines),
        minutes=minutes(one.counted_seconds),
        total=money(one.total_usd),
        serviced_on=day(one.serviced_on),
        ticks=tuple(_tick(one, tick) for tick in one.to_tick),
        sent="" if one.is_single else f"{one.patient_id}{SEPARATOR}{one.decision_hash}",
        fingerprint=one.decision_hash[:8],
    )


def _tick(one: CleanMonth, tick: ToTick) -> TickView:
    earlier = tick.before
    who = "" if earlier is None or not earlier.by else f" by {earlier.by}"
    return TickView(
        id=f"tick-{one.patient_id}-{tick.criterion.value}",
        value=f"{one.patient_id}{SEPARATOR}{tick.criterion.value}",
        statement=tick.statement,
        before=(
            ""
            if earlier is None
            else f"Attested for {month_name(earlier.month)}{who}, {moment(earlier.at)}."
        ),
    )
