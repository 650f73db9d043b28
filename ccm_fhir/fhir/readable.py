"""A resource in words: its elements by FHIR's names, each value as a reader would say it.

Knows the shapes of R4's data types, not the resources: what it does not know it still shows.
Narrative is left out, since it is the EHR's HTML; it stays in the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ccm_fhir.fhir.bundles import Resource

_FIRST = (
    "code",
    "status",
    "clinicalStatus",
    "verificationStatus",
    "category",
    "class",
    "type",
    "intent",
    "subject",
    "patient",
    "beneficiary",
    "period",
    "effectiveDateTime",
    "effectivePeriod",
    "performedPeriod",
    "performedDateTime",
    "dateTime",
    "onsetDateTime",
    "abatementDateTime",
    "recordedDate",
    "authoredOn",
    "created",
)
_LEFT_OUT = frozenset({"resourceType", "id", "meta", "contained", "implicitRules"})
_NARRATIVE = "text"
_HL7_WORDS = "//terminology.hl7.org/"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_CHARACTERS = 600
_DEEPEST = 8


def readable(resource: Resource) -> tuple[tuple[str, str], ...]:
    """Return each element's name and value in words, those first that matter most.

    Raises:
        EhrFormatError: it is not a JSON object.
    """
    held = resource.json()
    names = [*(n for n in _FIRST if n in held), *(n for n in held if n not in _FIRST)]
    told = (
        (_label(n), _cut(_said(held[n], _DEEPEST)))
        for n in names
        if n not in _LEFT_OUT and n != _NARRATIVE
    )
    return tuple((label, value) for label, value in told if value)


def indented(resource: Resource) -> str:
    """Return a resource's JSON, indented, its elements and digits as they came.

    Raises:
        EhrFormatError: it is not a JSON object.
    """
    resource.json()
    return msgspec.json.format(resource.raw, indent=2).decode()


def _label(name: str) -> str:
    words = _WORDS.sub(" ", name).lower()
    return words[:1].upper() + words[1:]


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} …"


def _said(value: Any, depth: int) -> str:  # noqa: ANN401  # JSON
    if isinstance(value, dict | list):
        return _said_many(value, depth)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _said_many(value: dict[str, Any] | list[Any], depth: int) -> str:
    if depth == 0:
        return "…"
    if isinstance(value, list):
        return _said_list(value, depth - 1)
    return _said_object(value, depth - 1)


def _said_list(values: list[Any], depth: int) -> str:
    return "; ".join(dict.fromkeys(text for one in values if (text := _said(one, depth))))


def _said_object(value: dict[str, Any], depth: int) -> str:
    if value.keys() & {"coding", "text"}:
        return _concept(value, depth)
    if "code" in value and "system" in value and "value" not in value:
        return _coding(value)
    if "reference" in value:
        return " ".join(_texts(value, depth, "display", "reference"))
    if value.keys() & {"start", "end"}:
        return f"{value.get('start', '…')} to {value.get('end', '…')}"
    if "value" in value and value.keys() & {"unit", "code", "currency", "system", "use", "type"}:
        return " ".join(_texts(value, depth, "value", "unit" if "unit" in value else "currency"))
    return ", ".join(_inner(value, depth))


def _concept(value: dict[str, Any], depth: int) -> str:
    found = value.get("coding")
    listed = found if isinstance(found, list) else []
    codes = "; ".join(text for one in listed if isinstance(one, dict) and (text := _coding(one)))
    named = _said(value.get("text"), depth)
    if not named:
        return codes
    return f"{named} ({codes})" if codes else named


def _coding(value: dict[str, Any]) -> str:
    full = str(value.get("system") or "")
    system = "" if _HL7_WORDS in full else full.rstrip("/").rpartition("/")[2]
    code = " ".join(part for part in (system, str(value.get("code") or "")) if part)
    display = str(value.get("display") or "")
    return f"{display} [{code}]" if display and code else display or code


def _inner(value: dict[str, Any], depth: int) -> Iterator[str]:
    for name, held in value.items():
        if name not in _LEFT_OUT and (text := _said(held, depth)):
            yield f"{_label(name).lower()}: {text}"


def _texts(value: dict[str, Any], depth: int, *names: str) -> list[str]:
    return [text for name in names if (text := _said(value.get(name), depth))]
