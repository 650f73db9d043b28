"""Column types: instants that know their zone, and words of a closed vocabulary."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, String
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from enum import StrEnum

    from sqlalchemy.engine import Dialect


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, UTC in the database, aware UTC out; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC (which SQLite then keeps without its zone)."""
        if value is None:
            return None
        if value.tzinfo is None:
            problem = "a datetime without a zone cannot be stored"
            raise ValueError(problem)
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Word(TypeDecorator["StrEnum"]):
    """A member of a StrEnum, stored as its value.

    The database holds no CHECK for it: vocabularies grow, and a new word must not need a
    migration. A value that is not in the vocabulary is refused on the way in and out.
    """

    impl = String
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Check a word and give its text."""
        del dialect
        return None if value is None else self.vocabulary(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Read a word back."""
        del dialect
        return None if value is None else self.vocabulary(value)


def word(vocabulary: type[StrEnum]) -> Any:  # noqa: ANN401  # what SQLModel's Field(sa_type=) takes
    """Return the column type of a vocabulary."""
    return Word(vocabulary)
