"""Claim files by command: made once, written whole, answered, and nobody's name on the way."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import AddressFact, NameFact
from tests.services.filing import (
    CANARY_FAMILY,
    CANARY_MBI,
    CANARY_STREET,
    set_up_for_files,
    signed,
)
from tests.services.test_claim_answers import statuses
from tests.services.test_remittances import paid
from tests.smart_app.front import Front, open_front
from tests.test_cli import Ran
from tests.test_cli import run as run  # noqa: PLC0414  # a fixture
from tests.world import settings_for
from tests.x12.answers import remittance_text
from tests.x12.test_professional import objections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SET = (
    *(
        "practice",
        "billing",
        "set",
        "--name=Harbor Street Family Medicine",
        "--taxonomy=261QP2300X",
    ),
    *("--tax-id=12-3456789", "--setting=office", "--street=12 Example Street", "--city=Albany"),
    *("--state=NY", "--zip=12207-0001"),
)
PARTNER = (
    *("practice", "billing", "partner", "--submitter-name=Harbor Street", "--submitter-id=EX1"),
    *("--contact=Billing Office", "--phone=5185550100", "--receiver-name=Example House"),
    *("--receiver-id=HOUSE", "--payer-name=Medicare Part B of Example", "--payer-id=13282"),
    *("--production", "--claims-leave-by=file", "--provider-signature", "--assignment=accepted"),
    *("--benefits-assigned", "--release"),
)
NAME = "837P-000000001-2026-11-production.txt"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    opened = open_front(tmp_path)
    yield opened
    opened.world.db.close()


@pytest.fixture
def settings(front: Front, tmp_path: Path) -> dict[str, str]:
    del front
    url = f"sqlite:///{tmp_path / 'front.sqlite'}"
    return settings_for(
        url, CCM_DEMO_TODAY="2026-11-23", CCM_SECRET_KEY="a master secret that is long enough"
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def file(run: Callable[..., Ran], settings: dict[str, str], out: Path) -> Callable[..., Ran]:
    """Return a way to make November's files."""

    def command(*more: str) -> Ran:
        return run("claims", "file", "--month=2026-11", f"--out={out}", *more, **settings)

    return command


def test_a_practice_is_set_up_for_files_and_shown(
    run: Callable[..., Ran], settings: dict[str, str], front: Front
) -> None:
    doctor = front.people[Role.PRACTITIONER].id
    assert "needed: the trading partner" in run("practice", "billing", "show", **settings).out

    for command in (
        SET,
        PARTNER,
        ("practice", "billing", "practitioner", doctor, "--family=Invented", "--given=Ada"),
    ):
        ran = run(*command)
        assert (ran.code, ran.out) == (0, "Recorded.\n")

    shown = run("practice", "billing", "show").out
    assert "EIN          ends in 6789" in shown
    assert "12-3456789" not in shown
    assert "123456789" not in shown
    assert "files        production; claims leave by file" in shown
    assert "Invented, Ada" in shown
    assert "needed" not in shown


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("set", "--name=Alone"), "tax_id"),
        (("partner", "--claims-leave-by=pigeon"), "claims_leave_by"),
        (("partner", "--assignment=perhaps"), "assignment"),
        (("practitioner", "nobody", "--family=A", "--given=B"), "user"),
    ],
)
def test_what_cannot_be_said_is_wrong_usage(
    run: Callable[..., Ran], settings: dict[str, str], arguments: tuple[str, ...], field: str
) -> None:
    ran = run("practice", "billing", *arguments, **settings)

    assert ran.code == 2
    assert ran.complaint.startswith(f"{field}: ")


def test_a_months_file_is_written_once_for_its_owner_alone(
    file: Callable[..., Ran], front: Front, out: Path
) -> None:
    set_up_for_files(front)
    signed(front)

    ran = file()
    again = file()

    assert (ran.code, ran.err) == (0, "")
    assert "1 signed, 0 in a file before, 1 filed now (95.00 dollars), 0 left out" in ran.out
    (made,) = out.iterdir()
    assert made.name == NAME
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert hashlib.sha256(made.read_bytes()).hexdigest() in ran.out
    assert objections(made.read_text()) == []
    assert "1 signed, 1 in a file before, 0 filed now (0.00 dollars), 0 left out" in again.out
    assert len(list(out.iterdir())) == 1


def test_what_lacks_something_ends_with_one_and_names_nobody(
    file: Callable[..., Ran], front: Front, out: Path
) -> None:
    set_up_for_files(front)
    signed(front, 1)
    lacking = signed(
        front,
        2,
        legal_name=NameFact(family=CANARY_FAMILY, given=("Quill",)),
        address=AddressFact(lines=(CANARY_STREET,), city="Troy", state="New York"),
        mbi=CANARY_MBI,
    )

    ran = file()

    assert ran.code == 1
    assert f"left out: {lacking.identifier}  95.00" in ran.out
    assert "biller: Record the patient's street, city, state" in ran.out
    for canary in (CANARY_FAMILY, CANARY_STREET, CANARY_MBI, "Quill"):
        assert canary.upper() not in (ran.out + ran.err).upper()
    assert [one.name for one in out.iterdir()] == [NAME]


