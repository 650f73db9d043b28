"""What payers decided of our claims as the EHR shows it; rows are added where it says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.domain.remittance import AnsweredClaim
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import ClaimRow, EhrAnswerRow
from ccm_fhir.storage.values import insert_once, require_parents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlmodel import Session

_JSON = msgspec.json.Encoder(order="deterministic")


def record(
    session: Session,
    practice_id: str,
    claim_id: str,
    shown: Mapping[str, AnsweredClaim | None],
    now: datetime,
) -> int:
    """Keep what the EHR shows of a claim, by resource; return how many say something new.

    None is for a resource that the EHR has taken back. What was not read says nothing.

    Raises:
        ConflictError: the same chart is being read by somebody else at this moment.
        NotFoundError: no such claim in this practice.
    """
    require_parents(session, practice_id, (ClaimRow, claim_id))
    before = _newest(session, practice_id, [claim_id]).get(claim_id, {})
    told = {ref: _JSON.encode(one).decode() for ref, one in shown.items() if one is not None}
    gone = {
        ref: row.answer_json
        for ref, row in before.items()
        if row.stands and ref in shown and ref not in told
    }
    new = {
        ref: text
        for ref, text in told.items()
        if ref not in before or not before[ref].stands or before[ref].answer_json != text
    }
    for ref, text in (gone | new).items():
        row = EhrAnswerRow(
            id=new_id(now),
            practice_id=practice_id,
            claim_id=claim_id,
            source_ref=ref,
            turn=before[ref].turn + 1 if ref in before else 1,
            stands=ref in new,
            answer_json=text,
            read_at=now,
        )
        if not insert_once(session, row):
            raise ConflictError("Somebody else is reading the same chart; read it again.")
    return len(gone) + len(new)


def of_claims(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> dict[str, dict[str, AnsweredClaim]]:
    """Return what the EHR shows of some claims, by claim and resource."""
    return {
        claim_id: {
            ref: msgspec.json.decode(row.answer_json, type=AnsweredClaim)
            for ref, row in rows.items()
            if row.stands
        }
        for claim_id, rows in _newest(session, practice_id, claim_ids).items()
    }


def _newest(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> dict[str, dict[str, EhrAnswerRow]]:
    if not claim_ids:
        return {}
    rows = session.exec(
        select(EhrAnswerRow)
        .where(
            col(EhrAnswerRow.practice_id) == practice_id,
            col(EhrAnswerRow.claim_id).in_(claim_ids),
        )
        .order_by(col(EhrAnswerRow.turn))
    )
    found: dict[str, dict[str, EhrAnswerRow]] = {}
    for row in rows:
        found.setdefault(row.claim_id, {})[row.source_ref] = row
    return found
