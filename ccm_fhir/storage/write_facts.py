"""What an EHR has proved about a write, and what a person has signed: the planner's inputs.

Both are append-only; the newest word about an act holds. A proof is withdrawn by a further row
that names the person and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.writeback import Act, Override, Proof, Verdict
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, EhrRow, WriteOverrideRow, WriteProofRow
from ccm_fhir.storage.values import require_parents
from ccm_fhir.storage.vocabulary import ProofWord

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProof:
    """A proof, the delivery whose answer it was, and what the EHR declared at the time."""

    ehr_id: str
    proof: Proof
    delivery_id: str | None
    statement_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A person's word that what was proved of an act no longer holds."""

    ehr_id: str
    act: Act
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOverride:
    """A signed override; ``user_id`` is None where the operator signs by command."""

    ehr_id: str
    user_id: str | None
    override: Override


def record_proof(session: Session, practice_id: str, new: NewProof) -> bool:
    """Keep a proof, unless it says what the last one said; return whether it was news."""
    require_parents(session, practice_id, (EhrRow, new.ehr_id))
    word = ProofWord(new.proof.verdict.value)
    last = _last(session, practice_id, new.ehr_id).get(new.proof.act)
    if last is not None and last.verdict is word:
        return False
    row = WriteProofRow(
        id=new_id(new.proof.proved_at),
        practice_id=practice_id,
        ehr_id=new.ehr_id,
        resource_type=new.proof.act.resource_type,
        code=new.proof.act.code,
        verdict=word,
        status=new.proof.status,
        delivery_id=new.delivery_id,
        statement_sha256=new.statement_sha256,
        person="",
        reason="",
        proved_at=new.proof.proved_at,
    )
    session.add(row)
    session.flush()
    return True


def withdraw_proof(
    session: Session, practice_id: str, withdrawal: Withdrawal, now: datetime
) -> bool:
    """Withdraw what was proved about an act; False where nothing was."""
    last = _last(session, practice_id, withdrawal.ehr_id).get(withdrawal.act)
    if last is None or last.verdict is ProofWord.WITHDRAWN:
        return False
    row = WriteProofRow(
        id=new_id(now),
        practice_id=practice_id,
        ehr_id=withdrawal.ehr_id,
        resource_type=withdrawal.act.resource_type,
        code=withdrawal.act.code,
        verdict=ProofWord.WITHDRAWN,
        status=0,
        delivery_id=None,
        statement_sha256="",
        person=withdrawal.person,
        reason=withdrawal.reason,
        proved_at=now,
    )
    session.add(row)
    session.flush()
    return True


def proofs(session: Session, practice_id: str, ehr_id: str) -> tuple[Proof, ...]:
    """Return the proof that holds of each act, where one does."""
    return tuple(
        Proof(
            act=act, verdict=Verdict(row.verdict.value), proved_at=row.proved_at, status=row.status
        )
        for act, row in sorted(_last(session, practice_id, ehr_id).items())
        if row.verdict is not ProofWord.WITHDRAWN
    )


def record_override(session: Session, practice_id: str, new: NewOverride) -> None:
    """Keep a signed override; the newest of an act holds."""
    require_parents(session, practice_id, (EhrRow, new.ehr_id), (AppUserRow, new.user_id))
    signed = new.override
    row = WriteOverrideRow(
        id=new_id(signed.signed_at),
        practice_id=practice_id,
        ehr_id=new.ehr_id,
        resource_type=signed.act.resource_type,
        code=signed.act.code,
        is_supported=signed.is_supported,
        signed_by=signed.signed_by,
        user_id=new.user_id,
        reason=signed.reason,
        signed_at=signed.signed_at,
    )
    session.add(row)
    session.flush()


def overrides(session: Session, practice_id: str, ehr_id: str) -> tuple[Override, ...]:
    """Return every override that was ever signed for an EHR, oldest first."""
    rows = session.exec(
        select(WriteOverrideRow)
        .where(
            col(WriteOverrideRow.practice_id) == practice_id,
            col(WriteOverrideRow.ehr_id) == ehr_id,
        )
        .order_by(col(WriteOverrideRow.signed_at), col(WriteOverrideRow.id))
    )
    return tuple(
        Override(
            act=Act(resource_type=row.resource_type, code=row.code),
            is_supported=row.is_supported,
            signed_by=row.signed_by,
            signed_at=row.signed_at,
            reason=row.reason,
        )
        for row in rows
    )


def _last(session: Session, practice_id: str, ehr_id: str) -> dict[Act, WriteProofRow]:
    rows = session.exec(
        select(WriteProofRow)
        .where(col(WriteProofRow.practice_id) == practice_id, col(WriteProofRow.ehr_id) == ehr_id)
        .order_by(col(WriteProofRow.proved_at), col(WriteProofRow.id))
    )
    return {Act(resource_type=row.resource_type, code=row.code): row for row in rows}
