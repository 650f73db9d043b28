"""The register of claim files: which were made of which claims, under which control numbers.

Rows are added and never changed, and a control number is one past the highest there is, so that
none is given twice. A file that was kept and never written is written by the next run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, func, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.crypto import Place, Sealed
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.money import to_cents, to_usd
from ccm_fhir.storage.tables import (
    AppUserRow,
    ClaimFileContentRow,
    ClaimFileRow,
    ClaimFileWritingRow,
    ClaimRow,
    FiledClaimRow,
)
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    require,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.storage.crypto import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class NextNumbers:
    """The next control numbers: of the file (ISA13 and GS06) and of its first set (ST02)."""

    number: int
    first_set_control: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFiled:
    """A claim of a file; ``turn`` counts how often it was filed, and a second has a reason."""

    claim_id: str
    revision: int
    claim_number: str
    set_control: int
    turn: int
    reason: str
    total_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed(NewFiled):
    """A claim in a file, as it is registered."""

    id: str
    file_id: str
    is_production: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that was made, with its claims and its bytes."""

    month: ServiceMonth
    numbers: NextNumbers
    last_set_control: int
    is_production: bool
    submitter_id: str
    receiver_id: str
    payer_id: str
    total_usd: Decimal
    sha256: str
    user_id: str | None
    filed: tuple[NewFiled, ...]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFileRecord:
    """A registered file; ``user_id`` None is the operator at the command line."""

    id: str
    month: ServiceMonth
    number: int
    first_set_control: int
    last_set_control: int
    is_production: bool
    submitter_id: str
    claims: int
    total_usd: Decimal
    sha256: str
    made_at: datetime
    user_id: str | None


def next_numbers(session: Session, practice_id: str, after: int) -> NextNumbers:
    """Return numbers that no file of this practice has had, nor any up to ``after``."""
    highest = session.exec(
        select(
            func.coalesce(func.max(ClaimFileRow.number), 0),
            func.coalesce(func.max(ClaimFileRow.last_set_control), 0),
        ).where(col(ClaimFileRow.practice_id) == practice_id)
    ).one()
    return NextNumbers(
        number=max(int(highest[0]), after) + 1, first_set_control=max(int(highest[1]), after) + 1
    )


def record(
    session: Session, vault: Vault, practice_id: str, new: NewFile, now: datetime
) -> ClaimFileRecord:
    """Register a file with its claims and keep its bytes, sealed.

    Raises:
        ConflictError: a number or a claim's turn is taken; nothing was registered.
        NotFoundError: no such claim or person in this practice.
    """
    require_parents(
        session,
        practice_id,
        (AppUserRow, new.user_id),
        *((ClaimRow, one.claim_id) for one in new.filed),
    )
    left = frozenset({"month", "numbers", "total_usd", "filed", "content"})
    row = ClaimFileRow(
        **columns_of(new, without=left),
        id=new_id(now),
        practice_id=practice_id,
        month=str(new.month),
        number=new.numbers.number,
        first_set_control=new.numbers.first_set_control,
        claims=len(new.filed),
        total_cents=to_cents(new.total_usd),
        made_at=now,
    )
    if not insert_once(session, row):
        raise _at_once()
    for one in new.filed:
        filed = FiledClaimRow(
            **columns_of(one, without=frozenset({"total_usd"})),
            id=new_id(now),
            practice_id=practice_id,
            file_id=row.id,
            is_production=new.is_production,
            total_cents=to_cents(one.total_usd),
        )
        if not insert_once(session, filed):
            raise _at_once()
    sealed = vault.seal(new.content, _place(practice_id, row.id))
    session.add(ClaimFileContentRow(practice_id=practice_id, file_id=row.id, content_sealed=sealed))
    session.flush()
    return _file_of(row)


def of_month(
    session: Session, practice_id: str, month: ServiceMonth
) -> tuple[ClaimFileRecord, ...]:
    """Return the files of a month in the order of their numbers."""
    return _files(session, practice_id, col(ClaimFileRow.month) == str(month))


def get(session: Session, practice_id: str, file_id: str) -> ClaimFileRecord:
    """Return a file; raises NotFoundError."""
    return _file_of(require(session, ClaimFileRow, practice_id, file_id))


