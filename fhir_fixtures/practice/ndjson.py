"""Writes resources as a bulk export does: one NDJSON file for each resource type."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from fhir_fixtures.practice.model import Resource


def as_line(resource: Resource) -> str:
    """Return a resource as one line of JSON: sorted keys, no blanks, no line end."""
    return json.dumps(resource, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_ndjson(resources: Iterable[Resource], folder: Path) -> None:
    """Stream resources to ``<type>.ndjson`` files in a folder, which is made if absent."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, TextIO] = {}
    with ExitStack() as stack:
        for resource in resources:
            name = resource["resourceType"]
            if name not in files:
                path = folder / f"{name}.ndjson"
                files[name] = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            files[name].write(as_line(resource) + "\n")
