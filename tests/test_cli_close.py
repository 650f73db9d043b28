"""Closing a month and handing out packets by command."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.storage import claims
from tests.builders import NOVEMBER, chart
from tests.smart_app.close import add_patient, sign_alone, work
from tests.smart_app.front import CANARY, Front, open_front
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
    url = f"sqlite:///{tmp_path / 'front.sqlite'}"
    return settings_for(url, CCM_DEMO_TODAY="2026-11-23")


def test_a_month_with_nothing_to_mend_ends_with_zero_and_signs_nothing(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    work(front, front.patient_id)

    ran = run("close", "--month=2026-11", **settings)

    assert (ran.code, ran.err) == (0, "")
    assert "1 patients, 1 judged now" in ran.out
    assert "ready" in ran.out
    assert "95.00" in ran.out
    with front.world.db.read(front.practice_id) as session:
        assert claims.of_month(session, front.practice_id, NOVEMBER) == ()


def test_somebody_with_something_to_mend_ends_with_one_and_names_nobody(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    work(front, add_patient(front, "Quentin Lacking", chart(consents=())))

    ran = run("close", "--month=2026-11", **settings)
    lines = run("close", "--month=2026-11", "--json", **settings)

    assert (ran.code, lines.code) == (1, 1)
    assert "consent.consent_missing" in ran.out
    rows = [json.loads(line) for line in lines.out.splitlines()]
    assert {row["state"] for row in rows} == {"needs_fix", "short_of_time"}
    (lacking,) = (row for row in rows if row["state"] == "needs_fix")
    assert lacking["reasons"][0][0] == "consent.consent_missing"
    for said in (ran.out, lines.out):
        assert "Quentin" not in said
        assert CANARY not in said


@pytest.mark.parametrize("month", ["November", "2026-13", ""])
def test_a_month_that_is_none_is_wrong_usage(
    run: Callable[..., Ran], settings: dict[str, str], month: str
) -> None:
    assert run("close", f"--month={month}", **settings).code == 2


def test_a_packet_is_written_once_for_its_owner_alone_and_found_whole(
    run: Callable[..., Ran], settings: dict[str, str], front: Front, tmp_path: Path
) -> None:
    work(front, front.patient_id)
    sign_alone(front, front.patient_id)
    file = tmp_path / "packet.zip"
    asked = ("packet", "--patient=Patient/p1", "--month=2026-11", f"--out={file}")

    ran = run(*asked, **settings)

    assert (ran.code, ran.err) == (0, "")
    assert CANARY not in ran.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    whole = run("verify", "packet", str(file), **settings)
    assert whole.code == 0
    assert "The seal is this installation's." in whole.out
    assert run(*asked, **settings).code == 2


def test_an_altered_packet_ends_with_four_and_says_what(
    run: Callable[..., Ran], settings: dict[str, str], front: Front, tmp_path: Path
) -> None:
    work(front, front.patient_id)
    file = tmp_path / "packet.zip"
    run("packet", f"--patient={front.patient_id}", "--month=2026-11", f"--out={file}", **settings)
    file.write_bytes(file.read_bytes()[:-40])

    ran = run("verify", "packet", str(file), **settings)

    assert ran.code == 4
    assert "damaged or cut off" in ran.out
    assert run("verify", "packet", str(tmp_path / "none.zip"), **settings).code == 2


@pytest.mark.parametrize(
    "asked",
    [
        ("--patient=Patient/p1",),
        ("--month=2026-11",),
        ("--patient=Patient/nobody", "--month=2026-11"),
        ("--claim=none",),
        ("--claim=none", "--patient=Patient/p1", "--month=2026-11"),
    ],
)
def test_a_packet_of_nothing_is_wrong_usage_and_writes_no_file(
    run: Callable[..., Ran], settings: dict[str, str], tmp_path: Path, asked: tuple[str, ...]
) -> None:
    file = tmp_path / "packet.zip"

    assert run("packet", *asked, f"--out={file}", **settings).code == 2
    assert not file.exists()
