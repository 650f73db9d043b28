"""Command line: write a synthetic practice as NDJSON files, one for each resource type."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from fhir_fixtures.practice.generator import iter_resources
from fhir_fixtures.practice.ndjson import write_ndjson


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(
        prog="python -m fhir_fixtures.practice",
        description="Write a synthetic practice as bulk-export NDJSON.",
    )
    parser.add_argument("--seed", type=int, default=20261123, help="draws all but the cast")
    parser.add_argument("--patients", type=int, default=40, help="how many patients")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="the day of the charts, YYYY-MM-DD"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    arguments = parser.parse_args()
    write_ndjson(iter_resources(arguments.seed, arguments.patients, arguments.as_of), arguments.out)


if __name__ == "__main__":
    main()
