"""A population swept from an EHR over HTTP, with Backend Services; a sandbox exports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.fhir.bulk_forms import BulkForm, Level
from ccm_fhir.population import Asking
from ccm_fhir.storage import audit, ehrs
from fhir_fixtures.practice.population import Population, write_population
from tests.population.exports import swept_folder
from tests.services.loopback_ehr import TODAY
from tests.services.plain_exporter import plain_exporter
from tests.services.sweeping import (
    GROUP,
    AskedFor,
    as_ndjson,
    collected,
    exporting_site,
    population,
    sweep,
)
from tests.world import ORGANIZATION, open_site

if TYPE_CHECKING:
    from pathlib import Path

PRACTICE = population()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_ndjson(tmp_path_factory.mktemp("ndjson"), PRACTICE)


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        (AskedFor(), "/fhir/Patient/$export"),
        (AskedFor(group=GROUP), f"/fhir/Group/{GROUP}/$export"),
    ],
)
def test_an_export_gives_what_a_folder_of_the_same_resources_gives(
    sqlite_url: str, tmp_path: Path, wanted: bytes, wish: AskedFor, path: str
) -> None:
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        made = sweep(site, tmp_path, wish)

        assert made.written == wanted
        assert made.account.is_clean
        (kick_off,) = [
            r for r in site.wire.requests if "export" in r.url.path and r.url.path == path
        ]
        assert kick_off.headers["Prefer"] == "respond-async"


@pytest.mark.proves("BULK1")
def test_a_whole_system_is_exported_where_an_ehr_exports_nothing_narrower(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        form = BulkForm(levels=(Level.SYSTEM,), repeats_types=True, longest_wait_seconds=7)
        made = sweep(site, tmp_path, form=form)

        assert made.written == wanted
        assert site.wire.sent("GET", r"^/fhir/\$export$")
        assert made.state.chosen.level is Level.SYSTEM


def test_who_swept_a_population_and_when_is_in_the_audit_trail(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        sweep(site, tmp_path)
        with site.world.db.read(site.practice_id) as session:
            acts = [r.act for r in audit.records(session, site.practice_id, after=0, most=99)]
    assert acts.count("sweep_population (command line)") == 1


def test_a_disconnected_ehr_is_not_asked(sqlite_url: str, tmp_path: Path) -> None:
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        with site.world.db.write(site.practice_id) as session:
            ehrs.set_active(session, site.practice_id, site.ehr_id, is_active=False)
        with pytest.raises(InputError, match="disconnected"):
            sweep(site, tmp_path)
        assert not site.wire.requests


def test_nothing_of_a_name_or_birth_date_lies_in_the_work_folder(
    sqlite_url: str, tmp_path: Path
) -> None:
    people = [r for r in PRACTICE.resources if r["resourceType"] == "Patient"]
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        collected(site, tmp_path / "work")
    held = b"".join(p.read_bytes() for p in (tmp_path / "work").iterdir())
    assert people
    for person in people:
        assert person["name"][0]["family"].encode() not in held
        assert person["birthDate"].encode() not in held


@pytest.mark.proves("BULK4")
def test_broken_and_odd_lines_come_out_of_an_export_as_they_do_of_a_folder(
    sqlite_url: str, tmp_path: Path
) -> None:
    told = Population(patients=250, seed=11, as_of=TODAY, broken=0.03, patients_a_file=90)
    write_population(told, tmp_path)
    asking = Asking(as_of=TODAY, organization=ORGANIZATION)
    wanted = swept_folder(tmp_path / "export", tmp_path, asking)
    with plain_exporter(tmp_path / "export") as ehr, open_site(sqlite_url, ehr) as site:
        made = sweep(site, tmp_path)

    assert made.written == wanted.written
    ours, theirs = made.account, wanted.account
    assert (ours.used, ours.outcomes, ours.failures) == (
        *(theirs.used, theirs.outcomes, theirs.failures),
    )
    assert ours.skipped == theirs.skipped
    assert ours.absent_patients == theirs.absent_patients
    assert made.state.remarks[-1].startswith("not fetched, since nobody asked for them")
    assert not made.account.is_clean
