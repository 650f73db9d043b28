"""Making claim files of a month: every signed claim once, and what lacks something left out.

A file is registered with its bytes before it leaves, and only then handed out to be written. What
was handed out and not said to be written is handed out again by the next run, the same to the
byte: nothing is lost, and nothing is made twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.claims import BillingDetails, Obstacle, claim_number
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.fhir.audit_event import BY_COMMAND
from ccm_fhir.services.claim_drafts import Billers, Candidate, candidate, keyed_by_hand
from ccm_fhir.services.claim_envelope import Numbering, filing_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_claim import in_a_file
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import audit, billing, claim_files, claims, practices, users
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.billing import PartnerSaid
from ccm_fhir.storage.claim_files import ClaimFileRecord, Filed, NewFile, NewFiled
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.vocabulary import ClaimsLeaveBy
from ccm_fhir.x12.filing import ClaimFile, FiledClaim, Filing, Unfit
from ccm_fhir.x12.professional import claims_of_sets, write_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """Which month to file; ``again`` are claims' identifiers to file though they went before."""

    month: ServiceMonth
    again: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A signed claim that no file can take yet, with what it lacks."""

    identifier: str
    patient_id: str
    total_usd: Decimal
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A registered file to be written; its name tells of nobody. ``is_new``: made just now."""

    record: ClaimFileRecord
    name: str
    content: bytes = field(repr=False)
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingRun:
    """What a run made of a month; ``before`` counts the claims that were in a file already."""

    month: ServiceMonth
    is_production: bool
    signed: int
    before: int
    files: tuple[HandedOut, ...]
    left_out: tuple[LeftOut, ...]


def make_files(
    world: Installation, hand: SetupHand, request: FileRequest, now: datetime
) -> FilingRun:
    """Make the file of a month's signed claims that are in none yet.

    Raises:
        ConflictError: the practice is not set up for files, or its claims leave by the EHR.
        InputError: a claim to be filed again is none of the month's, or has no reason.
    """
    _refuse_unreasoned(request)
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"file_claims {request.month}")
        desk = _desk(world, session, hand, request.again, now)
        every = _newest(claims.of_month(session, hand.practice_id, request.month))
        turns = _turns(session, desk, every)
        _refuse_unknown(request, every)
        due = [one for one in every if one.id not in turns or one.identifier in request.again]
        found = [
            candidate(world, session, desk.billers, one, desk.numbering.created_at.date())
            for one in due
        ]
        fit, left_out = _sorted_out(desk, found)
        new = _registered(world, session, desk, request, fit, turns, now) if fit else None
        handed = _unwritten(world, session, hand.practice_id, request.month, new)
    return FilingRun(
        month=request.month,
        is_production=desk.partner.is_production,
        signed=len(every),
        before=len(every) - len(due),
        files=handed,
        left_out=left_out,
    )


def say_written(world: Installation, hand: SetupHand, file: ClaimFileRecord, now: datetime) -> None:
    """Record that a file stands where it was wanted."""
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"write_claim_file {file.number}")
        claim_files.mark_written(session, hand.practice_id, file.id, hand.user_id, now)


