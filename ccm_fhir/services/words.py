"""Words that an EHR did not keep of a delivery: they go once more, on a rung that holds words."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from ccm_fhir.domain.writeback import ResourceKind, RungName
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import Place, plan_on_rung
from ccm_fhir.services.told import Told
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import practices
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.vocabulary import Purpose

_HOLD_WORDS = (RungName.DOCUMENT, RungName.HAND_OFF)
_ROOTS = frozenset({"note", "item", "sourceAttachment"})
_RULE = "The EHR keeps the record without its words, which go on their own."


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A delivery that is in the EHR without its words."""

    world: Installation
    ehr: Ehr
    record: DeliveryRecord
    told: Told


def has_lost_words(record: DeliveryRecord, lossy: tuple[str, ...]) -> bool:
    """Whether what the EHR dropped held a person's words; an Encounter has no place for them."""
    if record.purpose not in {Purpose.ARTEFACT, Purpose.REVISION}:
        return False
    if record.resource_type is ResourceKind.ENCOUNTER:
        return record.rung is RungName.ENCOUNTER
    return any(path.partition(".")[0].partition("[")[0] in _ROOTS for path in lossy)


def plan_words(worded: Worded, session: Session) -> RungName | None:
    """Plan the words on the next rung that holds them; None where there are none."""
    world, record, told = worded.world, worded.record, worded.told
    if not told.note:
        return None
    plan = plan_for(told.artefact, tenant_of(session, worded.ehr, None))
    to = next(r.name for r in plan.rungs if r.name in _HOLD_WORDS and r.is_open)
    place = Place(
        rung=to, rule=_RULE, mark="|words", purpose=Purpose.WORDS, of_delivery_id=record.id
    )
    practice = practices.get(session, record.practice_id)
    plan_on_rung(world, session, practice, told, place, world.clock())
    return to
