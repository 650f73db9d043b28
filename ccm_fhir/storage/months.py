"""A practice's month at a glance: every patient with all that a decision needs.

A fixed number of queries, however many patients there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypedDict, TypeVar

from sqlmodel import col, func, or_, select

from ccm_fhir.domain.writeback import OUTSIDE_THE_EHR, RungName, state_of_parts
from ccm_fhir.storage import (
    approvals,
    attestations,
    claim_statements,
    claims,
    condition_reviews,
    consents,
    deliveries,
    patients,
    plans,
)
from ccm_fhir.storage.approvals import is_counted
from ccm_fhir.storage.charts import ChartRecord, chart_of
from ccm_fhir.storage.deliveries import is_of_month
from ccm_fhir.storage.ledger import TimeEntryRecord, is_live, touches
from ccm_fhir.storage.sign_offs import SignOffRecord, sign_off_of
from ccm_fhir.storage.tables import (
    ChartSnapshotRow,
    DeliveryRow,
    KeyedByHandRow,
    SignOffRow,
    TimeEntryRow,
)
from ccm_fhir.storage.values import of_these, value_of
from ccm_fhir.storage.vocabulary import ArtefactKind, DeliveryState, Purpose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from zoneinfo import ZoneInfo

    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.plans.versions import AdoptedPlan
    from ccm_fhir.storage.claim_statements import StatementRecord
    from ccm_fhir.storage.claims import ClaimRecord
    from ccm_fhir.storage.condition_reviews import ReviewRecord
    from ccm_fhir.storage.consents import ConsentRecord
    from ccm_fhir.storage.patients import PatientRecord

V = TypeVar("V")


# Nothing of them is to go to the EHR.
_TAKEN_BACK = ("taken_back", "nothing_to_take_back", "superseded")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One patient's month: newest chart, newest signature and claim, deliveries.

    ``correction`` is open: then nobody has signed the month as it is to be, and ``attested`` holds
    what was said since. ``claim_refs`` are the EHR's own names of our claims.

    ``entries`` is live time that waits for nobody's approval; ``attested`` are the statements of
    the month, kind and user; ``claims`` every claim of the month, by revision.
    """

    patient: PatientRecord
    chart: ChartRecord | None
    entries: tuple[TimeEntryRecord, ...]
    sign_off: SignOffRecord | None
    claim: ClaimRecord | None
    delivery_states: tuple[DeliveryState, ...]
    claim_delivery_state: DeliveryState | None
    claim_rung: RungName | None = None
    consents: tuple[ConsentRecord, ...] = ()
    reviews: tuple[ReviewRecord, ...] = ()
    attested: frozenset[tuple[str, str]] = frozenset()
    waiting_entries: int = 0
    plans: tuple[AdoptedPlan, ...] = ()
    claims: tuple[ClaimRecord, ...] = ()
    correction: StatementRecord | None = None
    claim_refs: frozenset[str] = frozenset()

    @property
    def entered_seconds(self) -> int:
        """Seconds as entered: not clipped to the month, overlaps counted twice."""
        return sum(int((e.ended_at - e.started_at).total_seconds()) for e in self.entries)


class _State(NamedTuple):
    state: DeliveryState
    rung: RungName | None
    artefact_id: str


class _ClaimState(TypedDict):
    claim_delivery_state: DeliveryState | None
    claim_rung: RungName | None


def month_rows(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    zone: ZoneInfo,
    patient_ids: Collection[str] | None = None,
) -> tuple[MonthRow, ...]:
    """Return a practice's patients, by name, with their month; all of them, or those named."""
    charts = _charts(session, practice_id, patient_ids)
    entries = _entries(session, practice_id, month, zone, patient_ids)
    sign_offs = _sign_offs(session, practice_id, month, patient_ids)
    found = claims.of_month(session, practice_id, month, patient_ids)
    of_patient = _grouped((claim.patient_id, claim) for claim in found)
    newest = {patient_id: every[-1] for patient_id, every in of_patient.items()}
    opened = claim_statements.open_of_month(session, practice_id, month, newest.values())
    reopened = [one.id for one in found if one.patient_id in opened]
    refs = _claim_refs(session, practice_id, reopened)
    states = _delivery_states(session, practice_id, month, zone, patient_ids)
    recorded = consents.of_practice(session, practice_id, patient_ids)
    reviews = condition_reviews.of_practice(session, practice_id, patient_ids)
    since = {patient_id: one.said_at for patient_id, one in opened.items()}
    attested = attestations.said_in_month(session, practice_id, month, patient_ids, since)
    waiting = _waiting(session, practice_id, month, zone)
    adopted = plans.adopted_of_practice(session, practice_id, patient_ids)
    return tuple(
        MonthRow(
            patient=patient,
            chart=charts.get(patient.id),
            entries=entries.get(patient.id, ()),
            sign_off=None if patient.id in opened else sign_offs.get(patient.id),
            claim=newest.get(patient.id),
            delivery_states=_in_hand(states.get(patient.id, ())),
            **_of_newest_claim(states.get(patient.id, ()), of_patient.get(patient.id, ())),
            consents=recorded.get(patient.id, ()),
            reviews=reviews.get(patient.id, ()),
            attested=attested.get(patient.id, frozenset()),
            waiting_entries=waiting[patient.id],
            plans=adopted.get(patient.id, ()),
            claims=of_patient.get(patient.id, ()),
            correction=opened.get(patient.id),
            claim_refs=refs.get(patient.id, frozenset()),
        )
        for patient in patients.list_all(session, practice_id, patient_ids)
    )


