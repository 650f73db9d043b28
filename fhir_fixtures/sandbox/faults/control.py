"""Where a test reads the counters and changes the plan: on loopback, and only if asked for."""

from http import HTTPStatus
from ipaddress import ip_address

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fhir_fixtures.sandbox.faults.layer import Faults
from fhir_fixtures.sandbox.faults.plan import FaultPlan

PATH = "/faults"


class FaultControl:
    """GET shows plan and counters, PUT takes another plan and counts anew, DELETE ends it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [Route(PATH, self.handle, methods=["GET", "PUT", "DELETE"])]

    async def handle(self, request: Request) -> Response:
        """What is at work now, and what has happened under it."""
        if not _is_local(request):
            return Response(status_code=HTTPStatus.NOT_FOUND)
        if request.method == "PUT":
            try:
                plan = msgspec.json.decode(await request.body(), type=FaultPlan)
            except msgspec.MsgspecError as error:
                return JSONResponse({"error": str(error)}, status_code=HTTPStatus.BAD_REQUEST)
            self._faults.start_over(plan)
        elif request.method == "DELETE":
            self._faults.start_over(FaultPlan())
        return JSONResponse(
            {
                "plan": msgspec.to_builtins(self._faults.plan),
                "counters": self._faults.counters.shown(),
            },
            headers={"Cache-Control": "no-store"},
        )


def _is_local(request: Request) -> bool:
    host = request.client.host if request.client else ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
