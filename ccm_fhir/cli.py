"""The command line: wires, reads the clock, prints.

Exit codes: 0 done; 1 done, but some items were rejected; 2 wrong usage or unreadable input;
3 a needed service is unreachable; 4 a check failed.

A command imports what it alone needs: `decide` must not wait for a database library.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ccm_fhir import cli_classify, cli_decide, cli_deliveries, cli_ladder
from ccm_fhir.cli_audit import audit_app
from ccm_fhir.cli_billing import billing_app
from ccm_fhir.cli_cds import cds_app
from ccm_fhir.cli_claims import claims_app
from ccm_fhir.cli_close import close
from ccm_fhir.cli_doctor import doctor
from ccm_fhir.cli_emergency import emergency_app
from ccm_fhir.cli_fees import fees_app
from ccm_fhir.cli_locations import locations_app
from ccm_fhir.cli_packet import packet
from ccm_fhir.cli_practice import charges_app, practice_app, users_app
from ccm_fhir.cli_remittance import remittance_app
from ccm_fhir.cli_terminology import terminology_app
from ccm_fhir.cli_verify import verify_app
from ccm_fhir.domain.rules import CodeRule, Rulebook
from ccm_fhir.errors import (
    CcmError,
    DatabaseUnreachableError,
    EhrUnreachableError,
    RuleDataError,
)
from ccm_fhir.rulebook import load_rulebook, problems_of
from ccm_fhir.rulebook.show import rows_of
from ccm_fhir.settings import FeesSettings, Settings

if TYPE_CHECKING:
    from ccm_fhir.services.connect import Connected

WRONG_USAGE, UNREACHABLE, CHECK_FAILED = 2, 3, 4

app = typer.Typer(
    name="ccm-fhir",
    help="Chronic Care Management for any EHR.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ehr_app = typer.Typer(help="EHRs this installation is connected to.", no_args_is_help=True)
rules_app = typer.Typer(help="The rulebook.", no_args_is_help=True)
keys_app = typer.Typer(help="Our own signing keys.", no_args_is_help=True)
app.add_typer(ehr_app, name="ehr")
app.add_typer(practice_app, name="practice")
practice_app.add_typer(billing_app, name="billing")
app.add_typer(claims_app, name="claims")
app.add_typer(remittance_app, name="remittance")
app.add_typer(locations_app, name="locations")
app.add_typer(users_app, name="users")
app.add_typer(charges_app, name="charges")
app.add_typer(rules_app, name="rules")
app.add_typer(keys_app, name="keys")
app.add_typer(fees_app, name="fees")
app.add_typer(terminology_app, name="terminology")
app.add_typer(cds_app, name="cds")
app.command()(doctor)
app.command()(close)
app.command()(packet)
app.command()(cli_deliveries.reconcile)
ehr_app.command()(cli_deliveries.pace)
ehr_app.command()(cli_deliveries.disconnect)
ehr_app.command()(cli_deliveries.reconnect)
app.add_typer(audit_app, name="audit")
app.add_typer(verify_app, name="verify")
app.add_typer(emergency_app, name="emergency")

out = Console()
err = Console(stderr=True)


def _complain(text: str) -> None:
    """Print one line, never broken, in which brackets are no markup."""
    err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def main() -> NoReturn:
    """Run the command line; every error of ours becomes one line and an exit code."""
    try:
        app(prog_name=app.info.name)
    except (EhrUnreachableError, DatabaseUnreachableError) as problem:
        _complain(str(problem))
        sys.exit(UNREACHABLE)
    except CcmError as problem:
        _complain(str(problem))
        sys.exit(WRONG_USAGE)
    except ValidationError as problem:
        for error in problem.errors(include_input=False, include_url=False, include_context=False):
            names = "_".join(str(part) for part in error["loc"])
            _complain(f"CCM_{names.upper()}: {error['msg']}")
        sys.exit(WRONG_USAGE)
    sys.exit(0)


@app.command()
def demo(
    script: Annotated[
        bool, typer.Option("--script", help="Walk through without a browser, then exit.")
    ] = False,
    port: Annotated[int, typer.Option(help="The app's port.")] = 8700,
    ehr_port: Annotated[int, typer.Option(help="The sandbox EHR's port.")] = 8710,
    today: Annotated[
        str | None, typer.Option(help="The day the demo shows as today (YYYY-MM-DD).")
    ] = None,
    patients: Annotated[int, typer.Option(help="How many synthetic patients.")] = 40,
) -> None:
    """Start the sandbox EHR and the app with a synthetic practice; Ctrl-C ends both."""
    from ccm_fhir import demo as demo_run
    from ccm_fhir import wiring

    day = _day(today) if today else min(wiring.real_now().date(), load_rulebook().loaded_until)
    plan = demo_run.DemoPlan(app_port=port, ehr_port=ehr_port, today=day, patients=patients)
    raise typer.Exit(demo_run.run(plan, out, script=script))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8700,
) -> None:
    """Serve the SMART app; with CCM_RUN_ENGINE (the default) it delivers as well."""
    import uvicorn

    settings = Settings()
    settings.master_secret()
    uvicorn.run(
        "smart_app.main:from_environment",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=30,
    )


@app.command()
def worker() -> None:
    """Deliver and run schedules without serving pages (PostgreSQL: several side by side)."""
    from ccm_fhir import wiring

    wiring.run_until_stopped(Settings())


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port of the sandbox EHR.")] = 8710,
    app_url: Annotated[
        str, typer.Option(help="The app's base URL, registered with the sandbox.")
    ] = "http://127.0.0.1:8700",
    today: Annotated[str | None, typer.Option(help="Day of the data (YYYY-MM-DD).")] = None,
    profile: Annotated[
        str, typer.Option(help="The vendor whose EHR to play, e.g. epic; full offers everything.")
    ] = "full",
    faults: Annotated[
        Path | None, typer.Option(help="A TOML or JSON file: what goes wrong, how often.")
    ] = None,
    fault_control: Annotated[
        bool, typer.Option("--fault-control", help="Open /faults, for this machine alone.")
    ] = False,
) -> None:
    """Start the sandbox EHR alone."""
    from ccm_fhir import demo as demo_run
    from ccm_fhir import wiring

    day = _day(today) if today else wiring.real_now().date()
    command = demo_run.sandbox_command(port=port, app_url=app_url, today=day)
    command += [f"--profile={profile}", *([f"--faults={faults}"] if faults else [])]
    command += ["--fault-control"] if fault_control else []
    os.execv(command[0], command)  # noqa: S606  # our own interpreter, no shell


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare models and schema; change nothing.")
    ] = False,
    grant_to: Annotated[
        str, typer.Option(help="A PostgreSQL role that the app works as: give it what it needs.")
    ] = "",
) -> None:
    """Bring the database to the newest schema."""
    from ccm_fhir import wiring
    from ccm_fhir.storage.migrate import check as check_schema

    settings = Settings()
    if not check:
        wiring.migrate(settings, role=grant_to)
        out.print("The database is at the newest schema.")
        return
    found = check_schema(settings.database_url)
    for difference in found:
        _complain(difference)
    if found:
        raise typer.Exit(CHECK_FAILED)
    out.print("Models and schema agree.")


ehr_app.command("override")(cli_ladder.override)
ehr_app.command("withdraw")(cli_ladder.withdraw)
ehr_app.command("bill-codes")(cli_ladder.bill_codes)


@ehr_app.command("add")
def ehr_add(
    url: Annotated[str, typer.Argument(help="The EHR's FHIR base URL.")],
    practice: Annotated[str, typer.Option(help="The practice's name.")],
    npi: Annotated[str, typer.Option(help="The practice's NPI.")],
    organization: Annotated[
        str, typer.Option(help="The practice in the EHR, e.g. Organization/123.")
    ],
    client_id: Annotated[str, typer.Option(help="The client id the EHR gave us.")] = "ccm-fhir",
    name: Annotated[str, typer.Option(help="What to call the EHR.")] = "EHR",
    time_zone: Annotated[str, typer.Option(help="IANA zone.")] = "America/New_York",
    charge: Annotated[
        list[str] | None, typer.Option(help="A charge, e.g. 99490=66.13; repeat it.")
    ] = None,
    attested_on: Annotated[
        str | None,
        typer.Option(
            help="The day on which the practice attested 24/7 access, a certified EHR and a "
            "designated care team member."
        ),
    ] = None,
    public_client: Annotated[
        bool, typer.Option("--public", help="The launch client is public (no key).")
    ] = False,
) -> None:
    """Register an EHR for a practice and print what its administrator needs."""
    from ccm_fhir import wiring
    from ccm_fhir.services.connect import NewConnection, explore, register
    from ccm_fhir.services.practice_setup import (
        PracticeDetails,
        add_practice,
        attest_practice,
    )
    from ccm_fhir.services.signing_keys import ensure_one
    from ccm_fhir.storage.vocabulary import ClientAuth

    settings = Settings()
    attested_day = _day(attested_on) if attested_on else None
    details = PracticeDetails(
        name=practice,
        time_zone=time_zone,
        npi=npi,
        organization_ref=organization,
        charges_usd=dict(_charge(text) for text in charge or []),
        charges_from=date(2015, 1, 1),
    )
    opened = wiring.open_installation(settings, with_engine=False)
    try:
        now = opened.service_now()
        explored = explore(opened.world, url, allow_loopback_http=settings.demo)
        practice_id = add_practice(opened.world, details, now)
        ensure_one(opened.world, now)
        if attested_day:
            attest_practice(opened.world, practice_id, attested_day)
        connected = register(
            opened.world,
            NewConnection(
                practice_id=practice_id,
                name=name,
                fhir_base=url,
                client_id=client_id,
                client_auth=ClientAuth.PUBLIC if public_client else ClientAuth.PRIVATE_KEY,
                allow_loopback_http=settings.demo,
            ),
            explored,
            now,
        )
    finally:
        opened.close()
    _print_connected(connected)


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Make new signing keys, which sign in ten minutes; older ones stay published."""
    from ccm_fhir import wiring
    from ccm_fhir.services.signing_keys import rotate

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        kids = rotate(opened.world, wiring.real_now())
    finally:
        opened.close()
    out.print(f"New keys {' and '.join(kids)}; older keys stay published.")