def _charts(
    session: Session, practice_id: str, patient_ids: Collection[str] | None
) -> dict[str, ChartRecord]:
    rank = func.row_number().over(
        partition_by=col(ChartSnapshotRow.patient_id),
        order_by=(col(ChartSnapshotRow.read_at).desc(), col(ChartSnapshotRow.id).desc()),
    )
    ranked = (
        select(ChartSnapshotRow.id, rank.label("rank"))
        .where(
            col(ChartSnapshotRow.practice_id) == practice_id,
            *of_these(ChartSnapshotRow.patient_id, patient_ids),
        )
        .subquery()
    )
    rows = session.exec(
        select(ChartSnapshotRow)
        .join(ranked, ranked.c.id == col(ChartSnapshotRow.id))
        .where(ranked.c.rank == 1)
    )
    return {row.patient_id: chart_of(row) for row in rows}


def _entries(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    zone: ZoneInfo,
    patient_ids: Collection[str] | None,
) -> dict[str, tuple[TimeEntryRecord, ...]]:
    rows = session.exec(
        select(TimeEntryRow)
        .where(
            col(TimeEntryRow.practice_id) == practice_id,
            is_live(),
            is_counted(),
            touches(month.starts_at(zone), month.ends_at(zone)),
            *of_these(TimeEntryRow.patient_id, patient_ids),
        )
        .order_by(col(TimeEntryRow.started_at), col(TimeEntryRow.id))
    )
    return _grouped((row.patient_id, value_of(TimeEntryRecord, row)) for row in rows)


def _waiting(
    session: Session, practice_id: str, month: ServiceMonth, zone: ZoneInfo
) -> Counter[str]:
    """Count the entries of each patient's month whose approval nobody has answered."""
    open_ids = [one.entry_id for one in approvals.waiting(session, practice_id)]
    if not open_ids:
        return Counter()
    rows = session.exec(
        select(TimeEntryRow.patient_id).where(
            col(TimeEntryRow.practice_id) == practice_id,
            is_live(),
            touches(month.starts_at(zone), month.ends_at(zone)),
            col(TimeEntryRow.id).in_(open_ids),
        )
    )
    return Counter(rows)


def _sign_offs(
    session: Session, practice_id: str, month: ServiceMonth, patient_ids: Collection[str] | None
) -> dict[str, SignOffRecord]:
    rows = session.exec(
        select(SignOffRow)
        .where(
            col(SignOffRow.practice_id) == practice_id,
            col(SignOffRow.month) == str(month),
            *of_these(SignOffRow.patient_id, patient_ids),
        )
        .order_by(col(SignOffRow.revision), col(SignOffRow.id))
    )
    return {row.patient_id: sign_off_of(row) for row in rows}


def _delivery_states(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    zone: ZoneInfo,
    patient_ids: Collection[str] | None,
) -> dict[str, tuple[_State, ...]]:
    by_hand = select(KeyedByHandRow.delivery_id).where(
        col(KeyedByHandRow.practice_id) == practice_id
    )
    found = session.exec(
        select(
            DeliveryRow.patient_id,
            DeliveryRow.state,
            DeliveryRow.rung,
            DeliveryRow.artefact_id,
        )
        .where(
            col(DeliveryRow.practice_id) == practice_id,
            is_of_month(practice_id, month, zone),
            *of_these(DeliveryRow.patient_id, patient_ids),
            or_(col(DeliveryRow.state) == DeliveryState.SENT, col(DeliveryRow.id).not_in(by_hand)),
            col(DeliveryRow.fell_to).is_(None),
            col(DeliveryRow.last_problem).not_in(_TAKEN_BACK),
            col(DeliveryRow.purpose).not_in((Purpose.NOTICE, Purpose.ANCHOR)),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return _grouped(
        (
            patient_id,
            _State(DeliveryState(state), RungName(rung) if rung else None, artefact_id),
        )
        for patient_id, state, rung, artefact_id in found
    )


def _claim_refs(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return the EHR's own names of some claims, by patient."""
    found = deliveries.of_artefacts(session, practice_id, ArtefactKind.CLAIM, claim_ids)
    named = _grouped((one.patient_id, one.remote_ref) for one in found if one.remote_ref)
    return {patient_id: frozenset(refs) for patient_id, refs in named.items()}


def _in_hand(states: tuple[_State, ...]) -> tuple[DeliveryState, ...]:
    """What waits for a person to key it, or for its file, is work in hand and not trouble."""
    return tuple(one.state for one in states if one.rung not in OUTSIDE_THE_EHR)


def _of_newest_claim(states: tuple[_State, ...], found: tuple[ClaimRecord, ...]) -> _ClaimState:
    newest = [one for one in states if found and one.artefact_id == found[-1].id]
    if not newest:
        return {"claim_delivery_state": None, "claim_rung": None}
    # Of charges there is one a line, all on one rung.
    state = state_of_parts(one.state for one in newest)
    return {"claim_delivery_state": state, "claim_rung": newest[-1].rung}


def _grouped(pairs: Iterable[tuple[str, V]]) -> dict[str, tuple[V, ...]]:
    groups: dict[str, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