def test_a_folder_that_cannot_be_written_makes_and_registers_nothing(
    run: Callable[..., Ran], settings: dict[str, str], front: Front, tmp_path: Path
) -> None:
    set_up_for_files(front)
    signed(front)

    ran = run("claims", "file", "--month=2026-11", f"--out={tmp_path / 'none'}", **settings)

    assert ran.code == 2
    assert "nothing was made" in ran.err
    assert "not filed" in run("claims", "list", "--month=2026-11").out


def test_another_file_of_the_name_is_left_alone_and_the_next_run_writes_ours(
    file: Callable[..., Ran], front: Front, out: Path
) -> None:
    set_up_for_files(front)
    signed(front)
    (out / NAME).write_text("somebody's")

    ran = file()

    assert ran.code == 2
    assert "nothing was overwritten" in ran.err
    assert (out / NAME).read_text() == "somebody's"
    assert [one.name for one in out.iterdir()] == [NAME]
    (out / NAME).rename(out / "moved")
    again = file()
    assert "made earlier and written now" in again.out
    assert objections((out / NAME).read_text()) == []


def test_a_file_is_written_again_the_same_to_the_byte(
    run: Callable[..., Ran], file: Callable[..., Ran], front: Front, out: Path
) -> None:
    set_up_for_files(front)
    signed(front)
    file()
    before = (out / NAME).read_bytes()
    (out / NAME).unlink()

    assert run("claims", "write", "1", f"--out={out}").code == 0

    assert (out / NAME).read_bytes() == before
    assert run("claims", "write", "2", f"--out={out}").complaint.startswith("number: no file")


def test_answers_are_read_listed_and_read_once(
    run: Callable[..., Ran], file: Callable[..., Ran], front: Front, tmp_path: Path
) -> None:
    set_up_for_files(front)
    claim = signed(front)
    file()
    good, cut = tmp_path / "277.txt", tmp_path / "cut.txt"
    told = statuses((claim_number(claim.identifier), "A2:20:PR"))
    good.write_text(told)
    cut.write_text(told[:-30])

    ran = run("claims", "acknowledge", str(good))
    again = run("claims", "acknowledge", str(good), str(cut))

    assert (ran.code, ran.err) == (0, "")
    assert "277CA, claims taken 1, refused 0, unclear 0, answers not ours 0" in ran.out
    assert again.code == 1
    assert "read before, nothing was changed" in again.out
    assert "cut.txt: the X12 file was not taken over" in again.err
    listed = run("claims", "list", "--month=2026-11").out
    assert f"{claim.identifier}      95.00  file 1  taken (277CA)  277CA A2:20:PR" in listed
    for said in (ran, again):
        assert "CANARY" not in said.out + said.err


def test_a_refusal_ends_with_one_and_a_file_that_is_none_with_two(
    run: Callable[..., Ran], file: Callable[..., Ran], front: Front, tmp_path: Path
) -> None:
    set_up_for_files(front)
    claim = signed(front)
    file()
    refused = tmp_path / "refused.txt"
    refused.write_text(statuses((claim_number(claim.identifier), "A7:164:IL")))

    assert run("claims", "acknowledge", str(refused)).code == 1
    assert run("claims", "acknowledge", str(tmp_path / "none")).code == 2
    assert "refused  277CA A7:164:IL" in run("claims", "list", "--month=2026-11").out


def test_a_month_without_claims_says_so(
    run: Callable[..., Ran], file: Callable[..., Ran], front: Front, out: Path
) -> None:
    set_up_for_files(front)

    assert "0 signed, 0 in a file before, 0 filed now" in file().out
    assert list(out.iterdir()) == []
    assert run("claims", "list", "--month=2026-11").out == "No claim of this month is signed.\n"
    assert run("claims", "list", "--month=November").code == 2


def test_a_remittance_is_loaded_once_and_its_claims_listed(
    run: Callable[..., Ran], file: Callable[..., Ran], front: Front, tmp_path: Path
) -> None:
    set_up_for_files(front)
    claim = signed(front)
    file()
    told, cut = tmp_path / "835.txt", tmp_path / "cut.txt"
    told.write_text(
        remittance_text(paid(claim_number(claim.identifier)), paid("CANARY-7", payer_number="X"))
    )
    cut.write_text(told.read_text()[:-40])

    ran = run("remittance", "load", str(told))
    again = run("remittance", "load", str(told), str(cut))

    assert (ran.code, ran.err) == (0, "")
    assert "1 payments of 103.68 dollars in all; matched 1 (51.84 dollars)" in ran.out
    assert "no claim that this app filed has its number" in ran.out
    assert again.code == 1
    assert "matched 0 (0.00 dollars), read before 1" in again.out
    assert "cut.txt: the X12 file was not taken over" in again.err
    listed = run("remittance", "list", "--month=2026-11").out
    assert f"{claim.identifier}  paid" in listed
    assert "PR-2: coinsurance" in listed
    assert run("remittance", "load", str(cut)).code == 2
    assert "No claim" in run("remittance", "list", "--month=2026-10").out
    for said in (ran, again):
        assert "CANARY" not in said.out + said.err
