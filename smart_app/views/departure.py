"""The page that carries a long authorization request to the EHR by POST."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureView:
    """Where the form goes, and what it carries."""

    action: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)


def departure(address: str) -> DepartureView:
    """Return the form that asks by POST what an address would ask by GET."""
    parts = urlsplit(address)
    return DepartureView(
        action=parts._replace(query="").geturl(),
        fields=tuple(parse_qsl(parts.query, keep_blank_values=True)),
    )
