"""How long a month's close takes: ``python -m tests.benchmarks.bench_close [patients]``.

10,000 patients with a chart and time in one SQLite file. Every patient-month is judged from what
is stored, as ``ccm-fhir close`` does; then the month page is asked for over the whole app. The
baseline of the same run is reading every chart's JSON into facts and nothing else.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from uuid import uuid4

import msgspec
from sqlalchemy import insert

from ccm_fhir.domain.codes import Activity, PerformerKind, Role
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from ccm_fhir.services import refresh_month
from ccm_fhir.services.month_standing import month_material, rows_of, standing_of
from ccm_fhir.services.refresh_month import Viewer, prepare, view_of
from ccm_fhir.storage import practices, standings
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import Row
from ccm_fhir.storage.vocabulary import ChartSource, EntryChange, EntrySource
from tests.builders import NOVEMBER, chart, icd
from tests.smart_app.front import NOW, Front, open_front

PATIENTS = 10_000
WANTED_SECONDS, WANTED_PAGE_MS = 30, 300
LOOKS = 15


@dataclass
class Spent:
    """Seconds spent in each part."""

    database: float = 0.0
    decision: float = 0.0
    json: float = 0.0
    rows: int = 0
    facts: list[str] = field(default_factory=list)


def fill(front: Front, patients: int) -> None:
    """Give a practice patients with charts and the month's time, of mixed fates."""
    dice = random.Random(7)  # noqa: S311  # made-up work, not a secret
    people: list[dict[str, object]] = []
    snapshots: list[dict[str, object]] = []
    entries: list[dict[str, object]] = []
    for number in range(patients):
        patient_id = new_id(NOW)
        facts = _chart(number)
        people.append(_patient(front, patient_id, number))
        snapshots.append(_snapshot(front, patient_id, facts))
        entries += [_entry(front, patient_id, dice.randint(3, 16), day) for day in (3, 9, 17, 20)]
    with front.world.db.write(front.practice_id) as session:
        tables = Row.metadata.tables
        connection = session.connection()
        connection.execute(insert(tables["patient"]), people)
        connection.execute(insert(tables["chart_snapshot"]), snapshots)
        connection.execute(insert(tables["time_entry"]), entries)


def _chart(number: int) -> ChartFacts:
    if number % 10 == 0:
        return chart(conditions=(icd("I10"),))
    if number % 10 == 1:
        return chart(consents=())
    return chart(conditions=tuple(icd(code, n) for n, code in enumerate(_CODES[: 2 + number % 6])))


_CODES = ("I10", "E11.9", "J44.9", "N18.30", "I48.91", "M17.0", "F33.1", "E78.5")


def _patient(front: Front, patient_id: str, number: int) -> dict[str, object]:
    return {
        "practice_id": front.practice_id,
        "id": patient_id,
        "ehr_id": front.ehr_id,
        "fhir_id": f"bench-{number}",
        "name": f"Patient {number:05d}",
        "birth_date_text": "1948-02-03",
        "gender": "female",
        "mrn": f"MRN-{number}",
        "mbi": "",
        "language": "en",
        "died_on_text": "",
        "is_deceased": False,
        "chart_problem": None,
        "updated_at": NOW,
    }


def _snapshot(front: Front, patient_id: str, facts: ChartFacts) -> dict[str, object]:
    named = PatientFact(ref=EvidenceRef("Patient", patient_id), name="")
    whose = msgspec.structs.replace(facts, patient=named)
    return {
        "practice_id": front.practice_id,
        "id": new_id(NOW),
        "patient_id": patient_id,
        "read_at": facts.read_at,
        "facts_json": msgspec.json.encode(whose).decode(),
        "source": ChartSource.PANEL,
        "read_by_user_id": None,
    }


def _entry(front: Front, patient_id: str, minutes: int, day: int) -> dict[str, object]:
    starts_at = NOW.replace(day=day, hour=15)
    nurse = front.people[Role.CARE_MANAGER].id
    return {
        "practice_id": front.practice_id,
        "id": new_id(NOW),
        "patient_id": patient_id,
        "user_id": nurse,
        "performer": PerformerKind.CLINICAL_STAFF,
        "credential": "RN",
        "started_at": starts_at,
        "ended_at": starts_at + timedelta(minutes=minutes),
        "zone": "America/New_York",
        "activity": Activity.PATIENT_CALL,
        "is_contact": False,
        "contact_mode": None,
        "source": EntrySource.TYPED,
        "note": "Home readings reviewed",
        "recorded_at": NOW,
        "recorded_by": nurse,
        "form_key": str(uuid4()),
        "supersedes_id": None,
        "change": EntryChange.ENTRY,
        "change_reason": "",
    }


