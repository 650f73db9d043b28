"""Signing many clean months at once: exactly what is listed, each by its own hash.

Nothing is attested in bulk. A statement that a month needs is ticked for each patient by itself;
where a first judgement is asked for (risk that nobody attested for this patient within the year, or
which conditions are chronic) the month is left to be signed on the patient's own page, beside the
chart. What has changed since it was listed is left out and said so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import DecidedLine
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.decision_record import hash_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month_locks import LockShown, lock_shown
from ccm_fhir.services.month_standing import (
    MonthMaterial,
    Standing,
    month_material,
    rows_of,
    standing_of,
)
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.refresh_month import judge_stale, prepare, view_of, viewer_of
from ccm_fhir.services.sign import STATEMENTS, SignMonth, sign_month
from ccm_fhir.storage import attestations, patients, practices, standing_views, users
from ccm_fhir.storage.attestations import AttestationRecord
from ccm_fhir.storage.standing_views import View, Wanted

ROWS_A_LIST = 25
JUDGED_AT_A_LOOK = 250
MONTHS_BACK = 12
"""How long an earlier attestation of risk lets it be ticked in a list; shorter than the 12 months
that a chronic condition is expected to last."""

_PLAIN = frozenset({Criterion.NOT_BILLED_ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedBefore:
    """When this was last attested for the patient, and by whom; the practice's clock."""

    by: str
    month: ServiceMonth
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTick:
    """A statement that one patient's month needs, and who attested the same before."""

    criterion: Criterion
    statement: str
    before: AttestedBefore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanMonth:
    """One month as it would be signed; ``is_single``: a statement asks for the patient's page."""

    patient_id: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    conditions: tuple[str, ...] = field(repr=False)
    lines: tuple[tuple[str, int, Decimal], ...]
    counted_seconds: int
    total_usd: Decimal
    serviced_on: date
    to_tick: tuple[ToTick, ...]
    decision_hash: str
    is_single: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanList:
    """A page of the clean months of a practitioner; ``being_judged`` are not looked at yet."""

    month: ServiceMonth
    practice_name: str
    months: tuple[CleanMonth, ...]
    ready: int
    being_judged: int
    page: int
    pages: int
    lock: LockShown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowToSign:
    """A listed month: the hash that was shown, and which statements were ticked for it."""

    patient_id: str
    decision_hash: str
    attested: frozenset[Criterion]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAll:
    """A list as it was sent."""

    month: ServiceMonth
    form_key: str
    rows: tuple[RowToSign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """What became of one row; ``said`` tells why it was left out."""

    patient_id: str
    name: str = field(repr=False)
    is_signed: bool
    said: str = ""


def clean_months(
    world: Installation, actor: Actor, month: ServiceMonth, page: int, now: datetime
) -> CleanList:
    """Return a page of the months that this practitioner could sign from a list.

    Raises:
        NotAllowedError: only a billing practitioner signs.
    """
    actor.must_be("signing months", Role.PRACTITIONER)
    viewer = viewer_of(actor)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_sign_list", None)
        view = view_of(world, session, viewer, month, now)
        prepare(session, viewer, view)
    judge_stale(world, viewer, view, now, JUDGED_AT_A_LOOK)
    with world.db.read(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        today = now.astimezone(practice.zone).date()
        held = month_material(session, actor.practice_id, month, today)
        counts = standing_views.counts(session, actor.practice_id, view)
        ready = counts.get(MonthState.READY.value)
        pages = max(1, -(-(ready.patients if ready else 0) // ROWS_A_LIST))
        page = min(max(1, page), pages)
        found = _listed(world, session, actor, _Page(view=view, held=held, page=page))
        lock = lock_shown(session, practice, month)
    waiting = counts.get(standing_views.NOT_FRESH)
    return CleanList(
        month=month,
        practice_name=practice.name,
        months=found,
        ready=ready.patients if ready else 0,
        being_judged=waiting.patients if waiting else 0,
        page=page,
        pages=pages,
        lock=lock,
    )


def sign_all(
    world: Installation, actor: Actor, request: SignAll, now: datetime
) -> tuple[RowOutcome, ...]:
    """Sign every row that is still as it was listed and whose statements are ticked.

    Each is signed by itself: one that is refused keeps no other back. The same list twice signs
    once.

    Raises:
        NotAllowedError: only a billing practitioner signs.
    """
    actor.must_be("signing months", Role.PRACTITIONER)
    with world.db.read(actor.practice_id) as session:
        ids = [row.patient_id for row in request.rows]
        known = {p.id: p.name for p in patients.list_all(session, actor.practice_id, ids)}
        before = _attested_before(session, actor.practice_id, request.month, ids)
    return tuple(
        _signed(world, actor, _Signature(request=request, row=row, before=before), known, now)
        for row in request.rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    view: View
    held: MonthMaterial
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    request: SignAll
    row: RowToSign
    before: dict[tuple[str, str], AttestationRecord]

    @property
    def asks_for_the_chart(self) -> bool:
        """Whether something was ticked that a list may not ask for."""
        return any(
            not _may_tick(self.before, self.row.patient_id, criterion)
            for criterion in self.row.attested
        )

    def as_single(self) -> SignMonth:
        """Return the row as the form of one month, with a key of its own."""
        return SignMonth(
            patient_id=self.row.patient_id,
            month=self.request.month,
            form_key=str(uuid5(UUID(self.request.form_key), self.row.patient_id)),
            attested=self.row.attested,
            decision_hash=self.row.decision_hash,
        )


def _signed(
    world: Installation,
    actor: Actor,
    signature: _Signature,
    known: dict[str, str],
    now: datetime,
) -> RowOutcome:
    row, said = signature.row, ""
    if signature.asks_for_the_chart:
        said = "It asks for a statement that is made beside the chart; sign it by itself."
    else:
        try:
            sign_month(world, actor, signature.as_single(), now)
        except InputError:
            said = "A statement was not ticked; nothing was attested and nothing signed."
        except ConflictError as problem:
            said = problem.problem
        except NotFoundError:
            said = "There is no such patient in this practice."
    return RowOutcome(
        patient_id=row.patient_id,
        name=known.get(row.patient_id, ""),
        is_signed=not said,
        said=said,
    )


def _listed(
    world: Installation, session: Session, actor: Actor, asked: _Page
) -> tuple[CleanMonth, ...]:
    wanted = Wanted(
        state=MonthState.READY.value, skip=(asked.page - 1) * ROWS_A_LIST, most=ROWS_A_LIST
    )
    records = standing_views.page(session, actor.practice_id, asked.view, wanted)
    ids = [record.patient_id for record in records]
    before = _attested_before(session, actor.practice_id, asked.view.month, ids)
    names = {user.id: user.name for user in users.list_all(session, actor.practice_id)}
    rows = rows_of(session, asked.held, ids)
    judged = (standing_of(world, asked.held, row, actor.user_id) for row in rows)
    shown = _Shown(held=asked.held, before=before, names=names)
    return tuple(_clean(shown, one) for one in judged if one.state is MonthState.READY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    held: MonthMaterial
    before: dict[tuple[str, str], AttestationRecord]
    names: dict[str, str]


def _clean(shown: _Shown, one: Standing) -> CleanMonth:
    if one.judgement is None or one.attested is None or one.amount_usd is None:
        raise AssertionError
    decision, patient = one.attested.decision, one.row.patient
    serviced_on = decision.date_of_service
    if serviced_on is None:
        raise AssertionError
    to_tick = tuple(_to_tick(shown, patient.id, c) for c in one.judgement.to_attest)
    return CleanMonth(
        patient_id=patient.id,
        name=patient.name,
        birth_date=patient.birth_date_text,
        conditions=tuple(family.label for family in one.attested.eligibility.families),
        lines=tuple(_line(shown, line) for line in decision.lines),
        counted_seconds=one.counted_seconds,
        total_usd=one.amount_usd,
        serviced_on=serviced_on,
        to_tick=to_tick,
        decision_hash=hash_of(one.judgement.decision),
        is_single=any(not _may_tick(shown.before, patient.id, t.criterion) for t in to_tick),
    )


def _line(shown: _Shown, line: DecidedLine) -> tuple[str, int, Decimal]:
    return line.code, line.units, line.units * shown.held.charges[line.code]


def _to_tick(shown: _Shown, patient_id: str, criterion: Criterion) -> ToTick:
    earlier = shown.before.get((patient_id, criterion.value))
    zone = shown.held.practice.zone
    return ToTick(
        criterion=criterion,
        statement=STATEMENTS[criterion],
        before=None
        if earlier is None
        else AttestedBefore(
            by=shown.names.get(earlier.user_id, ""),
            month=earlier.month,
            at=earlier.attested_at.astimezone(zone),
        ),
    )


def _may_tick(
    before: dict[tuple[str, str], AttestationRecord], patient_id: str, criterion: Criterion
) -> bool:
    """Whether a statement may be ticked in a list: what one knows, or has judged within a year."""
    if criterion in _PLAIN:
        return True
    is_risk = criterion is Criterion.DURATION_AND_RISK
    return is_risk and (patient_id, criterion.value) in before


def _attested_before(
    session: Session, practice_id: str, month: ServiceMonth, ids: Collection[str]
) -> dict[tuple[str, str], AttestationRecord]:
    first, last = month.plus(-MONTHS_BACK), month.previous()
    return attestations.latest_between(session, practice_id, ids, first, last)
