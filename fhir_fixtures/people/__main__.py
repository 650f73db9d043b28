"""``python -m fhir_fixtures.people walk|seed``: scripted people against a running demo."""

from __future__ import annotations

import argparse
import sys
from datetime import date

from fhir_fixtures.people.browser import UnexpectedPageError
from fhir_fixtures.people.seed import type_in_the_month
from fhir_fixtures.people.walk import walk


def main() -> int:
    """Read the arguments, let the people work, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fhir_fixtures.people", description=__doc__)
    parser.add_argument("what", choices=("walk", "seed"))
    parser.add_argument("--ehr", default="http://localhost:8710", help="the sandbox EHR")
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    arguments = parser.parse_args()
    try:
        if arguments.what == "seed":
            type_in_the_month(arguments.ehr, arguments.today, _say)
        else:
            _say(f"Done: {walk(arguments.ehr, arguments.today, _say)}")
    except UnexpectedPageError as problem:
        sys.stderr.write(f"The walk stopped: {problem}.\n")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
