"""The page that says which tables are loaded; nothing of a patient, and no sign-in."""

from __future__ import annotations

from dataclasses import replace

from ccm_fhir.terminology import load_chronic_table
from smart_app.views.about import about
from tests.smart_app.front import Front


def test_the_page_says_the_edition_the_sources_and_that_no_clinician_signed(front: Front) -> None:
    answer = front.client.get("/about/terminology")

    assert answer.status_code == 200
    for said in (
        load_chronic_table().version,
        "98,796",
        "HCUP, AHRQ, Rockville MD",
        "SNOMED International, CC BY 4.0",
        "Not yet signed off by a clinician.",
    ):
        assert said in answer.text


def test_every_page_leads_there(front: Front) -> None:
    assert 'href="/about/terminology"' in front.client.get("/").text


def test_a_sites_own_settings_are_said() -> None:
    table = load_chronic_table()

    assert about(table, asks_site=False).notes == ()
    assert len(about(replace(table, assume_icd10_is_cm=True), asks_site=True).notes) == 2
