"""The command line: every command, its exit codes, and one clear line where something is wrong."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ccm_fhir import cli
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage import ehrs, fees, keys, practices
from ccm_fhir.storage.crypto import vault_from
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.keys import NewSigningKey
from tests.parts import ENVIRONMENT
from tests.services.loopback_app import free_port
from tests.services.loopback_ehr import (
    APP,
    KEY,
    TODAY,
    Clock,
    Ehr,
    RealClock,
    cast,
    running_ehr,
)
from tests.world import PRACTICE_NPI, SECRET, migrate, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMANDS = (
    "demo",
    "serve",
    "worker",
    "sandbox",
    "migrate",
    "ehr add",
    "ehr override",
    "ehr withdraw",
    "cds add",
    "rules check",
    "rules show",
    "keys rotate",
    "doctor",
    "keys reseal",
    "audit verify",
    "audit anchor",
    "audit export",
    "verify ledger",
    "emergency open",
    "practice show",
    "practice set",
    "users list",
    "users set-role",
    "charges list",
    "charges set",
)
NOBODY = "http://127.0.0.1:9/fhir"
SYNTHETIC_PASSWORD = "canary-password"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on standard error, whatever box is drawn around it."""
        lines = [line.strip("│╭╮╰╯─ ") for line in self.err.splitlines()]
        (found,) = [
            line for line in lines if line and not line.startswith(("Usage", "Try", "Error"))
        ]
        return found


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Return a way to run a command in this process, with nothing but what is said of settings."""
    for name in list(ENVIRONMENT):
        if name.startswith("CCM_") and not name.startswith("CCM_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, **settings: str) -> Ran:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ccm-fhir", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(code=ended.value.code, out=said.out, err=said.err)

    return command


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ccm.sqlite'}"


@pytest.fixture
def settings(sqlite_url: str) -> dict[str, str]:
    """Return the settings of a migrated installation."""
    migrate(sqlite_url)
    return ours(sqlite_url)


def ours(database_url: str) -> dict[str, str]:
    return {k: v for k, v in settings_for(database_url).items() if k.startswith("CCM_")}


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(1), Clock()) as running:
        yield running


def add(url: str, *more: str, npi: str = PRACTICE_NPI) -> tuple[str, ...]:
    return (
        "ehr",
        "add",
        url,
        "--practice=Maple Street",
        f"--npi={npi}",
        "--organization=Organization/org-maple-street",
        *more,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_what_it_does(run: Callable[..., Ran], command: str) -> None:
    ran = run(*command.split(), "--help")

    assert ran.code == 0
    assert f"Usage: ccm-fhir {command}" in ran.out


def test_the_help_names_every_command(run: Callable[..., Ran]) -> None:
    told = run("--help").out

    for command in COMMANDS:
        assert re.search(rf"^│ {command.split()[0]} ", told, re.MULTILINE)


def test_nothing_asked_is_wrong_usage(run: Callable[..., Ran]) -> None:
    assert run().code == 2


def test_an_unknown_command_is_wrong_usage(run: Callable[..., Ran]) -> None:
    assert run("bill-everything").code == 2


def test_the_rulebook_is_sound(run: Callable[..., Ran]) -> None:
    ran = run("rules", "check")

    assert ran.code == 0
    assert "sound" in ran.out


def test_a_rule_is_shown_with_its_source(run: Callable[..., Ran]) -> None:
    ran = run("rules", "show", "99490", "--on", TODAY.isoformat())

    assert ran.code == 0
    assert "at least 1200 seconds" in ran.out
    assert "source" in ran.out
    assert "not modelled" in ran.out


def test_a_code_is_known_in_small_letters_too(run: Callable[..., Ran]) -> None:
    assert run("rules", "show", "99439", "--on", TODAY.isoformat()).code == 0


WRONG = {
    "a day that is none": (("99490", "--on", "2026-13-01"), "give a day as YYYY-MM-DD"),
    "an unknown code": (("00000", "--on", "2026-11-23"), "00000 is not in force on 2026-11-23"),
    "a day before the code": (
        ("99439", "--on", "2019-06-01"),
        "99439 is not in force on 2019-06-01",
    ),
    "a day past the tables": (("99490", "--on", "2031-01-01"), "the rulebook is loaded until"),
}


@pytest.mark.parametrize(("arguments", "complaint"), WRONG.values(), ids=WRONG)
def test_a_rule_that_cannot_be_shown_is_told_in_one_line(
    run: Callable[..., Ran], arguments: tuple[str, ...], complaint: str
) -> None:
    ran = run("rules", "show", *arguments)

    assert ran.code == 2
    assert complaint in ran.complaint
    assert ran.out == ""


def test_a_database_is_migrated_and_agrees_with_the_models(
    run: Callable[..., Ran], database_url: str
) -> None:
    before = run("migrate", "--check", **ours(database_url))
    done = run("migrate")
    again = run("migrate")
    after = run("migrate", "--check")

    assert before.code == 4
    assert (done.code, again.code, after.code) == (0, 0, 0)
    assert after.out == "Models and schema agree.\n"


def test_the_folder_of_a_sqlite_file_is_made(run: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "ccm.sqlite"

    assert run("migrate", **ours(f"sqlite:///{file}")).code == 0
    assert file.exists()


NEEDS_AN_INSTALLATION = {
    "keys rotate": ("keys", "rotate"),
    "ehr add": add(NOBODY),
    "worker": ("worker",),
}


@pytest.mark.proves("S24")
@pytest.mark.parametrize("command", NEEDS_AN_INSTALLATION.values(), ids=NEEDS_AN_INSTALLATION)
def test_a_missing_secret_is_told(
    run: Callable[..., Ran], settings: dict[str, str], command: tuple[str, ...]
) -> None:
    del settings["CCM_SECRET_KEY"]

    ran = run(*command, **settings)

    assert ran.code == 2
    assert ran.complaint == "CCM_SECRET_KEY: set it to 32 random characters or more"


@pytest.mark.parametrize("command", NEEDS_AN_INSTALLATION.values(), ids=NEEDS_AN_INSTALLATION)
def test_a_database_that_was_not_migrated_is_told(
    run: Callable[..., Ran], sqlite_url: str, command: tuple[str, ...]
) -> None:
    ran = run(*command, **ours(sqlite_url))

    assert ran.code == 2
    assert ran.complaint == "CCM_DATABASE_URL: not migrated; run: ccm-fhir migrate"


@pytest.mark.parametrize("command", [("migrate",), ("migrate", "--check"), ("keys", "rotate")])
def test_a_database_that_does_not_answer_is_a_service_out_of_reach(
    run: Callable[..., Ran], command: tuple[str, ...]
) -> None:
    away = f"postgresql+psycopg://ccm:{SYNTHETIC_PASSWORD}@127.0.0.1:9/ccm"

    ran = run(*command, **ours(away))

    assert ran.code == 3
    assert "does not answer" in ran.complaint
    assert SYNTHETIC_PASSWORD not in ran.err


def test_a_folder_that_is_not_there_is_told_by_commands_that_make_none(
    run: Callable[..., Ran],
) -> None:
    ran = run("keys", "rotate", **ours("sqlite:///nowhere/ccm.sqlite"))

    assert ran.code == 3
    assert "run: ccm-fhir migrate" in ran.complaint


def test_a_folder_that_cannot_be_made_is_told(run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ran = run("migrate", **ours(f"sqlite:///{tmp_path}/file/ccm.sqlite"))

    assert ran.code == 2
    assert ran.complaint == "CCM_DATABASE_URL: its folder cannot be made"


BAD_SETTINGS = {
    "a short secret": ({"CCM_SECRET_KEY": "short"}, "CCM_SECRET_KEY: set it to 32"),
    "plain http": ({"CCM_DEMO": "false"}, "CCM_BASE_URL: https is required outside a demo"),
    "a demo for all the world": (
        {"CCM_BASE_URL": "http://ccm.example"},
        "CCM_DEMO: a demo runs on loopback only",
    ),
    "a chosen day": (
        {
            "CCM_DEMO": "false",
            "CCM_BASE_URL": "https://ccm.example",
            "CCM_DEMO_TODAY": "2026-01-01",
        },
        "CCM_DEMO_TODAY: only a demo may choose its day",
    ),
    "a day that is none": ({"CCM_DEMO_TODAY": "soon"}, "CCM_DEMO_TODAY: "),
    "a terminology server without https": (
        {"CCM_TERMINOLOGY_URL": "http://terminology.example/fhir"},
        "CCM_TERMINOLOGY_URL: https is required outside a demo",
    ),
    "a terminology server that is none": (
        {"CCM_TERMINOLOGY_URL": "terminology.example"},
        "CCM_TERMINOLOGY_URL: give an absolute https address",
    ),
    "a token for no terminology server": (
        {"CCM_TERMINOLOGY_TOKEN": SYNTHETIC_PASSWORD},
        "CCM_TERMINOLOGY_URL: name the server that they are for",
    ),
    "roots that are not there": (
        {
            "CCM_TERMINOLOGY_URL": "https://terminology.example/fhir",
            "CCM_TERMINOLOGY_ROOTS": "/nowhere/roots.tsv",
        },
        "roots.tsv: cannot be read",
    ),
    "a time before now": ({"CCM_SETTLE_SECONDS": "-1"}, "CCM_SETTLE_SECONDS: "),
    "another database": (
        {"CCM_DATABASE_URL": f"mysql://ccm:{SYNTHETIC_PASSWORD}@h/ccm"},
        "database_url: only sqlite:/// and postgresql:// are supported",
    ),
    "no database": ({"CCM_DATABASE_URL": SYNTHETIC_PASSWORD}, "database_url: not a database URL"),
}


@pytest.mark.proves("R2", "S24")
@pytest.mark.parametrize(("changes", "complaint"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_setting_that_must_not_be_is_told_in_one_line(
    run: Callable[..., Ran], settings: dict[str, str], changes: dict[str, str], complaint: str
) -> None:
    ran = run("keys", "rotate", **{**settings, **changes})

    assert ran.code == 2
    assert ran.complaint.startswith(complaint)
    assert SYNTHETIC_PASSWORD not in ran.err


def test_a_secret_file_that_cannot_be_read_is_told(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    del settings["CCM_SECRET_KEY"]

    ran = run("keys", "rotate", **settings, CCM_SECRET_KEY_FILE="/nowhere/secret")

    assert ran.code == 2
    assert ran.complaint == "CCM_SECRET_KEY_FILE: it cannot be read"


def test_a_secret_may_come_from_a_file(
    run: Callable[..., Ran], settings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(settings.pop("CCM_SECRET_KEY") + "\n", encoding="utf-8")

    assert run("keys", "rotate", **settings, CCM_SECRET_KEY_FILE=str(file)).code == 0


@pytest.mark.proves("R21", "S5")
def test_rotating_makes_keys_that_sign_and_keeps_the_older_published(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    first, second = run("keys", "rotate", **settings), run("keys", "rotate")

    database = open_database(settings["CCM_DATABASE_URL"])
    with database.read() as session:
        published, current = keys.published(session), keys.current(session)
    database.close()
    assert (first.code, second.code) == (0, 0)
    assert len(published) == 4
    assert {key.alg for key in published} == {"RS384", "ES384"}
    assert current is not None
    assert current.id in second.out


@pytest.mark.proves("R2")
def test_an_ehr_that_is_added_gives_its_administrator_what_is_needed(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    ran = run(
        *add(ehr.base, "--charge=99490=66.13", "--charge=99439=50", "--attested-on=2026-01-01"),
        **settings,
    )

    assert (ran.code, ran.err) == (0, "")
    told = dict(re.findall(r"^  (\S.*?)  +(\S.*)$", ran.out, re.MULTILINE))
    assert told["launch URL"] == f"{APP}/launch"
    assert told["redirect URI"] == f"{APP}/callback"
    assert told["JWKS URL"] == f"{APP}/.well-known/jwks.json"
    assert "patient/Condition.rs" in told["scopes (launch)"].split()
    assert "system/Claim.crs" in told["scopes (backend)"].split()
    assert f"Pinned origins: {ehr.origin}" in ran.out


def test_what_was_said_of_a_practice_is_stored(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    run(*add(ehr.base, "--charge=99490=66.13", "--attested-on=2026-01-01"), **settings)

    database = open_database(settings["CCM_DATABASE_URL"])
    with database.read() as session:
        (practice,) = practices.list_all(session)
        (registered,) = ehrs.list_all(session, practice.id)
        charges = fees.in_force(session, practice.id, TODAY)
        signing = keys.current(session)
    database.close()
    assert practice.npi == PRACTICE_NPI
    assert practice.fact.access_24_7 is True
    assert {code: str(usd) for code, usd in charges.items()} == {"99490": "66.13"}
    assert registered.fhir_base == ehr.base
    capability = capability_of(registered)
    assert capability is not None
    assert capability.of("Claim").conditional_create
    assert signing is not None


def practice_count(settings: dict[str, str]) -> int:
    database = open_database(settings["CCM_DATABASE_URL"])
    with database.read() as session:
        count = len(practices.list_all(session))
    database.close()
    return count


@pytest.mark.parametrize("spelt", ["", "/"])
def test_an_ehr_that_is_added_twice_is_refused_and_nothing_more_is_stored(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr, spelt: str
) -> None:
    run(*add(ehr.base), **settings)

    again = run(*add(ehr.base + spelt))

    assert again.code == 2
    assert again.complaint == "This EHR is registered already."
    assert practice_count(settings) == 1


def test_an_ehr_that_does_not_answer_is_a_service_out_of_reach_and_nothing_is_stored(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    ran = run(*add(NOBODY), **settings)

    assert ran.code == 3
    assert ran.complaint == "the EHR did not answer while reading its SMART configuration"
    assert practice_count(settings) == 0


NOT_ADDED = {
    "no address": (add("ftp://ehr.example/fhir"), "url: not an absolute http or https address"),
    "plain http to the world": (
        add("http://ehr.example/fhir"),
        "url: plain http is refused: https is required outside a demo",
    ),
    "a charge without amount": (
        add(NOBODY, "--charge=99490"),
        "Invalid value: give charges as CODE=AMOUNT, e.g. 99490=66.13",
    ),
    "a charge that is no number": (
        add(NOBODY, "--charge=99490=much"),
        "Invalid value: give charges as CODE=AMOUNT, e.g. 99490=66.13",
    ),
    "a day that is none": (
        add(NOBODY, "--attested-on=soon"),
        "Invalid value: give a day as YYYY-MM-DD",
    ),
}


@pytest.mark.parametrize(("arguments", "complaint"), NOT_ADDED.values(), ids=NOT_ADDED)
def test_an_ehr_that_cannot_be_added_is_told_in_one_line_and_nothing_is_stored(
    run: Callable[..., Ran], settings: dict[str, str], arguments: tuple[str, ...], complaint: str
) -> None:
    ran = run(*arguments, **settings)

    assert ran.code == 2
    assert ran.complaint.startswith(complaint)
    assert practice_count(settings) == 0


@pytest.mark.parametrize("npi", ["123", "1999999019", "abcdefghij"])
def test_an_npi_whose_check_digit_fails_is_refused(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr, npi: str
) -> None:
    ran = run(*add(ehr.base, npi=npi), **settings)

    assert ran.code == 2
    assert ran.complaint == "npi: ten digits with a valid check digit are needed"
    assert practice_count(settings) == 0


def test_an_unknown_time_zone_is_refused(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    ran = run(*add(ehr.base, "--time-zone=Mars/Olympus"), **settings)

    assert ran.code == 2
    assert ran.complaint == "time_zone: not a zone of the IANA database"


@pytest.mark.parametrize("option", ["--port", "--ehr-port"])
def test_a_demo_whose_port_is_in_use_says_so(run: Callable[..., Ran], option: str) -> None:
    free = {"--port": free_port(), "--ehr-port": free_port()}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {**free, option: port}
        ran = run("demo", "--script", *(f"{name}={value}" for name, value in ports.items()))

    assert ran.code == 3
    assert f"Port {port} is in use" in ran.out


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_demo_of_a_day_that_is_none_is_wrong_usage(run: Callable[..., Ran], command: str) -> None:
    ran = run(command, "--today=tomorrow")

    assert ran.code == 2
    assert ran.complaint == "Invalid value: give a day as YYYY-MM-DD"


@pytest.mark.proves("S24")
def test_serve_refuses_an_installation_without_a_secret(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    del settings["CCM_SECRET_KEY"]

    assert run("serve", **settings).code == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_ends_well(
    settings: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    environment = settings_for(settings["CCM_DATABASE_URL"])
    command = [sys.executable, "-m", "ccm_fhir", "worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:  # noqa: S603
        try:
            wait_for_engine(tmp_path / "ccm.sqlite.engine.lock", process)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()

    assert (process.returncode, said) == (0, b"")


def wait_for_engine(lock: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while not lock.exists() or lock.read_text() != str(process.pid):
        assert process.poll() is None
        assert time.monotonic() < until, "the engine did not start"
        time.sleep(0.05)


def allow(fhir_base: str, *more: str) -> tuple[str, ...]:
    """Return the command that lets an EHR call our hooks."""
    return ("cds", "add", fhir_base, "--issuer=https://ehr.example", *more)


def test_an_ehr_that_may_call_gives_its_administrator_the_addresses(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    run(*add(ehr.base), **settings)

    ran = run(*allow(ehr.base + "/", f"--jwks={ehr.origin}/oauth/jwks"), **settings)
    again = run(*allow(ehr.base, f"--jwks={ehr.origin}/oauth/jwks"), **settings)
    tenant = run(*allow(ehr.base, f"--jwks={ehr.origin}/keys", "--tenant=north"), **settings)

    assert ran.code == 0
    assert f"GET  {APP}/cds-services\n" in ran.out
    assert f"POST {APP}/cds-services/ccm-patient-view\n" in ran.out
    assert f"POST {APP}/cds-services/ccm-patient-view/feedback\n" in ran.out
    assert (again.code, tenant.code) == (2, 0)
    assert "registered already" in again.complaint


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--jwks=http://ehr.example/keys",), "jwks: https is required outside a demo"),
        (("--jwks=keys",), "url: not an absolute http or https address"),
        (("--jwks=https://ehr.example/keys", "--tenant=a b "), "tenant: holds blanks"),
        (("--jwks=https://ehr.example/keys", "--issuer="), "issuer: the iss"),
    ],
)
def test_a_caller_that_cannot_be_registered_is_told_why(
    run: Callable[..., Ran],
    settings: dict[str, str],
    ehr: Ehr,
    more: tuple[str, ...],
    complaint: str,
) -> None:
    run(*add(ehr.base), **settings)

    ran = run(*allow(ehr.base, *more), **settings)

    assert ran.code == 2
    assert ran.complaint.startswith(complaint)


def test_only_a_registered_ehr_may_call(run: Callable[..., Ran], settings: dict[str, str]) -> None:
    ran = run(*allow("https://other.example/fhir", "--jwks=https://o.example/k"), **settings)

    assert ran.code == 2
    assert "run: ccm-fhir ehr add" in ran.complaint


@pytest.fixture(scope="module")
def real_time_ehr() -> Iterator[Ehr]:
    """Yield an EHR that lives in real time, as the command line does."""
    with running_ehr(cast(1), RealClock()) as running:
        yield running


@pytest.fixture
def registered(
    run: Callable[..., Ran], settings: dict[str, str], real_time_ehr: Ehr
) -> dict[str, str]:
    """Return the settings of an installation that is registered at an EHR with its key."""
    now = real_time_ehr.clock()
    database = open_database(settings["CCM_DATABASE_URL"])
    with database.write() as session:
        keys.add(
            session,
            vault_from({"1": SECRET.encode()}, "1"),
            NewSigningKey(
                id=KEY.kid,
                alg=KEY.algorithm.value,
                private_pem=KEY.to_pem().decode(),
                public_jwk_json="{}",
            ),
            now,
        )
    database.close()
    run(*add(real_time_ehr.base, "--name=Maple EHR"), **settings)
    return settings


def test_the_doctor_shows_where_each_write_would_go(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    ran = run("doctor", "--ehr=Maple EHR", **registered)

    assert (ran.code, ran.err) == (0, "")
    assert "ok   discovery" in ran.out
    assert "ok   clock" in ran.out
    assert " -> 1. yes one Claim for the signed month" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_the_doctor_tells_a_program_the_same(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    ran = run("doctor", "--ehr=Maple EHR", "--json", **registered)

    found = json.loads(ran.out)
    assert ran.code == 0
    assert {check["state"] for check in found["checks"]} == {"ok"}
    (claim,) = (plan for plan in found["plans"] if plan["artefact"] == "claim")
    (live,) = (rung for rung in claim["rungs"] if rung["is_live"])
    assert (live["name"], live["recovery"]) == ("claim", "conditional_create")
    assert live["acts"] == [{"resource_type": "Claim", "code": "create"}]


def test_reconciling_a_practice_without_anything_agrees(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    ran = run("reconcile", "--ehr=Maple EHR", "--month=2026-11", **registered)

    assert (ran.code, ran.err) == (0, "")
    assert "2026-11: 0 in the ledger = nothing; 0 deliveries compared" in ran.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--month=2026-13",), "service_month: "),
        (("--practice=Nobody",), "practice: none is called so"),
        (("--ehr=Nobody",), "ehr: no EHR has this name"),
    ],
)
def test_reconciling_what_is_not_there_is_refused(
    run: Callable[..., Ran],
    registered: dict[str, str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    ran = run("reconcile", *arguments, **registered)

    assert ran.code == 2
    assert ran.complaint.startswith(complaint)


def test_an_ehr_is_taken_off_paced_and_put_back(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    off = run("ehr", "disconnect", "Maple EHR", **registered)
    told = run("doctor", "--ehr=Maple EHR", **registered)
    on = run("ehr", "reconnect", "Maple EHR", **registered)
    paced = run("ehr", "pace", "Maple EHR", "--per-minute=250", **registered)
    again = run("doctor", "--ehr=Maple EHR", **registered)

    assert (off.code, on.code, paced.code) == (0, 0, 0)
    assert "warn pace" in told.out
    assert on.out == "Maple EHR is connected; 0 deliveries go on.\n"
    assert paced.out == "Maple EHR: 250 requests a minute.\n"
    assert "within 250 requests a minute" in again.out
    refused = run("ehr", "pace", "Maple EHR", "--per-minute=-1", **registered)
    assert (refused.code, refused.complaint) == (2, "per_minute: give 1 to 60000, or 0")


def test_the_doctor_fails_where_a_check_does(
    run: Callable[..., Ran], settings: dict[str, str], real_time_ehr: Ehr
) -> None:
    run(*add(real_time_ehr.base), **settings)

    ran = run("doctor", "--ehr=EHR")

    assert ran.code == 4
    assert "FAIL token" in ran.out
    assert "(invalid_client)" in ran.out


def test_the_doctor_says_when_the_ehr_is_out_of_reach(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    with running_ehr(cast(1), RealClock()) as gone:
        run(*add(gone.base), **settings)

    ran = run("doctor", "--ehr=EHR")

    assert ran.code == 3
    assert "The EHR did not answer while reading its SMART configuration." in ran.out


def test_a_signed_override_moves_where_writes_go_and_says_who_signed(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    signed = ("--ehr=Maple EHR", "--by=Ada Admin", "--reason=The vendor says so.")

    ran = run("ehr", "override", "Claim", *signed, "--does-not-take", **registered)

    assert (ran.code, ran.err) == (0, "")
    shown = run("doctor", "--ehr=Maple EHR", **registered).out
    assert " -> 1. yes one Claim for the signed month" not in shown
    assert "Ada Admin signed on" in shown


@pytest.mark.parametrize(
    ("act", "reason", "said"),
    [("Nonsense", "Why.", "act: Choose one of"), ("Claim", " ", "reason: This is needed")],
)
def test_an_override_that_nobody_can_answer_for_is_refused(
    run: Callable[..., Ran], registered: dict[str, str], act: str, reason: str, said: str
) -> None:
    ran = run(
        *("ehr", "override", act, "--ehr=Maple EHR", "--by=Ada Admin"),
        *(f"--reason={reason}", "--takes"),
        **registered,
    )

    assert ran.code == 2
    assert ran.complaint.startswith(said)


def test_bill_codes_that_are_none_are_refused_by_their_option(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    given = ("--ehr=Maple EHR", "--schedule-system=urn:x:14002", "--schedule-code=24601")

    ran = run("ehr", "bill-codes", *given, "--system=BillCodes", **registered)

    assert ran.code == 2
    assert ran.complaint.startswith("system: give the system's URI")


def test_nothing_is_withdrawn_of_what_was_never_proved(
    run: Callable[..., Ran], registered: dict[str, str]
) -> None:
    signed = ("--ehr=Maple EHR", "--by=Ada Admin", "--reason=An upgrade.")

    ran = run("ehr", "withdraw", "Claim", *signed, **registered)

    assert ran.code != 0
    assert "Nothing that still holds was proved of it." in ran.err + ran.complaint


def test_the_doctor_is_asked_about_an_ehr_that_is_registered(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    ran = run("doctor", "--ehr=Elsewhere", **settings)

    assert ran.code == 2
    assert ran.complaint == (
        "ehr: no EHR has this name; registered are: none; run: ccm-fhir ehr add"
    )


@pytest.mark.proves("S21")
def test_the_audit_trail_is_verified_anchored_and_exported(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr, tmp_path: Path
) -> None:
    run(*add(ehr.base), **settings)
    anchors = tmp_path / "heads.jsonl"

    anchored, whole = run("audit", "anchor", str(anchors)), run("audit", "verify")
    practice_id = whole.out.split(":")[0]
    exported = run("audit", "export", "--practice", practice_id)
    again = run("audit", "verify", "--anchors", str(anchors))

    assert (anchored.code, anchored.out) == (0, "2 heads written.\n")
    assert whole.code == 0
    assert whole.out.startswith(f"{practice_id}: 3 entries, whole, head ")
    events = [json.loads(line) for line in exported.out.splitlines()]
    assert {event["resourceType"] for event in events} == {"AuditEvent"}
    assert (again.code, "4 entries, whole" in again.out) == (0, True)
    heads = [json.loads(line) for line in anchors.read_text(encoding="utf-8").splitlines()]
    anchors.write_text(
        "".join(json.dumps({**head, "entries": 9, "head": "x"}) + "\n" for head in heads),
        encoding="utf-8",
    )
    assert run("audit", "verify", "--anchors", str(anchors)).code == 4
    cut = run("verify", "ledger", "--anchors", str(anchors))
    assert (cut.code, "its end was cut" in cut.out) == (4, True)
    ledger = run("verify", "ledger", "--practice", practice_id)
    assert (ledger.code, ledger.out) == (0, f"{practice_id}: 0 rows, whole, head none\n")
    assert run("verify", "ledger", "--practice", "nobody").complaint == (
        "practice: none has this name or id"
    )
    assert run("audit", "export", "--practice", "nobody").complaint == "no such practice"
    assert run("audit", "verify", "--anchors", "/nowhere").complaint == (
        "anchors: the file cannot be read"
    )


@pytest.mark.proves("S23")
def test_a_practice_is_opened_in_an_emergency_with_a_reason_only(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr
) -> None:
    run(*add(ehr.base), **settings)
    practice_id = run("audit", "verify").out.split(":")[0]
    command = ("emergency", "open", "--practice", practice_id, "--by", "Olive Operator")

    opened = run(*command, "--reason", "The EHR is down since noon.")
    unreasoned = run(*command, "--reason", "just so")

    assert opened.code == 0
    assert re.search(r"/emergency and give the code [\w-]{43}", opened.out)
    assert (unreasoned.code, unreasoned.complaint[:7]) == (2, "reason:")


@pytest.mark.proves("S6")
def test_a_changed_master_secret_seals_everything_again_and_the_old_one_can_go(
    run: Callable[..., Ran], settings: dict[str, str], ehr: Ehr, tmp_path: Path
) -> None:
    assert run(*add(ehr.base), **settings).code == 0
    assert run("keys", "rotate").code == 0
    old = tmp_path / "old"
    old.write_text(settings["CCM_SECRET_KEY"], encoding="utf-8")
    changed = {"CCM_SECRET_KEY": "another synthetic master secret, long enough"}

    same_name = run("keys", "reseal", **changed, CCM_OLD_SECRET_KEY_FILE=str(old))
    resealed = run("keys", "reseal", CCM_SECRET_KEY_ID="2", CCM_AUDIT_SECRET_FILE=str(old))
    again = run("keys", "reseal")

    assert same_name.complaint.startswith("CCM_SECRET_KEY_ID: give the new master secret another")
    assert resealed.out.startswith("4 secrets sealed again")
    assert again.out.startswith("0 secrets sealed again")
    assert run("audit", "verify").code == 0
