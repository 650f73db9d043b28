"""How long a card takes with prefetch: ``python -m tests.benchmarks.bench_cds``.

The app runs as a process of its own on SQLite, asked over HTTP on loopback: by one client, then
by four at once. Each call carries a fresh signed token and a whole chart. The baseline of the
same run is ``/health/ready``, which asks the database one question.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.wiring import real_now
from tests.services.loopback_app import free_port, running_app
from tests.services.loopback_ehr import TODAY, RealClock, cast, running_ehr
from tests.world import READY, open_site, settings_for

CALLS, WARM_UP, AT_ONCE = 300, 20, 4
WANTED_P95_MS = 500
ISSUER = "https://bench.example"
KEY = ECKey.generate_key("P-384", {"kid": "bench"})
KEYS = {
    "patient": "Patient",
    "conditions": "Condition",
    "coverages": "Coverage",
    "consents": "Consent",
    "encounters": "Encounter",
    "carePlans": "CarePlan",
}
Json = dict[str, Any]


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served_keys() -> Iterator[str]:
    """Yield the address of the caller's key set."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    server.shutdown()
    server.server_close()


def record(patient: str) -> list[Json]:
    """Return the record of one of the cast."""
    mine = f'"Patient/{patient}"'
    return [r for r in cast().resources if r["id"] == patient or mine in json.dumps(r)]


def large(resources: list[Json], patient: str) -> list[Json]:
    """Return a record of 60 conditions and 200 encounters, of another patient of that id."""
    by_type = {r["resourceType"]: r for r in resources}
    more = [{**by_type["Condition"], "id": f"c{n}"} for n in range(60)]
    more += [{**by_type["Encounter"], "id": f"e{n}"} for n in range(200)]
    text = json.dumps([*resources, *more])
    renamed: list[Json] = json.loads(text.replace(READY, patient))
    return renamed


def call(resources: list[Json], patient: str) -> bytes:
    """Return the body of a call with a whole chart."""
    of = {kind: [r for r in resources if r["resourceType"] == kind] for kind in KEYS.values()}
    prefetch = {
        key: of[kind][0]
        if kind == "Patient"
        else {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": each} for each in of[kind]],
        }
        for key, kind in KEYS.items()
    }
    context = {"userId": "Practitioner/prac-nora-carewell", "patientId": patient}
    body = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "context": context,
        "prefetch": prefetch,
    }
    return json.dumps(body).encode()


def signed(url: str) -> dict[str, str]:
    """Return the headers of a call."""
    now = int(real_now().timestamp())
    claims = {"iss": ISSUER, "aud": url, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    token = jwt.encode({"alg": "ES384", "kid": "bench"}, claims, KEY, algorithms=["ES384"])
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def milliseconds(ask: Callable[[httpx2.Client], float], clients: int) -> list[float]:
    """Return how long each of the calls took, by so many clients at once."""

    def one_client(count: int) -> list[float]:
        with httpx2.Client(trust_env=False, timeout=30) as http:
            return [ask(http) * 1000 for _ in range(count)]

    one_client(WARM_UP)
    with ThreadPoolExecutor(clients) as pool:
        taken = pool.map(one_client, [CALLS // clients] * clients)
        return [each for part in taken for each in part]


def getting(url: str) -> Callable[[httpx2.Client], float]:
    """Return an asking of a page."""

    def ask(http: httpx2.Client) -> float:
        began = perf_counter()
        http.get(url).raise_for_status()
        return perf_counter() - began

    return ask


def calling(url: str, body: bytes, empty: list[int]) -> Callable[[httpx2.Client], float]:
    """Return a call; signing it is not counted, answers without a card are kept in ``empty``."""

    def ask(http: httpx2.Client) -> float:
        headers = signed(url)
        began = perf_counter()
        answer = http.post(url, content=body, headers=headers)
        took = perf_counter() - began
        if not answer.json().get("cards"):  # none, or 503: the token was not checked in time
            empty.append(answer.status_code)
        return took

    return ask


def percentiles(taken: list[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    cuts = quantiles(taken, n=100)
    return cuts[49], cuts[94]


def main() -> None:
    """Measure, and print p50 and p95 beside the baseline's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, port = f"sqlite:///{folder / 'ccm.sqlite'}", free_port()
        app_url = f"http://127.0.0.1:{port}"
        ehr = stack.enter_context(running_ehr(cast(2), RealClock(), app_url=app_url))
        keys_url = stack.enter_context(served_keys())
        with open_site(url, ehr, app_url=app_url) as site:
            registration = CdsRegistration(fhir_base=ehr.base, issuer=ISSUER, jwks_url=keys_url)
            register_caller(site.world, registration, site.clock())
            site.launch(patient=READY)
        environment = settings_for(
            url, CCM_BASE_URL=app_url, CCM_DEMO_TODAY=TODAY.isoformat(), CCM_RUN_ENGINE="false"
        )
        app = stack.enter_context(running_app(environment, port))
        measure(app)


def measure(app: str) -> None:
    """Ask the running app, and print."""
    service, ready = f"{app}/cds-services/ccm-patient-view", record(READY)
    stranger = "pt-nobody-knows"
    renamed: list[Json] = json.loads(json.dumps(ready).replace(READY, stranger))
    bodies = {
        "a patient whom we know": call(ready, READY),
        "a stranger": call(renamed, stranger),
        "a stranger, 60 conditions, 200 encounters": call(large(ready, stranger), stranger),
    }
    print(f"{CALLS} calls each, SQLite, {Path(sys.executable).name}, budget 400 ms")
    for clients in (1, AT_ONCE):
        base = percentiles(milliseconds(getting(f"{app}/health/ready"), clients))
        print(f"by {clients} at once:")
        print(f"  p50 {base[0]:6.1f} ms   p95 {base[1]:6.1f} ms            baseline /health/ready")
        for name, body in bodies.items():
            empty: list[int] = []
            p50, p95 = percentiles(milliseconds(calling(service, body, empty), clients))
            goal = "yes" if p95 <= WANTED_P95_MS else "NO"
            print(
                f"  p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   {p95 / base[1]:4.1f} × baseline  "
                f"{name}, {len(body) // 1024} KiB  (p95 wanted {WANTED_P95_MS} ms: {goal}; "
                f"out of time, so without cards: {len(empty)})"
            )


if __name__ == "__main__":
    main()
