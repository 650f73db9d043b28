"""The connection check: an EHR that does not answer, the browser's own test, and who may ask."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.services.diagnosis import Check, CheckName, CheckState, Diagnosis, ResourceAccess
from ccm_fhir.services.write_plan import write_plans
from smart_app.views.connection import connection_page
from smart_app.views.tones import Tone
from tests.smart_app.front import Browser, Front
from tests.smart_app.walker import rows_of


@pytest.fixture
def admin(front: Front) -> Browser:
    return front.sign_in(Role.ADMIN)


def posted(browser: Browser) -> str:
    sent = {**browser.page().forms[f"{browser.path}/sign-out"], "month": "2026-11"}
    answer = browser.post(f"{browser.path}/connection", sent)
    assert answer.status_code == 200
    return answer.text


def diagnosis(state: CheckState) -> Diagnosis:
    capability: Capability | None = None
    return Diagnosis(
        ehr="An EHR",
        fhir_base="https://ehr.example/fhir",
        checked_at=datetime(2026, 11, 23, 20, tzinfo=UTC),
        checks=tuple(Check(name=name, state=state, sentence="So it is.") for name in CheckName),
        statement=None,
        resources=(
            ResourceAccess(
                resource_type="Claim",
                is_readable=True,
                is_creatable=False,
                missing=("not declared: create",),
            ),
        ),
        plans=write_plans(capability, frozenset()),
    )


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_administrator_asks(front: Front, role: Role) -> None:
    other = front.sign_in(role)
    sent = other.page().forms[f"{other.path}/sign-out"] | {"month": "2026-11"}

    assert other.get(f"{other.path}/connection").status_code == 403
    assert other.post(f"{other.path}/connection", sent).status_code == 403


def test_looking_at_the_page_asks_the_ehr_nothing_and_keeps_nothing(
    front: Front, admin: Browser
) -> None:
    before = rows_of(front.world.db, front.practice_id)

    page = admin.get(f"{admin.path}/connection").text

    after = rows_of(front.world.db, front.practice_id)
    assert {name for name in after if after[name] != before[name]} <= {"web_session"}
    assert "Look the EHR over now" in page
    assert "Discovery" not in page


def test_an_ehr_that_does_not_answer_is_told_and_the_asking_is_audited(
    front: Front, admin: Browser
) -> None:
    page = posted(admin)

    assert "The EHR gave no answer" in page
    assert "nothing was written" in page
    assert "No answer" in page
    assert "Not looked at" in page
    assert any(
        "check_connection" in line for line in rows_of(front.world.db, front.practice_id)["audit"]
    )


@pytest.mark.parametrize(
    ("opened_in", "state"),
    [("iframe", "In order"), ("document", "Half tested"), ("", "Half tested")],
)
def test_cookie_and_frame_are_judged_by_what_the_browser_says(
    admin: Browser, opened_in: str, state: str
) -> None:
    page = admin.get(f"{admin.path}/connection", **{"sec-fetch-dest": opened_in}).text

    assert "The browser sent the session’s cookie" in page
    assert state in page


@pytest.mark.parametrize(
    ("state", "tone", "said"),
    [
        (CheckState.OK, Tone.GOOD, "Nothing stands in the way."),
        (CheckState.WARNING, Tone.OPEN, "Nothing failed; look at what is marked."),
        (CheckState.FAILED, Tone.BAD, "Something must be put right"),
        (CheckState.UNREACHABLE, Tone.BAD, "The EHR gave no answer"),
        (CheckState.SKIPPED, Tone.PLAIN, "Nothing failed; look at what is marked."),
    ],
)
def test_every_check_is_shown_in_the_doctors_words_with_its_state(
    state: CheckState, tone: Tone, said: str
) -> None:
    view = connection_page("An EHR", "iframe", diagnosis(state))

    assert {(one.tone, one.sentence) for one in view.checks} == {(tone, "So it is.")}
    assert len(view.checks) == len(CheckName)
    assert view.said.startswith(said)
    assert view.resources[0].missing == "not declared: create"
    live = [rung for plan in view.plans for rung in plan.rungs if rung.state == "Goes here now"]
    assert len(live) == len(view.plans)
