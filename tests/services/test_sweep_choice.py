"""From where a population is read: what was asked for, else what suits the EHR; and why."""

from __future__ import annotations

import msgspec
import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.fhir.bulk_forms import BulkForm, Level
from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.services.sweep_choice import after_refusal, choose
from ccm_fhir.services.sweep_state import Source, SweepAsked
from tests.services.sweeping import ASKING

EXPORTS = BulkForm(levels=(Level.GROUP, Level.PATIENT, Level.SYSTEM))
GROUPS_ALONE = BulkForm(levels=(Level.GROUP,))
NOTHING = BulkForm()
TELLS_CHANGES = Capability(digest="", common_search_params=frozenset({"_lastUpdated"}))
SINCE = "2026-11-01T00:00:00Z"


def asked(group: str = "", since: str = "", source: Source | None = None) -> SweepAsked:
    return SweepAsked(ehr_id="e", asking=ASKING, group=group, since=since, source=source)


NARROWED = SweepAsked(ehr_id="e", asking=ASKING, filters=("Patient?active=true",))


@pytest.mark.parametrize(
    ("wish", "form", "level"),
    [
        (asked(), EXPORTS, Level.PATIENT),
        (asked(group="1"), EXPORTS, Level.GROUP),
        (asked(), BulkForm(levels=(Level.SYSTEM, Level.GROUP)), Level.SYSTEM),
        (asked(group="1"), GROUPS_ALONE, Level.GROUP),
    ],
)
def test_an_ehr_that_exports_does_so_at_the_narrowest_level_that_holds_what_is_asked(
    wish: SweepAsked, form: BulkForm, level: Level
) -> None:
    chosen = choose(wish, form, None)
    assert (chosen.source, chosen.level) == (Source.BULK, level)
    assert chosen.why == "the EHR exports"


def test_an_ehr_that_exports_groups_alone_needs_one() -> None:
    with pytest.raises(InputError, match="groups alone"):
        choose(asked(), GROUPS_ALONE, None)


def test_an_ehr_without_export_is_read_by_what_changed_where_it_tells_that() -> None:
    chosen = choose(asked(since=SINCE), NOTHING, TELLS_CHANGES)
    assert chosen.source is Source.CHANGES
    assert "declares no export" in chosen.why


def test_a_type_may_tell_changes_where_the_server_as_a_whole_does_not() -> None:
    params = ResourceCapability(search_params=frozenset({"_lastUpdated"}))
    capability = Capability(digest="", resources={"Condition": params})
    assert choose(asked(since=SINCE), NOTHING, capability).source is Source.CHANGES


def test_an_ehr_without_export_is_read_chart_by_chart_and_never_since_a_moment() -> None:
    assert choose(asked(), NOTHING, None).source is Source.CRAWL
    with pytest.raises(InputError, match="says nothing of changes"):
        choose(asked(since=SINCE), NOTHING, None)
    with pytest.raises(InputError, match="says nothing of changes"):
        choose(asked(since=SINCE, group="1"), NOTHING, TELLS_CHANGES)


def test_a_vendor_that_exports_one_patient_at_a_time_is_read_chart_by_chart() -> None:
    chosen = choose(asked(), BulkForm(is_crawled="It is known to."), None)
    assert (chosen.source, chosen.why) == (Source.CRAWL, "It is known to.")


def test_what_was_asked_for_is_taken_though_nothing_declares_it() -> None:
    chosen = choose(asked(source=Source.BULK), NOTHING, None)
    assert (chosen.source, chosen.level) == (Source.BULK, Level.PATIENT)
    assert choose(asked(source=Source.CRAWL), EXPORTS, None).source is Source.CRAWL


@pytest.mark.parametrize(
    "wish",
    [
        asked(source=Source.CHANGES),
        asked(source=Source.CHANGES, since=SINCE, group="1"),
        asked(source=Source.CRAWL, since=SINCE),
    ],
)
def test_what_cannot_be_is_refused(wish: SweepAsked) -> None:
    with pytest.raises(InputError):
        choose(wish, EXPORTS, TELLS_CHANGES)


@pytest.mark.parametrize("since", ["", SINCE])
def test_a_filter_is_for_an_export_alone(since: str) -> None:
    assert choose(NARROWED, EXPORTS, None).source is Source.BULK
    with pytest.raises(InputError, match="narrows an export"):
        choose(msgspec.structs.replace(NARROWED, since=since), NOTHING, TELLS_CHANGES)


def test_a_refused_export_is_followed_by_the_next_best_way_with_its_status() -> None:
    chosen = after_refusal(asked(), None, 405)
    assert (chosen.source, chosen.why) == (Source.CRAWL, "the EHR refused the export (405)")
