"""Every command that changes something is a line of the chained trail, in the operator's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.rulebook import cms_files
from tests.rulebook.cms_files import write_csv
from tests.test_cli import Ran, add, allow
from tests.test_cli import ehr as ehr  # noqa: PLC0414  # a fixture
from tests.test_cli import run as run  # noqa: PLC0414  # a fixture
from tests.test_cli import settings as settings  # noqa: PLC0414  # a fixture
from tests.test_cli import sqlite_url as sqlite_url  # noqa: PLC0414  # a fixture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.loopback_ehr import Ehr

BASE = ["add_practice", "rotate_keys", "add_ehr"]
EMERGENCY = ("--by=Olive Operator", "--reason=The EHR is down since noon.")
COMMANDS = {
    "keys rotate": (("keys", "rotate"), ["rotate_keys"]),
    "keys reseal": (("keys", "reseal"), ["reseal_secrets"]),
    "practice set": (
        ("practice", "set", "--name=Elm Street", "--attested-on=2026-02-01"),
        ["change_practice", "attest_practice"],
    ),
    "locations add": (
        ("locations", "add", "Elm Street annex", "--place-of-service=22"),
        ["add_location"],
    ),
    "locations set": (
        ("locations", "set", "Maple Street", "--locality=10112-00"),
        ["change_location"],
    ),
    "ehr override": (
        (
            *("ehr", "override", "Encounter", "--ehr=EHR", "--takes"),
            *("--by=Olive Operator", "--reason=The vendor says so."),
        ),
        ["sign_override"],
    ),
    "ehr bill-codes": (
        (
            *("ehr", "bill-codes", "--ehr=EHR", "--system=https://ehr.example/BillCodes-CPT"),
            *("--schedule-system=https://ehr.example/codeSet/14002", "--schedule-code=24601"),
        ),
        ["record_bill_codes"],
    ),
    "practice billing set": (
        (
            *("practice", "billing", "set", "--name=Maple Street", "--taxonomy=261QP2300X"),
            *("--tax-id=123456789", "--setting=office", "--street=12 Example Street"),
            *("--city=Albany", "--state=NY", "--zip=12207-0001"),
        ),
        ["set_billing"],
    ),
    "remittance list": (("remittance", "list", "--month=2026-01"), ["list_payments"]),
    "claims list": (("claims", "list", "--month=2026-01"), ["list_claims"]),
    "charges set": (("charges", "set", "99490", "95", "--from=2026-01-01"), ["set_charge"]),
}


@pytest.fixture
def set_up(run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr) -> str:
    """Register an EHR for a practice; return the practice's id."""
    assert run(*add(ehr.base), **settings).code == 0
    return run("audit", "verify").out.partition(":")[0]


def lines(run: Callable[..., Ran], practice_id: str) -> list[str]:
    """Return the acts of the trail; each was done at the command line, and the chain is whole."""
    exported = run("audit", "export", "--practice", practice_id)
    events = [json.loads(line) for line in exported.out.splitlines()]
    for event in events:
        assert event["agent"] == [{"who": {"display": "command line"}, "requestor": True}]
    assert run("audit", "verify").code == 0
    acts = [event["subtype"][0]["code"] for event in events]
    assert all(act.endswith(" (command line)") for act in acts)
    return [act.partition(" ")[0] for act in acts[:-1]]


@pytest.mark.proves("S21")
def test_connecting_an_ehr_is_audited(run: Callable[..., Ran], set_up: str) -> None:
    assert lines(run, set_up) == BASE


@pytest.mark.proves("S21")
def test_what_a_practice_attests_while_it_is_connected_is_audited(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    assert run(*add(ehr.base, "--attested-on=2026-02-01"), **settings).code == 0

    practice_id = run("audit", "verify").out.partition(":")[0]

    assert "attest_practice" in lines(run, practice_id)


@pytest.mark.proves("S21")
@pytest.mark.parametrize(("arguments", "acts"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_changes_something_is_audited(
    run: Callable[..., Ran], set_up: str, arguments: tuple[str, ...], acts: list[str]
) -> None:
    assert run(*arguments).code == 0

    assert lines(run, set_up) == [*BASE, *acts]


def test_choosing_a_default_closing_and_reopening_a_location_is_audited(
    run: Callable[..., Ran], set_up: str
) -> None:
    assert run("locations", "add", "Annex", "--place-of-service=22").code == 0
    first = run("locations", "list").out.partition("  ")[0]
    for command in (("default", "Annex"), ("close", first), ("reopen", first)):
        assert run("locations", *command).code == 0

    acts = ["add_location", "default_location", "close_location", "reopen_location"]
    assert lines(run, set_up) == [*BASE, *acts]


@pytest.mark.proves("S21")
def test_letting_an_ehr_call_our_hooks_is_audited(
    run: Callable[..., Ran], set_up: str, ehr: Ehr
) -> None:
    assert run(*allow(ehr.base, f"--jwks={ehr.origin}/oauth/jwks")).code == 0

    assert lines(run, set_up) == [*BASE, "add_cds_client"]


@pytest.mark.proves("S21", "S23")
def test_opening_a_practice_in_an_emergency_is_audited(
    run: Callable[..., Ran], set_up: str
) -> None:
    assert run("emergency", "open", f"--practice={set_up}", *EMERGENCY).code == 0

    assert lines(run, set_up) == [*BASE, "emergency_opened"]


@pytest.mark.proves("S21")
def test_loading_fees_is_audited_where_the_trail_can_be_written(
    run: Callable[..., Ran],
    set_up: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = write_csv(tmp_path, "PPRRVU25_OCT.csv", cms_files.values(2025, "32.3465"))
    load = ("fees", "load", str(file))

    loaded = run(*load, CCM_FEES_DIR=str(tmp_path / "fees"))
    trail = lines(run, set_up)
    monkeypatch.delenv("CCM_SECRET_KEY")
    unaudited = run(*load)

    assert (loaded.code, unaudited.code) == (0, 0)
    assert trail == [*BASE, "load_fees"]
    assert "Not in the audit trail: CCM_SECRET_KEY is not set here." in unaudited.out
    assert "audit trail" not in loaded.out


@pytest.mark.proves("S21")
def test_fees_are_not_loaded_where_the_trail_ought_to_be_written_and_cannot(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    file = write_csv(tmp_path, "PPRRVU25_OCT.csv", cms_files.values(2025, "32.3465"))
    elsewhere = {
        "CCM_SECRET_KEY": "synthetic-" * 4,
        "CCM_DATABASE_URL": f"sqlite:///{tmp_path / 'none.sqlite'}",
        "CCM_FEES_DIR": str(tmp_path / "fees"),
    }

    refused = run("fees", "load", str(file), **elsewhere)

    assert refused.code != 0
    assert not (tmp_path / "fees").exists()


@pytest.mark.proves("S21")
def test_a_command_that_fails_adds_no_line(run: Callable[..., Ran], set_up: str, ehr: Ehr) -> None:
    failed = [
        run(*add(f"{ehr.origin}/nothing/here")),
        run("charges", "set", "99490", "none", "--from=2026-01-01"),
        run("practice", "set", "--npi=123"),
    ]

    assert all(ran.code for ran in failed)
    assert lines(run, set_up) == BASE


def test_looking_things_up_changes_nothing_and_adds_no_line(
    run: Callable[..., Ran], set_up: str
) -> None:
    for looked in (
        ("practice", "show"),
        ("users", "list"),
        ("charges", "list"),
        ("rules", "check"),
    ):
        assert run(*looked).code == 0

    assert lines(run, set_up) == BASE
