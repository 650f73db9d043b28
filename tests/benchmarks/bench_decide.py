"""How many patient-months a second one core decides: ``python -m tests.benchmarks.bench_decide``.

100,000 patient-months of 8 entries each (2,000 distinct ones, repeated), half with clock times
and half with minutes, a quarter with a practitioner's own time. Rates are given beside a baseline
of the same run on the same lines: the standard library's ``json`` reading and writing them back.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, process_time

from ccm_fhir.conformance.answers import answer_lines
from ccm_fhir.conformance.read import read_line
from ccm_fhir.conformance.suite import Json, shipped
from ccm_fhir.domain.decision import decide
from ccm_fhir.domain.stated import to_patient_month
from tests.conformance.months import law

DISTINCT, TIMES, ENTRIES = 2_000, 50, 8
MONTHS = DISTINCT * TIMES
WANTED_IN_PROCESS, WANTED_BY_COMMAND = 20_000, 10_000
PROFILED = 10_000


def months(seed: int = 3) -> list[bytes]:
    """Return the distinct months as JSON lines; the same seed gives the same bytes."""
    dice = random.Random(seed)  # noqa: S311  # made-up work, not a secret
    base = shipped()[0].inputs
    return [
        json.dumps(base | {"id": f"p{n}", "time_entries": _entries(dice, n)}).encode() + b"\n"
        for n in range(DISTINCT)
    ]


def _entries(dice: random.Random, number: int) -> list[Json]:
    return [_entry(dice, place, is_own=place == 0 and number % 4 == 0) for place in range(ENTRIES)]


def _entry(dice: random.Random, place: int, *, is_own: bool) -> Json:
    entry: Json = {
        "date": f"2026-03-{dice.randint(1, 28):02d}",
        "performer_role": "physician" if is_own else "clinical_staff",
        "personally": is_own,
        "kind": "RN",
        "activity": "care coordination call with patient",
        "performer": f"n{place}",
    }
    if place % 2:
        return entry | {"minutes": dice.randint(1, 20)}
    hour, minute = dice.randint(8, 17), dice.randint(0, 39)
    length = dice.randint(1, 20)
    return entry | {
        "start": f"{hour:02d}:{minute:02d}:00",
        "end": f"{hour:02d}:{minute + length:02d}:30",
    }


def rate(work: Callable[[], object], count: int) -> float:
    """Return how many a second of this process's own time."""
    begun = process_time()
    work()
    return count / (process_time() - begun)


def exhaust(things: Iterable[object]) -> None:
    """Run through something without keeping it."""
    for _ in things:
        pass


def by_command(lines: list[bytes]) -> tuple[float, float]:
    """Return months a second through the command: of its own time, and of the clock's."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        for _ in range(TIMES):
            file.writelines(lines)
        file.flush()
        program = (
            "import runpy, sys, time\n"
            f"sys.argv = ['ccm-fhir', 'decide', {file.name!r}]\n"
            "try: runpy.run_module('ccm_fhir', run_name='__main__')\n"
            "finally: print(time.process_time(), file=sys.stderr)"
        )
        begun = perf_counter()
        run = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", program], capture_output=True, check=True
        )
        clock = perf_counter() - begun
    if run.stdout.count(b"\n") != MONTHS or b'"error"' in run.stdout:
        sys.exit("the command did not answer every month")
    return MONTHS / float(run.stderr.split()[-1]), MONTHS / clock


def main() -> None:
    """Measure, and print the rates, what they are worth, and where the time goes."""
    lines = months()
    asked = [to_patient_month(read_line(line), law()) for line in lines]
    gc.collect()
    gc.freeze()
    repeated = [line for _ in range(TIMES) for line in lines]
    baseline = rate(lambda: exhaust(json.dumps(json.loads(line)) for line in repeated), MONTHS)
    decided = rate(
        lambda: exhaust(decide(m, law().rulebook, c) for _ in range(TIMES) for m, c in asked),
        MONTHS,
    )
    answered = rate(lambda: exhaust(answer_lines(repeated, law())), MONTHS)
    own_time, clock = by_command(lines)
    print(f"{MONTHS} patient-months of {ENTRIES} entries, one core, {Path(sys.executable).name}")
    for name, found, wanted in (
        ("baseline: json.loads and json.dumps", baseline, 0),
        ("decide, in process", decided, WANTED_IN_PROCESS),
        ("JSON line to JSON line, in process", answered, 0),
        ("through the command, its own time", own_time, WANTED_BY_COMMAND),
        ("through the command, by the clock", clock, 0),
    ):
        goal = f"  (wanted {wanted}: {'yes' if found >= wanted else 'NO'})" if wanted else ""
        print(f"{found:>9.0f}/s  {found / baseline:5.2f} × baseline  {name}{goal}")
    print("Where the time of a JSON line goes, most own time first:")
    profile = cProfile.Profile()
    profile.runcall(exhaust, answer_lines(repeated[:PROFILED], law()))
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
