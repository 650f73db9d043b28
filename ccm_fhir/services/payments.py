"""What a month's claims came to, as a worklist: paid, short, denied, and for what reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.claims import Frequency, Standing
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import Outcome, Settlement
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.claim_chains import OnRecord, on_record
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.remittances import RemittanceRead, load_remittance
from ccm_fhir.services.review import months_offered
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import claims, patients, practices, remittances, users

PAYMENT_ROLES = (Role.BILLER, Role.PRACTITIONER, Role.ADMIN)
ROWS_A_PAGE = 50
NEEDS_WORK = (Outcome.DENIED, Outcome.UNPROCESSABLE, Outcome.SHORT, Outcome.UNCLEAR)
_ORDINARY = frozenset({"CO-45", "CO-253", "PR-1", "PR-2", "PR-3", "45", "253"})
_MOST_FILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which claims of a month are asked for; pages count from 1."""

    month: ServiceMonth
    outcome: Outcome | None = None
    reason: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One claim; ``is_superseded``: a later claim of the month was sent in its place."""

    patient_id: str
    name: str = field(repr=False)
    identifier: str
    revision: int
    frequency: Frequency
    is_superseded: bool
    charge_usd: Decimal
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReason:
    """Why claims were not paid as billed: a group and CARC (``CO-97``) or a RARC (``N290``)."""

    code: str
    is_remark: bool
    claims: int
    charged_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSums:
    """The money of a month; charges are of claims that nothing has taken the place of."""

    charged_usd: Decimal
    paid_usd: Decimal
    coinsurance_usd: Decimal
    deductible_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """A remittance that was read: when by the practice's clock, by whom, and how much was ours."""

    at: datetime
    by: str
    matched: int
    unmatched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """One page of a month's claims that have left, with counts over all of them."""

    month: ServiceMonth
    months: tuple[ServiceMonth, ...]
    practice_name: str
    wanted: PaymentFilter
    counts: dict[Outcome, int]
    amounts: dict[Outcome, Decimal]
    sums: PaymentSums
    reasons: tuple[PaymentReason, ...]
    rows: tuple[PaymentRow, ...]
    page: int
    pages: int
    files: tuple[FileRead, ...]


