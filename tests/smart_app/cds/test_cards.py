"""What the cards say: the decision of the page, in the order in which a practice would act."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlmodel import select

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import ClaimFact, EvidenceRef
from ccm_fhir.fhir.cds_hooks.request import read_patient_view
from ccm_fhir.services.cds_chart import Asking, read_card_chart
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.tables import (
    AuditRow,
    CdsCardRow,
    ChartSnapshotRow,
    PatientRow,
)
from tests.builders import chart, on
from tests.cds import PATIENT, SERVICES, Hooks, Json, call_of, open_hooks, prefetch_of, record_of
from tests.smart_app.cds.test_discovery import members
from tests.smart_app.front import BASE, CANARY, NOW, Front
from tests.smart_app.test_routes import record as record_time

if TYPE_CHECKING:
    from pathlib import Path

STRANGER = "pt-stranger"


def stranger(member: str) -> Json:
    """Return a call about one of the cast, whom the installation has never seen."""
    context = {"userId": "Practitioner/nurse-1", "patientId": STRANGER}
    return call_of(prefetch_of(record_of(member, STRANGER)), context=context)


SAID = {
    "pt-ready": "CCM in November 2026: 0 of 20 minutes, 7 days left.",
    "pt-noconsent": "Eligible for CCM by the chart, not enrolled. Missing: consent.",
    "pt-revoked": "Eligible for CCM by the chart, not enrolled. Missing: consent.",
    "pt-otherpractice": "Eligible for CCM by the chart, not enrolled. Missing: consent.",
    "pt-yearonly": "May qualify for CCM: consent could not be confirmed.",
    "pt-halftold": "May qualify for CCM: consent could not be confirmed.",
    "pt-advantage": "CCM in November 2026: 0 of 20 minutes, 7 days left.",
}
SILENT = ["pt-onecondition", "pt-samedisease", "pt-nopartb", "pt-commercial", "pt-deceased"]


@pytest.mark.parametrize(("member", "summary"), SAID.items())
def test_a_card_tells_where_a_stranger_stands(hooks: Hooks, member: str, summary: str) -> None:
    assert hooks.card(stranger(member))["summary"] == summary


@pytest.mark.proves("CDS7")
@pytest.mark.parametrize("member", SILENT)
def test_who_is_not_eligible_gets_no_card(hooks: Hooks, member: str) -> None:
    assert hooks.cards(stranger(member)) == []


def without(record: list[Json], *kinds: str) -> list[Json]:
    return [each for each in record if each["resourceType"] not in kinds]


def test_what_is_missing_comes_in_the_order_of_doing(hooks: Hooks) -> None:
    record = without(record_of("pt-ready"), "Consent", "Encounter", "CarePlan")

    card = hooks.card(unknown(record))

    assert card["summary"] == (
        "Eligible for CCM by the chart, not enrolled. "
        "Missing: initiating visit, consent and care plan."
    )
    steps = [line for line in card["detail"].split("\n\n") if "**" in line]
    assert [step.split("**")[1] for step in steps] == [
        "Initiating visit:",
        "Consent:",
        "Care plan:",
        "Duration and risk:",
    ]
    assert card["indicator"] == "info"


def unknown(record: list[Json]) -> Json:
    """Return a call about a record under an id that the installation has never seen."""
    renamed = json.loads(json.dumps(record).replace(f'"{PATIENT}"', f'"{STRANGER}"'))
    renamed = json.loads(json.dumps(renamed).replace(f"Patient/{PATIENT}", f"Patient/{STRANGER}"))
    context = {"userId": "Practitioner/nurse-1", "patientId": STRANGER}
    return call_of(prefetch_of(renamed), context=context)


def test_a_coverage_that_is_unclear_may_qualify(hooks: Hooks) -> None:
    record = without(record_of("pt-whichpart"), "Consent")

    card = hooks.card(unknown(record))

    assert card["summary"] == "May qualify for CCM: Medicare coverage could not be confirmed."
    assert "does not say plainly which part" in card["detail"]


def test_who_refused_is_not_asked_again(hooks: Hooks) -> None:
    record = record_of("pt-ready")
    for each in record:
        if each["resourceType"] == "Consent":
            each["provision"]["type"] = "deny"

    assert hooks.cards(unknown(record)) == []


def test_who_is_reported_by_another_practice_is_no_candidate(tmp_path: Path) -> None:
    claim = ClaimFact(
        ref=EvidenceRef("Claim", "theirs"),
        status="active",
        use="claim",
        codes=("99490",),
        serviced_on=on("2026-11-05"),
    )
    hooks = open_hooks(tmp_path, chart(claims=(claim,)))
    record = without(record_of("pt-ready"), "Consent")

    # Claims are not sent along, but were seen when this patient's chart was read.
    assert hooks.cards(call_of(prefetch_of(record))) == []
    assert len(hooks.cards(unknown(record))) == 1
    hooks.world.db.close()


def minutes(front: Front, number: int) -> None:
    record_time(front.sign_in(Role.CARE_MANAGER), minutes=str(number))


def ours(**changes: object) -> Json:
    """Return a call about the patient whom the installation knows, everything in place."""
    return call_of(prefetch_of(record_of("pt-ready")), **changes)


def test_the_ledger_counts_for_who_is_enrolled(hooks: Hooks) -> None:
    minutes(hooks.front, 18)

    card = hooks.card(ours())

    assert card["summary"] == "CCM in November 2026: 18 of 20 minutes, 7 days left."
    assert "Counted so far: 18 min." in card["detail"]
    assert json.loads(card["links"][0]["appContext"]) == {"view": "time", "month": "2026-11"}


def test_a_threshold_that_is_reached_is_told_and_no_more_is_wished_for(hooks: Hooks) -> None:
    minutes(hooks.front, 22)

    card = hooks.card(ours())

    assert card["summary"] == (
        "CCM in November 2026: 22 min counted, 99490 reached, not signed yet."
    )
    assert "40" not in card["summary"] + card["detail"]
    assert json.loads(card["links"][0]["appContext"])["view"] == "claim"


def test_time_that_nothing_may_be_claimed_for_warns(hooks: Hooks) -> None:
    minutes(hooks.front, 22)
    record = without(record_of("pt-ready"), "CarePlan")

    card = hooks.card(call_of(prefetch_of(record)))

    assert card["indicator"] == "warning"
    assert card["summary"].endswith("99490 reached, not met: care plan.")


def test_a_signed_month_is_told(hooks: Hooks) -> None:
    minutes(hooks.front, 22)
    browser = hooks.front.sign_in(Role.PRACTITIONER)
    browser.post(
        f"{browser.path}/sign", {**browser.fields("/sign"), "attested": "duration_and_risk"}
    )

    card = hooks.card(ours())

    assert card["summary"] == "CCM for November 2026 is signed: 99490."
    assert "Signed on 2026-11-23." in card["detail"]


def test_the_days_left_are_the_practices_own(tmp_path: Path) -> None:
    hooks = open_hooks(tmp_path)
    # 1 December, 4 h UTC, is still 30 November in New York.
    for moment, left in (
        (datetime(2026, 11, 29, 20, tzinfo=UTC), "1 day left"),
        (datetime(2026, 12, 1, 4, tzinfo=UTC), "last day of the month"),
    ):
        card = hooks.on(moment).card(ours())
        assert card["summary"] == f"CCM in November 2026: 0 of 20 minutes, {left}."
    hooks.world.db.close()


def test_a_month_without_rules_gives_no_card(hooks: Hooks) -> None:
    assert hooks.on(datetime(2031, 1, 5, 20, tzinfo=UTC)).cards(ours()) == []


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
def test_a_patient_in_the_portal_gets_no_card(hooks: Hooks, user: str) -> None:
    assert hooks.cards(ours(context={"userId": user, "patientId": PATIENT})) == []


@pytest.mark.proves("CDS7", "CDS8")
def test_a_card_is_spelt_as_the_specification_asks(hooks: Hooks) -> None:
    answer = hooks.post(stranger("pt-noconsent"))

    (card,) = answer.json()["cards"]
    (link,) = card["links"]
    assert str(UUID(card["uuid"])) == card["uuid"]
    assert 0 < len(card["summary"]) < 140
    assert card["indicator"] in {"info", "warning"}
    assert card["source"] == {"label": "Chronic care management", "url": f"{BASE}/"}
    assert (link["type"], link["url"]) == ("smart", f"{BASE}/launch")
    assert json.loads(link["appContext"]) == {"view": "eligibility", "month": "2026-11"}
    assert all(each["display"] and each["code"] for each in card["overrideReasons"])
    assert {each["system"] for each in card["overrideReasons"]} == {f"{SERVICES}/override-reasons"}
    assert "suggestions" not in card
    assert not [each for each in members(answer.json()) if each in (None, "", [], {})]
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == (
        "no-store",
        "application/json",
    )


def test_no_card_names_the_patient(hooks: Hooks) -> None:
    minutes(hooks.front, 22)
    shown = [json.dumps(hooks.cards(ours()))]
    shown += [json.dumps(hooks.cards(stranger(member))) for member in SAID]

    for text in shown:
        for private in (CANARY, "Rosa", "Ready", "Irene", STRANGER, PATIENT + '"', "MRN"):
            assert private not in text


def test_a_card_makes_no_patient_and_keeps_no_chart(hooks: Hooks) -> None:
    with hooks.world.db.read() as session:
        before = [len(session.exec(select(kind)).all()) for kind in (PatientRow, ChartSnapshotRow)]

    hooks.card(stranger("pt-noconsent"))
    hooks.card(ours())

    with hooks.world.db.read() as session:
        after = [len(session.exec(select(kind)).all()) for kind in (PatientRow, ChartSnapshotRow)]
        kept = session.exec(select(CdsCardRow)).all()
        audited = session.exec(select(AuditRow).where(AuditRow.act == "give_card")).all()
    assert before == after
    assert [(card.kind.value, card.patient_id) for card in kept] == [
        ("eligible", None),
        ("time", hooks.front.patient_id),
    ]
    assert [line.patient_id for line in audited] == [None, hooks.front.patient_id]


def test_the_card_and_the_page_say_the_same(hooks: Hooks) -> None:
    minutes(hooks.front, 22)
    browser = hooks.front.sign_in(Role.CARE_MANAGER)

    card, page = hooks.card(ours()), browser.get(browser.path).text

    assert "99490 reached" in card["summary"]
    assert "22 min counted" in page
    assert "Ready to sign: 99490" in page


def test_what_was_read_before_stands_in_for_what_was_not_sent(hooks: Hooks) -> None:
    sent = prefetch_of(record_of("pt-ready"))
    del sent["consents"], sent["carePlans"]

    card = hooks.card(call_of(sent))

    assert card["summary"].startswith("CCM in November 2026: 0 of 20 minutes")
    assert "not as sent now: Consent and CarePlan." in card["detail"]


def test_what_a_card_does_not_ask_for_is_not_taken_to_be_absent(hooks: Hooks) -> None:
    view = read_patient_view(json.dumps(stranger("pt-ready")).encode())
    with hooks.world.db.read() as session:
        ehr = ehrs.get(session, hooks.front.practice_id, hooks.front.ehr_id)
    asking = Asking(ehr=ehr, view=view, now=NOW, deadline=hooks.world.cds.deadline())

    facts = read_card_chart(hooks.world, asking, None, NOW.date()).facts

    for kind in ("Claim", "Goal", "CareTeam", "Observation", "MedicationRequest"):
        assert not facts.was_read(kind), kind
    for kind in ("Condition", "Coverage", "Consent", "Encounter", "CarePlan"):
        assert facts.was_read(kind), kind


def test_a_visit_before_the_year_that_was_sent_is_unknown_not_missing(hooks: Hooks) -> None:
    record = without(record_of("pt-ready"), "Encounter")
    for each in record:
        if each["resourceType"] == "Consent":
            each["dateTime"] = (datetime(2026, 11, 23, tzinfo=UTC) - timedelta(days=900)).strftime(
                "%Y-%m-%d"
            )

    silent = hooks.card(unknown(record))

    assert "Encounter could not be read" in silent["detail"]
    assert "care management began before" in silent["detail"]
