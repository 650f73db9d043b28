"""How large a request may be; more is refused before it is read into memory."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES = 1_000_000
LARGEST_HOOK_BYTES = 8_000_000  # a whole chart may come as prefetch; the caller is proved first
_HOOKS = "/cds-services/"
_TOO_LARGE = 413


class BodyLimit:
    """ASGI middleware that counts what arrives, whatever Content-Length promised."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting ``receive``."""
        received, limit = 0, _limit(scope)

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(_TOO_LARGE)
            return message

        await self._app(scope, counting if scope["type"] == "http" else receive, send)


def _limit(scope: Scope) -> int:
    is_hook = scope["type"] == "http" and scope["path"].startswith(_HOOKS)
    return LARGEST_HOOK_BYTES if is_hook else LARGEST_BODY_BYTES
