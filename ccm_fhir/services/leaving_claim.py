"""A claim on its way out: scrubbed once more where days lie between its signature and the EHR.

Asked is what is kept here: the draft as signed, the chart as last read, the rules, the day. What
would be denied by now is held for a person, and nothing of it leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft, Obstacle, scrub
from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.errors import RuleError
from ccm_fhir.services.claim_ahead import known_by, own_names_of
from ccm_fhir.services.claim_record import draft_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import charts, claims, deliveries, practices
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

SCRUBBED_AGAIN_AFTER = timedelta(days=1)
UNFIT = "unfit"
_MENDED = "What kept it back is mended; it goes on once a person says so."


def found_unfit(
    world: Installation, session: Session, record: DeliveryRecord, now: datetime
) -> tuple[Obstacle, ...]:
    """Return what would get a claim denied that was signed days ago; nothing for all else.

    Empty, too, where a release before kept only the claim's lines, or no chart was ever read.
    """
    if record.artefact_kind is not ArtefactKind.CLAIM or record.purpose is not Purpose.ARTEFACT:
        return ()
    claim = claims.get(session, record.practice_id, record.artefact_id)
    if now - claim.created_at < SCRUBBED_AGAIN_AFTER:
        return ()
    draft = draft_of(claim)
    chart = charts.latest(session, record.practice_id, record.patient_id)
    if draft is None or chart is None:
        return ()
    zone = practices.get(session, record.practice_id).zone
    ours = claims.of_month(session, record.practice_id, claim.month, [claim.patient_id])
    ids = [one.id for one in ours]
    ways = deliveries.of_artefacts(session, record.practice_id, ArtefactKind.CLAIM, ids)
    names = own_names_of(world, ours, ways)
    return tuple(scrubbed(world, names, draft, chart.facts, now.astimezone(zone).date()))


def reason_unfit(
    world: Installation, session: Session, record: DeliveryRecord, now: datetime
) -> str:
    """Return what would mend a claim that was held so, as it stands now; empty for all else."""
    if record.last_problem != UNFIT:
        return ""
    found = found_unfit(world, session, record, now)
    return " ".join(one.fix for one in found) or _MENDED


def scrubbed(
    world: Installation,
    own_names: frozenset[str],
    draft: ClaimDraft,
    chart: ChartFacts,
    filed_on: date,
) -> Iterator[Obstacle]:
    """Yield what keeps a signed draft back on the day it leaves.

    ``own_names`` are those by which the EHR knows claims of ours.
    """
    try:
        known = known_by(world, draft.month, chart, own_names, filed_on)
    except RuleError as problem:
        yield Obstacle(code="rules_not_loaded", owner="admin", fix=f"{problem}.")
        return
    signer = frozenset({draft.parties.practitioner_ref})
    yield from scrub(draft, replace(known, practitioner_refs=signer))
