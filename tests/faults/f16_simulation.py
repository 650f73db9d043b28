"""F16: the recipe itself under thousands of seeds: its own code and database, a simulated EHR.

One seed is one delivery. The seed decides each answer, each lag and each death of the sender; a
seed that fails, fails again. The settle time is the sum that the design asks for: index lag and
latest possible commit. A settle time below it is the control, in which something must double.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.deliver import attempt_delivery
from ccm_fhir.storage import deliveries
from ccm_fhir.storage.deliveries import NewDelivery
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.faults.result import FaultResult
from tests.faults.simulated_ehr import LAG, LATEST_COMMIT, DeadError, SimulatedEhr
from tests.faults.storm import database_of
from tests.services.loopback_ehr import Clock, cast, running_ehr
from tests.world import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.services.installation import Installation
    from ccm_fhir.storage.deliveries import DeliveryRecord

_MOST_STEPS = 80
_ONE_HELD_IN = 1000  # fifteen tries in a row that write nothing are rarer by far
_BODY = (
    '{"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/p"},'
    '"identifier":[{"system":"https://ids.example","value":"%s"}]}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The recorded time that every delivery tells of."""

    patient_id: str
    id: str


@dataclass(slots=True, kw_only=True)
class _Ends:
    """How the seeds ended; ``held`` is what a person must look at, under a word that names why."""

    delivered: int = 0
    doubled: int = 0
    lost: int = 0
    held: int = 0
    quarantined: int = 0
    unsettled: int = 0

    def add(self, record: DeliveryRecord, copies: int) -> None:
        """Count one seed; each counts once but for its copies."""
        self.doubled += copies > 1
        match record.state:
            case DeliveryState.SENT:
                self.delivered += copies == 1
                self.lost += copies == 0
            case DeliveryState.HELD if record.last_problem:
                self.held += 1
            case DeliveryState.QUARANTINE if record.last_problem:
                self.quarantined += 1
            case _:
                self.unsettled += 1

    def __str__(self) -> str:
        return (
            f"{self.delivered} delivered once, {self.doubled} doubled, {self.lost} lost, "
            f"{self.held} held for a person, {self.quarantined} quarantined, "
            f"{self.unsettled} unsettled"
        )


def run(
    database_url: str, seeds: int, *, settle_seconds: float | None = None, first: int = 1
) -> FaultResult:
    """Walk every seed to its end; none may be doubled, lost, or unsettled without a name."""
    began = time.monotonic()
    enough = (LAG + LATEST_COMMIT).total_seconds()
    settle = enough if settle_seconds is None else settle_seconds
    ends, most_held = _Ends(), seeds // _ONE_HELD_IN
    with running_ehr(cast(1), Clock()) as ehr, open_site(database_url, ehr) as site:
        desk = site.launch()
        entry = _Entry(patient_id=desk.patient_id, id=desk.record())
        simulated = SimulatedEhr(clock=site.clock)
        world = _simulated(site, simulated, settle)
        for seed, delivery_id, identifier in _planned(site, entry, range(first, first + seeds)):
            simulated.chance = random.Random(seed)  # noqa: S311  # fates, not secrets
            record = _walked(world, site, delivery_id)
            site.clock.advance(seconds=enough)
            ends.add(record, simulated.copies(identifier))
    is_enough = settle >= enough
    return FaultResult(
        row="F16",
        operation=f"simulated recipe, index lag 2 s, commits up to 2 s late, settle {settle:g} s",
        database=database_of(database_url),
        asked=(
            f"{seeds} seeds: delivered once, or held under a named problem (at most {most_held})"
            if is_enough
            else "more than 0 doubled, none lost, none unsettled"
        ),
        reached=f"{seeds} seeds: {ends}",
        passed=_is_exact(ends, seeds, most_held) if is_enough else _is_seen_to_double(ends),
        seconds=time.monotonic() - began,
    )


def _is_exact(ends: _Ends, seeds: int, most_held: int) -> bool:
    return (
        ends.delivered + ends.held == seeds
        and ends.held <= most_held
        and not (ends.doubled or ends.lost)
    )


def _is_seen_to_double(ends: _Ends) -> bool:
    return ends.doubled > 0 and not (ends.lost or ends.unsettled)


def _simulated(site: Site, simulated: SimulatedEhr, settle: float) -> Installation:
    return replace(
        site.world,
        settle_seconds=settle,
        patience=replace(site.world.patience, tries=1),
        open_gate=lambda origins, allow: OutgoingGate(
            origins=origins, allow_loopback_http=allow, transport=simulated
        ),
    )


def _planned(site: Site, entry: _Entry, seeds: range) -> Iterator[tuple[int, str, str]]:
    """Plan one delivery a seed, just before it is walked."""
    for seed in seeds:
        identifier = f"seed-{seed}"
        new = NewDelivery(
            id=new_id(site.clock() + timedelta(microseconds=seed)),
            ehr_id=site.ehr_id,
            patient_id=entry.patient_id,
            resource_type=ResourceKind.PROCEDURE,
            artefact_kind=ArtefactKind.TIME_ENTRY,
            artefact_id=entry.id,
            identifier_system="https://ids.example",
            identifier=identifier,
            body_json=_BODY % identifier,
        )
        with site.world.db.write(site.practice_id) as session:
            delivery_id = deliveries.plan(session, site.practice_id, new, site.clock()).id
        yield seed, delivery_id, identifier


def _walked(world: Installation, site: Site, delivery_id: str) -> DeliveryRecord:
    """Attempt a delivery until nothing is left to do; who dies is followed by another at once."""
    for _ in range(_MOST_STEPS):
        try:
            attempt = attempt_delivery(world, site.practice_id, delivery_id)
        except DeadError:
            site.clock.advance(seconds=0.1)
            continue
        if attempt.wait_seconds is None:
            break
        site.clock.advance(seconds=attempt.wait_seconds)
    return site.delivery(delivery_id)
