"""Setting up a practice by command: the same acts as on the page, in the same trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.storage import audit
from ccm_fhir.storage.database import open_database
from ccm_fhir.wiring import real_now
from tests.smart_app.front import Front, open_front, with_practice
from tests.test_cli import Ran
from tests.test_cli import run as run  # noqa: PLC0414  # a fixture
from tests.world import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path)
    yield opened
    opened.world.db.close()


@pytest.fixture
def settings(front: Front, tmp_path: Path) -> dict[str, str]:
    del front
    return settings_for(f"sqlite:///{tmp_path / 'front.sqlite'}")


def acts(settings: dict[str, str], front: Front) -> list[tuple[str, str | None]]:
    database = open_database(settings["CCM_DATABASE_URL"])
    with database.read(front.practice_id) as session:
        lines = audit.records(session, front.practice_id, after=0, most=100)
    database.close()
    return [(line.act, line.user_id) for line in lines]


def test_a_charge_is_set_listed_and_audited_as_the_operators(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    ran = run("charges", "set", "99490", "101.50", "--from=2026-11-01", **settings)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "99490 is charged at 101.50 from 2026-11-01.\n"
    assert "99490     101.50  from 2026-11-01" in run("charges", "list").out
    assert acts(settings, front) == [("set_charge 99490 2026-11-01 101.50 (command line)", None)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("99999", "5", "--from=2026-11-01"),
        ("99490", "five", "--from=2026-11-01"),
        ("99490", "0", "--from=2026-11-01"),
        ("99490", "5", "--from=soon"),
    ],
)
def test_a_charge_that_cannot_be_one_is_wrong_usage_and_changes_nothing(
    run: Callable[..., Ran], settings: dict[str, str], front: Front, arguments: tuple[str, ...]
) -> None:
    ran = run("charges", "set", *arguments, **settings)

    assert ran.code == 2
    assert ran.complaint
    assert acts(settings, front) == []


def test_a_first_administrator_is_named_by_the_operator(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    biller = front.people[Role.BILLER].id

    ran = run("users", "set-role", biller, "admin", **settings)

    assert ran.out == "A biller is now: admin.\n"
    assert f"{biller}  admin" in run("users", "list").out
    assert run("users", "set-role", biller, "none").out == "A biller is now: deactivated.\n"
    assert acts(settings, front) == [
        (f"set_role {biller} admin (command line)", None),
        (f"set_role {biller} none (command line)", None),
    ]
    assert run("users", "set-role", biller, "owner").code == 2
    assert run("users", "set-role", "0" * 32, "admin").code == 2


def test_details_and_attestation_change_and_the_rest_stays(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    ran = run(
        "practice", "set", "--time-zone=America/Chicago", "--attested-on=2026-02-01", **settings
    )

    assert (ran.code, ran.out) == (0, "Recorded.\n")
    shown = run("practice", "show").out
    assert "America/Chicago" in shown
    assert "NPI               1999999018" in shown
    assert "2026-02-01" in shown
    assert "needed" not in shown
    assert [act for act, _ in acts(settings, front)] == [
        "change_practice time_zone (command line)",
        "attest_practice yyy 2026-02-01 (command line)",
    ]
    assert run("practice", "set", "--npi=1999999019").code == 2


def test_of_several_practices_one_must_be_named(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    with_practice(front, ehr="https://other.example")

    ran = run("practice", "show", **settings)

    assert ran.code == 2
    assert front.practice_id in ran.complaint
    assert run("practice", "show", f"--practice={front.practice_id}").code == 0
    assert run("practice", "show", "--practice=Nowhere").code == 2


def test_who_is_signed_in_is_listed_and_their_sessions_are_ended_as_the_operators_act(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    assert run("users", "sessions", **settings).out == "Nobody has the app open.\n"
    nurse = front.people[Role.CARE_MANAGER]
    front.clock.moment = real_now()
    browser = front.sign_in(Role.CARE_MANAGER)

    listed = run("users", "sessions").out
    ended = run("users", "end-sessions", nurse.id)
    again = run("users", "end-sessions", nurse.id)
    nobody = run("users", "end-sessions", "0" * 32)

    assert listed.startswith(f"{nurse.id}  browsers: 1  since ")
    assert nurse.name in listed
    assert (ended.code, ended.out) == (0, "Sessions ended: 1.\n")
    assert again.out == "They had no session open.\n"
    assert (nobody.code, nobody.complaint) == (
        2,
        "user: no such person; run: ccm-fhir users list",
    )
    assert acts(settings, front) == [(f"end_sessions {nurse.id} (command line)", None)]
    assert browser.get(browser.path).status_code == 404
