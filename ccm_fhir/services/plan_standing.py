"""Where each version of a plan stands with the EHR, and what of the chart is our own writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.facts import ChartFacts, EvidenceRef
from ccm_fhir.domain.writeback import Disposition, disposition_of
from ccm_fhir.services.dispositions import parts_of
from ccm_fhir.services.patient_month import Delivered
from ccm_fhir.services.plan_origins import SUPERSEDED
from ccm_fhir.services.review import delivered_shown
from ccm_fhir.storage import deliveries, keyed
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import ArtefactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStanding:
    """A version's one word, and each resource on its way; VOIDED where a later one took over.

    ``disposition`` is None for a version that nothing was planned for: it was adopted before this
    app sent plans.
    """

    disposition: Disposition | None
    deliveries: tuple[Delivered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDeliveries:
    """Everything that tells of a patient's plans, by version; ``by_hand`` was keyed by a person."""

    by_version: Mapping[str, tuple[DeliveryRecord, ...]]
    by_hand: frozenset[str]

    @property
    def own_refs(self) -> frozenset[str]:
        """The EHR's resources that are ours: what a chart shows of them is no news."""
        every = (one for found in self.by_version.values() for one in found)
        return frozenset(one.remote_ref for one in every if one.remote_ref)

    def of(self, version_id: str, zone: ZoneInfo) -> VersionStanding:
        """Return where a version stands, moments in a zone."""
        found = self.by_version.get(version_id, ())
        live = [one for one in found if not one.has_fallen and one.last_problem != SUPERSEDED]
        word = disposition_of(parts_of(live, self.by_hand), is_voided=bool(found) and not live)
        return VersionStanding(
            disposition=word if found else None,
            deliveries=tuple(delivered_shown(one, zone) for one in live),
        )


def plan_deliveries(session: Session, practice_id: str, patient_id: str) -> PlanDeliveries:
    """Return what tells of a patient's plans."""
    by_version: dict[str, list[DeliveryRecord]] = {}
    for one in deliveries.of_patient(session, practice_id, patient_id):
        if one.artefact_kind is ArtefactKind.CARE_PLAN:
            by_version.setdefault(one.artefact_id, []).append(one)
    return PlanDeliveries(
        by_version={key: tuple(found) for key, found in by_version.items()},
        by_hand=frozenset(keyed.of_practice(session, practice_id)),
    )


def without_own(chart: ChartFacts, own: Iterable[str]) -> ChartFacts:
    """Return a chart without the Goals and teams that a plan of ours brought there."""
    refs = frozenset(own)

    def is_ours(ref: EvidenceRef) -> bool:
        return str(ref).partition("#")[0] in refs

    return msgspec.structs.replace(
        chart,
        goals=tuple(goal for goal in chart.goals if not is_ours(goal.ref)),
        care_teams=tuple(team for team in chart.care_teams if not is_ours(team.ref)),
        service_requests=tuple(one for one in chart.service_requests if not is_ours(one.ref)),
    )
