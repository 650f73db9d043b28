"""The least EHR that exports: any client gets a token, and the files are those of a folder."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.services.loopback_ehr import Ehr, RealClock
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

_EXPORTS = [{"name": "export", "definition": "patient-export"}]
_STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [{"mode": "server", "resource": [{"type": "Patient", "operation": _EXPORTS}]}],
}


@contextmanager
def plain_exporter(folder: Path) -> Iterator[Ehr]:
    """Yield an EHR whose export is a folder of NDJSON files named by their types."""
    listener, origin = listen()
    files = sorted(folder.iterdir())

    async def told(request: Request) -> Response:
        return JSONResponse(_answers(origin)[request.url.path])

    async def begin(_: Request) -> Response:
        return Response(status_code=202, headers={"Content-Location": f"{origin}/fhir/status"})

    async def status(request: Request) -> Response:
        if request.method == "DELETE":
            return Response(status_code=202)
        output = [
            {"type": file.name.partition(".")[0], "url": f"{origin}/fhir/files/{number}"}
            for number, file in enumerate(files)
        ]
        now = "2026-11-23T00:00:00Z"
        return JSONResponse({"transactionTime": now, "requiresAccessToken": True, "output": output})

    async def file(request: Request) -> Response:
        return FileResponse(files[request.path_params["number"]])

    paths = [Route(path, told, methods=["GET", "POST"]) for path in _answers(origin)]
    app = Starlette(
        routes=[
            *paths,
            Route("/fhir/Patient/$export", begin),
            Route("/fhir/status", status, methods=["GET", "DELETE"]),
            Route("/fhir/files/{number:int}", file),
        ]
    )
    with serving(app, listener):
        yield Ehr(origin=origin, clock=RealClock())


def _answers(origin: str) -> dict[str, dict[str, object]]:
    smart: dict[str, object] = {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
        "jwks_uri": f"{origin}/jwks",
        "capabilities": ["permission-v2", "client-confidential-asymmetric"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES384"],
        "grant_types_supported": ["client_credentials"],
    }
    token: dict[str, object] = {
        "access_token": "made-up",
        "token_type": "bearer",
        "expires_in": 3600,
        "scope": "system/*.rs",
    }
    return {
        "/fhir/.well-known/smart-configuration": smart,
        "/fhir/metadata": json.loads(json.dumps(_STATEMENT)),
        "/token": token,
    }
