"""A patient's record as rows of a table: what a user would see arrive after the app has written."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.upstream import UpstreamRequest

# In the order in which they are shown: what the app writes comes first.
TYPES = ("Claim", "Procedure", "Encounter", "Consent", "CarePlan", "Condition")
MAX_ROWS = "200"
_DATES = (
    "billablePeriod",
    "performedPeriod",
    "performedDateTime",
    "period",
    "dateTime",
    "onsetDateTime",
    "onsetPeriod",
    "recordedDate",
    "created",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One resource of the record."""

    resource_type: str
    id: str = field(repr=False)
    status: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    dates: str = field(repr=False)
    identifiers: tuple[str, ...] = field(repr=False)
    last_updated: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """The resources of one type, the latest written first."""

    resource_type: str
    rows: tuple[RowView, ...] = field(repr=False)


async def read_record(box: Box, patient_id: str) -> tuple[SectionView, ...]:
    """The sections of the patient's record, empty ones included."""
    return tuple(await asyncio.gather(*(_section(box, each, patient_id) for each in TYPES)))


async def _section(box: Box, resource_type: str, patient_id: str) -> SectionView:
    response = await box.upstream.send(
        UpstreamRequest(
            method="GET",
            path=resource_type,
            params=(("patient", patient_id), ("_count", MAX_ROWS)),
            headers={},
        )
    )
    entries = response.json().get("entry", []) if response.is_success else []
    resources = (each.get("resource", {}) for each in entries)
    rows = [_row(each) for each in resources if each.get("resourceType") == resource_type]
    # To the second: what was loaded together is ordered by its dates.
    rows.sort(key=lambda row: (row.last_updated[:19], row.dates), reverse=True)
    return SectionView(resource_type=resource_type, rows=tuple(rows))


def _row(resource: dict[str, Any]) -> RowView:
    return RowView(
        resource_type=resource["resourceType"],
        id=resource["id"],
        status=_status(resource),
        codes=tuple(dict.fromkeys(_codes(resource))),
        dates=_dates(resource),
        identifiers=tuple(str(each.get("value", "")) for each in resource.get("identifier", [])),
        last_updated=resource.get("meta", {}).get("lastUpdated", ""),
    )


def _status(resource: dict[str, Any]) -> str:
    if "status" in resource:
        return str(resource["status"])
    concepts = (resource.get("clinicalStatus"), resource.get("verificationStatus"))
    codes = [code for each in concepts if each for code in _concept(each)]
    return ", ".join(codes) or "–"


def _codes(resource: dict[str, Any]) -> list[str]:
    concepts = [each["productOrService"] for each in resource.get("item", [])]
    for name in ("code", "type", "category"):
        value = resource.get(name)
        if concepts or value is None:
            continue
        concepts = value if isinstance(value, list) else [value]
    return [code for each in concepts for code in _concept(each)]


def _concept(concept: dict[str, Any]) -> list[str]:
    codes = [coding["code"] for coding in concept.get("coding", []) if "code" in coding]
    return codes or ([concept["text"]] if "text" in concept else [])


def _dates(resource: dict[str, Any]) -> str:
    value = next((resource[name] for name in _DATES if name in resource), None)
    if isinstance(value, dict):
        start, end = value.get("start", "…"), value.get("end", "…")
        return f"{_short(start)} – {_short(end, after=start)}" if start != end else _short(start)
    return _short(value) if value else "–"


def _short(date: str, after: str = "") -> str:
    day, _, time = date[:16].partition("T")
    return time if time and after.startswith(day) else f"{day} {time}".strip()
