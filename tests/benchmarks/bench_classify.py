"""How many Conditions a second one core classifies: ``python -m tests.benchmarks.bench_classify``.

100,000 Conditions (20,000 distinct ones, repeated) in the shapes that charts have: most with an
ICD-10-CM code drawn from the whole table, some with SNOMED CT beside it or alone, some for
review. Rates are given beside a baseline of the same run: the standard library's ``json`` reading
the same lines. The tables' load is timed in a fresh process, with what it adds to its own memory.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from time import process_time

from ccm_fhir.domain.codes import ICD10CM, SNOMED
from ccm_fhir.domain.conditions import classify
from ccm_fhir.domain.facts import ConditionFact
from ccm_fhir.fhir.extract import extract
from ccm_fhir.services.classify_conditions import classify_lines, classify_patients
from ccm_fhir.terminology import load_chronic_table

DISTINCT, TIMES, PATIENTS = 20_000, 5, 2_000
CONDITIONS = DISTINCT * TIMES
WANTED, WANTED_LOAD_MS = 150_000, 100
AS_OF = date(2026, 11, 30)
_HL7 = "http://terminology.hl7.org/CodeSystem"
_LOAD = """
import pathlib, time
from ccm_fhir.terminology import load_chronic_table
def private():
    rollup = pathlib.Path('/proc/self/smaps_rollup')
    lines = rollup.read_text().splitlines() if rollup.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private_'))
before = private()
begun = time.perf_counter()
table = load_chronic_table()
print((time.perf_counter() - begun) * 1000)
print(private() - before)
"""


def conditions(seed: int = 5) -> list[bytes]:
    """Return the distinct Conditions as lines; the same seed gives the same bytes."""
    dice = random.Random(seed)  # noqa: S311  # made-up charts, not a secret
    table = load_chronic_table()
    icd, snomed = sorted(table.icd10cm), sorted(table.snomed)
    return [_condition(dice, n, dice.choice(icd), dice.choice(snomed)) for n in range(DISTINCT)]


def _condition(dice: random.Random, number: int, icd: str, snomed: str) -> bytes:
    kind = dice.random()
    coding = [{"system": ICD10CM, "code": f"{icd[:3]}.{icd[3:]}".rstrip("."), "display": "x" * 40}]
    if kind < 0.2:
        coding.append({"system": SNOMED, "code": f"{snomed}1", "display": "x" * 40})
    elif kind < 0.3:
        coding = [{"system": SNOMED, "code": snomed, "display": "x" * 40}]
    status = "active" if kind < 0.9 else "resolved"
    return json.dumps(
        {
            "resourceType": "Condition",
            "id": f"c{number}",
            "meta": {"versionId": "1", "lastUpdated": "2026-01-05T09:00:00Z"},
            "clinicalStatus": _concept("condition-clinical", status),
            "verificationStatus": _concept("condition-ver-status", "confirmed"),
            "category": [_concept("condition-category", "encounter-diagnosis")],
            "code": {"coding": coding, "text": "x" * 40},
            "subject": {"reference": f"Patient/p{number % PATIENTS}"},
            "onsetDateTime": "2019-03-04",
            "recordedDate": f"202{dice.randint(1, 6)}-03-05",
        }
    ).encode()


def _concept(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": f"{_HL7}/{system}", "code": code}]}


def rate(work: Callable[[], object]) -> float:
    """Return how many Conditions a second of this process's own time."""
    begun = process_time()
    work()
    return CONDITIONS / (process_time() - begun)


def exhaust(things: Iterable[object]) -> None:
    """Run through something without keeping it."""
    for _ in things:
        pass


def main() -> None:
    """Measure, and print the rates and what they are worth."""
    lines = conditions() * TIMES
    table = load_chronic_table()
    facts = [fact for line in lines if isinstance(fact := extract(line), ConditionFact)]
    if len(facts) != CONDITIONS:
        sys.exit("not every Condition could be read")
    gc.collect()
    gc.freeze()
    baseline = rate(lambda: exhaust(map(json.loads, lines)))
    first = rate(lambda: exhaust(classify(fact, table, AS_OF) for fact in facts))
    again = rate(lambda: exhaust(classify(fact, table, AS_OF) for fact in facts))
    by_line = rate(lambda: exhaust(classify_lines(lines, table, AS_OF)))
    by_patient = rate(lambda: exhaust(classify_patients(lines, table, AS_OF)))
    loaded = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", _LOAD], capture_output=True, check=True, text=True
    ).stdout.split()
    print(f"{CONDITIONS} Conditions, one core, {Path(sys.executable).name}")
    for name, found, wanted in (
        ("baseline: json.loads of the lines", baseline, 0),
        ("classify, tables just opened", first, WANTED),
        ("classify, again", again, WANTED),
        ("JSON line to JSON line", by_line, 0),
        ("JSON lines to patients", by_patient, 0),
    ):
        goal = f"  (wanted {wanted}: {'yes' if found >= wanted else 'NO'})" if wanted else ""
        print(f"{found:>9.0f}/s  {found / baseline:5.2f} × baseline  {name}{goal}")
    milliseconds, kilobytes = float(loaded[0]), int(loaded[1])
    print(
        f"{milliseconds:.1f} ms to load the tables (wanted below {WANTED_LOAD_MS}: "
        f"{'yes' if milliseconds < WANTED_LOAD_MS else 'NO'}), {kilobytes} kB more of its own; "
        f"{len(table.icd10cm)} ICD-10-CM codes"
    )


if __name__ == "__main__":
    main()
