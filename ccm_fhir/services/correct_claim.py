"""Correcting a claim: taking it back, opening its month for another, or saying what became of it.

What may follow is the chain's to say. Whoever speaks gives a reason, which stays on record; what
a replacement or a new claim says, a billing practitioner signs on the patient's own page, as the
first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import Chain, ClaimDraft, NextRevision, Obstacle, scrub
from ccm_fhir.domain.corrections import ClaimSaid, what_follows
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError, RuleError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.claim_ahead import known_by
from ccm_fhir.services.claim_chains import OnRecord, chain_of, on_record
from ccm_fhir.services.claim_record import draft_of, read_claim
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.keep_claim import SignedClaim, keep_claim
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.services.review import CORRECTORS
from ccm_fhir.storage import (
    charts,
    claim_statements,
    claims,
    patients,
    practices,
    sign_offs,
)
from ccm_fhir.storage.claim_statements import NewClaimStatement
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sign_offs import NewSignOff

LONGEST_REASON = 500
_NOT_KEPT = Obstacle(
    code="signed_before_claim_files",
    owner="biller",
    fix="The month was signed with an earlier release, which did not keep the whole claim. Void it "
    "where it was billed, and say here that the payer has answered.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SayOfClaim:
    """What somebody says of a month's claim; ``claim_id`` is the newest one that was shown."""

    patient_id: str
    month: ServiceMonth
    claim_id: str
    said: ClaimSaid
    reason: str = field(repr=False)
    form_key: str


def say_of_claim(world: Installation, actor: Actor, request: SayOfClaim, now: datetime) -> None:
    """Keep what was said; a void is signed and planned with it. The same form twice speaks once.

    Raises:
        NotAllowedError: neither a billing practitioner nor a biller.
        InputError: no reason, or a long one.
        NotFoundError: no such patient or claim in this practice.
        ConflictError: the claim has moved on since it was shown, the month is locked, or nothing
            of the kind may follow now; then with what would change that.
    """
    actor.must_be("correcting a claim", *CORRECTORS)
    reason = _reason(request)
    with world.db.write(actor.practice_id) as session:
        # First of all, since from here on the practice's other writers wait.
        audited(world, session, actor, f"claim_{request.said.value}", request.patient_id)
        patients.get(session, actor.practice_id, request.patient_id)
        before = claim_statements.find_by_form(session, actor.practice_id, request.form_key)
        if before is None:
            _act(world, session, actor, request, now)
        new = NewClaimStatement(
            claim_id=request.claim_id,
            patient_id=request.patient_id,
            month=request.month,
            said=request.said,
            reason=reason,
            user_id=actor.user_id,
            form_key=request.form_key,
        )
        claim_statements.record(session, actor.practice_id, new, now)


def void_of(live: OnRecord, coming: NextRevision) -> ClaimDraft | None:
    """Return the draft that takes a claim back: it says the same again, as a void."""
    said = draft_of(live.claim)
    if said is None:
        return None
    return replace(
        said, revision=coming.revision, frequency=coming.frequency, related=coming.related
    )


def what_may_be_said(
    records: tuple[OnRecord, ...],
) -> Mapping[ClaimSaid, NextRevision | tuple[Obstacle, ...] | None]:
    """Return for each thing that may be said of a month's claim what follows, or why it may not."""
    chain = chain_of(records)
    if not isinstance(chain, Chain):
        return dict.fromkeys(ClaimSaid, chain)
    found = dict(what_follows(chain))
    coming = found[ClaimSaid.VOID]
    if isinstance(coming, NextRevision) and void_of(live_of(records, coming), coming) is None:
        found[ClaimSaid.VOID] = (_NOT_KEPT,)
    return found


def live_of(records: tuple[OnRecord, ...], coming: NextRevision) -> OnRecord:
    """Return the claim that a replacement or void refers to."""
    named = coming.related.identifier if coming.related else ""
    return next(one for one in records if one.claim.identifier == named)


def _act(
    world: Installation, session: Session, actor: Actor, request: SayOfClaim, now: datetime
) -> None:
    practice = practices.get(session, actor.practice_id)
    every = claims.of_month(session, practice.id, request.month, [request.patient_id])
    if not every or every[-1].id != request.claim_id:
        raise ConflictError("The month’s claim has moved on since it was shown; look at it again.")
    refuse_locked(session, practice, request.patient_id, request.month)
    records = on_record(session, practice.id, every)[request.patient_id]
    opened = claim_statements.open_after(records[-1].said)
    if request.said is ClaimSaid.KEPT:
        if opened is None:
            raise ConflictError("No correction of this month is open; there is none to give up.")
        return
    if opened is not None:
        raise ConflictError(
            "A correction of this claim is open already. Sign it on the patient’s page, or give it "
            "up first."
        )
    coming = what_may_be_said(records)[request.said]
    if isinstance(coming, tuple):
        raise ConflictError(" ".join(one.fix for one in coming))
    if request.said is ClaimSaid.VOID and coming is not None:
        _void(world, session, practice, _Voiding(actor, request, records, coming), now)


@dataclass(frozen=True, slots=True)
class _Voiding:
    actor: Actor
    request: SayOfClaim
    records: tuple[OnRecord, ...]
    coming: NextRevision


def _void(
    world: Installation, session: Session, practice: Practice, voiding: _Voiding, now: datetime
) -> None:
    """Sign and plan the void: whoever may correct says again, as a void, what was sent."""
    request, live = voiding.request, live_of(voiding.records, voiding.coming)
    draft = void_of(live, voiding.coming)
    if draft is None:
        raise ConflictError(_NOT_KEPT.fix)
    _refuse_unclean(world, session, practice, draft, request, now)
    signed_then = sign_offs.get(session, practice.id, live.claim.sign_off_id)
    sign_off = sign_offs.record(
        session,
        practice.id,
        NewSignOff(
            patient_id=request.patient_id,
            month=request.month,
            programme=draft.programme,
            revision=draft.revision,
            user_id=voiding.actor.user_id,
            decision_json=signed_then.decision_json,
            form_key=request.form_key,
        ),
        now,
    )
    whole = live.kept.whole
    signed = SignedClaim(
        patient_id=request.patient_id,
        draft=draft,
        sign_off_id=sign_off.id,
        location=read_claim(live.claim).location,
        worked=frozenset() if whole is None else frozenset(whole.worked),
        earlier=tuple(one.claim for one in voiding.records),
    )
    keep_claim(world, session, practice, signed, now)


def _refuse_unclean(  # noqa: PLR0913, PLR0917  # whose, what, when
    world: Installation,
    session: Session,
    practice: Practice,
    draft: ClaimDraft,
    request: SayOfClaim,
    now: datetime,
) -> None:
    chart = charts.latest(session, practice.id, request.patient_id)
    if chart is None:
        raise ConflictError("The chart has not been read; open the patient from the EHR.")
    today = now.astimezone(practice.zone).date()
    try:
        known = known_by(world, draft.month, chart.facts, frozenset(), today)
    except RuleError as problem:
        raise ConflictError(str(problem)) from None
    if found := scrub(draft, known):
        raise ConflictError(" ".join(one.fix for one in found))


def _reason(request: SayOfClaim) -> str:
    reason = request.reason.strip()
    if not reason:
        raise InputError("reason", "Say why; it stays on record.")
    if len(reason) > LONGEST_REASON:
        raise InputError("reason", f"Keep it under {LONGEST_REASON} characters.")
    return reason
