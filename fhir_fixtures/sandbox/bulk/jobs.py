"""Exports that were begun: their files as they were at the kick-off, and where each stands."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fhir_fixtures.sandbox.bulk.plan import BulkPlan

Resource = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Counters:
    """What an export did so far, for its plan and for tests."""

    looks: int = 0
    broken_looks: int = 0
    cut_files: int = 0
    refused_tokens: int = 0
    broken_files: int = 0
    expired_files: int = 0
    downloads: int = 0

    def may(self, name: str, most: int) -> bool:
        """Whether something may happen once more; it is counted."""
        if getattr(self, name) >= most:
            return False
        setattr(self, name, getattr(self, name) + 1)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file; `member` is where in the manifest it stands."""

    member: str
    type: str
    lines: tuple[bytes, ...] = field(repr=False)

    @property
    def body(self) -> bytes:
        """Its text."""
        return b"".join(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export."""

    id: str
    request: str
    transaction_time: datetime
    files: tuple[File, ...]
    counters: Counters = field(default_factory=Counters)
    expired: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Jobs:
    """All exports of one sandbox; `begun` and `deleted` count them."""

    plan: BulkPlan
    jobs: dict[str, Job] = field(default_factory=dict)
    begun: int = 0
    refused: int = 0
    deleted: int = 0

    def begin(self, request: str, at: datetime, resources: Iterable[Resource]) -> Job:
        """A new export of some resources."""
        self.begun += 1
        files = tuple(self._files(resources))
        job = Job(id=secrets.token_urlsafe(24), request=request, transaction_time=at, files=files)
        self.jobs[job.id] = job
        return job

    def manifest(self, job: Job, address: str) -> Mapping[str, object]:
        """What an export came to: its files, by member of the manifest."""
        members: dict[str, list[object]] = {"output": [], "deleted": [], "error": []}
        for number, file in enumerate(job.files):
            entry: dict[str, object] = {"type": file.type, "url": f"{address}/{job.id}/{number}"}
            members[file.member].append(
                entry | ({"count": len(file.lines)} if self.plan.counts else {})
            )
        return {
            "transactionTime": job.transaction_time.isoformat(),
            "request": job.request,
            "requiresAccessToken": not self.plan.open_files,
            **members,
        }

    def _files(self, resources: Iterable[Resource]) -> Iterable[File]:
        by_type: dict[str, list[bytes]] = {}
        for resource in resources:
            if resource["resourceType"] not in self.plan.omits:
                by_type.setdefault(resource["resourceType"], []).append(_line(resource))
        step = self.plan.lines_a_file
        for kind, lines in sorted(by_type.items()):
            for start in range(0, len(lines), step):
                part = tuple(lines[start : start + step])
                yield File(member="output", type=kind, lines=part)
        if self.plan.unknown_type:
            odd = _line({"resourceType": self.plan.unknown_type, "id": "1"})
            yield File(member="output", type=self.plan.unknown_type, lines=(odd,))
        if self.plan.deleted:
            gone = _line(_deletions(self.plan.deleted))
            yield File(member="deleted", type="Bundle", lines=(gone,))
        if self.plan.problems:
            told = tuple(_line(_outcome(each)) for each in self.plan.problems)
            yield File(member="error", type="OperationOutcome", lines=told)


def _line(resource: Resource) -> bytes:
    return json.dumps(resource, separators=(",", ":")).encode() + b"\n"


def _deletions(references: Iterable[str]) -> Resource:
    entries = [{"request": {"method": "DELETE", "url": each}} for each in references]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _outcome(problem: str) -> Resource:
    severity, _, code = problem.partition("/")
    issue = {"severity": severity, "code": code, "diagnostics": "Canary Person was left out"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
