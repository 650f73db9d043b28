"""What differs between two versions of a plan, part by part and field by field, as values."""

from __future__ import annotations

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.plans.parts import AnyPart, Measure, Plan, Target, Wording

_NOT_SHOWN = frozenset({"key", "source", "element"})


class ChangeKind(Word):
    """What happened to a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldChange(Fact, frozen=True, kw_only=True):
    """One field before and after, as text; empty where there was nothing."""

    field: str
    before: str
    after: str


class PartChange(Fact, frozen=True, kw_only=True):
    """One part that differs; ``part`` is as it stands now, or as it last stood."""

    kind: ChangeKind
    part: AnyPart
    fields: tuple[FieldChange, ...] = ()


def diff(older: Plan, newer: Plan) -> tuple[PartChange, ...]:
    """Return every difference: removed parts first, then the newer plan's in its order.

    A mere change of order is no difference, nor is who first said a part.
    """
    known = {part.key: part for part in older.parts}
    kept = {part.key for part in newer.parts}
    removed = [
        PartChange(kind=ChangeKind.REMOVED, part=part)
        for part in older.parts
        if part.key not in kept
    ]
    return (*removed, *_of_newer(known, newer))


def _of_newer(known: dict[str, AnyPart], newer: Plan) -> tuple[PartChange, ...]:
    names = {part.key: part.text for part in (*known.values(), *newer.parts)}
    found: list[PartChange] = []
    for part in newer.parts:
        before = known.get(part.key)
        if before is None:
            found.append(PartChange(kind=ChangeKind.ADDED, part=part))
        elif fields := _fields(before, part, names):
            found.append(PartChange(kind=ChangeKind.CHANGED, part=part, fields=fields))
    return tuple(found)


def _fields(before: AnyPart, after: AnyPart, names: dict[str, str]) -> tuple[FieldChange, ...]:
    pairs = (
        (name, getattr(before, name, None), getattr(after, name, None))
        for name in dict.fromkeys((*before.__struct_fields__, *after.__struct_fields__))
        if name not in _NOT_SHOWN
    )
    return tuple(
        FieldChange(field=name, before=_text(old, names), after=_text(new, names))
        for name, old, new in pairs
        if old != new
    )


def _text(value: object, names: dict[str, str]) -> str:
    match value:
        case None | False:
            text = ""
        case True:
            text = "yes"
        case Word():
            text = value.value.replace("_", " ")
        case tuple():
            text = ", ".join(names.get(str(key), str(key)) for key in value)
        case Wording():
            text = " / ".join(said for said in (value.english, value.spanish) if said)
        case Measure():
            label = value.label.english
            text = f"{label}, in {value.unit}" if value.unit else label
        case Target():
            text = value.words or _number(value)
        case _:
            text = str(value)
    return text


def _number(target: Target) -> str:
    bound = target.bound.value.replace("_", " ")
    return f"{bound}, not set yet" if target.value is None else f"{bound} {target.value}"
