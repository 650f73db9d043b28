"""Writes as a vendor takes them: what is stored of a resource, and what is refused."""

import json
from dataclasses import replace
from typing import Any

from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.profiles.shape import Refusals, TypeRules
from fhir_fixtures.sandbox.vendor.refusals import VendorRefusedError

_ALWAYS_KEPT = frozenset({"resourceType", "id"})


def stored_of(create: Interaction, rules: TypeRules, refusals: Refusals) -> Interaction:
    """The create with what this vendor stores of the resource; the rest is lost without a word.

    Raises:
        VendorRefusedError: something it must have is missing, or has a value it does not take.
    """
    resource = create.resource()
    _check(resource, rules, refusals)
    kept = resource
    if rules.keeps:
        names = frozenset(rules.keeps.split()) | _ALWAYS_KEPT
        kept = {name: value for name, value in resource.items() if name in names}
    for element, lost in rules.drops_within.items():
        if element in kept:
            kept = {**kept, element: _without(kept[element], frozenset(lost.split()))}
    return _with(create, {**kept, **rules.infers})


def updated(update: Interaction, before: dict[str, Any] | None, rules: TypeRules) -> Interaction:
    """The update with only those elements changed that this vendor changes."""
    if before is None or not rules.updates:
        return update
    names = frozenset(rules.updates.split())
    after = update.resource()
    unchanged = {name: value for name, value in before.items() if name not in names}
    return _with(update, unchanged | {name: after[name] for name in names if name in after})


def _check(resource: dict[str, Any], rules: TypeRules, refusals: Refusals) -> None:
    if not rules.write_back_user and refusals.no_write_back_user:
        raise VendorRefusedError(refusals.no_write_back_user, "no user is set up for write-back")
    if refusals.modifier_extension and "modifierExtension" in resource:
        raise VendorRefusedError(refusals.modifier_extension, "modifierExtension is not taken")
    for problem in _problems(resource, rules):
        raise VendorRefusedError(rules.refusal_of_content or refusals.invalid, problem)


def _problems(resource: dict[str, Any], rules: TypeRules) -> list[str]:
    missing = [name for name in rules.needs.split() if not resource.get(name)]
    one_of = rules.needs_one_of.split()
    if one_of and sum(name in resource for name in one_of) != 1:
        missing.append(f"exactly one of {', '.join(one_of)}")
    for element, children in rules.needs_within.items():
        for part in _parts(resource.get(element)):
            missing += [f"{element}.{name}" for name in children.split() if not part.get(name)]
    problems = [f"{name} is required" for name in missing]
    status = str(resource.get("status", ""))
    if rules.takes_status and status not in rules.takes_status.split():
        problems.append(f"status must be {rules.takes_status}")
    if status in rules.refuses_status.split():
        problems.append("this status is not supported")
    if rules.takes_category and rules.takes_category not in json.dumps(resource.get("category")):
        problems.append("procedures of this category are not taken")
    return problems


def _parts(value: object) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, dict)]


def _without(value: object, lost: frozenset[str]) -> object:
    if isinstance(value, list):
        return [_without(each, lost) for each in value]
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if name not in lost}
    return value


def _with(interaction: Interaction, resource: dict[str, Any]) -> Interaction:
    return replace(interaction, content=json.dumps(resource).encode())
