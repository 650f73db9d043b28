"""The two cookies, written as raw headers, since Starlette refuses ``Partitioned`` before 3.14.

In an EHR's frame a browser sends back only ``SameSite=None; Secure; Partitioned``; the
``__Host-`` prefix binds the cookie to this host, https (or loopback) and the whole site.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

BROWSER = "__Host-ccm-browser"
SESSION = "__Host-ccm-session"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}\Z")


def read(request: Request, name: str) -> str:
    """Return a cookie's value; empty where it is absent or was never ours."""
    value = request.cookies.get(name, "")
    return value if _SECRET.match(value) else ""


def put(response: Response, name: str, secret: str) -> None:
    """Set a cookie until the browser closes; the server decides when it ends."""
    response.headers.append("set-cookie", f"{name}={secret}; {_ATTRIBUTES}")


def drop(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.headers.append("set-cookie", f"{name}=; Max-Age=0; {_ATTRIBUTES}")
