"""CPU per chart after the network: ``python -m tests.benchmarks.bench_chart``.

From the bytes of the searches' pages to facts and findings, for a usual chart (the demo's Rosa
Ready) and for the largest expected (60 conditions, 200 encounters, 300 observations, and the
rest in proportion). Times are the best of many runs in this process's own time, beside a
baseline of the same run on the same bytes: the standard library's ``json.loads``.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from time import process_time
from typing import Any

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Eligibility, Question, assess
from ccm_fhir.domain.facts import ChartFacts, PatientFact, PracticeFact
from ccm_fhir.fhir.bundles import latest_of_each, read_page, read_resource
from ccm_fhir.fhir.charting import chart_of, whose
from ccm_fhir.fhir.extract import extract
from ccm_fhir.rulebook.load import load_rulebook
from ccm_fhir.terminology.load import load_chronic_table
from fhir_fixtures.practice import generate

AS_OF = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASE = "https://ehr.example/fhir"
USUAL_MS, LARGEST_MS = 1.0, 10.0
PAGE = 100
LARGEST = {"Condition": 60, "Encounter": 200, "Observation": 300, "Procedure": 60, "Claim": 60}
Json = dict[str, Any]


def usual() -> list[Json]:
    """Return the chart of the demo's first patient."""
    made = generate(seed=1, patients=1, as_of=AS_OF).resources
    return [r for r in made if r["id"] == "pt-ready" or r["id"].startswith("pt-ready-")]


def largest() -> list[Json]:
    """Return the same chart with its records repeated, each under an id of its own."""
    chart = usual()
    repeated: list[Json] = []
    for kind, count in LARGEST.items():
        known = [r for r in chart if r["resourceType"] == kind]
        repeated += [known[n % len(known)] | {"id": f"{kind}-{n}"} for n in range(count)]
    return [r for r in chart if r["resourceType"] not in LARGEST] + repeated


def pages(chart: Sequence[Json]) -> list[tuple[str, bytes]]:
    """Return the pages of the searches that find a chart, the patient's own apart."""
    found: list[tuple[str, bytes]] = []
    for kind in dict.fromkeys(r["resourceType"] for r in chart if r["resourceType"] != "Patient"):
        entries = [
            {"fullUrl": f"{BASE}/{kind}/{r['id']}", "resource": r, "search": {"mode": "match"}}
            for r in chart
            if r["resourceType"] == kind
        ]
        for start in range(0, len(entries), PAGE):
            bundle = {
                "resourceType": "Bundle",
                "type": "searchset",
                "total": len(entries),
                "link": [{"relation": "self", "url": f"{BASE}/{kind}?patient=pt-ready"}],
                "entry": entries[start : start + PAGE],
            }
            found.append((kind, json.dumps(bundle).encode()))
    return found


class Bench:
    """One chart as it arrives, and the law and the tables that it is judged by."""

    def __init__(self, chart: Sequence[Json]) -> None:
        (self.patient,) = (json.dumps(r).encode() for r in chart if r["resourceType"] == "Patient")
        self.pages = pages(chart)
        self.count = len(chart)
        self.month = ServiceMonth.containing(AS_OF)
        self.rulebook = load_rulebook()
        self.table = load_chronic_table()

    def facts(self) -> ChartFacts:
        """Read the pages into facts."""
        described = read_resource(self.patient, "Patient")
        patient = extract(described.raw, BASE)
        assert isinstance(patient, PatientFact)
        found = (r for kind, body in self.pages for r in read_page(body, kind).resources)
        return chart_of(
            whose(patient, described), latest_of_each(found), (), base_url=BASE, now=NOW
        )

    def findings(self) -> Eligibility:
        """Read the pages and answer every criterion."""
        return assess(
            Question(
                chart=self.facts(),
                month=self.month,
                rule=self.rulebook.eligibility_rule(AS_OF),
                month_rules=self.rulebook.of_month(self.month),
                table=self.table,
                practice=PracticeFact(organization="Organization/org-maple-street"),
                attested=frozenset(),
                own_claim_identifiers=frozenset(),
            )
        )

    def loads(self) -> None:
        """Do what every reader in plain Python does first."""
        json.loads(self.patient)
        for _, body in self.pages:
            json.loads(body)


def best_ms(work: Callable[[], object], runs: int) -> float:
    """Return the shortest of so many runs, in milliseconds of this process's own time."""
    times: list[float] = []
    for _ in range(runs):
        begun = process_time()
        work()
        times.append(process_time() - begun)
    return min(times) * 1000


def report(name: str, chart: Sequence[Json], wanted_ms: float, runs: int) -> bool:
    """Print what one chart takes; whether it is within what is wanted."""
    bench = Bench(chart)
    bench.findings()
    loads, facts, both = (best_ms(w, runs) for w in (bench.loads, bench.facts, bench.findings))
    size = (len(bench.patient) + sum(len(body) for _, body in bench.pages)) / 1000
    print(f"{name}: {bench.count} resources, {len(bench.pages)} pages, {size:.0f} kB")
    print(f"  json.loads         {loads:7.2f} ms")
    print(f"  facts              {facts:7.2f} ms  {facts / loads:5.2f} × json.loads")
    print(f"  facts and findings {both:7.2f} ms  {both / loads:5.2f} × json.loads")
    verdict = "within" if both <= wanted_ms else "NOT within"
    print(f"  {verdict} {wanted_ms:g} ms")
    return both <= wanted_ms


def profile() -> None:
    """Print where the time of the largest chart goes."""
    bench, profiler = Bench(largest()), cProfile.Profile()
    profiler.runcall(lambda: [bench.findings() for _ in range(20)])
    pstats.Stats(profiler).sort_stats("tottime").print_stats(22)


def main(arguments: list[str]) -> int:
    """Measure both charts; ``--profile`` prints where the time goes instead."""
    if "--profile" in arguments:
        profile()
        return 0
    gc.disable()
    held = [report("usual chart", usual(), USUAL_MS, 300)]
    held.append(report("largest chart", largest(), LARGEST_MS, 40))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
