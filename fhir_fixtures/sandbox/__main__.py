"""`python -m fhir_fixtures.sandbox`: the sandbox EHR on loopback, ready with one command."""

import argparse
import asyncio
import contextlib
import logging
import socket
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from fhir_fixtures.practice import generate
from fhir_fixtures.sandbox import profiles
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.bulk.plan import read_bulk_plan
from fhir_fixtures.sandbox.faults.plan import FaultPlan, read_plan
from fhir_fixtures.sandbox.settings import Client, SandboxSettings

USAGE_ERROR = 2


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._announcement, flush=True)  # noqa: T201 (a command's output)


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted."""
    options = _parser().parse_args(arguments)
    if not (_is_loopback(options.host) or options.i_know_this_is_a_demo):
        sys.stderr.write(
            f"{options.host} is not a loopback address, and this EHR lets anybody be anyone.\n"
            "Add --i-know-this-is-a-demo if that is what you want.\n"
        )
        return USAGE_ERROR
    try:
        faults = read_plan(options.faults) if options.faults else None
    except ValueError as error:
        sys.stderr.write(f"--faults: {error}\n")
        return USAGE_ERROR
    try:
        bulk = read_bulk_plan(options.bulk) if options.bulk else None
    except ValueError as error:
        sys.stderr.write(f"--bulk: {error}\n")
        return USAGE_ERROR
    _silence_logs()
    try:
        sockets = _listen(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {options.host} port {options.port}: {error.strerror}\n")
        return USAGE_ERROR
    settings = _settings(options, port=sockets[0].getsockname()[1], faults=faults)
    settings = replace(settings, bulk=bulk)
    as_of = options.as_of or datetime.now(UTC).date()  # noqa: TID251 (the one place with a clock)
    app = create_app(
        settings,
        practice=generate(seed=options.seed, patients=options.patients, as_of=as_of),
        clock=lambda: datetime.now(UTC),  # noqa: TID251 (the one place with a clock)
    )
    config = uvicorn.Config(app, access_log=False, log_level="warning")
    server = _AnnouncingServer(config, f"Sandbox EHR ready at {settings.origin}/")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(sockets))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fhir_fixtures.sandbox", description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8710, help="0 chooses a free one")
    parser.add_argument("--origin", help="the address as browsers and apps see it")
    parser.add_argument("--client-id", default="ccm-fhir")
    parser.add_argument("--launch-url", default="http://127.0.0.1:8700/launch")
    parser.add_argument("--redirect-uri", action="append", help="may be given more than once")
    parser.add_argument("--jwks-url", default="http://127.0.0.1:8700/.well-known/jwks.json")
    parser.add_argument("--cds-url", help="where the app offers CDS Hooks services")
    parser.add_argument("--public", action="store_true", help="register the app without keys")
    parser.add_argument(
        "--token-lifetime",
        type=int,
        choices=range(300, 3601),
        default=3600,
        metavar="SECONDS",
        help="of access tokens, 300 to 3600",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--as-of", type=date.fromisoformat, help="YYYY-MM-DD, by default today")
    parser.add_argument("--data-dir", type=Path, help="keep the data here from run to run")
    parser.add_argument("--upstream", help="base URL of a FHIR R4 server to use instead of ours")
    parser.add_argument(
        "--profile",
        choices=(profiles.FULL, *profiles.NAMES),
        default=profiles.FULL,
        help="the vendor whose EHR to play; full offers everything",
    )
    parser.add_argument("--faults", type=Path, help="TOML or JSON: what goes wrong, how often")
    parser.add_argument("--bulk", type=Path, help="TOML or JSON: how bulk exports go")
    parser.add_argument(
        "--fault-control",
        action="store_true",
        help="open /faults, for this machine alone: counters, and another plan",
    )
    parser.add_argument("--i-know-this-is-a-demo", action="store_true")
    return parser


def _settings(options: argparse.Namespace, port: int, faults: FaultPlan | None) -> SandboxSettings:
    return SandboxSettings(
        origin=(options.origin or f"http://{options.host}:{port}").rstrip("/"),
        clients=(
            Client(
                client_id=options.client_id,
                launch_url=options.launch_url,
                redirect_uris=tuple(options.redirect_uri or ["http://127.0.0.1:8700/callback"]),
                public=options.public,
                jwks_url=None if options.public else options.jwks_url,
                cds_url=options.cds_url,
            ),
        ),
        data_dir=options.data_dir,
        upstream=options.upstream,
        token_lifetime=timedelta(seconds=options.token_lifetime),
        profile=None if options.profile == profiles.FULL else profiles.load(options.profile),
        faults=faults,
        fault_control=options.fault_control,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> list[socket.socket]:
    # Browsers may try ::1 for localhost first; a machine without IPv6 does with the other one.
    if host != "localhost":
        return [_bound(host, port)]
    first = _bound("127.0.0.1", port)
    with contextlib.suppress(OSError):
        return [first, _bound("::1", first.getsockname()[1])]
    return [first]


def _bound(host: str, port: int) -> socket.socket:
    # IPPROTO_TCP is said aloud because asyncio turns Nagle's delay (40 ms per answer on
    # loopback) off only for sockets that say so.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _silence_logs() -> None:
    # Their INFO lines are URLs, and URLs name patients.
    logging.basicConfig(level=logging.WARNING)
    for name in ("httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
