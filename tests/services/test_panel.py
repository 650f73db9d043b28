"""Reading the whole panel, and the month page that comes of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.errors import FhirError
from ccm_fhir.services.approvals import set_policy
from ccm_fhir.services.month import ROWS_A_PAGE, MonthFilter, overview
from ccm_fhir.services.panel import ask_for_panel, list_panel, read_one
from ccm_fhir.services.patient_month import MonthOverview, MonthState
from ccm_fhir.services.setup_hand import operator
from tests.services.loopback_ehr import WHOLE_CAST, Clock, cast, running_ehr
from tests.services.wire import answers, nothing_is_sent, with_json
from tests.world import DOCTOR, NOVEMBER, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_fixtures.practice.model import WorkEntry

NOT_ELIGIBLE = {
    "pt-onecondition",
    "pt-samedisease",
    "pt-refuted",
    "pt-nopartb",
    "pt-commercial",
    "pt-noconsent",
    "pt-revoked",
    "pt-otherpractice",
    "pt-stalevisit",
    "pt-novisit",
    "pt-noplan",
    "pt-partialplan",
    "pt-elsewhere",
    "pt-deceased",
}
NEEDS_FIX = {"pt-textonly", "pt-provisional", "pt-whichpart", "pt-yearonly", "pt-halftold"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a practice whose whole panel has been read, before anybody worked."""
    file: Path = tmp_path_factory.mktemp("panel") / "ccm.sqlite"
    with (
        running_ehr(cast(), Clock()) as ehr,
        open_site(f"sqlite:///{file}", ehr) as site,
    ):
        site.launch()
        for patient_id in read_list(site):
            assert read_one(site.world, site.practice_id, patient_id, site.clock())
        yield site


def read_list(site: Site) -> tuple[str, ...]:
    return list_panel(site.world, site.practice_id, site.ehr_id, site.clock())


def month_page(site: Site, **wanted: Any) -> MonthOverview:  # noqa: ANN401  # of MonthFilter
    actor = site.launch(user=DOCTOR).actor
    return overview(site.world, actor, MonthFilter(month=NOVEMBER, **wanted), site.clock())


def states(site: Site) -> dict[str, MonthState]:
    """Return where each patient stands, by the EHR's id."""
    rows = month_page(site).rows
    with site.world.db.read() as session:
        found = session.connection().exec_driver_sql("SELECT id, fhir_id FROM patient").all()
    fhir_ids = {row[0]: row[1] for row in found}
    return {fhir_ids[row.patient_id]: row.state for row in rows}


def test_the_panel_has_every_patient_of_the_practice_once(whole: Site) -> None:
    first, second = read_list(whole), read_list(whole)

    assert len(set(first)) == WHOLE_CAST
    assert first == second


def test_before_anybody_works_each_stands_where_the_demo_says(whole: Site) -> None:
    found = states(whole)

    assert {p for p, s in found.items() if s is MonthState.NOT_ELIGIBLE} == NOT_ELIGIBLE
    assert {p for p, s in found.items() if s is MonthState.NEEDS_FIX} == NEEDS_FIX
    short = {p for p, s in found.items() if s is MonthState.SHORT_OF_TIME}
    assert short == found.keys() - NOT_ELIGIBLE - NEEDS_FIX


def test_the_counts_add_up_and_so_do_the_filtered_pages(whole: Site) -> None:
    page = month_page(whole)

    assert sum(page.counts.values()) == WHOLE_CAST == len(page.rows)
    assert page.counts == Counter(row.state for row in page.rows)
    for state, count in page.counts.items():
        assert len(month_page(whole, state=state).rows) == count
        assert month_page(whole, state=state).counts == page.counts


def test_what_is_missing_is_named_for_each_who_lacks_something(whole: Site) -> None:
    for row in month_page(whole).rows:
        if row.state in {MonthState.NOT_ELIGIBLE, MonthState.NEEDS_FIX}:
            assert row.missing
            assert all(finding.reason for finding in row.missing)


@pytest.mark.parametrize("page", [-1, 0, 2, 99])
def test_a_page_that_is_not_there_is_the_nearest_that_is(whole: Site, page: int) -> None:
    assert month_page(whole, page=page).page == 1


def test_a_long_list_comes_in_pages(whole: Site) -> None:
    assert ROWS_A_PAGE == 50
    assert month_page(whole).pages == 1


