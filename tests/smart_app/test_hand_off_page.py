"""The hand-off sheet and the signed words: who may, what is kept, what a refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.storage import write_facts
from tests.smart_app.front import Browser, Front

if TYPE_CHECKING:
    from ccm_fhir.domain.writeback import Override


@pytest.fixture
def admin(front: Front) -> Browser:
    return front.sign_in(Role.ADMIN)


def send(browser: Browser, path: str, **fields: str) -> tuple[int, str]:
    sent = {**browser.page().forms[f"{browser.path}/sign-out"], "month": "2026-11", **fields}
    answer = browser.post(f"{browser.path}{path}", sent)
    return answer.status_code, answer.text


def signed(front: Front, ehr_id: str) -> tuple[Override, ...]:
    with front.world.db.read(front.practice_id) as session:
        return write_facts.overrides(session, front.practice_id, ehr_id)


def ehr_id_of(front: Front) -> str:
    from ccm_fhir.storage import ehrs  # noqa: PLC0415

    with front.world.db.read(front.practice_id) as session:
        return ehrs.list_all(session, front.practice_id)[0].id


def test_an_override_is_kept_with_the_administrators_name(front: Front, admin: Browser) -> None:
    status, _ = send(
        admin, "/connection/override", act="Encounter", takes="yes", reason="Asked the vendor."
    )

    assert status in {200, 303}
    (override,) = signed(front, ehr_id_of(front))
    assert (str(override.act), override.is_supported) == ("Encounter", True)
    assert override.signed_by
    page = admin.get(f"{admin.path}/connection").text
    assert "Signed: takes it" in page
    assert "Asked the vendor." in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "Encounter", "takes": "yes", "reason": " "}, "stays on record"),
        ({"act": "Nonsense", "takes": "yes", "reason": "Why."}, "Choose one of"),
        ({"act": "Encounter", "takes": "perhaps", "reason": "Why."}, "Choose whether"),
    ],
)
def test_an_override_without_its_parts_is_refused_and_said(
    front: Front, admin: Browser, fields: dict[str, str], said: str
) -> None:
    status, page = send(admin, "/connection/override", **fields)

    assert status == 422
    assert said in page
    assert signed(front, ehr_id_of(front)) == ()


def test_nothing_is_withdrawn_that_was_not_proved(admin: Browser) -> None:
    status, page = send(admin, "/connection/withdraw", act="Encounter", reason="An upgrade.")

    assert status == 422
    assert "Nothing that still holds was proved of it." in page


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_administrator_signs(front: Front, role: Role) -> None:
    other = front.sign_in(role)

    status, _ = send(other, "/connection/override", act="Encounter", takes="yes", reason="Why.")

    assert status == 403
    assert signed(front, ehr_id_of(front)) == ()


def test_an_empty_sheet_says_that_nothing_waits(front: Front) -> None:
    nurse = front.sign_in(Role.CARE_MANAGER)

    assert "Nothing of this patient waits" in nurse.get(f"{nurse.path}/hand-off").text


def test_an_analyst_sees_no_sheet(front: Front) -> None:
    analyst = front.sign_in(Role.ANALYST)

    assert analyst.get(f"{analyst.path}/hand-off").status_code == 403
