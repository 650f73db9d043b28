"""The app as an installation runs it, but overheard: every log record, address and page is kept.

Run as ``python -m tests.services.canary_app PORT FOLDER``. The root logger is at DEBUG before
anything of ours is imported, so that what stays silent is silent by our own doing.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG, ADDRESSES, PAGES = "log.txt", "addresses.txt", "pages.txt"
BETWEEN_PAGES = "\n<!-- another page -->\n"


class Overheard:
    """ASGI middleware that keeps each address asked for or sent on to, and each page."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._addresses, self._pages = folder / ADDRESSES, folder / PAGES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        query = scope["query_string"].decode()
        self._keep(self._addresses, f"{scope['method']} {scope['path']}?{query}\n")

        async def overhear(message: Message) -> None:
            if message["type"] == "http.response.start":
                for name, value in message["headers"]:
                    self._keep(self._addresses, f"{name.decode()}: {value.decode()}\n")
            body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, overhear)
        if bytes(body).lstrip().startswith(b"<"):
            self._keep(self._pages, body.decode() + BETWEEN_PAGES)

    def _keep(self, file: Path, text: str) -> None:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(text)


class Everything(logging.Formatter):
    """Writes a record with its arguments, its extras and its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)}"


def main(port: int, folder: Path) -> None:
    """Serve the installation of the environment until SIGTERM."""
    handler = logging.FileHandler(folder / LOG, encoding="utf-8")
    handler.setFormatter(Everything())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    from smart_app.main import from_environment  # noqa: PLC0415  # after the root logger is set

    app = Overheard(from_environment(), folder)
    uvicorn.run(app, port=port, log_config=None, log_level="debug")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