def payments(world: Installation, actor: Actor, wanted: PaymentFilter, now: datetime) -> Payments:
    """Return a page of what a month's claims came to; the reading is audited.

    Raises:
        NotAllowedError: neither a biller, a practitioner nor an administrator.
    """
    actor.must_be("seeing what was paid", *PAYMENT_ROLES)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_payments", None)
        practice = practices.get(session, actor.practice_id)
        every = _left(session, actor.practice_id, wanted.month)
        people = {one.id: one.name for one in users.list_all(session, actor.practice_id)}
        files = remittances.newest_files(session, actor.practice_id, _MOST_FILES)
        rows = [one for one in every if _is_wanted(one, wanted)]
        pages = max(1, -(-len(rows) // ROWS_A_PAGE))
        page = min(max(1, wanted.page), pages)
        shown = rows[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
        ids = [one.claim.patient_id for one, _ in shown]
        names = {one.id: one.name for one in patients.list_all(session, actor.practice_id, ids)}
    return Payments(
        month=wanted.month,
        months=months_offered(now.astimezone(practice.zone).date()),
        practice_name=practice.name,
        wanted=wanted,
        counts=dict(Counter(one.settlement.outcome for one, _ in every)),
        amounts=_amounts(one for one, _ in every),
        sums=_sums(every),
        reasons=_reasons(one for one, _ in every),
        rows=tuple(_row(one, names, is_superseded=gone) for one, gone in shown),
        page=page,
        pages=pages,
        files=tuple(
            FileRead(
                at=one.read_at.astimezone(practice.zone),
                by=people.get(one.user_id or "", "the command line"),
                matched=one.matched,
                unmatched=one.unmatched,
            )
            for one in files
        ),
    )


def load_by_hand(
    world: Installation, actor: Actor, content: bytes, now: datetime
) -> RemittanceRead:
    """Take over a remittance that somebody uploaded.

    Raises:
        NotAllowedError: neither a biller, a practitioner nor an administrator.
        X12FileError: as ``load_remittance``; nothing was changed.
        ConflictError: somebody reads the same one at this moment.
    """
    actor.must_be("reading a remittance", *PAYMENT_ROLES)
    hand = SetupHand(practice_id=actor.practice_id, user_id=actor.user_id)
    return load_remittance(world, hand, content, now)


_Sent = tuple[OnRecord, bool]


def _left(session: Session, practice_id: str, month: ServiceMonth) -> list[_Sent]:
    """Return every claim that has left, the worst first, and whether a later one took its place.

    A void is no claim to be paid: what it came to is told of the claim that it takes back. Nor is
    an answer awaited to what was corrected before anybody answered it.
    """
    chains = on_record(session, practice_id, claims.of_month(session, practice_id, month))
    found = [
        (one, _is_superseded(one, records))
        for records in chains.values()
        for one in records
        if one.frequency is not Frequency.VOID
        and _has_left(one)
        and not (_is_awaited(one) and _is_superseded(one, records))
    ]
    order = {outcome: place for place, outcome in enumerate((*NEEDS_WORK, *Outcome))}
    return sorted(found, key=lambda each: (order[each[0].settlement.outcome], each[0].claim.id))


def _has_left(one: OnRecord) -> bool:
    return not _is_awaited(one) or one.standing in {Standing.SENT, Standing.ADJUDICATED}


def _is_awaited(one: OnRecord) -> bool:
    return one.settlement.outcome is Outcome.AWAITED


def _is_superseded(one: OnRecord, records: Iterable[OnRecord]) -> bool:
    return any(
        later.as_revision.prior == one.claim.identifier and later.standing is not Standing.REJECTED
        for later in records
    )


def _is_wanted(each: _Sent, wanted: PaymentFilter) -> bool:
    came = each[0].settlement
    if wanted.outcome is not None and came.outcome is not wanted.outcome:
        return False
    if not wanted.reason:
        return True
    return came.outcome in NEEDS_WORK and wanted.reason in _codes(came)


def _codes(came: Settlement) -> tuple[str, ...]:
    return (*(one for one in came.reasons if one not in _ORDINARY), *came.remarks)


def _reasons(every: Iterable[OnRecord]) -> tuple[PaymentReason, ...]:
    """Return why claims that need work were not paid, the dearest first."""
    numbers: Counter[str] = Counter()
    charged: dict[str, Decimal] = {}
    remarks: set[str] = set()
    for one in every:
        if one.settlement.outcome in NEEDS_WORK:
            remarks.update(one.settlement.remarks)
            for code in _codes(one.settlement):
                numbers[code] += 1
                charged[code] = charged.get(code, Decimal(0)) + one.claim.total_usd
    return tuple(
        PaymentReason(
            code=code,
            is_remark=code in remarks,
            claims=numbers[code],
            charged_usd=charged[code],
        )
        for code in sorted(numbers, key=lambda code: (-charged[code], code))
    )


def _amounts(every: Iterable[OnRecord]) -> dict[Outcome, Decimal]:
    found: dict[Outcome, Decimal] = {}
    for one in every:
        outcome = one.settlement.outcome
        found[outcome] = found.get(outcome, Decimal(0)) + one.claim.total_usd
    return found


def _sums(every: list[_Sent]) -> PaymentSums:
    came = [one.settlement for one, _ in every]
    standing = (one.claim.total_usd for one, is_superseded in every if not is_superseded)
    return PaymentSums(
        charged_usd=sum(standing, Decimal(0)),
        paid_usd=sum((one.paid_usd for one in came), Decimal(0)),
        coinsurance_usd=sum((one.coinsurance_usd for one in came), Decimal(0)),
        deductible_usd=sum((one.deductible_usd for one in came), Decimal(0)),
    )


def _row(one: OnRecord, names: dict[str, str], *, is_superseded: bool) -> PaymentRow:
    return PaymentRow(
        patient_id=one.claim.patient_id,
        name=names.get(one.claim.patient_id, ""),
        identifier=one.claim.identifier,
        revision=one.claim.revision,
        frequency=one.frequency,
        is_superseded=is_superseded,
        charge_usd=one.claim.total_usd,
        settlement=one.settlement,
    )
