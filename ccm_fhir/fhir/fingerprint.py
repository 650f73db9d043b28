"""Whether a resource that an EHR shows is one of ours, where it does not keep our identifier.

Compared are patient, interval, code and performer: what no two entries of one person can share.
Only what the EHR shows may contradict; but the interval must be there, and must fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ccm_fhir.fhir.json import Json

WINDOW = timedelta(seconds=60)
_MOMENTS = {
    "Procedure": ("performedPeriod.start", "performedPeriod.end"),
    "Encounter": ("period.start", "period.end"),
    "Observation": ("effectivePeriod.start", "effectivePeriod.end"),
    "QuestionnaireResponse": ("authored",),
    "DocumentReference": ("date",),
    "Claim": ("created",),
    "ChargeItem": ("occurrenceDateTime",),
    "Consent": ("dateTime",),
    "Goal": ("startDate",),
    "CareTeam": ("period.start",),
    "CarePlan": ("period.start",),
}
_TOKENS = {
    "Procedure": ("code.coding.code",),
    "Encounter": ("type.coding.code",),
    "Observation": ("code.coding.code", "valueQuantity.value"),
    "QuestionnaireResponse": ("questionnaire", "item.answer.valueDateTime"),
    "DocumentReference": ("type.coding.code", "description"),
    "Claim": ("item.productOrService.coding.code", "billablePeriod.start"),
    "ChargeItem": ("code.coding.code", "quantity.value"),
    "Consent": ("status", "category.coding.code"),
    "Goal": ("description.text",),
    "CareTeam": ("name",),
    "CarePlan": ("title", "category.coding.code"),
}
_PEOPLE = (
    "subject",
    "patient",
    "performer",
    "performer.actor",
    "participant.individual",
    "author",
    "provider",
    "context",
)


def is_alike(sent: Json, stored: Json) -> bool:
    """Whether what an EHR shows can be what we sent: the same work of the same person."""
    kind = str(sent.get("resourceType"))
    if kind not in _MOMENTS or stored.get("resourceType") != kind:
        return False
    return (
        all(_fits(sent, stored, path) for path in _MOMENTS[kind])
        and all(_agrees(sent, stored, path) for path in _TOKENS[kind])
        and all(_same_people(sent, stored, path) for path in _PEOPLE)
    )


def bears_other_identifier(stored: Json, system: str, value: str) -> bool:
    """Whether it carries an identifier of our kind that is not the one looked for."""
    listed = stored.get("identifier")
    identifiers = listed if isinstance(listed, list) else [listed]
    return any(
        isinstance(one, dict) and one.get("system") == system and one.get("value") != value
        for one in identifiers
    )


def _fits(sent: Json, stored: Json, path: str) -> bool:
    ours, theirs = _moments(sent, path), _moments(stored, path)
    return bool(ours) and len(ours) == len(theirs) and all(map(_near, ours, theirs))


def _near(one: datetime, other: datetime) -> bool:
    if (one.tzinfo is None) != (other.tzinfo is None):
        return one.date() == other.date()
    return abs(one - other) <= WINDOW


def _moments(resource: Json, path: str) -> list[datetime]:
    try:
        return [datetime.fromisoformat(text) for text in _texts(resource, path)]
    except ValueError:
        return []


def _agrees(sent: Json, stored: Json, path: str) -> bool:
    ours, theirs = set(_texts(sent, path)), set(_texts(stored, path))
    return not ours or not theirs or bool(ours & theirs)


def _same_people(sent: Json, stored: Json, path: str) -> bool:
    ours, theirs = set(_references(sent, path)), set(_references(stored, path))
    return not ours or not theirs or bool(ours & theirs)


def _references(resource: Json, path: str) -> Iterator[str]:
    for text in _texts(resource, f"{path}.reference"):
        found = "/".join(text.split("/")[-2:])
        if not found.startswith("Organization/"):  # the practice is everybody's
            yield found


def _texts(value: object, path: str) -> list[str]:
    if not path:
        return [] if isinstance(value, dict | list) or value is None else [str(value)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one, path)]
    if not isinstance(value, dict):
        return []
    name, _, rest = path.partition(".")
    return _texts_of(value.get(name), rest)


def _texts_of(value: object, rest: str) -> list[str]:
    if isinstance(value, list) and not rest:
        return [str(one) for one in value if not isinstance(one, dict | list)]
    return _texts(value, rest)