@keys_app.command("reseal")
def keys_reseal() -> None:
    """Seal every stored secret again under the current master secret (README, Settings)."""
    from ccm_fhir import wiring
    from ccm_fhir.services.signing_keys import reseal

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        number = reseal(opened.world)
    finally:
        opened.close()
    out.print(f"{number} secrets sealed again; the older master secret can be let go.")


@app.command()
def decide(
    file: Annotated[str, typer.Argument(help="PatientMonth JSON lines; - is standard input.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first line that is refused.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Argue each answer in sentences, with sources.")
    ] = False,
) -> None:
    """Decide patient-months: one JSON answer a line; exit code 1 if any line is refused."""
    raise typer.Exit(cli_decide.run(file, strict=strict, explain=explain))


@app.command()
def classify(
    file: Annotated[str, typer.Argument(help="Conditions as NDJSON; - is standard input.")],
    patients: Annotated[
        bool, typer.Option("--patients", help="Answer for each patient, not each Condition.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="The day asked about (YYYY-MM-DD); today by default.")
    ] = None,
    assume_icd10_is_cm: Annotated[
        bool,
        typer.Option(
            "--assume-icd10-is-cm", help="This site writes WHO's URI where it means ICD-10-CM."
        ),
    ] = False,
) -> None:
    """Say of each Condition whether it is chronic, which disease, and why; 1 if any is refused."""
    day = _day(as_of) if as_of else _local_today()
    raise typer.Exit(
        cli_classify.run(file, day, patients=patients, assume_icd10_is_cm=assume_icd10_is_cm)
    )


@app.command()
def sweep(
    out: Annotated[
        Path, typer.Option(help="Where the results go: JSON lines, or Parquet for .parquet.")
    ],
    ndjson: Annotated[
        Path | None, typer.Option(help="A folder of bulk-export NDJSON files, plain or .gz.")
    ] = None,
    ehr: Annotated[str, typer.Option(help="Instead: a connected EHR, by its name or id.")] = "",
    group: Annotated[str, typer.Option(help="With --ehr: the id of the Group to read.")] = "",
    since: Annotated[
        str,
        typer.Option(help="With --ehr and --keep: only what changed since an instant, or last."),
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="With --ehr: a folder for a copy of what is read.")
    ] = None,
    source: Annotated[
        Literal["auto", "bulk", "changes", "crawl"],
        typer.Option(help="With --ehr: how to read; auto takes what suits the EHR."),
    ] = "auto",
    type_filter: Annotated[
        list[str] | None, typer.Option(help="With --ehr: a _typeFilter for the export.")
    ] = None,
    files_at: Annotated[
        list[str] | None,
        typer.Option(help="With --ehr: another server its files may lie on, https://HOST."),
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="With --ehr: end an unfinished sweep's export.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="The day asked about (YYYY-MM-DD); today by default.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many work at a time; one a core by default.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="A folder for unfinished work; beside the results by default."),
    ] = None,
    base_url: Annotated[
        str, typer.Option(help="The FHIR base under which absolute references are local.")
    ] = "",
    organization: Annotated[
        str, typer.Option(help="The practice itself in the export, e.g. Organization/123.")
    ] = "",
    assume_icd10_is_cm: Annotated[
        bool,
        typer.Option(
            "--assume-icd10-is-cm", help="This site writes WHO's URI where it means ICD-10-CM."
        ),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="local: processes of this machine; ray: a Ray cluster's cores."),
    ] = "local",
    address: Annotated[
        str, typer.Option(help="The Ray cluster, HOST:PORT; one on this machine by default.")
    ] = "",
) -> None:
    """Judge every patient of an export or an EHR; 1 if anything was rejected. It resumes."""
    from ccm_fhir import cli_sweep, cli_sweep_ehr
    from ccm_fhir.errors import InputError
    from ccm_fhir.population import Asking

    if (ndjson is None) == (not ehr):
        raise InputError("--ndjson", "or --ehr, one of the two, says what to read")
    of_ehr = (group, since, keep, source != "auto", type_filter, files_at, cancel)
    if ndjson is not None and any(of_ehr):
        raise InputError("--ndjson", "takes no option that is for --ehr")

    asking = Asking(
        as_of=_day(as_of) if as_of else _local_today(),
        base_url=base_url,
        organization=organization,
        assume_icd10_is_cm=assume_icd10_is_cm,
    )
    means = cli_sweep.Means(work=work, processes=processes, engine=engine, address=address)
    if ndjson is not None:
        raise typer.Exit(cli_sweep.run(ndjson, asking, out, means))
    read = cli_sweep_ehr.FromEhr(
        name=ehr,
        group=group,
        since=since,
        keep=keep,
        source="" if source == "auto" else source,
        filters=tuple(type_filter or ()),
        file_origins=tuple(files_at or ()),
    )
    do = cli_sweep_ehr.cancel if cancel else cli_sweep_ehr.run
    raise typer.Exit(do(read, asking, out, means))


