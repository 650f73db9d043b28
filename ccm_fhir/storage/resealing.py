"""Sealing again under the current key what an older one sealed, so that the older can be let go.

Every column whose name ends in ``_sealed`` is covered; the value's place is told by its table,
row and column, so a new such column needs nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, select, update

from ccm_fhir.storage.crypto import Place, Vault
from ccm_fhir.storage.tables import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table
    from sqlmodel import Session

SUFFIX = "_sealed"
INSTALLATION = "installation"  # stands for the practice where a secret is of none


def sealed_columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Yield every column that holds sealed values."""
    for table in Row.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and column.name.endswith(SUFFIX):
                yield table, column


def reseal(session: Session, vault: Vault, practice_id: str) -> int:
    """Seal a practice's secrets again, or those of no practice (""); return how many were.

    What somebody else has changed meanwhile is left to the next run.

    Raises:
        UnsealError: a value cannot be opened: its key is not configured, or it was altered.
    """
    return sum(
        _reseal_column(session, vault, practice_id, table, column)
        for table, column in sealed_columns()
        if ("practice_id" in table.c) == bool(practice_id)
    )


def _reseal_column(
    session: Session, vault: Vault, practice_id: str, table: Table, column: Column[bytes]
) -> int:
    (key,) = table.primary_key.columns
    wanted = select(key, column).where(column.is_not(None))
    if practice_id:
        wanted = wanted.where(table.c.practice_id == practice_id)
    done = 0
    for row_id, sealed in session.connection().execute(wanted).all():
        if vault.is_current(sealed):
            continue
        place = Place(
            practice_id=practice_id or INSTALLATION,
            table=table.name,
            row=row_id,
            field=column.name.removesuffix(SUFFIX),
        )
        fresh = vault.seal(vault.open(sealed, place), place)
        changed = session.connection().execute(
            update(table).where(key == row_id, column == sealed).values({column: fresh})
        )
        done += changed.rowcount
    return done
