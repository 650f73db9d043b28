"""docs/demo-patients.md lists exactly the cast and the users."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fhir_fixtures.practice import generate

PAGE = Path(__file__).parents[3] / "docs" / "demo-patients.md"
PRACTICE = generate(seed=20261123, patients=40, as_of=date(2026, 11, 23))


def rows(heading: str) -> list[str]:
    """Return the table rows under a heading, without the table's own head."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def test_the_page_lists_exactly_the_cast() -> None:
    assert rows("The patients") == [
        f"| {m.name} | `{m.patient_id}` | {m.shows} | {m.expect} |" for m in PRACTICE.cast
    ]


def test_the_page_lists_exactly_the_users() -> None:
    assert rows("The users") == [f"| {u.name} | `{u.id}` | {u.role} |" for u in PRACTICE.users]
