"""Reconciling ledger, deliveries and EHR, without trusting the engine.

The EHR is asked for everything that bears our identifiers. What was in doubt and is there is
settled; what is there twice is quarantined; what nobody would bring any more is woken. All else
is told to a person: nothing is sent, changed or taken back here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import DeliveryState, Disposition
from ccm_fhir.services.dispositions import disposition_of_row, parts_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.reconcile_ehr import Copies, copies_at
from ccm_fhir.services.reconciled import Difference, Found, Report
from ccm_fhir.services.turns import wake
from ccm_fhir.storage import (
    approvals,
    deliveries,
    ehrs,
    keyed,
    practices,
    reconciliations,
    sending,
    turns,
)
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.ledger_rows import LedgerRow, ledger_rows
from ccm_fhir.storage.sending import Problem, Receipt

STALE_AFTER = timedelta(hours=24)
NOBODY_BRINGS_IT_AFTER = timedelta(minutes=20)  # longer than whatever looks again by itself
_OPEN = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
_IN_DOUBT = frozenset({DeliveryState.UNCERTAIN, DeliveryState.HELD})
_MAY_BE_DOUBLED = frozenset(
    {DeliveryState.PLANNED, DeliveryState.UNCERTAIN, DeliveryState.HELD, DeliveryState.SENT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of a practice is reconciled; None is everything."""

    practice_id: str
    month: ServiceMonth | None = None
    ehr_id: str | None = None


def reconcile(world: Installation, scope: Scope) -> Report:
    """Compare a practice's ledger, deliveries and EHRs; keep the report and return it.

    An EHR that does not answer is named in it, and its deliveries are not compared.

    Raises:
        NotFoundError: no such practice.
    """
    return _Reconciler(world=world, scope=scope, now=world.clock()).run()


