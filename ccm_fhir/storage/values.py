"""Between rows and values: the same fields by the same names, and lookups that must succeed."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from ccm_fhir.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection

    from _typeshed import DataclassInstance
    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.storage.tables.base import Row, TenantRow

V = TypeVar("V", bound="DataclassInstance")
T = TypeVar("T", bound="TenantRow")


def value_of(kind: type[V], row: object, /, **others: object) -> V:
    """Return a value with the fields of a row, or of another value; ``others`` come instead."""
    taken: dict[str, Any] = dict(others)
    for field in fields(kind):
        if field.name not in taken:
            taken[field.name] = getattr(row, field.name)
    return kind(**taken)


def columns_of(
    value: DataclassInstance, /, *, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return a value's fields as columns, as they are (nothing is copied or converted)."""
    return {f.name: getattr(value, f.name) for f in fields(value) if f.name not in without}


def is_same(kind: type[V], one: V, other: V, /, *, but: frozenset[str] = frozenset()) -> bool:
    """Whether two values agree in all fields of a kind, but for those named."""
    names = (field.name for field in fields(kind) if field.name not in but)
    return all(getattr(one, name) == getattr(other, name) for name in names)


def require(session: Session, kind: type[T], practice_id: str, row_id: str) -> T:
    """Return a row of a practice by its id.

    Raises:
        NotFoundError: there is none in this practice; the same for one of another practice.
    """
    row = find(session, kind, practice_id, row_id)
    if row is None:
        raise NotFoundError(_spoken(kind))
    return row


def find(session: Session, kind: type[T], practice_id: str, row_id: str) -> T | None:
    """Return a row of a practice by its id, or None."""
    key = inspect(kind).primary_key[0]
    found = session.exec(select(kind).where(col(kind.practice_id) == practice_id, key == row_id))
    return found.one_or_none()


def require_parents(
    session: Session, practice_id: str, *parents: tuple[type[TenantRow], str | None]
) -> None:
    """Check that ids given from outside are of this practice before a row points at them.

    The composite foreign keys would refuse them too; this refuses in our words.
    """
    for kind, row_id in parents:
        if row_id is not None:
            require(session, kind, practice_id, row_id)


def of_these(
    column: object, patient_ids: Collection[str] | None
) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a row is of one of some patients; none where all are meant."""
    return () if patient_ids is None else (col(column).in_(patient_ids),)


def insert_once(session: Session, row: Row) -> bool:
    """Insert a row; False, and nothing changed, where a unique constraint has one already.

    The caller then reads what is there. Works inside a larger transaction on both databases.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def _spoken(kind: type[Row]) -> str:
    return str(kind.__tablename__).replace("_", " ")
