"""One decision for each code, from the sources in their order of authority.

Override, then AHRQ's indicator, then the codes beside it where they agree; what the Warehouse
lists and AHRQ does not call chronic is for review, and so is a parent whose codes disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ccm_fhir.terminology.build.editions import Edition
from ccm_fhir.terminology.build.sources import Ccsr
from ccm_fhir.terminology.own import CcwName, longest_prefix

BILLABLE, PARENT, RETIRED = "billable", "parent", "retired"
UNDECIDED = "no_ccir"
_CATEGORY = 3
_NO_DISEASE = ("FAC", "EXT", "XXX")  # CCSR's chapters of circumstances, causes and no category


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One code of the merged table, as it is written."""

    code: str
    status: str
    ccir: str
    chronic: str
    source: str
    family: str
    ccw30: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that a merge reads; prefixes are of ICD-10-CM codes without the dot."""

    edition: Edition
    ccir: dict[str, str]
    ccsr: Ccsr
    ccw: dict[str, tuple[str, ...]]
    ccw_names: dict[str, CcwName]
    families: dict[str, str]
    overrides: dict[str, str]
    before: dict[str, Row]


def merge(sources: Sources) -> dict[str, Row]:
    """Return a row for each code, in order; retired codes stay."""
    rows: dict[str, Row] = {}
    billable = [code for code, is_billable in sources.edition.billable.items() if is_billable]
    retired = [c for c in sources.ccir if c not in sources.edition.billable]
    beside = _indicators_by_prefix(sources, billable)
    for code in billable:
        rows[code] = _decided(sources, code, BILLABLE, beside)
    for code in retired:
        rows[code] = _decided(sources, code, RETIRED, beside)
    under = _under(billable)
    for code, is_billable in sources.edition.billable.items():
        if not is_billable:
            rows[code] = _parent(sources, code, [rows[child] for child in under.get(code, [])])
    for code, row in sources.before.items():
        if code not in rows:
            rows[code] = Row(
                code=code,
                status=RETIRED,
                ccir=row.ccir,
                chronic=row.chronic,
                source=row.source,
                family=row.family,
                ccw30=row.ccw30,
            )
    return dict(sorted(rows.items()))


def _decided(sources: Sources, code: str, status: str, beside: dict[str, set[str]]) -> Row:
    ccir = sources.ccir.get(code, "")
    chronic, source = _decision(sources, code, ccir, beside)
    return Row(
        code=code,
        status=status,
        ccir=ccir,
        chronic=chronic,
        source=source,
        family=_family(sources, code) if chronic != "0" else "",
        ccw30="|".join(sources.ccw.get(code, ())),
    )


def _decision(
    sources: Sources, code: str, ccir: str, beside: dict[str, set[str]]
) -> tuple[str, str]:
    override = longest_prefix(code, sources.overrides)
    if override is not None:
        return override, "override"
    if ccir == "1":
        return "1", "ccir"
    if ccir:
        listed = (sources.ccw_names[key].kind for key in sources.ccw.get(code, ()))
        return ("review", "ccir_vs_ccw30") if "disease" in listed else ("0", "ccir")
    for length in range(len(code) - 1, _CATEGORY - 1, -1):
        found = beside.get(code[:length])
        if found:
            return (next(iter(found)), "sibling") if len(found) == 1 else ("review", UNDECIDED)
    return "review", UNDECIDED


def _indicators_by_prefix(sources: Sources, billable: list[str]) -> dict[str, set[str]]:
    """Return, for each prefix, the answers of AHRQ's indicator under it: one, if they agree."""
    found: dict[str, set[str]] = {}
    for code in billable:
        indicator = sources.ccir.get(code)
        if indicator is not None:
            answer = "1" if indicator == "1" else "0"
            for prefix in _prefixes(code):
                found.setdefault(prefix, set()).add(answer)
    return found


def _under(billable: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in billable:
        for prefix in _prefixes(code):
            found.setdefault(prefix, []).append(code)
    return found


def _prefixes(code: str) -> Iterator[str]:
    return (code[:length] for length in range(_CATEGORY, len(code)))


def _parent(sources: Sources, code: str, children: list[Row]) -> Row:
    answers = {child.chronic for child in children}
    agree = len(answers) == 1
    chronic = next(iter(answers)) if agree else "review"
    own = _own_family(sources, code)
    return Row(
        code=code,
        status=PARENT,
        ccir=sources.ccir.get(code, ""),
        chronic=chronic,
        source="all_children" if agree else "mixed_children",
        family="" if chronic == "0" else own or _common(sources, code, children),
        ccw30="|".join(sources.ccw.get(code, ())),
    )


def _common(sources: Sources, code: str, children: Iterable[Row]) -> str:
    """Return the CCSR category that most of a parent's codes have; of equals the first met."""
    counted = Counter(f for child in children if (f := _category_of(sources, child.code)))
    return counted.most_common(1)[0][0] if counted else f"icd:{code[:_CATEGORY]}"


def _family(sources: Sources, code: str) -> str:
    return _own_family(sources, code) or f"icd:{code[:_CATEGORY]}"


def _own_family(sources: Sources, code: str) -> str:
    ours = longest_prefix(code, sources.families)
    return _category_of(sources, code) if ours is None else ours


def _category_of(sources: Sources, code: str) -> str:
    """Return the first CCSR category of a code that names a disease; empty where none does."""
    categories = sources.ccsr.categories.get(code, ())
    disease = next((c for c in categories if not c.startswith(_NO_DISEASE)), "")
    return f"ccsr:{disease}" if disease else ""
