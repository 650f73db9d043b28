"""What all tables share: one metadata, one way of naming, and keys that keep tenants apart."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """Base of every table."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)


class TenantRow(Row):
    """Base of every table that belongs to a practice."""

    practice_id: str = Field(foreign_key="practice.id", nullable=False)


def belongs_to(column: str, parent: str, key: str = "id") -> ForeignKeyConstraint:
    """Return a foreign key that can only point inside the row's own practice."""
    return ForeignKeyConstraint(
        ["practice_id", column], [f"{parent}.practice_id", f"{parent}.{key}"]
    )


def within_practice(key: str = "id") -> UniqueConstraint:
    """Return what ``belongs_to`` needs of the parent."""
    return UniqueConstraint("practice_id", key)


def table_args(*items: Any) -> tuple[Any, ...]:  # noqa: ANN401  # as SQLAlchemy takes them
    """Return constraints and indexes as ``__table_args__``."""
    return items
