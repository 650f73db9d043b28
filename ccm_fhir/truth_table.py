"""Put the truth table to a program: ``python -m ccm_fhir.truth_table [--boundaries] COMMAND …``.

The command reads PatientMonth lines from standard input and writes one answer a line. Without a
command the examples' input lines are printed, to be answered elsewhere and compared with
``--answers FILE``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ccm_fhir.conformance.boundaries import boundary_examples
from ccm_fhir.conformance.suite import Example, Json, differences, shipped
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.settings import FeesSettings

DONE, UNREADABLE, DIFFERS = 0, 2, 4


def main(arguments: Sequence[str]) -> int:
    """Run the suite; return 0 when every example is answered as it must be, else 4."""
    parser = argparse.ArgumentParser(prog="python -m ccm_fhir.truth_table", description=__doc__)
    parser.add_argument("--boundaries", action="store_true", help="add generated examples")
    parser.add_argument("--answers", type=Path, help="compare a file of answers instead")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the program to test")
    chosen = parser.parse_args(arguments)
    examples = shipped()
    if chosen.boundaries:
        rulebook = load_rulebook(FeesSettings().fees_dir)
        examples += tuple(boundary_examples(rulebook))
    lines = b"".join(msgspec.json.encode(example.inputs) + b"\n" for example in examples)
    if chosen.answers is not None:
        return report(examples, read_answers(chosen.answers.read_bytes()))
    if not chosen.command:
        sys.stdout.buffer.write(lines)
        return DONE
    # The command is what the user typed; no shell reads it.
    run = subprocess.run(chosen.command, input=lines, stdout=subprocess.PIPE, check=False)  # noqa: S603
    return report(examples, read_answers(run.stdout))


def read_answers(text: bytes) -> list[Json]:
    """Return the answers; a line that is no JSON object is an answer with an error."""
    answers: list[Json] = []
    for line in text.splitlines():
        try:
            answers.append(msgspec.json.decode(line, type=Json))
        except msgspec.DecodeError:
            answers.append({"error": "the answer is not a JSON object"})
    return answers


def report(examples: tuple[Example, ...], answers: list[Json]) -> int:
    """Print what differs and the count; return the exit code."""
    if len(answers) != len(examples):
        sys.stderr.write(f"{len(examples)} examples, {len(answers)} answers\n")
        return UNREADABLE
    right = 0
    for example, answer in zip(examples, answers, strict=True):
        wrong = list(differences(example.expected, answer))
        right += not wrong
        for problem in wrong:
            sys.stdout.write(f"{example.id} {example.title}: {problem}\n")
    sys.stdout.write(f"{right} of {len(examples)} right\n")
    return DONE if right == len(examples) else DIFFERS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
