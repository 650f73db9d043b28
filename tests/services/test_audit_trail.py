"""The audit trail as its keepers have it: verified, anchored elsewhere, exported as FHIR."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from sqlalchemy import text

from ccm_fhir.errors import InputError, NotFoundError
from ccm_fhir.services.anchors import Anchor, read_anchors
from ccm_fhir.services.audit_trail import anchored, exported, verified
from ccm_fhir.storage import audit
from ccm_fhir.storage.audit import AuditEntry
from tests.world import DOCTOR, NURSE, Site


@pytest.fixture
def busy(site: Site) -> Site:
    """Return a practice in which people have worked."""
    nurse, doctor = site.launch(), site.launch(user=DOCTOR)
    nurse.record()
    nurse.review()
    doctor.sign()
    return site


def events(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(site.world, site.practice_id)]


def acts(found: list[dict[str, Any]]) -> list[str]:
    return [event["subtype"][0]["code"] for event in found]


def tamper(site: Site, statement: str) -> None:
    with site.world.db.write(site.practice_id) as session:
        for name in ("tr_audit_no_update", "tr_audit_no_delete"):
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(text(statement))


@pytest.mark.proves("S21")
def test_every_line_is_exported_as_a_valid_audit_event(busy: Site) -> None:
    found = events(busy)

    assert len(found) > 8
    assert {"launch", "read_chart", "record_time", "view_patient", "sign_month"} <= set(acts(found))
    assert acts(found)[-1] == "export_audit (command line)"
    for event in found:
        AuditEvent.model_validate(event)


@pytest.mark.proves("S21")
def test_an_event_says_who_whose_what_and_when(busy: Site) -> None:
    event = next(e for e in events(busy) if e["subtype"][0]["code"] == "record_time")

    assert event["agent"] == [{"who": {"reference": f"Practitioner/{NURSE}"}, "requestor": True}]
    assert event["entity"][0]["what"] == {"reference": "Patient/pt-ready"}
    assert (event["action"], event["type"]["code"]) == ("C", "110110")
    assert event["recorded"] == "2026-11-23T20:00:00.000+00:00"


@pytest.mark.proves("S21")
def test_an_event_carries_its_place_in_the_chain(busy: Site) -> None:
    found = events(busy)
    details = [{d["type"]: d["valueString"] for d in e["entity"][-1]["detail"]} for e in found]

    (report,) = verified(busy.world)

    assert [int(d["sequence"]) for d in details] == list(range(1, len(found) + 1))
    assert details[-1]["hash"] == report.head


def test_a_long_trail_is_exported_whole(site: Site) -> None:
    with site.world.db.write(site.practice_id) as session:
        for _ in range(1_203):
            entry = AuditEntry(act="view_month")
            audit.append(session, site.world.audit_key, site.practice_id, entry, site.clock())

    assert len(events(site)) == 1_207  # three of setting up, and the export


def test_an_act_that_is_new_to_the_export_is_exported_all_the_same(site: Site) -> None:
    with site.world.db.write(site.practice_id) as session:
        entry = AuditEntry(act="record_something_new")
        audit.append(session, site.world.audit_key, site.practice_id, entry, site.clock())

    assert acts(events(site))[-2] == "record_something_new"


def test_a_practice_that_is_not_there_has_nothing_to_export(site: Site) -> None:
    with pytest.raises(NotFoundError):
        next(exported(site.world, "nobody"))


@pytest.mark.proves("S21")
def test_a_whole_trail_verifies_against_the_heads_kept_of_it(busy: Site) -> None:
    kept = anchored(busy.world)
    busy.launch()

    (report,) = verified(busy.world, read_anchors("\n".join(map(_line, kept))))

    assert report.problem == ""
    assert report.entries > kept[0].entries


@pytest.mark.proves("S21")
def test_an_altered_line_is_told(busy: Site) -> None:
    tamper(busy, "UPDATE audit SET act = 'nothing' WHERE sequence = 3")

    (report,) = verified(busy.world)

    assert report.problem == "entry 3 was altered, or one before it is gone"
    assert anchored(busy.world) == ()


@pytest.mark.proves("S21")
def test_a_cut_end_is_told_by_the_head_kept_elsewhere_and_not_without(busy: Site) -> None:
    kept = anchored(busy.world)
    tamper(busy, "DELETE FROM audit WHERE sequence > 4")

    (without,), (told,) = verified(busy.world), verified(busy.world, kept)

    assert without.problem == ""
    assert told.problem.startswith(f"it is not the trail that stood at {kept[0].entries} entries")


@pytest.mark.proves("S21")
def test_a_trail_that_was_cut_and_grew_again_is_told(busy: Site) -> None:
    kept = anchored(busy.world)
    tamper(busy, "DELETE FROM audit WHERE sequence > 4")
    with busy.world.db.write(busy.practice_id) as session:
        for _ in range(kept[0].entries):
            entry = AuditEntry(act="view_month")
            audit.append(session, busy.world.audit_key, busy.practice_id, entry, busy.clock())

    (report,) = verified(busy.world, kept)

    assert report.problem


def test_an_anchor_of_another_practice_is_left_alone(busy: Site) -> None:
    foreign = replace_practice(anchored(busy.world)[0])

    assert verified(busy.world, (foreign,))[0].problem == ""


@pytest.mark.parametrize("text", ["{}", "nonsense", '{"practice_id": 1}'])
def test_a_file_of_something_else_is_no_anchor(text: str) -> None:
    with pytest.raises(InputError):
        read_anchors(text)


def _line(anchor: Anchor) -> str:
    return msgspec.json.encode(anchor).decode()


def replace_practice(anchor: Anchor) -> Anchor:
    return msgspec.structs.replace(anchor, practice_id="other", head="0" * 64)
