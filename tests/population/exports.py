"""Small exports for tests, and the sweep of one in this process."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ccm_fhir.population import Accounting, Asking, LocalPool, plan_sweep, run_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.plan import RANGE_BYTES
from ccm_fhir.population.results import Result, decode_result
from ccm_fhir.population.work import opened_work
from ccm_fhir.population.writing import write_results

AS_OF = date(2026, 11, 23)
ASKING = Asking(as_of=AS_OF)
HL7 = "http://terminology.hl7.org/CodeSystem"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep gave."""

    account: Accounting
    results: dict[str, Result]
    written: bytes

    def outcomes(self) -> dict[str, str]:
        return {name: result.outcome for name, result in self.results.items()}


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(name: str = "p1", /, **changes: object) -> Json:
    return {"resourceType": "Patient", "id": name} | changes


def condition(code: str, number: int = 1, name: str = "p1", /, **changes: object) -> Json:
    """Return an active, confirmed Condition."""
    return {
        "resourceType": "Condition",
        "id": f"{name}-c{number}",
        "clinicalStatus": concept(f"{HL7}/condition-clinical", "active"),
        "verificationStatus": concept(f"{HL7}/condition-ver-status", "confirmed"),
        "code": concept(ICD10CM, code),
        "subject": {"reference": f"Patient/{name}"},
    } | changes


def part_b(name: str = "p1", /, **changes: object) -> Json:
    return {
        "resourceType": "Coverage",
        "id": f"{name}-v",
        "status": "active",
        "type": {"text": "Medicare Part B"},
        "beneficiary": {"reference": f"Patient/{name}"},
        "period": {"start": "2010-01-01"},
    } | changes


def candidate(name: str = "p1", /) -> list[Json]:
    """Return the chart of somebody with two diseases and Part B."""
    return [patient(name), condition("I10", 1, name), condition("E11.9", 2, name), part_b(name)]


def line(resource: object) -> bytes:
    return json.dumps(resource).encode() + b"\n"


def by_file(resources: Iterable[Json]) -> dict[str, bytes]:
    """Return files as an export names them."""
    files: dict[str, bytes] = defaultdict(bytes)
    for resource in resources:
        files[f"{resource['resourceType']}.ndjson"] += line(resource)
    return dict(files)


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write an export; return its folder."""
    export = folder / "export"
    for name, body in files.items():
        path = export / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return export


def swept(
    folder: Path,
    files: Mapping[str, bytes],
    asking: Asking = ASKING,
    *,
    processes: int = 1,
    range_bytes: int = RANGE_BYTES,
) -> Swept:
    """Write an export into a folder and sweep it."""
    return swept_folder(
        written(folder, files), folder, asking, processes=processes, range_bytes=range_bytes
    )


def swept_folder(
    export: Path,
    folder: Path,
    asking: Asking = ASKING,
    *,
    processes: int = 1,
    range_bytes: int = RANGE_BYTES,
) -> Swept:
    """Sweep an export that is there."""
    plan = plan_sweep(export, asking, judge_for(asking).versions, range_bytes=range_bytes)
    out = folder / "out.ndjson"
    with opened_work(folder / "work", plan) as work:
        account = run_sweep(plan, work, LocalPool(ASKING, processes), lambda _: None)
        write_results([work.part(number) for number in range(plan.partitions)], out)
        work.remove()
    body = out.read_bytes()
    results = [decode_result(each) for each in body.splitlines()]
    return Swept(account, {result.patient: result for result in results}, body)