def find_by_number(session: Session, practice_id: str, number: int) -> ClaimFileRecord | None:
    """Return the file of a control number, or None."""
    found = _files(session, practice_id, col(ClaimFileRow.number) == number)
    return found[0] if found else None


def content(session: Session, practice_id: str, file_id: str) -> Sealed:
    """Return a file's bytes as they rest; raises NotFoundError."""
    row = require(session, ClaimFileContentRow, practice_id, file_id)
    return Sealed(place=_place(practice_id, file_id), sealed=row.content_sealed)


def mark_written(
    session: Session, practice_id: str, file_id: str, user_id: str | None, now: datetime
) -> None:
    """Keep that a file was written where it was wanted."""
    require_parents(session, practice_id, (ClaimFileRow, file_id), (AppUserRow, user_id))
    session.add(
        ClaimFileWritingRow(
            id=new_id(now),
            practice_id=practice_id,
            file_id=file_id,
            written_at=now,
            user_id=user_id,
        )
    )
    session.flush()


def written(session: Session, practice_id: str, file_ids: Collection[str]) -> frozenset[str]:
    """Return which of some files were written."""
    rows = session.exec(
        select(ClaimFileWritingRow.file_id).where(
            col(ClaimFileWritingRow.practice_id) == practice_id,
            col(ClaimFileWritingRow.file_id).in_(file_ids),
        )
    )
    return frozenset(rows)


def filed_of_claims(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> tuple[Filed, ...]:
    """Return in which files some claims are: test files first, then by turn."""
    return _filed(session, practice_id, col(FiledClaimRow.claim_id).in_(claim_ids))


def filed_in(session: Session, practice_id: str, file_id: str) -> tuple[Filed, ...]:
    """Return the claims of a file."""
    return _filed(session, practice_id, col(FiledClaimRow.file_id) == file_id)


def filed_under(
    session: Session, practice_id: str, claim_numbers: Collection[str]
) -> tuple[Filed, ...]:
    """Return every filing of some claim numbers (CLM01): test files first, then by turn."""
    return _filed(session, practice_id, col(FiledClaimRow.claim_number).in_(claim_numbers))


def filed_by_ids(
    session: Session, practice_id: str, filed_ids: Collection[str]
) -> tuple[Filed, ...]:
    """Return some filings by their ids."""
    return _filed(session, practice_id, col(FiledClaimRow.id).in_(filed_ids))


def filed_in_sets(
    session: Session, practice_id: str, set_controls: Collection[int]
) -> tuple[Filed, ...]:
    """Return the claims of some sets (ST02)."""
    return _filed(session, practice_id, col(FiledClaimRow.set_control).in_(set_controls))


def _files(
    session: Session, practice_id: str, condition: ColumnElement[bool]
) -> tuple[ClaimFileRecord, ...]:
    rows = session.exec(
        select(ClaimFileRow)
        .where(col(ClaimFileRow.practice_id) == practice_id, condition)
        .order_by(col(ClaimFileRow.number))
    )
    return tuple(_file_of(row) for row in rows)


def _filed(session: Session, practice_id: str, condition: ColumnElement[bool]) -> tuple[Filed, ...]:
    rows = session.exec(
        select(FiledClaimRow)
        .where(col(FiledClaimRow.practice_id) == practice_id, condition)
        .order_by(col(FiledClaimRow.is_production), col(FiledClaimRow.turn), col(FiledClaimRow.id))
    )
    return tuple(value_of(Filed, row, total_usd=to_usd(row.total_cents)) for row in rows)


def _file_of(row: ClaimFileRow) -> ClaimFileRecord:
    return value_of(
        ClaimFileRecord,
        row,
        month=ServiceMonth.parse(row.month),
        total_usd=to_usd(row.total_cents),
    )


def _place(practice_id: str, file_id: str) -> Place:
    return Place(practice_id=practice_id, table="claim_file_content", row=file_id, field="content")


def _at_once() -> ConflictError:
    return ConflictError(
        "Somebody else is making a claim file of this practice at this moment; nothing was made. "
        "Run it again."
    )