def test_with_the_months_work_each_stands_where_the_demo_says(site: Site) -> None:
    log = cast().time_log
    whole_month = TypedPolicy(late_after_days=31)
    set_policy(site.world, operator(site.world), whole_month, site.clock())
    for (user, patient), entries in groupby(sorted(log, key=by_place), key=by_place):
        desk = site.launch(user=user, patient=patient)
        for entry in entries:
            start = entry.started_at
            desk.record(started_on=start.date(), start_time=start.time(), minutes=entry.minutes)

    found = states(site)

    assert {entry.patient_id: found[entry.patient_id] for entry in log} == {
        "pt-almost": MonthState.SHORT_OF_TIME,
        "pt-exactly": MonthState.READY,
        "pt-fortyone": MonthState.READY,
        "pt-sixtyfive": MonthState.READY,
    }


def by_place(entry: WorkEntry) -> tuple[str, str]:
    return entry.user_id, entry.patient_id


def test_a_patient_moves_from_short_of_time_over_ready_and_signed_to_sent(own_site: Site) -> None:
    site = own_site
    seen: list[MonthState] = []
    nurse = site.launch()
    seen += states(site).values()
    nurse.record(minutes=19)
    seen += states(site).values()
    nurse.record(start_time=(site.clock() - timedelta(hours=8)).time(), minutes=1)
    seen += states(site).values()
    site.launch(user=DOCTOR).sign()
    seen += states(site).values()
    site.deliver_all(nurse.patient_id)
    seen += states(site).values()

    assert seen == [
        MonthState.SHORT_OF_TIME,
        MonthState.SHORT_OF_TIME,
        MonthState.READY,
        MonthState.SIGNED,
        MonthState.SENT,
    ]
    assert month_page(site).total_usd == Decimal("95.00")


def test_a_refused_delivery_comes_first_as_a_problem(own_site: Site) -> None:
    nurse = own_site.launch()
    nurse.record()
    own_site.wire.fail("POST", "/fhir/Procedure$", answers(422))
    own_site.deliver_all(nurse.patient_id)

    assert month_page(own_site).rows[0].state is MonthState.PROBLEM


def test_time_for_somebody_who_is_not_eligible_needs_a_fix(site: Site) -> None:
    site.launch(patient="pt-noconsent").record()

    assert states(site)["pt-noconsent"] is MonthState.NEEDS_FIX


def test_one_patient_who_cannot_be_read_does_not_stop_the_rest(site: Site) -> None:
    site.wire.refuse_batches()
    site.wire.fail("GET", "/fhir/Patient/pt-exactly", answers(500))
    site.wire.fail("GET", "/fhir/Patient/pt-almost", answers(200, text="<html>"))
    site.wire.fail("GET", "/fhir/Patient/pt-fortyone", nothing_is_sent)

    read = [read_one(site.world, site.practice_id, one, site.clock()) for one in read_list(site)]

    assert Counter(read) == {True: WHOLE_CAST - 3, False: 3}
    unread = {p for p, s in states(site).items() if s is MonthState.CHART_NOT_READ}
    assert unread == {"pt-exactly", "pt-almost", "pt-fortyone"}


def test_a_patient_who_does_not_parse_is_left_out_and_the_rest_is_listed(site: Site) -> None:
    def break_one(bundle: dict[str, Any]) -> dict[str, Any]:
        bundle["entry"][0]["resource"]["name"] = "not a HumanName"
        return bundle

    site.wire.fail("GET", "/fhir/Patient$", with_json(break_one), times=1)

    assert len(read_list(site)) == WHOLE_CAST - 1


def test_a_panel_that_cannot_be_listed_is_an_error_not_an_empty_panel(site: Site) -> None:
    site.wire.fail("GET", "/fhir/Patient$", answers(500))

    with pytest.raises(FhirError):
        read_list(site)


def test_asking_for_the_panel_twice_in_a_minute_reads_it_once(each_site: Site) -> None:
    site = each_site
    for _ in range(2):
        ask_for_panel(site.world, site.practice_id, site.ehr_id, site.clock())

    with site.world.db.read() as session:
        prefix = "" if site.world.db.is_sqlite else "dbos."
        asked = session.connection().exec_driver_sql(
            f"SELECT count(*) FROM {prefix}workflow_status WHERE name = 'read_panel'"  # noqa: S608
        )
        assert asked.scalar_one() == 1
