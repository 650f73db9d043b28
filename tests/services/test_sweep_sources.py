"""Ways of reading a population: by chart, by change, what an export lacks; and a kept copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.errors import EhrUnreachableError, ExportFailedError, InputError
from ccm_fhir.fhir.client import Precondition
from ccm_fhir.services.sweep_state import Source
from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from tests.population.exports import swept_folder
from tests.services.loopback_ehr import RealClock
from tests.services.sweeping import (
    GROUP,
    AskedFor,
    SweptEhr,
    as_ndjson,
    exporting_site,
    group_of,
    population,
    sweep,
    writer,
)
from tests.services.wire import answers, nothing_is_sent, with_json

if TYPE_CHECKING:
    from pathlib import Path

    from fhir_fixtures.practice.model import Practice, Resource

PRACTICE = population(3)
PATIENTS = sorted(r["id"] for r in PRACTICE.resources if r["resourceType"] == "Patient")


def without(practice: Practice, *types: str) -> Practice:
    kept = tuple(r for r in practice.resources if r["resourceType"] not in types)
    return replace(practice, resources=kept)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_ndjson(tmp_path_factory.mktemp("ndjson"), PRACTICE)


def test_coverage_and_consent_that_an_export_lacks_are_searched_for(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(omits=("Coverage", "Consent")), PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.written == wanted
        asked = {r.url.path for r in site.wire.requests}
        assert {"/fhir/Coverage", "/fhir/Consent"} <= asked
        assert "/fhir/Condition" not in asked


def test_a_search_that_fails_for_one_patient_is_a_gap_in_that_chart_alone(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(omits=("Coverage",)), PRACTICE) as site:
        site.wire.fail("GET", "/fhir/Coverage$", answers(500), times=4)
        made = sweep(site, tmp_path)

        reason = "Coverage: the EHR answered 500 when it was asked for"
        assert made.account.skipped == {reason: 1}
        different = [
            ours
            for ours, theirs in zip(made.written.splitlines(), wanted.splitlines(), strict=True)
            if ours != theirs
        ]
        assert len(different) == 1


def test_an_ehr_that_stops_answering_stops_the_searches_and_they_go_on_later(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(omits=("Coverage",)), PRACTICE) as site:
        site.wire.fail("GET", "/fhir/Coverage$", nothing_is_sent)
        with pytest.raises(EhrUnreachableError):
            sweep(site, tmp_path)
        site.wire.mend()

        assert sweep(site, tmp_path).written == wanted
        assert not site.wire.sent("GET", "export-files")


@pytest.mark.parametrize("wish", [AskedFor(source="crawl"), AskedFor(source="crawl", group=GROUP)])
def test_charts_read_one_by_one_give_what_an_export_gives(
    sqlite_url: str, tmp_path: Path, wanted: bytes, wish: AskedFor
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        made = sweep(site, tmp_path, wish)

        assert made.state.chosen.source is Source.CRAWL
        assert made.written == wanted


def test_an_ehr_that_refuses_the_export_it_declares_is_read_chart_by_chart(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", "export$", answers(403))
        site.wire.fail("POST", "export$", answers(403))
        made = sweep(site, tmp_path)

        assert made.written == wanted
        assert made.state.chosen.source is Source.CRAWL
        assert made.state.chosen.why == "the EHR refused the export (403)"


def test_a_member_of_a_group_who_cannot_be_read_fails_by_name_and_nobody_else(
    sqlite_url: str, tmp_path: Path
) -> None:
    practice = replace(
        PRACTICE, resources=(*without(PRACTICE, "Group").resources, group_of(*PATIENTS))
    )
    with exporting_site(sqlite_url, None, practice) as site:
        site.wire.fail("GET", f"/fhir/Patient/{PATIENTS[0]}$", answers(403))
        made = sweep(site, tmp_path, AskedFor(source="crawl", group=GROUP))

        assert made.outcomes[f"Patient/{PATIENTS[0]}"] == "failed"
        assert len(made.outcomes) == len(PATIENTS)


def test_a_list_of_patients_that_the_ehr_calls_partial_is_not_taken_for_everybody(
    sqlite_url: str, tmp_path: Path
) -> None:
    def partial(bundle: dict[str, Any]) -> dict[str, Any]:
        coding = {"code": "MSG_PARTIAL"}
        issue = {"severity": "warning", "code": "incomplete", "details": {"coding": [coding]}}
        told = {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}}
        return bundle | {"entry": [*bundle["entry"], told]}

    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", "/fhir/Patient$", with_json(partial))
        with pytest.raises(ExportFailedError, match="only a part"):
            sweep(site, tmp_path, AskedFor(source="crawl"))


def test_a_kept_copy_gives_the_same_when_it_is_swept_as_a_folder(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    keep = tmp_path / "copy"
    with exporting_site(sqlite_url, BulkPlan(lines_a_file=7), PRACTICE) as site:
        made = sweep(site, tmp_path, AskedFor(keep=keep))
        asking = made.state.asked.asking
        assert made.written == wanted
        assert swept_folder(keep, tmp_path, asking).written == wanted
        with pytest.raises(InputError, match="holds a copy already"):
            sweep(site, tmp_path, AskedFor(keep=keep))
    assert oct(keep.joinpath("0001").stat().st_mode & 0o777) == "0o700"


def reached(made: SweptEhr) -> str:
    assert made.state.manifest is not None
    return made.state.manifest.transaction_time


def forget(folder: Path, patient: str) -> None:
    """Take a patient out of a kept copy."""
    for path in folder.glob("*.ndjson"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines if patient.encode() not in line))


def changed(resource: Resource) -> Resource:
    """Return a Condition that was refuted since."""
    status = {"coding": [{"system": VERIFICATION, "code": "entered-in-error"}]}
    return {k: v for k, v in resource.items() if k != "clinicalStatus"} | {
        "verificationStatus": status
    }


VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


@pytest.mark.proves("BULK3", "BULK6", "BULK7")
@pytest.mark.parametrize("source", ["bulk", "changes"])
def test_what_changed_is_laid_over_the_copy_and_who_is_new_is_read_whole(
    sqlite_url: str, tmp_path: Path, source: str
) -> None:
    keep = tmp_path / "copy"
    (tmp_path / "again").mkdir()
    later = population(4)
    (new,) = {r["id"] for r in later.resources if r["resourceType"] == "Patient"} - {*PATIENTS}
    with exporting_site(sqlite_url, None, later, RealClock()) as site:
        # At first the copy lacks one patient altogether, as if the group had not held them.
        first = sweep(site, tmp_path, AskedFor(keep=keep))
        forget(keep / "0001", new)
        conditions = [r for r in later.resources if r["resourceType"] == "Condition"]
        mine = next(r for r in conditions if r["subject"]["reference"] == f"Patient/{PATIENTS[0]}")
        theirs = next(r for r in conditions if r["subject"]["reference"] == f"Patient/{new}")
        with writer(site.ehr) as client:
            for resource in (changed(mine), theirs | {"note": [{"text": "Seen."}]}):
                client.update(resource, version=Precondition())
        site.wire.mend()
        made = sweep(site, tmp_path / "again", AskedFor(keep=keep, since="last", source=source))
        asked = [dict(r.url.params) for r in site.wire.sent("GET", "export$")]
        assert [a["_since"] for a in asked] == ([reached(first)] if source == "bulk" else [])
        assert site.wire.sent("GET", f"/fhir/Patient/{new}$")
        assert not site.wire.sent("GET", f"/fhir/Patient/{PATIENTS[0]}$")

    now = [changed(mine) if r is mine else r for r in later.resources]
    expected = as_ndjson(tmp_path / "expected", replace(later, resources=tuple(now)))
    assert made.written == expected
    assert made.written != first.written
    assert made.state.since
    asking = made.state.asked.asking
    assert swept_folder(keep, tmp_path, asking).written == expected


def test_who_is_referred_to_and_is_not_in_the_ehr_is_nobodys_patient(
    sqlite_url: str, tmp_path: Path
) -> None:
    keep = tmp_path / "copy"
    with exporting_site(sqlite_url, None, PRACTICE, RealClock()) as site:
        sweep(site, tmp_path, AskedFor(keep=keep))
        stray = next(r for r in PRACTICE.resources if r["resourceType"] == "Condition")
        stray = stray | {"id": "stray", "subject": {"reference": "Patient/nobody"}}
        with writer(site.ehr) as client:
            client.update(stray, version=Precondition())
        made = sweep(site, tmp_path, AskedFor(keep=keep, since="last", source="changes"))

    assert "Patient/nobody" not in made.outcomes
    assert made.account.absent_patients == 1
