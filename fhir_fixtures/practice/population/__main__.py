"""Command line: write a population as bulk NDJSON, with the true answer for each patient."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from fhir_fixtures.practice.population.writing import Population, write_population


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(
        prog="python -m fhir_fixtures.practice.population",
        description="Write a synthetic population as bulk-export NDJSON, with a manifest of the "
        "true answers.",
    )
    parser.add_argument("--patients", type=int, required=True, help="how many, 1 to 1000000")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--seed", type=int, default=20261123, help="draws everybody")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="the day of the charts, YYYY-MM-DD"
    )
    parser.add_argument("--processes", type=int, default=1, help="how many write at a time")
    parser.add_argument("--broken", type=float, default=0.0, help="share of lines that are broken")
    parser.add_argument("--patients-a-file", type=int, default=10_000, help="how many in one file")
    given = parser.parse_args()
    population = Population(
        patients=given.patients,
        seed=given.seed,
        as_of=given.as_of,
        broken=given.broken,
        patients_a_file=given.patients_a_file,
    )
    write_population(population, given.out, processes=given.processes)


if __name__ == "__main__":
    main()