@rules_app.command("check")
def rules_check() -> None:
    """Prove that the rulebook has no gap, no overlap, no one-sided exclusion, nothing uncited."""
    try:
        rulebook = load_rulebook(FeesSettings().fees_dir)
    except RuleDataError as broken:
        err.print(f"[red]{escape(str(broken))}[/red]")
        raise typer.Exit(CHECK_FAILED) from None
    found = problems_of(rulebook)
    for problem in found:
        _complain(problem)
    if found:
        raise typer.Exit(CHECK_FAILED)
    codes = sorted({rule.code for rule in rulebook.codes})
    out.print(
        f"{len(rulebook.codes)} versions of {len(codes)} codes ({', '.join(codes)}), "
        f"{len(rulebook.eligibility)} of eligibility, {len(rulebook.prices)} prices: sound. "
        f"Loaded until {rulebook.loaded_until}."
    )


@rules_app.command("show")
def rules_show(
    code: Annotated[str, typer.Argument(help="A billing code, e.g. 99490.")],
    on: Annotated[str, typer.Option("--on", help="Day of service (YYYY-MM-DD).")],
) -> None:
    """Print the version of a code in force on a day, with its sources."""
    rulebook, day = load_rulebook(FeesSettings().fees_dir), _day(on)
    rule = rulebook.code_rule(code.upper(), day)
    if rule is None:
        _complain(f"{code} is not in force on {day} (or is not in the rulebook).")
        raise typer.Exit(WRONG_USAGE)
    _print_rule(rulebook, rule, day)


