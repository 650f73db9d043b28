"""A month's claims for their page: what was sent, what came of it, and what may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ccm_fhir.domain.claims import ClaimDraft, Frequency, NextRevision, Obstacle, Standing
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import Settlement
from ccm_fhir.errors import RuleError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.claim_ahead import draft_ahead
from ccm_fhir.services.claim_chains import Coming, OnRecord, coming_after, on_record
from ccm_fhir.services.claim_record import StoredClaim
from ccm_fhir.services.correct_claim import live_of, void_of, what_may_be_said
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import judge, judge_if_attested, likely_biller
from ccm_fhir.services.patient_month import Delivered, PatientBanner
from ccm_fhir.services.plan_claim import leaves_by_file
from ccm_fhir.services.review import CORRECTORS, ahead_of, banner_of, delivered_shown
from ccm_fhir.storage import claim_statements, sign_offs

_UNREAD = Obstacle(
    code="chart_not_read",
    owner="care_manager",
    fix="The chart has not been read; open the patient from the EHR.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidShown:
    """What somebody said of a claim: who, when by the practice's clock, and why."""

    said: ClaimSaid
    by: str
    at: datetime
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionShown:
    """One claim of the month; ``is_live``: it stands with the payer, as far as is known."""

    claim_id: str
    identifier: str
    revision: int
    frequency: Frequency
    standing: Standing
    is_live: bool
    signed_by: str
    signed_at: datetime
    kept: StoredClaim = field(repr=False)
    way: Delivered | None
    settlement: Settlement
    payer_control_number: str = field(repr=False)
    said: tuple[SaidShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MayFollow:
    """What would follow if somebody said so: the claim as it would be sent, or why there is none.

    ``coming`` is None where no claim follows; ``draft`` where it cannot be drafted as the month is
    now. ``obstacles`` keep it from being said; ``lacks`` from being signed, once it was said.
    """

    said: ClaimSaid
    coming: NextRevision | None
    draft: ClaimDraft | None = field(repr=False)
    obstacles: tuple[Obstacle, ...] = ()
    lacks: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimHistory:
    """The page of a month's claims, the oldest first; ``opened`` is the correction in hand."""

    patient: PatientBanner
    practice_name: str
    month: ServiceMonth
    revisions: tuple[RevisionShown, ...]
    may_follow: tuple[MayFollow, ...]
    opened: SaidShown | None
    may_correct: bool
    by_file: bool


def claim_history(
    world: Installation, actor: Actor, patient_id: str, month: ServiceMonth, now: datetime
) -> ClaimHistory:
    """Return every claim of a patient-month, and what may follow; the reading is audited.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_claims", patient_id)
        gathered = gather(world, session, actor.practice_id, patient_id, month)
        records = on_record(session, actor.practice_id, gathered.claims).get(patient_id, ())
        signed = {
            one.id: one for one in sign_offs.history(session, actor.practice_id, patient_id, month)
        }
        by_file = leaves_by_file(session, actor.practice_id)
    opened = claim_statements.open_after(records[-1].said) if records else None
    live = coming_after(records, ClaimSaid.NEW).live
    told = {} if not records or opened is not None else what_may_be_said(records)
    return ClaimHistory(
        patient=banner_of(gathered.patient, now.astimezone(gathered.practice.zone).date()),
        practice_name=gathered.practice.name,
        month=month,
        revisions=tuple(
            RevisionShown(
                claim_id=one.claim.id,
                identifier=one.claim.identifier,
                revision=one.claim.revision,
                frequency=one.frequency,
                standing=one.standing,
                is_live=one.claim.identifier in live,
                signed_by=_name(gathered, signed[one.claim.sign_off_id].user_id),
                signed_at=signed[one.claim.sign_off_id].signed_at.astimezone(
                    gathered.practice.zone
                ),
                kept=one.kept,
                way=None
                if one.delivery is None
                else delivered_shown(one.delivery, gathered.practice.zone),
                settlement=one.settlement,
                payer_control_number=one.payer_control_number,
                said=tuple(_said(gathered, said) for said in one.said),
            )
            for one in records
        ),
        may_follow=_may_follow(world, actor, gathered, records, told, now),
        opened=None if opened is None else _said(gathered, opened),
        may_correct=actor.may(*CORRECTORS),
        by_file=by_file,
    )


def _said(gathered: Gathered, one: claim_statements.StatementRecord) -> SaidShown:
    return SaidShown(
        said=one.said,
        by=_name(gathered, one.user_id),
        at=one.said_at.astimezone(gathered.practice.zone),
        reason=one.reason,
    )


def _name(gathered: Gathered, user_id: str) -> str:
    person = gathered.people.get(user_id)
    return person.name if person else ""


def _may_follow(  # noqa: PLR0913, PLR0917  # whose, what, when
    world: Installation,
    actor: Actor,
    gathered: Gathered,
    records: tuple[OnRecord, ...],
    told: Mapping[ClaimSaid, NextRevision | tuple[Obstacle, ...] | None],
    now: datetime,
) -> tuple[MayFollow, ...]:
    found = []
    for said, coming in told.items():
        if isinstance(coming, tuple):
            found.append(MayFollow(said=said, coming=None, draft=None, obstacles=coming))
        elif coming is None:
            found.append(MayFollow(said=said, coming=None, draft=None))
        elif said is ClaimSaid.VOID:
            draft = void_of(live_of(records, coming), coming)
            found.append(MayFollow(said=said, coming=coming, draft=draft))
        else:
            drafted = _as_if_opened(world, actor, gathered, coming_after(records, said), now)
            if isinstance(drafted, ClaimDraft):
                found.append(MayFollow(said=said, coming=coming, draft=drafted))
            else:
                found.append(MayFollow(said=said, coming=coming, draft=None, lacks=drafted))
    return tuple(found)


def _as_if_opened(
    world: Installation, actor: Actor, gathered: Gathered, coming: Coming, now: datetime
) -> ClaimDraft | tuple[Obstacle, ...]:
    """Return the claim as a signature would make it, were the month opened now."""
    if gathered.material is None:
        return (_UNREAD,)
    fresh = replace(
        gathered.material,
        attested=frozenset(),
        biller_id=likely_biller(gathered.material.entries),
    )
    opened = replace(gathered, sign_off=None, attested=(), coming=coming, material=fresh)
    seen = opened.seen_by(actor, now)
    if seen.material is None:
        return (_UNREAD,)
    try:
        decided = judge_if_attested(world, seen.material, judge(world, seen.material))
    except RuleError as problem:
        return (Obstacle(code="rules_not_loaded", owner="admin", fix=str(problem)),)
    return draft_ahead(world, ahead_of(seen, actor, decided, now), decided)
