"""What goes wrong with an export, and what a sweep makes of it: everything, or a stop in words."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ExportFailedError,
    ForbiddenOriginError,
    InputError,
)
from ccm_fhir.population.records import SWEPT
from ccm_fhir.population.work import held_folder
from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from tests.services.loopback_ehr import RealClock
from tests.services.sweeping import (
    GROUP,
    AskedFor,
    as_ndjson,
    collecting,
    exporting_site,
    population,
    sweep,
)
from tests.services.wire import Fault, Send, answers, nothing_is_sent, with_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Site

PRACTICE = population(3)
STATUS, FILES = "/fhir/export-status/", "/fhir/export-files/"
ELSEWHERE = "https://files.example"


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_ndjson(tmp_path_factory.mktemp("ndjson"), PRACTICE)


def after_first(fault: Fault) -> Fault:
    """Return a fault that spares the first request."""
    seen: list[httpx2.Request] = []

    def later(request: httpx2.Request, send: Send) -> httpx2.Response:
        seen.append(request)
        return send(request) if len(seen) == 1 else fault(request, send)

    return later


def kick_offs(site: Site) -> int:
    return len([r for r in site.wire.requests if r.url.path.endswith("$export")])


@pytest.mark.parametrize(
    "plan",
    [
        BulkPlan(looks=3, retry_after="seconds"),
        BulkPlan(looks=3, retry_after="date"),
        BulkPlan(looks=3, retry_after="none"),
        BulkPlan(broken_looks=4),
        BulkPlan(by_post=True),
        BulkPlan(lines_a_file=2),
        BulkPlan(packs=True, lines_a_file=3),
        BulkPlan(open_files=True),
        BulkPlan(cut_files=2),
        BulkPlan(cut_files=2, serves_ranges=True),
        BulkPlan(cut_files=2, serves_ranges=True, packs=True),
        BulkPlan(cut_files=1, cuts_silently=True),
        BulkPlan(broken_files=2),
        BulkPlan(refused_tokens=1),
        BulkPlan(expired_files=1),
        BulkPlan(counts=False),
    ],
    ids=str,
)
@pytest.mark.proves("BULK2", "BULK4", "BULK5")
def test_what_passes_leaves_no_trace_in_the_results(
    sqlite_url: str, tmp_path: Path, wanted: bytes, plan: BulkPlan
) -> None:
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.written == wanted
        assert made.account.is_clean
        assert not made.state.remarks
        assert site.wire.sent("DELETE", STATUS)


@pytest.mark.proves("BULK1", "BULK2")
def test_waits_are_those_that_the_ehr_asks_for(sqlite_url: str, tmp_path: Path) -> None:
    plan = BulkPlan(busy=2, looks=2, retry_after_seconds=70)
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        sweep(site, tmp_path)

        assert site.slept == [70.0] * 4


@pytest.mark.proves("BULK2")
def test_a_wait_until_a_date_is_read_by_the_ehrs_own_clock(sqlite_url: str, tmp_path: Path) -> None:
    plan = BulkPlan(looks=1, retry_after="date", retry_after_seconds=70)
    with exporting_site(sqlite_url, plan, PRACTICE, RealClock()) as site:
        sweep(site, tmp_path)

        assert 60 < site.slept[0] <= 71


@pytest.mark.proves("BULK2")
def test_a_wait_of_hours_is_shortened_and_none_named_grows(sqlite_url: str, tmp_path: Path) -> None:
    plan = BulkPlan(looks=1, retry_after_seconds=7200)
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        sweep(site, tmp_path)
        assert site.slept == [300.0]


@pytest.mark.proves("BULK2")
def test_a_wait_that_nobody_names_grows(sqlite_url: str, tmp_path: Path) -> None:
    with exporting_site(sqlite_url, BulkPlan(looks=4, retry_after="none"), PRACTICE) as site:
        sweep(site, tmp_path)
        assert site.slept == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.proves("BULK2")
def test_an_export_that_the_ehr_forgot_is_begun_anew(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(looks=9), PRACTICE) as site:
        site.wire.fail("GET", STATUS, answers(404), times=1)
        made = sweep(site, tmp_path)

        assert made.written == wanted
        assert made.state.was_begun == kick_offs(site) == 2
        assert "begun anew" in made.state.remarks[0]


def test_an_export_that_is_forgotten_each_time_ends_the_sweep(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, BulkPlan(looks=2, forgets_after=1), PRACTICE) as site:
        with pytest.raises(ExportFailedError, match="gone each time"):
            sweep(site, tmp_path)
        assert kick_offs(site) == 3


def test_an_export_that_failed_is_dropped_and_begun_by_the_next_run(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(fails=True), PRACTICE) as site:
        with pytest.raises(ExportFailedError, match="answers 500"):
            sweep(site, tmp_path)
        assert len(site.wire.sent("DELETE", STATUS)) == 1
    with exporting_site(sqlite_url + "2", None, PRACTICE) as other:
        assert sweep(other, tmp_path / "..").written == wanted


def test_an_ehr_that_does_not_answer_stops_the_sweep_and_keeps_the_export(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", STATUS, nothing_is_sent)
        with pytest.raises(EhrUnreachableError):
            sweep(site, tmp_path)
        assert not site.wire.sent("DELETE")
        site.wire.mend()

        assert sweep(site, tmp_path).written == wanted
        assert kick_offs(site) == 0


@pytest.mark.proves("BULK4")
def test_a_file_that_is_short_each_time_is_never_taken_for_whole(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, BulkPlan(cut_files=99, cuts_silently=True), PRACTICE) as site:
        with pytest.raises(ExportFailedError, match="cut short"):
            sweep(site, tmp_path)
        assert not list((tmp_path / "ehr.work").glob("*.spill"))


@pytest.mark.proves("BULK4")
def test_only_the_rest_of_a_file_is_fetched_where_the_ehr_serves_ranges(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, BulkPlan(cut_files=1, serves_ranges=True), PRACTICE) as site:
        sweep(site, tmp_path)

        (rest,) = [r for r in site.wire.sent("GET", FILES) if "Range" in r.headers]
        assert int(rest.headers["Range"].removeprefix("bytes=").rstrip("-")) > 0
        assert rest.headers["If-Range"]


@pytest.mark.proves("BULK5")
def test_a_token_that_ends_between_files_is_renewed_and_that_file_fetched_again(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(refused_tokens=2, lines_a_file=5), PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.written == wanted
        tokens = [r.headers["Authorization"] for r in site.wire.sent("GET", FILES)]
        assert len(set(tokens)) == 3
        assert len(site.wire.sent("GET", FILES)) == len(made.state.manifest.output) + 2  # type: ignore[union-attr]


def test_a_token_that_cannot_be_renewed_stops_the_sweep(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", FILES, answers(401))
        with pytest.raises(EhrHttpError, match="401"):
            sweep(site, tmp_path)
        site.wire.mend()
        assert sweep(site, tmp_path).written == wanted


def moved_to(origin: str) -> Any:  # noqa: ANN401  # a fault of the wire
    """Return a change of a manifest: its files lie elsewhere."""

    def change(manifest: dict[str, Any]) -> dict[str, Any]:
        for file in manifest["output"]:
            file["url"] = origin + httpx2.URL(file["url"]).path
        return manifest

    return with_json(change)


@pytest.mark.proves("BULK4", "S15", "S16", "R35")
def test_files_at_a_server_that_is_not_listed_are_not_asked_for(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, BulkPlan(looks=0), PRACTICE) as site:
        site.wire.fail("GET", STATUS, moved_to(ELSEWHERE))
        with pytest.raises(ForbiddenOriginError):
            sweep(site, tmp_path)
        assert not [r for r in site.wire.requests if r.url.host == "files.example"]


@pytest.mark.proves("BULK4", "S16", "R35")
@pytest.mark.parametrize("moves", ["manifest", "redirect"])
def test_no_token_goes_to_another_server_that_is_listed(
    sqlite_url: str, tmp_path: Path, wanted: bytes, moves: str
) -> None:
    plan = BulkPlan(looks=0)
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        files: dict[str, bytes] = {}

        def elsewhere(request: httpx2.Request, send: Send) -> httpx2.Response:
            if request.url.host != "files.example":
                body = send(request).read()
                files[request.url.path] = body
                where = {"Location": ELSEWHERE + request.url.path}
                return httpx2.Response(307, headers=where)
            assert "authorization" not in request.headers
            return httpx2.Response(200, content=gzip.compress(files[request.url.path]))

        def bare(request: httpx2.Request, _send: Send) -> httpx2.Response:
            assert request.url.host == "files.example"
            assert "authorization" not in request.headers
            return httpx2.Response(200, content=b"")

        if moves == "manifest":
            site.wire.fail(
                "GET",
                STATUS,
                with_json(
                    lambda m: (
                        m
                        | {
                            "output": [
                                {"type": "Patient", "url": f"{ELSEWHERE}/fhir/export-files/p"}
                            ]
                        }
                    )
                ),
            )
            site.wire.fail("GET", FILES, bare)
        else:
            site.wire.fail("GET", FILES, elsewhere)
        made = sweep(site, tmp_path, file_origins=(ELSEWHERE,))

        assert [r for r in site.wire.requests if r.url.host == "files.example"]
        assert moves == "manifest" or made.written == wanted


@pytest.mark.proves("BULK4")
def test_files_that_need_no_token_are_sent_none(sqlite_url: str, tmp_path: Path) -> None:
    with exporting_site(sqlite_url, BulkPlan(open_files=True), PRACTICE) as site:
        sweep(site, tmp_path)
        assert not [r for r in site.wire.sent("GET", FILES) if "authorization" in r.headers]


@pytest.mark.proves("S16", "S17")
def test_a_file_that_swells_without_end_is_refused_and_little_of_it_held(
    sqlite_url: str, tmp_path: Path
) -> None:
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)

    def sent(_request: httpx2.Request, _send: Send) -> httpx2.Response:
        return httpx2.Response(200, content=bomb)

    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", FILES, sent)
        with pytest.raises(EhrFormatError, match="swells"):
            sweep(site, tmp_path)


def test_a_file_of_a_type_that_nobody_knows_is_counted_and_the_rest_judged(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, BulkPlan(unknown_type="Wombat"), PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.written == wanted
        assert not made.account.is_clean or sum(made.account.irrelevant.values()) >= 1
        assert made.account.resources_read == sum(
            max(1, sum(r["resourceType"] == f.type for r in PRACTICE.resources))
            for f in made.state.manifest.output  # type: ignore[union-attr]
        )


@pytest.mark.proves("BULK6")
def test_outcomes_of_the_export_are_counted_without_their_words(
    sqlite_url: str, tmp_path: Path
) -> None:
    plan = BulkPlan(problems=("error/exception", "warning/not-supported", "error/exception"))
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.state.problems == {"error (exception)": 2, "warning (not-supported)": 1}
        assert made.state.remarks == ("the EHR says that something is missing from its export",)


def test_what_the_export_tells_is_asked_for_again_where_its_address_has_expired(
    sqlite_url: str, tmp_path: Path
) -> None:
    types = {r["resourceType"] for r in PRACTICE.resources} & SWEPT
    with exporting_site(sqlite_url, BulkPlan(problems=("error/exception",)), PRACTICE) as site:
        site.wire.fail("GET", f"{FILES}.*/{len(types)}$", answers(410), times=1)
        made = sweep(site, tmp_path)

        assert made.state.problems == {"error (exception)": 1}
        assert made.state.was_begun == 1


def test_an_ehr_that_no_longer_gives_a_token_keeps_nobody_from_the_results(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("DELETE", STATUS, answers(401))
        site.wire.fail("POST", "/oauth/token", after_first(answers(400, text="{}")))
        assert sweep(site, tmp_path).written == wanted


@pytest.mark.proves("BULK6")
def test_what_was_deleted_is_not_judged_though_the_export_holds_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    conditions = [r for r in PRACTICE.resources if r["resourceType"] == "Condition"]
    gone = {f"Condition/{r['id']}" for r in conditions[:3]}
    left = replace(
        PRACTICE,
        resources=tuple(
            r for r in PRACTICE.resources if f"{r['resourceType']}/{r['id']}" not in gone
        ),
    )
    plan = BulkPlan(deleted=tuple(sorted(gone)))
    with exporting_site(sqlite_url, plan, PRACTICE) as site:
        made = sweep(site, tmp_path)

        assert made.written == as_ndjson(tmp_path, left)
        assert made.account.skipped == {"Condition: it was deleted in the EHR since": 3}


@pytest.mark.proves("BULK3")
def test_an_export_without_files_is_an_answer(sqlite_url: str, tmp_path: Path) -> None:
    with exporting_site(sqlite_url, BulkPlan(looks=0), PRACTICE) as site:
        site.wire.fail("GET", STATUS, with_json(lambda manifest: manifest | {"output": []}))
        made = sweep(site, tmp_path)

        assert made.written == b""
        assert made.account.patients == 0


@pytest.mark.parametrize("body", [b"", b"<html/>", b"[]", b'{"output": [{"type": "Patient"}]}'])
def test_a_manifest_that_is_none_stops_the_sweep_in_words(
    sqlite_url: str, tmp_path: Path, body: bytes
) -> None:
    def sent(_request: httpx2.Request, _send: Send) -> httpx2.Response:
        return httpx2.Response(200, content=body)

    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", STATUS, sent)
        with pytest.raises(EhrFormatError):
            sweep(site, tmp_path)


@pytest.mark.proves("BULK8")
def test_an_export_that_is_gone_already_when_it_is_deleted_is_no_error(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("DELETE", STATUS, answers(404))
        assert sweep(site, tmp_path).written == wanted


def test_cancelling_lets_the_ehr_drop_the_export(sqlite_url: str, tmp_path: Path) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", STATUS, nothing_is_sent)
        with pytest.raises(EhrUnreachableError):
            sweep(site, tmp_path)
        with held_folder(tmp_path / "ehr.work") as folder:
            assert collecting(site, folder).cancel()
        assert len(site.wire.sent("DELETE", STATUS)) == 1


def test_unfinished_work_goes_on_for_the_same_question_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    with exporting_site(sqlite_url, None, PRACTICE) as site:
        site.wire.fail("GET", STATUS, nothing_is_sent)
        with pytest.raises(EhrUnreachableError):
            sweep(site, tmp_path)
        with pytest.raises(InputError, match="another sweep"):
            sweep(site, tmp_path, AskedFor(group=GROUP))