def latest_report(world: Installation, practice_id: str) -> Report | None:
    """Return a practice's newest report, or None where it was never reconciled."""
    with world.db.read(practice_id) as session:
        kept = reconciliations.latest(session, practice_id)
    return None if kept is None else msgspec.json.decode(kept.report_json, type=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reconciler:
    world: Installation
    scope: Scope
    now: datetime
    differences: list[Found] = field(default_factory=list)

    def run(self) -> Report:
        with self.world.db.read(self.scope.practice_id) as session:
            rows, records = self._stored(session)
            registered = ehrs.list_all(session, self.scope.practice_id)
            known = deliveries.identifiers(session, self.scope.practice_id)
        compared, settled, unreachable = 0, 0, list[str]()
        for ehr in registered:
            if self.scope.ehr_id not in {None, ehr.id} or not ehr.is_active:
                continue
            own = [record for record in records if record.ehr_id == ehr.id]
            copies = copies_at(self.world, ehr, own)
            if copies.is_unreachable:
                unreachable.append(ehr.name)
            compared += len(copies.by_delivery)
            settled += self._weigh(own, copies)
            self._name_foreign(copies, known)
        woken = self._wake(records, registered)
        return self._kept(rows, compared, settled, woken, tuple(unreachable))

    def _stored(self, session: Session) -> tuple[tuple[LedgerRow, ...], list[DeliveryRecord]]:
        practice = practices.get(session, self.scope.practice_id)
        rows = ledger_rows(session, practice.id, self.scope.month, practice.zone)
        wanted = {row.id for row in rows}
        every = deliveries.all_of(session, practice.id)
        if self.scope.month is None:
            return rows, list(every)
        return rows, [record for record in every if record.artefact_id in wanted]

    def _weigh(self, records: list[DeliveryRecord], copies: Copies) -> int:
        """Hold what the EHR has against each delivery; return how many doubts were settled."""
        settled = 0
        for record in records:
            found = copies.by_delivery.get(record.id)
            if found is None:
                continue
            if len(found) > 1:
                self._add(Difference.DOUBLED, record)
                self._quarantine(record)
            elif found and self._is_settled_by(record, found[0]):
                settled += 1
            elif not found and record.state is DeliveryState.SENT:
                self._add(Difference.MISSING, record)
        return settled

    def _is_settled_by(self, record: DeliveryRecord, copy: tuple[str, str]) -> bool:
        if record.state not in _IN_DOUBT:
            return False
        with self.world.db.write(self.scope.practice_id) as session:
            now = self.world.clock()
            current = sending.claim_for_sending(session, record.practice_id, record.id, now)
            if current.state not in _IN_DOUBT:
                return False
            receipt = Receipt(delivery_id=record.id, remote_id=copy[0], remote_version=copy[1])
            sending.mark_sent(session, record.practice_id, receipt, now)
            wake(self.world, session, record.practice_id, record.id)  # to be read back
        return True

    def _quarantine(self, record: DeliveryRecord) -> None:
        with self.world.db.write(self.scope.practice_id) as session:
            now = self.world.clock()
            current = sending.claim_for_sending(session, record.practice_id, record.id, now)
            if current.state in _MAY_BE_DOUBLED:
                problem = Problem(delivery_id=record.id, code="duplicate")
                sending.mark_quarantined(session, record.practice_id, problem, now)

    def _name_foreign(self, copies: Copies, known: frozenset[str]) -> None:
        for resource_type, identifier in sorted(copies.seen):
            if identifier not in known:
                found = Found(
                    difference=Difference.FOREIGN, resource_type=resource_type, subject=identifier
                )
                self.differences.append(found)

    def _wake(self, records: list[DeliveryRecord], registered: tuple[Ehr, ...]) -> int:
        """Wake what is open and has no turn ahead: the engine has lost it, or never had it."""
        active = {ehr.id for ehr in registered if ehr.is_active}
        with self.world.db.write(self.scope.practice_id) as session:
            known = turns.of_practice(session, self.scope.practice_id)
            lost = [
                record
                for record in records
                if record.state in _OPEN
                and record.ehr_id in active
                and self._is_lost(record, known.get(record.id))
            ]
            for record in lost:
                wake(self.world, session, record.practice_id, record.id)
        return len(lost)

    def _is_lost(self, record: DeliveryRecord, turn: turns.Turn | None) -> bool:
        moved_at = record.updated_at if turn is None or turn.due_at is None else turn.due_at
        return self.now - moved_at >= NOBODY_BRINGS_IT_AFTER

    def _kept(
        self,
        rows: tuple[LedgerRow, ...],
        compared: int,
        settled: int,
        woken: int,
        unreachable: tuple[str, ...],
    ) -> Report:
        practice_id = self.scope.practice_id
        with self.world.db.write(practice_id) as session:
            _, records = self._stored(session)
            by_hand = keyed.of_practice(session, practice_id)
            asked = approvals.of_practice(session, practice_id)
            of_row = _by_row(records)
            stands = {
                row.id: disposition_of_row(
                    parts_of(of_row.get(row.id, []), by_hand), asked.get(row.id)
                )
                for row in rows
            }
            self._name_unplanned(rows, stands)
            self._name_stale(records)
            report = Report(
                practice_id=practice_id,
                at=self.now,
                month="" if self.scope.month is None else str(self.scope.month),
                ledger=len(rows),
                dispositions=_counted(stands),
                ledger_cents=sum(row.cents for row in rows),
                cents=_cents(rows, stands),
                compared=compared,
                not_compared=len(records) - compared,
                settled=settled,
                woken=woken,
                unreachable=unreachable,
                differences=tuple(self.differences),
            )
            text = msgspec.json.encode(report).decode()
            reconciliations.record(session, practice_id, text, self.now)
        return report

    def _name_unplanned(
        self, rows: tuple[LedgerRow, ...], stands: Mapping[str, Disposition]
    ) -> None:
        self.differences.extend(
            Found(difference=Difference.UNPLANNED, resource_type=row.kind.value, subject=row.id)
            for row in rows
            if stands[row.id] is Disposition.UNPLANNED
        )

    def _name_stale(self, records: list[DeliveryRecord]) -> None:
        for record in records:
            if record.state in _OPEN and self.now - record.created_at > STALE_AFTER:
                self._add(Difference.STALE, record)

    def _add(self, difference: Difference, record: DeliveryRecord) -> None:
        resource_type = record.resource_type.value
        self.differences.append(
            Found(difference=difference, resource_type=resource_type, subject=record.id)
        )


def _by_row(records: list[DeliveryRecord]) -> dict[str, list[DeliveryRecord]]:
    grouped = defaultdict[str, list[DeliveryRecord]](list)
    for record in records:
        grouped[record.artefact_id].append(record)
    return dict(grouped)


def _counted(stands: Mapping[str, Disposition]) -> dict[Disposition, int]:
    values = list(stands.values())
    return {one: values.count(one) for one in Disposition}


def _cents(
    rows: tuple[LedgerRow, ...], stands: Mapping[str, Disposition]
) -> dict[Disposition, int]:
    return {one: sum(row.cents for row in rows if stands[row.id] is one) for one in Disposition}