def by_parts(front: Front) -> Spent:  # noqa: PLR0915  # each part between two looks at the clock
    """Judge every patient-month as the product does, and note where the time goes."""
    world, viewer, spent = front.world, Viewer(practice_id=front.practice_id), Spent()
    begun = perf_counter()
    with world.db.write(viewer.practice_id) as session:
        standings.forget(session, viewer.practice_id, NOVEMBER)
        view = view_of(world, session, viewer, NOVEMBER, NOW)
        prepare(session, viewer, view)
    spent.database += perf_counter() - begun
    while True:
        begun = perf_counter()
        with world.db.read(viewer.practice_id) as session:
            wanted = standings.stale(session, viewer.practice_id, view, refresh_month.BATCH)
            today = NOW.astimezone(practices.get(session, viewer.practice_id).zone).date()
            held = month_material(session, viewer.practice_id, NOVEMBER, today)
            found = rows_of(session, held, [one.patient_id for one in wanted])
        spent.database += perf_counter() - begun
        if not wanted:
            return spent
        rows = {row.patient.id: row for row in found}
        begun = perf_counter()
        judged = [standing_of(world, held, rows[one.patient_id], "") for one in wanted]
        spent.decision += perf_counter() - begun
        begun = perf_counter()
        answers = [
            refresh_month._kept(one, found)  # noqa: SLF001  # the product's own step
            for one, found in zip(wanted, judged, strict=True)
        ]
        spent.json += perf_counter() - begun
        begun = perf_counter()
        with world.db.write(viewer.practice_id) as session:
            standings.keep(session, viewer.practice_id, view, answers, NOW)
        spent.database += perf_counter() - begun
        spent.rows += len(wanted)
        spent.facts += [msgspec.json.encode(row.chart.facts).decode() for row in found if row.chart]


def seconds(work: Callable[[], object]) -> float:
    """Return how long something took by the clock."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def page_ms(front: Front, role: Role, query: str) -> float:
    """Return the median time of one page of the app, once it has been looked at."""
    browser = front.sign_in(role)
    path = f"{browser.path}/month?month={NOVEMBER}{query}"
    if browser.get(path).status_code != 200:
        sys.exit(f"the page {query!r} did not open")
    taken = []
    for _ in range(LOOKS):
        front.clock.advance(seconds=10)
        taken.append(seconds(lambda: browser.get(path)))
    return median(taken) * 1000


def print_pages(front: Front) -> None:
    """Ask for pages as people do, and print how long each takes."""
    for name, role, query in (
        ("month page, biller", Role.BILLER, ""),
        ("month page, practitioner", Role.PRACTITIONER, ""),
        ("one state", Role.BILLER, "&state=ready"),
        ("one reason", Role.BILLER, "&reason=consent.consent_missing"),
        ("page 100", Role.BILLER, "&page=100"),
    ):
        taken = page_ms(front, role, query)
        met = "yes" if taken < WANTED_PAGE_MS else "NO"
        print(f"{name:<30} {taken:7.0f} ms  (wanted {WANTED_PAGE_MS}: {met})")


def main() -> None:  # noqa: PLR0915  # one line of output after the other
    """Measure, and print what the goals are held to."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    with tempfile.TemporaryDirectory() as folder:
        front = open_front(Path(folder))
        fill(front, patients)
        spent = by_parts(front)
        decoder = msgspec.json.Decoder(ChartFacts)
        baseline = seconds(lambda: [decoder.decode(text) for text in spent.facts])
        with front.world.db.write(front.practice_id) as session:
            standings.forget(session, front.practice_id, NOVEMBER)
        viewer = Viewer(practice_id=front.practice_id)
        own = process_time()
        total = seconds(lambda: refresh_month.refresh(front.world, viewer, NOVEMBER, NOW))
        own = process_time() - own
        again = seconds(lambda: refresh_month.refresh(front.world, viewer, NOVEMBER, NOW))
        print(f"{spent.rows} patient-months, SQLite, one process")
        print(f"baseline: charts' JSON into facts   {baseline:7.2f} s")
        goal = "yes" if total < WANTED_SECONDS * patients / PATIENTS else "NO"
        print(
            f"close                               {total:7.2f} s  {spent.rows / total:8.0f}/s  "
            f"{total / baseline:5.1f} × baseline  "
            f"(wanted {WANTED_SECONDS} s for {PATIENTS}: {goal})"
        )
        print(f"  of its own time                   {own:7.2f} s  {spent.rows / own:8.0f}/s")
        reading = baseline  # the decoding is done inside the read
        whole = spent.database + spent.decision + spent.json
        for name, part in (
            ("decision", spent.decision),
            ("database", spent.database - reading),
            ("JSON", spent.json + reading),
        ):
            print(f"  {name:<10} {part / whole:6.1%}")
        print(f"close again, nothing changed        {again:7.3f} s")
        print_pages(front)
        front.world.db.close()


if __name__ == "__main__":
    main()