def file_again(world: Installation, hand: SetupHand, number: int) -> HandedOut:
    """Return a registered file as it was, to the byte; the export is audited.

    Raises:
        InputError: no file of this practice has the number.
    """
    with world.db.write(hand.practice_id) as session:
        record = claim_files.find_by_number(session, hand.practice_id, number)
        if record is None:
            raise InputError("number", "no file has it; run: ccm-fhir claims list")
        audit_act(world, session, hand, f"export_claim_file {number}")
        return _handed(world, session, hand.practice_id, record, is_new=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    hand: SetupHand
    partner: PartnerSaid
    numbering: Numbering
    billers: Billers

    def filing(self, found: Iterable[Candidate]) -> Filing:
        claimed = tuple(
            FiledClaim(identifier=one.claim.identifier, draft=one.draft)
            for one in found
            if one.draft is not None
        )
        return filing_of(self.partner, self.numbering, claimed)


def _desk(
    world: Installation,
    session: Session,
    hand: SetupHand,
    asked_for: frozenset[str],
    now: datetime,
) -> _Desk:
    practice = practices.get(session, hand.practice_id)
    held = billing.find_billing(session, practice.id)
    partner = billing.find_partner(session, practice.id)
    if held is None or partner is None:
        lacking = "set" if held is None else "partner"
        raise ConflictError(
            "The practice is not set up for claim files, so none was made; "
            f"run: ccm-fhir practice billing {lacking}"
        )
    if partner.claims_leave_by is not ClaimsLeaveBy.FILE:
        raise ConflictError(
            "The practice has said that its EHR sends its claims, so no file was made: each would "
            "be billed twice. If claims are to leave by file, see to it that the EHR sends none, "
            "then run: ccm-fhir practice billing partner --claims-leave-by file"
        )
    numbers = claim_files.next_numbers(session, practice.id, partner.control_numbers_after)
    return _Desk(
        hand=hand,
        partner=partner,
        numbering=Numbering(
            number=numbers.number,
            first_set_control=numbers.first_set_control,
            created_at=now.astimezone(practice.zone),
        ),
        billers=Billers(
            practice_id=practice.id,
            details=BillingDetails(
                name=held.name,
                tax_id=held.tax_id.open(world.vault),
                taxonomy=held.taxonomy,
                address=held.address,
            ),
            setting=held.setting,
            people={one.id: one for one in users.list_all(session, practice.id)},
            names=billing.names(session, practice.id),
            keyed_deliveries=keyed_by_hand(session, practice.id),
            asked_for=asked_for,
        ),
    )


def _newest(every: Iterable[ClaimRecord]) -> tuple[ClaimRecord, ...]:
    """Return the newest revision of each patient's claim; an older one was superseded."""
    found = {(one.patient_id, one.programme): one for one in every}  # in the order of revisions
    return tuple(sorted(found.values(), key=lambda one: one.id))


def _turns(session: Session, desk: _Desk, every: Iterable[ClaimRecord]) -> Mapping[str, Filed]:
    """Return the last filing of each claim, of the kind (test or production) that is made now."""
    filed = claim_files.filed_of_claims(session, desk.hand.practice_id, [one.id for one in every])
    return {one.claim_id: one for one in filed if one.is_production is desk.partner.is_production}


def _sorted_out(
    desk: _Desk, found: Iterable[Candidate]
) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """Return what a file can take, and what it cannot, each with everything that it lacks.

    Raises:
        ConflictError: the file itself could not be written, whatever its claims.
    """
    every = tuple(found)
    unfit = _unfit(desk, every)
    wrong = {
        one.claim.id: _each_once((*one.obstacles, *unfit.get(one.claim.identifier, ())))
        for one in every
    }
    fit = tuple(one for one in every if not wrong[one.claim.id])
    left_out = tuple(
        LeftOut(
            identifier=one.claim.identifier,
            patient_id=one.claim.patient_id,
            total_usd=one.claim.total_usd,
            obstacles=wrong[one.claim.id],
        )
        for one in every
        if wrong[one.claim.id]
    )
    return fit, left_out


def _unfit(desk: _Desk, every: Iterable[Candidate]) -> Mapping[str, tuple[Obstacle, ...]]:
    filing = desk.filing(every)
    written = write_claims(filing) if filing.claims else ()
    refused: tuple[Unfit, ...] = written if isinstance(written, tuple) else ()
    of_file = [o for one in refused if not one.identifier for o in one.obstacles]
    if of_file:
        raise ConflictError(" ".join(("No file was made.", *(one.fix for one in of_file))))
    return {one.identifier: one.obstacles for one in refused}


def _each_once(obstacles: Iterable[Obstacle]) -> tuple[Obstacle, ...]:
    return tuple({one.code: one for one in obstacles}.values())


def _registered(  # noqa: PLR0913, PLR0917  # the two usual first, the two usual last
    world: Installation,
    session: Session,
    desk: _Desk,
    request: FileRequest,
    fit: tuple[Candidate, ...],
    turns: Mapping[str, Filed],
    now: datetime,
) -> ClaimFileRecord:
    filing = desk.filing(fit)
    made = write_claims(filing)
    if not isinstance(made, ClaimFile):
        message = "claims that were found fit are not"  # _sorted_out saw to it
        raise TypeError(message)
    for one in fit:
        _audit_patient(world, session, desk.hand, one.claim.patient_id)
    sets = claims_of_sets(filing)
    filed = tuple(_filed(one, sets, turns.get(one.claim.id), request) for one in fit)
    new = NewFile(
        month=request.month,
        numbers=claim_files.NextNumbers(
            number=desk.numbering.number, first_set_control=desk.numbering.first_set_control
        ),
        last_set_control=made.last_set_control,
        is_production=desk.partner.is_production,
        submitter_id=desk.partner.submitter_id,
        receiver_id=desk.partner.receiver_id,
        payer_id=desk.partner.payer_id,
        total_usd=made.total_usd,
        sha256=hashlib.sha256(made.content).hexdigest(),
        user_id=desk.hand.user_id,
        filed=filed,
        content=made.content,
    )
    if new.is_production:
        for one in fit:
            in_a_file(session, desk.hand.practice_id, one.claim.id, now)
    return claim_files.record(session, world.vault, desk.hand.practice_id, new, now)


def _filed(
    one: Candidate, sets: Mapping[str, int], before: Filed | None, request: FileRequest
) -> NewFiled:
    is_asked_for = one.claim.identifier in request.again
    return NewFiled(
        claim_id=one.claim.id,
        revision=one.claim.revision,
        claim_number=claim_number(one.claim.identifier),
        set_control=sets[one.claim.identifier],
        turn=1 if before is None else before.turn + 1,
        reason=request.reason.strip() if is_asked_for else "",
        total_usd=one.claim.total_usd,
    )


def _audit_patient(world: Installation, session: Session, hand: SetupHand, patient_id: str) -> None:
    act = "file_claim" if hand.user_id else f"file_claim {BY_COMMAND}"
    entry = AuditEntry(act=act, user_id=hand.user_id, patient_id=patient_id)
    audit.append(session, world.audit_key, hand.practice_id, entry, world.clock())


def _unwritten(
    world: Installation,
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    new: ClaimFileRecord | None,
) -> tuple[HandedOut, ...]:
    """Return the files of a month that nobody said were written; the new one is the last."""
    every = claim_files.of_month(session, practice_id, month)
    written = claim_files.written(session, practice_id, [one.id for one in every])
    return tuple(
        _handed(world, session, practice_id, one, is_new=new is not None and one.id == new.id)
        for one in every
        if one.id not in written
    )


def _handed(
    world: Installation,
    session: Session,
    practice_id: str,
    record: ClaimFileRecord,
    *,
    is_new: bool,
) -> HandedOut:
    content = claim_files.content(session, practice_id, record.id).open(world.vault).encode("ascii")
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ConflictError(
            f"The kept bytes of file {record.number} are not those that were registered; the "
            "database was altered. Nothing was handed out."
        )
    usage = "production" if record.is_production else "test"
    name = f"837P-{record.number:09d}-{record.month}-{usage}.txt"
    return HandedOut(record=record, name=name, content=content, is_new=is_new)


def _refuse_unreasoned(request: FileRequest) -> None:
    if request.again and not request.reason.strip():
        raise InputError("reason", "say why a claim is to be filed again; it is kept")
    if request.reason.strip() and not request.again:
        raise InputError("again", "a reason is for claims that are to be filed again; name them")


def _refuse_unknown(request: FileRequest, every: Iterable[ClaimRecord]) -> None:
    if request.again - {one.identifier for one in every}:
        raise InputError(
            "again", "not every claim named is one of the month; run: ccm-fhir claims list"
        )