def _print_rule(rulebook: Rulebook, rule: CodeRule, day: date) -> None:
    table = Table(show_header=False, box=None)
    for name, value in rows_of(rulebook, rule, day):
        table.add_row(name, escape(value))
    out.print(table)


def _print_connected(connected: Connected) -> None:
    _say(f"{connected.name} is registered: {connected.fhir_base}")
    _say("\nGive these to the EHR's administrator:")
    _say(f"  launch URL        {connected.launch_url}")
    _say(f"  redirect URI      {connected.redirect_uri}")
    _say(f"  JWKS URL          {connected.jwks_url}")
    _say(f"  scopes (launch)   {connected.launch_scopes}")
    _say(f"  scopes (backend)  {connected.delivery_scopes}")
    _say(f"\nPinned origins: {', '.join(connected.pinned_origins)}")
    for warning in connected.warnings:
        _say(warning)
    if connected.not_writable:
        _say(f"Its CapabilityStatement declares no create for {', '.join(connected.not_writable)}.")


def _say(text: str) -> None:
    """Print a line to be copied from: never broken, in which brackets are no markup."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _charge(text: str) -> tuple[str, Decimal]:
    code, _, amount = text.partition("=")
    try:
        return code.strip().upper(), Decimal(amount)
    except InvalidOperation:
        raise typer.BadParameter("give charges as CODE=AMOUNT, e.g. 99490=66.13") from None


def _local_today() -> date:
    """Return the day where this runs; wiring's clock would bring a database library along."""
    return datetime.now(UTC).astimezone().date()  # noqa: TID251  # the command line reads the clock


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give a day as YYYY-MM-DD") from None
