"""The outermost layer: headers on every response, one log line, no exception text anywhere."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smart_app.session.headers import security_headers

_LOG = logging.getLogger("smart_app")
_FRAMES_NAMED = 4


class Envelope:
    """ASGI middleware around everything, so that even a broken page keeps its promises.

    ``apologise`` renders the page for a failure nobody foresaw; an exception's text may hold
    what was read from a chart, so only its type and the code's own line numbers are logged.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool, apologise: Callable[[], str]) -> None:
        self._app = app
        self._is_https = is_https
        self._apologise = apologise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, with headers and a log line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status, began = 0, time.perf_counter()

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": self._completed(scope, message["headers"])}
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except Exception as failure:  # noqa: BLE001  # the boundary: nothing may leave with its text
            _LOG.error("request_failed", extra=_where(failure))
            if status == 0:
                await self._sorry(scope, receive, with_headers)
        finally:
            _LOG.info("request", extra=_told(scope, status, time.perf_counter() - began))

    def _completed(
        self, scope: Scope, headers: list[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        ours = security_headers(scope)
        if self._is_https:
            ours["strict-transport-security"] = "max-age=31536000; includeSubDomains"
        if not any(name.lower() == b"cache-control" for name, _ in headers):
            ours["cache-control"] = "no-store"
        return [*headers, *((name.encode(), value.encode()) for name, value in ours.items())]

    async def _sorry(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = HTMLResponse(self._apologise(), status_code=500)
        await page(scope, receive, send)


def _where(failure: Exception) -> dict[str, str]:
    frames = traceback.extract_tb(failure.__traceback__)[-_FRAMES_NAMED:]
    return {
        "kind": type(failure).__name__,
        "where": " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames),
    }


def _told(scope: Scope, status: int, seconds: float) -> dict[str, str | int]:
    route = scope.get("route")
    return {
        "method": scope["method"],
        "route": getattr(route, "path", "") or "none",
        "status": status,
        "milliseconds": round(seconds * 1000),
    }
