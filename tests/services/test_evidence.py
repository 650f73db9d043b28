"""Opening one resource: what is shown, and every way in which it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.services.evidence import EvidenceProblem, EvidenceShown, show_evidence
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.storage import audit
from tests.services.wire import Fault, answers, nothing_is_sent, with_json
from tests.world import NOVEMBER, READY, Desk, Site

if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def keys(desk: Desk) -> dict[str, str]:
    """Return the key of each resource of the chart, by its reference."""
    links = desk.review().ehr_links
    return {ref: path.rpartition("/")[2] for ref, path in links.items()}


def condition(desk: Desk) -> tuple[str, str]:
    ref = next(ref for ref in keys(desk) if ref.startswith("Condition/"))
    return ref, keys(desk)[ref]


def shown(desk: Desk, key: str) -> EvidenceShown:
    return show_evidence(desk.site.world, desk.visit, key, NOVEMBER, desk.site.clock())


def test_everything_that_a_finding_rests_on_has_an_address_without_an_id(nurse: Desk) -> None:
    review = nurse.review()
    refs = {str(ref) for found in review.findings for ref in found.evidence}

    assert refs
    assert refs <= set(review.ehr_links)
    assert all(READY not in path for path in review.ehr_links.values())
    assert len(set(review.ehr_links.values())) == len(review.ehr_links)


def test_every_resource_of_the_chart_can_be_read(nurse: Desk) -> None:
    for ref, key in keys(nurse).items():
        found = shown(nurse, key)

        assert found.problem is None, ref
        assert f"{found.resource_type}/{found.resource_id}" == ref
        assert found.facts
        assert f'"resourceType": "{found.resource_type}"' in found.source


def test_a_condition_is_told_in_words_first(nurse: Desk) -> None:
    _, key = condition(nurse)

    facts = dict(shown(nurse, key).facts)

    assert next(iter(facts)) == "Code"
    assert "[icd-10-cm " in facts["Code"]
    assert "Patient/" in facts["Subject"]


def test_what_was_written_to_the_ehr_can_be_opened_too(own_site: Site) -> None:
    nurse = own_site.launch()
    nurse.record()
    own_site.deliver_all(nurse.patient_id)
    known = keys(nurse)
    (written,) = (d.remote_ref for d in own_site.deliveries(nurse.patient_id))

    assert shown(nurse, known[written]).problem is None


def test_a_version_that_is_newer_than_the_chart_is_told(site: Site, nurse: Desk) -> None:
    ref, key = condition(nurse)
    newer = with_json(lambda r: {**r, "meta": {**r.get("meta", {}), "versionId": "77"}})
    site.wire.fail("GET", rf"/fhir/{ref}", newer, times=1)

    found = shown(nurse, key)

    assert (found.version_now, found.version_read) == ("77", "1")


FAULTS: dict[str, tuple[Fault, EvidenceProblem]] = {
    "404": (answers(404), EvidenceProblem.GONE),
    "410": (answers(410), EvidenceProblem.GONE),
    "401": (answers(401), EvidenceProblem.REFUSED),
    "403": (answers(403), EvidenceProblem.REFUSED),
    "500": (answers(500), EvidenceProblem.UNREACHABLE),
    "no answer": (nothing_is_sent, EvidenceProblem.UNREACHABLE),
    "no JSON": (answers(200, text="<html>"), EvidenceProblem.UNREADABLE),
    "another's": (
        with_json(lambda r: {**r, "subject": {"reference": "Patient/pt-almost"}}),
        EvidenceProblem.ANOTHER_PATIENT,
    ),
    "nobody's": (
        with_json(lambda r: {k: v for k, v in r.items() if k != "subject"}),
        EvidenceProblem.ANOTHER_PATIENT,
    ),
}


@pytest.mark.parametrize(("fault", "problem"), FAULTS.values(), ids=FAULTS)
def test_each_failure_has_its_own_word_and_shows_nothing(
    site: Site, nurse: Desk, fault: Fault, problem: EvidenceProblem
) -> None:
    ref, key = condition(nurse)
    site.wire.fail("GET", rf"/fhir/{ref}", fault)

    found = shown(nurse, key)

    assert found.problem is problem
    assert (found.facts, found.source) == ((), "")


def test_a_permission_that_has_run_out_is_told(site: Site, nurse: Desk) -> None:
    _, key = condition(nurse)
    site.clock.advance(days=2)
    site.wire.fail("POST", r"/token", answers(400, body={"error": "invalid_grant"}))

    assert shown(nurse, key).problem is EvidenceProblem.REAUTHORISE


def test_a_resource_of_another_patient_has_no_key_here(site: Site, nurse: Desk) -> None:
    other = site.launch(patient="pt-almost")
    _, key = condition(other)

    found = shown(nurse, key)

    assert found.problem is EvidenceProblem.NOT_KNOWN
    assert found.resource_id == ""


def test_what_the_chart_no_longer_holds_is_not_asked_for(site: Site, nurse: Desk) -> None:
    ref, key = condition(nurse)

    def without(bundle: dict[str, Any]) -> dict[str, Any]:
        left = [e for e in bundle["entry"] if f"Condition/{e['resource']['id']}" != ref]
        return {**bundle, "entry": left}

    site.wire.refuse_batches()
    site.wire.fail("GET", r"/fhir/Condition", with_json(without), times=1)
    site.clock.advance(seconds=1)
    refresh_chart(site.world, nurse.visit, site.clock())

    assert shown(nurse, key).problem is EvidenceProblem.NOT_KNOWN


def test_looking_is_audited_also_where_it_fails(site: Site, nurse: Desk) -> None:
    def lines() -> int:
        with site.world.db.read() as session:
            return audit.verify(session, site.world.audit_key, site.practice_id).entries

    _, key = condition(nurse)
    before = lines()
    shown(nurse, key)
    shown(nurse, "nothing")

    assert lines() == before + 2
