"""Four outside opinions on a FHIR R4 resource, each of which misses what another sees.

``medplum`` and ``fhir.js`` run in one Node process (``validate.mjs``), ``fhirkit`` and the
``fhir.resources`` R4B models in this one. Where the US Core package is in the optional data
folder, a resource that names one of its profiles is held against that profile as well. None of
them follows a claim line's pointers, so ``pointers`` (ours) does.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import fhirkit
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from tests.parts import VALIDATORS, shared_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Resource = Mapping[str, Any]

US_CORE = "fhir-packages/hl7.fhir.us.core-7.0.0.tgz"
NODE_TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One validator's objection to one element of one resource."""

    index: int
    resource_type: str
    validator: str
    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FalsePositive:
    """An objection that the specification does not share; ``reason`` says why."""

    validator: str
    path: str
    message: str
    reason: str

    def covers(self, problem: Problem) -> bool:
        """Return whether the objection is this one; path and message are regular expressions."""
        return (
            problem.validator == self.validator
            and re.fullmatch(self.path, problem.path) is not None
            and re.search(self.message, problem.message) is not None
        )


# No other was seen on what this product writes, nor on 100 synthetic charts; each has a reason.
FALSE_POSITIVES: tuple[FalsePositive, ...] = (
    FalsePositive(
        validator="fhir.js",
        path=r"Parameters\.parameter\[\d+\]\.valueUuid\.\d+",
        message="Unexpected property",
        reason="R4 has valueUuid; fhir.js knows no uuid and walks into the text, letter by letter.",
    ),
)

POINTERS: Mapping[str, str] = {
    "careTeamSequence": "careTeam",
    "diagnosisSequence": "diagnosis",
    "procedureSequence": "procedure",
    "informationSequence": "supportingInfo",
}


def problems(
    resources: Sequence[Resource], *, known: Sequence[FalsePositive] = FALSE_POSITIVES
) -> tuple[Problem, ...]:
    """Return every objection to every resource, in their order, known false ones left out."""
    found = sorted(every_objection(resources), key=lambda p: (p.index, p.validator, p.path))
    return tuple(p for p in found if not any(each.covers(p) for each in known))


def every_objection(resources: Sequence[Resource]) -> Iterator[Problem]:
    """Yield every objection of every validator, false positives included."""
    yield from _node_objections(resources)
    for index, resource in enumerate(resources):
        for validator, objections in (
            ("fhirkit", _fhirkit_objections(resource)),
            ("fhir.resources", _r4b_objections(resource)),
            ("pointers", _pointer_objections(resource)),
        ):
            for path, message in objections:
                yield _problem(index, resource, validator, path, message)


def _node_objections(resources: Sequence[Resource]) -> Iterator[Problem]:
    us_core = shared_data_folder() / US_CORE
    run = subprocess.run(  # noqa: S603  # our own script
        ["node", str(VALIDATORS / "validate.mjs"), *([str(us_core)] if us_core.is_file() else [])],  # noqa: S607  # found on PATH
        input="".join(json.dumps(resource) + "\n" for resource in resources),
        capture_output=True,
        text=True,
        check=True,
        timeout=NODE_TIMEOUT_SECONDS,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert {answer["index"] for answer in answers} == set(range(len(resources)))
    for answer in answers:
        resource = resources[answer["index"]]
        for error in answer["errors"]:
            yield _problem(
                answer["index"], resource, answer["validator"], error["path"], error["message"]
            )


def _fhirkit_objections(resource: Resource) -> Iterable[tuple[str, str]]:
    try:
        issues = fhirkit.validate(dict(resource))
    except fhirkit.ParseError as unreadable:
        return [("", str(unreadable))]
    return [(issue.path, issue.message) for issue in issues if issue.severity == "error"]


def _r4b_objections(resource: Resource) -> Iterable[tuple[str, str]]:
    try:
        model = get_fhir_model_class(str(resource.get("resourceType")))
    except (KeyError, ValueError):
        return [("resourceType", "no such resource type")]
    try:
        model.model_validate(resource)
    except ValidationError as refused:
        errors = refused.errors(include_input=False, include_url=False, include_context=False)
        return [(".".join(str(step) for step in error["loc"]), error["msg"]) for error in errors]
    return []


def _pointer_objections(resource: Resource) -> Iterable[tuple[str, str]]:
    for position, item in enumerate(resource.get("item", ())):
        for pointer, target in POINTERS.items():
            known = {entry.get("sequence") for entry in resource.get(target, ())}
            for missing in set(item.get(pointer, ())) - known:
                yield f"Claim.item[{position}].{pointer}", f"no {target} has sequence {missing}"


def _problem(index: int, resource: Resource, validator: str, path: str, message: str) -> Problem:
    return Problem(
        index=index,
        resource_type=str(resource.get("resourceType", "")),
        validator=validator,
        path=path,
        message=message,
    )
