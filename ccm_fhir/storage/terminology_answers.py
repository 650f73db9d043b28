"""Answers of a site's terminology server, kept by practice, server and concept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from sqlmodel import col, select

from ccm_fhir.storage.tables import TerminologyAnswerRow
from ccm_fhir.storage.values import columns_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlmodel import Session

_AT_ONCE = 500  # fewer than the variables that either database takes in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminologyAnswer:
    """Where a server puts one SNOMED CT concept; empty ``icd10cm`` and ``family``: nowhere."""

    source: str
    code: str
    icd10cm: str
    family: str
    version: str
    fetched_at: datetime
    expires_at: datetime

    def is_current(self, now: datetime) -> bool:
        """Whether there is no need to ask again."""
        return now < self.expires_at


def keep(session: Session, practice_id: str, answer: TerminologyAnswer) -> None:
    """Keep an answer; one of the same server and concept is replaced."""
    session.merge(
        TerminologyAnswerRow(
            # One concept, one id: so that two who ask at once meet in the same row.
            id=str(uuid5(NAMESPACE_OID, f"{practice_id}|{answer.source}|{answer.code}")),
            practice_id=practice_id,
            **columns_of(answer),
        )
    )
    session.flush()


def of_codes(
    session: Session, practice_id: str, source: str, codes: Iterable[str]
) -> dict[str, TerminologyAnswer]:
    """Return what a server answered, current or not; concepts never asked of are absent."""
    wanted = sorted(set(codes))
    found: dict[str, TerminologyAnswer] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.exec(
            select(TerminologyAnswerRow).where(
                col(TerminologyAnswerRow.practice_id) == practice_id,
                col(TerminologyAnswerRow.source) == source,
                col(TerminologyAnswerRow.code).in_(wanted[start : start + _AT_ONCE]),
            )
        )
        found |= {row.code: value_of(TerminologyAnswer, row) for row in rows}
    return found
