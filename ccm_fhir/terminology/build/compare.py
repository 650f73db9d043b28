"""What a build changes against the tables before it: for which codes, from what, to what, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ccm_fhir.domain.conditions.tables import dotted
from ccm_fhir.terminology.build.merge import BILLABLE, PARENT, RETIRED, UNDECIDED, Row

_SAYS = {"1": "chronic", "0": "not chronic", "review": "review"}
_BECAUSE = {
    "override": "overrides.tsv",
    "ccir": "AHRQ's indicator",
    "ccir_vs_ccw30": "the Warehouse lists it, AHRQ's indicator does not call it chronic",
    "sibling": "not in AHRQ's indicator; the codes beside it agree",
    UNDECIDED: "no source decides it",
    "all_children": "its codes agree",
    "mixed_children": "its codes disagree",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The codes that changed, each list in order of code; a pair is (before, after)."""

    decisions: tuple[tuple[Row, Row], ...]
    families: tuple[tuple[Row, Row], ...]
    added: tuple[Row, ...]
    retired: tuple[Row, ...]
    from_beside: tuple[Row, ...]
    undecided: tuple[Row, ...]


def compare(before: dict[str, Row], after: dict[str, Row]) -> Changes:
    """Return what changed between two merged tables."""
    both = [(before[code], row) for code, row in after.items() if code in before]
    return Changes(
        decisions=tuple((old, new) for old, new in both if old.chronic != new.chronic),
        families=tuple(
            (old, new)
            for old, new in both
            if old.chronic == new.chronic and old.family != new.family
        ),
        added=tuple(row for code, row in after.items() if code not in before),
        retired=tuple(new for old, new in both if new.status == RETIRED and old.status != RETIRED),
        from_beside=tuple(row for row in after.values() if row.source == "sibling"),
        undecided=tuple(
            row for row in after.values() if row.source == UNDECIDED and row.status == BILLABLE
        ),
    )


def report(after: dict[str, Row], changes: Changes) -> Iterator[str]:
    """Yield the lines of a report that a person reads before a release."""
    yield _totals(after)
    yield f"{len(changes.decisions)} codes change their decision:"
    for old, new in changes.decisions:
        yield (
            f"  {dotted(new.code)} ({new.status}): {_SAYS[old.chronic]} → {_SAYS[new.chronic]}; "
            f"{_BECAUSE.get(new.source, new.source)}"
        )
    yield f"{len(changes.families)} codes change their family:"
    for old, new in changes.families:
        yield f"  {dotted(new.code)} ({new.status}): {old.family} → {new.family}"
    yield f"{len(changes.added)} codes are new:"
    for row in changes.added:
        yield f"  {dotted(row.code)} ({row.status}): {_said(row)}"
    yield f"{len(changes.retired)} codes are retired, and keep their decision:"
    for row in changes.retired:
        yield f"  {dotted(row.code)}: {_SAYS[row.chronic]}"
    yield f"{len(changes.from_beside)} billable codes are decided by the codes beside them:"
    for row in changes.from_beside:
        yield f"  {dotted(row.code)}: {_said(row)}"
    yield f"{len(changes.undecided)} billable codes are decided by no source:"
    for row in changes.undecided:
        yield f"  {dotted(row.code)}"


def _totals(rows: dict[str, Row]) -> str:
    status = Counter(row.status for row in rows.values())
    answers = Counter(row.chronic for row in rows.values() if row.status == BILLABLE)
    return (
        f"{len(rows)} codes: {status[BILLABLE]} billable ({answers['1']} chronic, "
        f"{answers['0']} not, {answers['review']} review), {status[PARENT]} parents, "
        f"{status[RETIRED]} retired."
    )


def _said(row: Row) -> str:
    family = f", {row.family}" if row.family else ""
    return f"{_SAYS[row.chronic]}{family}; {_BECAUSE.get(row.source, row.source)}"
